"""Facts about faces for the report, besides their emotions: tracks, speech, portraits, and data quality."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from feelit.reports.curves import NO, UNKNOWN, YES
from feelit.timeline.quality_gate import LEAST_FACE_PX, LEAST_SHARPNESS, MOST_YAW_DEG
from feelit.timeline.recording import Recording
from feelit.types import Bool, Float32, Float64, Int64, UInt8

COLUMNS = (
    *("time_s", "track_id", "person_id", "face_score", "yaw_deg", "face_px", "sharpness", "brightness"),
    *("readable", "x0", "y0", "x1", "y1"),
)
SPEAKING_COLUMN = "speaking"
LEAST_SPEAKING = 0.5
"""The least probability that counts as speaking, if the column holds probabilities."""

LOW_LIGHT = 50.0
"""Mean luma of a dark face, of 255. Readability does not depend on it, but only one in a hundred training images of the
built-in classifier is darker (FER2013, every seventh image)."""

SHARP_ENOUGH = 0.3
LARGE_ENOUGH_PX = 96.0
"""Beyond this sharpness and size, portraits are chosen by how frontal they are."""


FLAWS = ("unreadable", "small", "blurred", "turned", "dark")
"""Flaws of a face: not readable, below LEAST_FACE_PX, below LEAST_SHARPNESS, beyond MOST_YAW_DEG, below LOW_LIGHT."""


@dataclass(frozen=True, slots=True, eq=False)
class PersonFaces:
    """The faces of one person, in the order of their times: F of them."""

    face_px: Float32  # (F,)
    score: Float32  # (F,) of the detector
    flaws: Bool  # (F, 5) in the order of FLAWS
    speaking: UInt8 | None  # (F,) see curves.SPEAKING
    tracks: list[tuple[int, float, float]]  # track id, times of the first and the last face; in order of time
    best_s: float | None  # time of the best portrait: readable, large, sharp and frontal; None if there is no box


@dataclass(slots=True)
class _Gathered:
    """One person, as far as the rows were read."""

    parts: list[tuple[Any, ...]] = field(default_factory=list)  # the arrays of PersonFaces, a batch each
    tracks: dict[int, tuple[float, float]] = field(default_factory=dict)
    best: tuple[float, float] = (0.0, 0.0)  # merit and time

    def add(self, columns: Mapping[str, Any], mine: Int64, speaking: UInt8 | None) -> None:
        """The faces of the next batch."""
        own = {name: values[mine] for name, values in columns.items()}
        turned, dark = np.abs(own["yaw_deg"]) > MOST_YAW_DEG, own["brightness"] < LOW_LIGHT
        flaws = [~own["readable"], own["face_px"] < LEAST_FACE_PX, own["sharpness"] < LEAST_SHARPNESS, turned, dark]
        says = None if speaking is None else speaking[mine]
        self.parts.append((own["face_px"], own["face_score"], np.stack(flaws, axis=1), says))
        merit, time_s = _merit(own), own["time_s"]
        if (highest := float(merit.max())) > self.best[0]:
            self.best = highest, float(time_s[merit.argmax()])
        for track in np.unique(own["track_id"]).tolist():
            rows = np.flatnonzero(own["track_id"] == track)
            begin_s, end_s = float(time_s[rows[0]]), float(time_s[rows[-1]])
            self.tracks[track] = (self.tracks.get(track, (begin_s,))[0], end_s)

    def finish(self) -> PersonFaces:
        """All of them."""
        face_px, score, flaws, says = zip(*self.parts, strict=True)
        return PersonFaces(
            face_px=np.concatenate(face_px),
            score=np.concatenate(score),
            flaws=np.concatenate(flaws),
            speaking=None if says[0] is None else np.concatenate(says),
            tracks=sorted(((track, *span) for track, span in self.tracks.items()), key=lambda span: (span[1], span[0])),
            best_s=self.best[1] if self.best[0] > 0 else None,
        )


def read_faces(recording: Recording) -> dict[int, PersonFaces]:
    """The faces of every person, by id; of every track, where tracks were not grouped.

    Raises
    ------
    TimelineReadError
        as `Recording.batches`.
    """
    says = SPEAKING_COLUMN in recording.columns
    people: dict[int, _Gathered] = {}
    for batch in recording.batches([*COLUMNS, *([SPEAKING_COLUMN] if says else [])]):
        person = _numbers(batch.column("person_id"))
        columns = {name: _values(batch, name) for name in COLUMNS if name != "person_id"}
        speaking = _speaking(batch.column(SPEAKING_COLUMN)) if says else None
        order = np.argsort(person, kind="stable")
        ids, begins = np.unique(person[order], return_index=True)
        for person_id, mine in zip(ids.tolist(), np.split(order, begins[1:]), strict=True):
            if person_id >= 0:
                people.setdefault(person_id, _Gathered()).add(columns, mine, speaking)
    return {person_id: people.pop(person_id).finish() for person_id in sorted(people)}


def boxes_of(recording: Recording, wanted: set[tuple[float, int]]) -> dict[tuple[float, int], Float32]:
    """The boxes of people at some sample times: (time in seconds, person) → (4,) float32 px, without those of absent people."""
    at_s = np.array(sorted({time_s for time_s, _ in wanted}), np.float64)
    found: dict[tuple[float, int], Float32] = {}
    for batch in recording.batches(["time_s", "track_id", "person_id", "x0", "y0", "x1", "y1"]):
        time_s = batch.column("time_s").to_numpy()
        first, end = np.searchsorted(at_s, [time_s[0], np.nextafter(time_s[-1], np.inf)]) if len(time_s) else (0, 0)
        if first == end:
            continue
        rows = np.flatnonzero(np.isin(time_s, at_s[first:end]))
        part = batch.take(pa.array(rows))
        box = np.stack([_values(part, name) for name in ("x0", "y0", "x1", "y1")], axis=1)
        keys = zip(time_s[rows].tolist(), _numbers(part.column("person_id")).tolist(), strict=True)
        there = np.isfinite(box).all(axis=1)
        found |= {key: corners for key, corners, ok in zip(keys, box, there, strict=True) if ok and key in wanted}
    return found


def _merit(own: Mapping[str, Any]) -> Float64:
    """The suitability of faces as portraits; 0 without a box."""
    size = np.minimum(np.nan_to_num(own["face_px"]) / LARGE_ENOUGH_PX, 1)
    sharp = np.minimum(np.nan_to_num(own["sharpness"]) / SHARP_ENOUGH, 1)
    frontal = np.exp(-((np.nan_to_num(own["yaw_deg"]) / 20) ** 2))
    boxed = np.isfinite(own["x0"] + own["y0"] + own["x1"] + own["y1"])
    merit: Float64 = (0.1 + own["readable"]) * size * sharp * frontal * np.nan_to_num(own["face_score"]) * boxed
    return merit


def _numbers(column: pa.Array) -> Int64:
    """Ids, with -1 for null."""
    result: Int64 = pc.fill_null(column.cast(pa.int64(), safe=False), -1).to_numpy()
    return result


def _values(batch: pa.RecordBatch, name: str) -> Any:
    column = batch.column(name)
    return _numbers(column) if name == "track_id" else column.to_numpy(zero_copy_only=False)


def _speaking(column: pa.Array) -> UInt8:
    """(R,) see curves.SPEAKING: of truth values or of probabilities."""
    yes = column if pa.types.is_boolean(column.type) else pc.greater_equal(column, LEAST_SPEAKING)
    known = pc.fill_null(pc.if_else(yes, YES, NO), UNKNOWN)
    result: UInt8 = known.to_numpy(zero_copy_only=False).astype(np.uint8)
    return result


GAP_INTERVALS = 3.0
LEAST_GAP_S = 0.5
"""A gap is an interval between sampled frames that is longer than so many usual ones, and than so many seconds."""


FaceQuality = dict[str, float]
"""`on_screen_s`; the share of it with each of FLAWS, of which a face may have several; the medians of `face_px` and of the
detector's `score`. NaN where there is no face."""


