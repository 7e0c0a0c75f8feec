"""Make the data of the worked example in docs/study.md: timelines of people who do not exist, and the study file.

    python docs/make_study.py folder

Two dozen participants, young and old, watch five clips in an order of their own: two funny ones, two sad ones and a neutral
one, after ten seconds of rest. Faces react about two seconds after a clip begins: those of the young more to the funny clips.
One participant turned away in one clip, one did not keep to the instructions. Two people coded two of the recordings. All
numbers come from a seed.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from feelit.signals.columns import SIGNALS, UNITS, signal_columns
from feelit.timeline.schema import pack_metadata, to_arrow
from feelit.types import EMOTIONS, Bool, Float32, Float64, Timeline

RATE_HZ = 10.0
REST_S, CLIP_S, PAUSE_S = 10.0, 20.0, 4.0
CLIPS = {"cat": "funny", "prank": "funny", "farewell": "sad", "storm": "sad", "map": "neutral"}
SHOWN = {"funny": "happiness", "sad": "sadness"}
PEOPLE = 24
COLUMNS = signal_columns((SIGNALS, UNITS))


@dataclass(frozen=True, kw_only=True)
class Window:
    """A stretch in which somebody shows more of an emotion; `strength` is on the scale of logarithms of odds."""

    name: str
    start_s: float
    end_s: float
    emotion: str | None
    strength: float


def simulated(
    rng: np.random.Generator, duration_s: float, windows: Sequence[Window], away: Sequence[tuple[float, float]]
) -> Timeline:
    """The rows of one person, readable but for the stretches `away`."""
    time_s = np.arange(round(duration_s * RATE_HZ)) / RATE_HZ
    usual = np.array([2.2, 0.0, -1.0, -0.3, -1.0, -1.5, -1.5, -1.5]) + rng.normal(0, 0.4, len(EMOTIONS))
    odds = usual + _wandering(rng, len(time_s))
    for window in windows:
        if window.emotion is not None:
            since = time_s - window.start_s - rng.normal(2.0, 0.5)
            rise = np.clip(since / 3, 0, 1) * (time_s < window.end_s) * (time_s >= window.start_s)
            odds[:, EMOTIONS.index(window.emotion)] += window.strength * rise
    power = np.exp(odds - odds.max(axis=1, keepdims=True))
    probability = (np.round(power / power.sum(axis=1, keepdims=True) * 4096) / 4096).astype(np.float32)
    readable = np.ones(len(time_s), bool)
    for start_s, end_s in away:
        readable &= (time_s < start_s) | (time_s >= end_s)
    return _rows(time_s, probability, readable, _signals(rng, probability))


def write(path: Path, rows: Timeline, duration_s: float, signals: Sequence[str] = COLUMNS) -> None:
    """Write the timeline of one video, called like the file."""
    name = f"{path.stem}.mp4"
    facts = {"duration_s": duration_s, "frames_sampled": len(rows), "people": [{"person_id": 1, "name": path.stem}]}
    table = to_arrow(rows, name, signals)
    pq.write_table(table.replace_schema_metadata(pack_metadata({"feelit_version": "0.1.0", "videos": {name: facts}})), path)


def make(folder: Path, people: int = PEOPLE, seed: int = 0) -> Path:
    """Make the whole example in a folder; returns the study file."""
    folder.mkdir(parents=True, exist_ok=True)
    duration_s = REST_S + len(CLIPS) * (CLIP_S + PAUSE_S)
    lines = [STUDY]
    for n in range(1, people + 1):
        rng = np.random.default_rng([seed, n])
        who, group = f"P{n:02}", "young" if n % 2 else "old"
        order = [list(CLIPS)[k] for k in rng.permutation(len(CLIPS))]
        windows = [_window(rng, name, REST_S + k * (CLIP_S + PAUSE_S), group) for k, name in enumerate(order)]
        away = [(windows[2].start_s + 3, windows[2].end_s)] if n == 5 else []
        write(folder / f"{who}.parquet", simulated(rng, duration_s, windows, away), duration_s)
        marks = [f"{w.start_s:g},{w.end_s:g},{w.name}" for w in windows]
        (folder / f"{who}.csv").write_text(
            "\n".join(["start,end,label", f"0,{REST_S:g},rest", *marks]) + "\n", encoding="utf-8"
        )
        lines += ["", "[[recordings]]", f'timeline = "{who}.parquet"', f'participant = "{who}"', f'group = "{group}"']
        if n in (1, 2):
            lines.append(f'coders = ["codes_{who}.csv@anna", "codes_{who}.csv@ben"]')
            (folder / f"codes_{who}.csv").write_text(_codes(rng, windows), encoding="utf-8")
        if n == 9:
            lines.append('exclude = "did not keep to the instructions"')
    study = folder / "study.toml"
    study.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return study


STUDY = """title = "Five clips"
markers = "{participant}.csv"

