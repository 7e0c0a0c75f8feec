"""Small timelines for the tests of drawing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from feelit.render.marks import COLUMNS
from feelit.render.motion import Face
from feelit.render.rows import TimelineRows, TimelineView
from feelit.types import Float32, Float64

BOX = (100.0, 60.0, 160.0, 140.0)


def rows(
    time_s: Sequence[float],
    track_id: int | Sequence[int] = 1,
    box: Sequence[Sequence[float]] | Sequence[float] = BOX,
    emotion: int | Sequence[int] = 1,
    readable: bool | Sequence[bool] = True,
    confidence: float | Sequence[float] = 0.8,
    who: int | Sequence[int] | None = None,
    certainty: float | Sequence[float] = 1.0,
) -> TimelineRows:
    """Rows at the given times; what is given once holds for all. Without `who` each track is a person."""
    count = len(time_s)
    emotions = np.broadcast_to(np.array(emotion, np.int32), count).copy()
    probability = np.full((count, 8), 0.02, np.float32)
    probability[np.arange(count), np.maximum(emotions, 0)] = 0.86
    return TimelineRows(
        time_s=np.array(time_s, np.float64),
        track_id=np.broadcast_to(np.array(track_id, np.int32), count).copy(),
        who=np.broadcast_to(np.array(track_id if who is None else who, np.int32), count).copy(),
        certainty=np.broadcast_to(np.array(certainty, np.float32), count).copy(),
        box=np.broadcast_to(np.array(box, np.float32), (count, 4)).copy(),
        emotion=emotions,
        confidence=np.broadcast_to(np.array(confidence, np.float32), count).copy(),
        probability=probability,
        readable=np.broadcast_to(np.array(readable, bool), count).copy(),
        marks=np.full((count, len(COLUMNS)), np.nan, np.float32),
    )


def view(
    table: TimelineRows, sampled_time_s: Float64 | None = None, names: Mapping[int, str | None] | None = None
) -> TimelineView:
    """Rows as they are drawn. Where no times are given, every frame that was looked at has a face."""
    times = np.unique(table.time_s) if sampled_time_s is None else sampled_time_s
    known: dict[int, str | None] = dict.fromkeys(np.unique(table.who).tolist())
    return TimelineView(rows=table, sampled_time_s=times, names=known | dict(names or {}))


def face(who: int = 1, box: Sequence[float] = BOX, emotion: int = 1, confidence: float = 0.8) -> Face:
    """One face at one moment."""
    probability: Float32 = np.full(8, 0.02, np.float32)
    probability[max(emotion, 0)] = 0.86
    return Face(
        who,
        f"#{who}",
        who,
        np.array(box, np.float32),
        emotion,
        confidence,
        probability,
        np.full(len(COLUMNS), np.nan, np.float32),
    )