@dataclass(frozen=True, slots=True)
class Quality:
    """The data quality of one video."""

    interval_s: float  # the usual time between sampled frames: their median
    gap_s: float  # intervals longer than this are gaps
    gaps: list[tuple[float, float]]  # times between which no frame was sampled
    faces: FaceQuality  # of all people together
    people: dict[int, FaceQuality]


def quality_of(time_s: Float64, faces: dict[int, PersonFaces], lengths_s: dict[int, Float64]) -> Quality:
    """Judge the timeline of one video.

    Parameters
    ----------
    time_s : (N,) of every sampled frame
    faces : of every person
    lengths_s : (F,) of every person, what the frame of each face stands for
    """
    step = np.diff(time_s)
    interval_s = float(np.median(step)) if len(step) else 0.0
    gap_s = max(GAP_INTERVALS * interval_s, LEAST_GAP_S)
    gaps = [(float(time_s[i]), float(time_s[i + 1])) for i in np.flatnonzero(step > gap_s)]
    people = {person: _of([mine], [lengths_s[person]]) for person, mine in faces.items()}
    return Quality(interval_s, gap_s, gaps, _of(list(faces.values()), list(lengths_s.values())), people)


def _of(faces: Sequence[PersonFaces], lengths_s: Sequence[Float64]) -> FaceQuality:
    total_s = float(sum(length_s.sum() for length_s in lengths_s))

    def share(flaw: int) -> float:
        held_s = sum(float(length_s[mine.flaws[:, flaw]].sum()) for mine, length_s in zip(faces, lengths_s, strict=True))
        return held_s / total_s if total_s else float("nan")

    def median(of: list[Float32]) -> float:
        return float(np.median(np.concatenate(of))) if of else float("nan")

    medians = {"face_px": median([mine.face_px for mine in faces]), "score": median([mine.score for mine in faces])}
    return {"on_screen_s": total_s, **{name: share(k) for k, name in enumerate(FLAWS)}, **medians}