[conditions]
cat = "funny"
prank = "funny"
farewell = "sad"
storm = "sad"
map = "neutral"

[baseline]
window = "rest"

[curves]
before = 2
difference = true

[[contrasts]]
name = "funny against neutral"
levels = ["funny", "neutral"]
measures = ["mean_happiness", "share_happiness", "mean_AU12"]

[[contrasts]]
name = "sad against neutral"
levels = ["sad", "neutral"]
measures = ["mean_sadness", "mean_AU12"]

[[contrasts]]
name = "young against old, funny clips"
factor = "group"
levels = ["young", "old"]
windows = ["cat", "prank"]
measures = ["mean_happiness"]

[agreement]
gaps = "neutral"
map = { joy = "happiness" }"""


def _window(rng: np.random.Generator, name: str, start_s: float, group: str) -> Window:
    emotion = SHOWN.get(CLIPS[name])
    usual = {"happiness": 3.0 if group == "young" else 2.1, "sadness": 2.4}.get(emotion or "", 0.0)
    return Window(name=name, start_s=start_s, end_s=start_s + CLIP_S, emotion=emotion, strength=usual + rng.normal(0, 0.7))


def _wandering(rng: np.random.Generator, count: int) -> Float64:
    """(N, 8) noise whose neighbours are alike."""
    shocks = rng.normal(0, 0.22, (count, len(EMOTIONS)))
    level = np.zeros(len(EMOTIONS))
    for row in shocks:
        level *= 0.92
        level += row
        row[:] = level
    return shocks


def _signals(rng: np.random.Generator, probability: Float32) -> Float32:
    """Columns of signals that go with the labels: mouth corners rise with happiness and fall with sadness."""
    values: dict[str, Any] = {name: rng.normal(0.1, 0.02, len(probability)) for name in COLUMNS}
    smile = 0.75 * probability[:, 1] + rng.normal(0.05, 0.02, len(probability))
    values |= {"smile": smile, "AU12": smile, "AU06": 0.8 * smile, "AU15": 0.6 * probability[:, 3], "brow_raise": 0.1 * smile}
    values |= {name: rng.normal(0, 3, len(probability)) for name in COLUMNS if name.endswith("_deg")}
    stacked = np.stack([values[name] for name in COLUMNS], axis=1)
    bounded = np.where([name.endswith("_deg") for name in COLUMNS], stacked, np.clip(stacked, 0, 1))
    return (np.round(bounded * 1024) / 1024).astype(np.float32)


def _rows(time_s: Float64, probability: Float32, readable: Bool, signals: Float32) -> Timeline:
    count = len(time_s)

    def filled(value: float, *shape: int) -> Float32:
        return np.full((count, *shape), value, np.float32)

    emotion = np.where(readable, probability.argmax(axis=1), -1).astype(np.int32)
    return Timeline(
        frame=np.arange(count, dtype=np.int64),
        pts=np.round(time_s * 90_000).astype(np.int64),
        time_s=time_s,
        track_id=np.ones(count, np.int32),
        person_id=np.ones(count, np.int32),
        box=filled(100, 4) + np.array([0, 0, 160, 160], np.float32),
        score=filled(0.95),
        landmarks=filled(150, 5, 2),
        roll_deg=filled(0),
        yaw_deg=np.where(readable, 0, 70).astype(np.float32),
        face_px=filled(160),
        sharpness=filled(0.4),
        brightness=filled(120),
        readable=readable,
        emotion=emotion,
        confidence=np.where(readable, probability.max(axis=1), np.nan).astype(np.float32),
        probability=probability,
        signals=signals,
        classified=np.ones(count, bool),
    )


def _codes(rng: np.random.Generator, windows: Sequence[Window]) -> str:
    """What two coders might write: reactions, each about where it is."""
    rows = ["tier,start,end,label"]
    words: Mapping[str, str] = {"happiness": "joy", "sadness": "sadness"}
    for coder in ("anna", "ben"):
        for window in windows:
            if window.emotion is not None:
                start_s, end_s = window.start_s + 3.5 + rng.normal(0, 0.5), window.end_s - abs(rng.normal(0, 0.5))
                rows.append(f"{coder},{start_s:.2f},{end_s:.2f},{words[window.emotion]}")
    return "\n".join(rows) + "\n"


def main() -> None:
    """Write the example."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    print(make(parser.parse_args().folder))


if __name__ == "__main__":
    main()
