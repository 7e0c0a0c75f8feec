"""F1 of the column `speaking`, on the sample meeting or on any video with labelled turns.

    python benchmarks/speaking.py                                   # sample_videos/meeting.mp4, with and without audio
    python benchmarks/speaking.py CALL.mp4 --truth CALL.truth.parquet
    python benchmarks/speaking.py TALK.mp4 --turns TALK.csv         # columns person (of the timeline), start_s, end_s

A face is classified as speaking if the column is 0.5 or more; null counts as not speaking. Rows count if the ground truth has a
face at their position. F1 is that of all rows of all people together, including false alarms of people who never speak. For
"without audio" the video is copied without its audio.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

import av
import numpy as np
import pandas as pd

import feelit
from feelit.types import Bool

MEETING = Path(__file__).parent.parent / "sample_videos" / "meeting.mp4"


def without_sound(video: Path, folder: Path) -> Path:
    """A copy of the first video stream, packet by packet."""
    out = folder / f"{video.stem}.silent.mp4"
    with av.open(str(video)) as source, av.open(str(out), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(source.streams.video[0]):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    return out


def from_truth(rows: pd.DataFrame, path: Path) -> tuple[np.ndarray, Bool]:
    """The person of every row, and whether they speak; None if the ground truth has no face at its position."""
    truth = pd.read_parquet(path)
    frame = truth["frame"].to_numpy()
    who, says = truth["name"].astype(str).to_numpy(object), truth["speaking"].to_numpy(bool)
    place = truth[["x0", "y0", "x1", "y1"]].to_numpy(np.float64)
    names, speaks = np.full(len(rows), None, object), np.zeros(len(rows), bool)
    box, number = rows[["x0", "y0", "x1", "y1"]].to_numpy(np.float64), rows["frame"].to_numpy()
    centre = (box[:, :2] + box[:, 2:]) / 2
    for i in range(len(rows)):
        first, end = np.searchsorted(frame, [number[i], number[i] + 1])
        inside = ((place[first:end, :2] <= centre[i]) & (centre[i] < place[first:end, 2:])).all(axis=1)
        if inside.any():
            at = first + int(inside.argmax())
            names[i], speaks[i] = who[at], says[at]
    return names, speaks


def from_turns(rows: pd.DataFrame, path: Path) -> tuple[np.ndarray, Bool]:
    """The same from a table of turns."""
    speaks, person, time_s = np.zeros(len(rows), bool), rows["person_id"].to_numpy(), rows["time_s"].to_numpy()
    for who, start_s, end_s in pd.read_csv(path)[["person", "start_s", "end_s"]].to_numpy(np.float64):
        speaks |= (person == who) & (time_s >= start_s) & (time_s <= end_s)
    return np.array([str(who) for who in person], object), speaks


def scores(found: Bool, truth: Bool) -> dict[str, float]:
    """Precision, recall and F1; NaN where there is nothing to find."""
    hits = int((found & truth).sum())
    precision, recall = hits / max(int(found.sum()), 1), hits / max(int(truth.sum()), 1)
    f1 = 2 * hits / max(int(found.sum() + truth.sum()), 1) if truth.any() else float("nan")
    return {"precision": precision, "recall": recall, "f1": f1, "rows": len(truth), "speaking": int(truth.sum())}


def measure(video: Path, given: argparse.Namespace) -> dict[str, dict[str, float]]:
    """Scores of all rows together and by person."""
    rows = feelit.analyze(video, signals="basic", rate=given.rate, workers=given.workers).to_pandas()
    rows = rows[rows["track_id"].notna()].reset_index(drop=True)
    names, truth = from_turns(rows, given.turns) if given.turns else from_truth(rows, given.truth)
    found = np.nan_to_num(rows["speaking"].to_numpy(np.float64)) >= 0.5
    known = np.array([name is not None for name in names])
    result = {"all": scores(found[known], truth[known])}
    for name in sorted(set(names[known])):
        result[name] = scores(found[names == name], truth[names == name])
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("video", nargs="?", type=Path, default=MEETING)
    parser.add_argument("--truth", type=Path, default=MEETING.with_suffix(".truth.parquet"))
    parser.add_argument("--turns", type=Path)
    parser.add_argument("--rate", default="10")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for title, video in (("with audio", given.video), ("without audio", without_sound(given.video, Path(folder)))):
            found[title] = measure(video, given)
            print(f"\n{given.video.name}, {title}\n| | precision | recall | F1 | rows | speaking |\n|---|---|---|---|---|---|")
            for name, s in found[title].items():
                cells = (f"{s[k]:.2f}" for k in ("precision", "recall", "f1"))
                print(f"| {name} | " + " | ".join(cells) + f" | {s['rows']} | {s['speaking']} |")
    if given.json:
        given.json.write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
