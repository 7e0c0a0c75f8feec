"""Long timelines that are made up: people who come, change what they show, turn away and leave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from feelit.analysis.observations import TimelineSamples
from feelit.analysis.track_series import track_series
from feelit.reports.curves import Curves, person_curves
from feelit.timeline.quality_gate import passes_quality_gate
from feelit.timeline.recording import open_timelines
from feelit.timeline.schema import pack_metadata, to_arrow
from feelit.timeline.smoothing import smooth
from feelit.types import EMOTIONS, Bool, Float32, Float64, Int64, Timeline

WIDTH_PX, HEIGHT_PX = 1280, 720
USUAL = np.array([0.5, 0.2, 0.08, 0.08, 0.06, 0.02, 0.03, 0.03])
"""How often each emotion is shown."""


@dataclass(frozen=True)
class Meeting:
    """What is to be made up."""

    people: int = 6
    duration_s: float = 60.0
    rate_hz: float = 10.0
    seed: int = 0
    name: str = "meeting.mp4"
    gap_s: tuple[float, float] | None = None  # from, to: no frame was sampled
    apart: Mapping[int, tuple[float, float]] = field(default_factory=dict)  # track → the part of the time it is limited to


def timeline_of(meeting: Meeting) -> Timeline:
    """The rows of one meeting, such as `feelit analyze` would write them."""
    rng = np.random.default_rng(meeting.seed)
    time_s = np.arange(round(meeting.duration_s * meeting.rate_hz)) / meeting.rate_hz
    if meeting.gap_s:
        time_s = time_s[(time_s < meeting.gap_s[0]) | (time_s >= meeting.gap_s[1])]
    faces = [_person(rng, time_s, n, meeting) for n in range(meeting.people)]
    occupied = np.isin(np.arange(len(time_s)), np.concatenate([f for f, _ in faces])) if faces else np.zeros(len(time_s), bool)
    empty = np.flatnonzero(~occupied)
    rows = Timeline.join([_empty(time_s, empty), *(t for _, t in faces)])
    return rows.rows(np.lexsort((rows.track_id, rows.frame)).astype(np.int64))


def facts_of(meeting: Meeting, rows: Timeline) -> dict[str, Any]:
    """What the metadata say of it."""
    sampled = len(np.unique(rows.frame))
    return {
        "size_bytes": 123_456_789,
        "fingerprint": f"{meeting.seed:064x}",
        "width_px": WIDTH_PX,
        "height_px": HEIGHT_PX,
        "time_base": "1/90000",
        "origin_pts": 0,
        "duration_s": meeting.duration_s,
        "average_rate": "25",
        "codec": "h264",
        "frames_decoded": round(sampled * 2.5),
        "frames_sampled": sampled,
        "decode_errors": 0,
        "cuts": 0,
        "tracks": int(rows.track_id.max(initial=0)),
    }


def write(
    path: Path, meetings: Sequence[Meeting], people: Mapping[int, int | None] | None = None, names: Sequence[str] = ()
) -> Path:
    """A timeline file with these meetings.

    Parameters
    ----------
    people : the person of every track, in all meetings alike; None for a file without people
    names : of the persons 1, 2, ...
    """
    made = [(meeting, timeline_of(meeting)) for meeting in meetings]
    metadata: dict[str, Any] = {
        "feelit_version": "0.1.0",
        "config": {"rate": "10", "start_s": 0.0, "min_face_px": None, "detector": "face", "classifier": "expression"},
        "models": {role: {"name": f"{role}-v1", "sha256": "ab" * 32} for role in ("detector", "classifier")},
        "videos": {meeting.name: facts_of(meeting, rows) for meeting, rows in made},
    }
    if people is not None:
        named = [{"person_id": n + 1, "name": name} for n, name in enumerate(names)]
        metadata["videos"] = {name: facts | {"people": named} for name, facts in metadata["videos"].items()}
    table = pa.concat_tables([to_arrow(rows, meeting.name) for meeting, rows in made]).unify_dictionaries()
    table = table if people is None else _with_people(table, people)
    pq.write_table(table.combine_chunks().replace_schema_metadata(pack_metadata(metadata)), path)
    return path


def curves_of(source: pa.Table | Timeline) -> Curves:
    """The curves of a timeline of one video."""
    (recording,) = open_timelines(source if isinstance(source, pa.Table) else to_arrow(source, "a.mp4"))
    rows = TimelineSamples(recording, "person")
    parts = [(person, rows.of_track(n)) for n, person in enumerate(rows.track_id.tolist())]
    return Curves(rows.frames.time_s, [person_curves(person, part, track_series(part)) for person, part in parts])


def _with_people(table: pa.Table, people: Mapping[int, int | None]) -> pa.Table:
    person = [people.get(track) if track is not None else None for track in table.column("track_id").to_pylist()]
    table = table.append_column("person_id", pa.array(person, pa.int32()))
    table = table.append_column("person", pa.nulls(len(table), pa.dictionary(pa.int32(), pa.string())))
    return table.append_column("person_confidence", pa.array([None if one is None else 0.9 for one in person], pa.float32()))


def _person(rng: np.random.Generator, time_s: Float64, seat: int, meeting: Meeting) -> tuple[Int64, Timeline]:
    """Where a person is seen, and the rows of these frames."""
    people, (begin, end) = meeting.people, meeting.apart.get(seat + 1, (0.0, 1.0))
    there = np.zeros(len(time_s), bool)
    there[int(begin * len(time_s)) : int(end * len(time_s))] = True
    place = np.flatnonzero(_presence(rng, len(time_s), seat, people) & there).astype(np.int64)
    count = len(place)
    spell = np.cumsum(rng.random(count) < 1 / 40)  # a new expression about every 40 samples
    shown = rng.choice(len(EMOTIONS), int(spell[-1]) + 1, p=USUAL)[spell]
    weight = np.full((count, len(EMOTIONS)), 0.4)
    weight[np.arange(count), shown] += rng.uniform(2, 9, int(spell[-1]) + 1)[spell]
    draws = rng.gamma(weight)
    probability = _rounded(draws / draws.sum(axis=1, keepdims=True), 4096)
    across, side = int(np.ceil(np.sqrt(people))), 90 + 15 * np.sin(place / 97 + seat)
    left, top = 40 + 1200 / across * (seat % across), 30 + 660 / across * (seat // across)
    corner = np.stack([left + 5 * np.sin(place / 31), top + side / 9], axis=1)
    yaw_deg = np.where(np.sin(place / 230 + seat) > 0.97, 38, 12 * np.sin(place / 50)).astype(np.float32)
    sharpness = np.where(rng.random(count) < 0.01, 0.01, rng.uniform(0.2, 0.6, count)).astype(np.float32)
    face_px = _rounded(side, 8)
    brightness = _rounded(np.where(place % 5000 < 200, 35, 120 + 10 * np.sin(place / 60)), 8)
    readable: Bool = passes_quality_gate(face_px, sharpness, yaw_deg, brightness)
    track = np.full(count, seat + 1, np.int32)
    mean = smooth(time_s[place], track.astype(np.int64), probability, readable, np.arange(count, dtype=np.int64))
    emotion = np.where(readable, np.nan_to_num(mean).argmax(axis=1), -1).astype(np.int32)
    confidence = np.where(readable, np.nan_to_num(mean).max(axis=1), np.nan)
    eyes = corner[:, None] + np.array([[0.3, 0.4], [0.7, 0.4], [0.5, 0.6], [0.35, 0.8], [0.65, 0.8]]) * side[:, None, None]
    return place, Timeline(
        frame=place * 5 // 2,
        pts=np.round(time_s[place] * 90_000).astype(np.int64),
        time_s=time_s[place],
        track_id=track,
        person_id=track,
        box=_rounded(np.concatenate([corner, corner + side[:, None]], axis=1), 8),
        score=_rounded(rng.uniform(0.7, 1.0, count), 1024),
        landmarks=_rounded(eyes, 8),
        roll_deg=_rounded(3 * np.sin(place / 40), 10),
        yaw_deg=yaw_deg,
        face_px=face_px,
        sharpness=sharpness,
        brightness=brightness,
        readable=readable,
        emotion=emotion,
        confidence=_rounded(confidence, 10_000),
        probability=probability,
        signals=np.zeros((count, 0), np.float32),
        classified=np.ones(count, bool),
    )


def _presence(rng: np.random.Generator, frames: int, seat: int, people: int) -> Bool:
    """Most people stay; every third comes late or leaves early, and all are away now and then."""
    place = np.arange(frames)
    here = np.repeat(rng.random(frames // 50 + 1) < 0.93, 50)[:frames]
    late, early = (seat % 3 == 1) * 0.2 * seat / people, 1 - (seat % 3 == 2) * 0.3 * seat / people
    here &= (place >= late * frames) & (place < max(early * frames, late * frames + 3))
    here[int(late * frames)] = True
    return here


def _empty(time_s: Float64, place: Int64) -> Timeline:
    count = len(place)

    def nothing(*shape: int) -> Float32:
        return np.full((count, *shape), np.nan, np.float32)

    return Timeline(
        frame=place * 5 // 2,
        pts=np.round(time_s[place] * 90_000).astype(np.int64),
        time_s=time_s[place],
        track_id=np.full(count, -1, np.int32),
        person_id=np.full(count, -1, np.int32),
        box=nothing(4),
        score=nothing(),
        landmarks=nothing(5, 2),
        roll_deg=nothing(),
        yaw_deg=nothing(),
        face_px=nothing(),
        sharpness=nothing(),
        brightness=nothing(),
        readable=np.zeros(count, bool),
        emotion=np.full(count, -1, np.int32),
        confidence=nothing(),
        probability=nothing(len(EMOTIONS)),
        signals=nothing(0),
        classified=np.zeros(count, bool),
    )


def _rounded(values: Float64, steps: int) -> Float32:
    return (np.round(values * steps) / steps).astype(np.float32)
