"""Small timelines for the tests of drawing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from feelit.render.motion import Face
from feelit.render.rows import TimelineRows
from feelit.types import Float32

BOX = (100.0, 60.0, 160.0, 140.0)


def rows(
    time_s: Sequence[float],
    track_id: int | Sequence[int] = 1,
    box: Sequence[Sequence[float]] | Sequence[float] = BOX,
    emotion: int | Sequence[int] = 1,
    readable: bool | Sequence[bool] = True,
    confidence: float | Sequence[float] = 0.8,
) -> TimelineRows:
    """Rows at the given times; what is given once holds for all."""
    count = len(time_s)
    emotions = np.broadcast_to(np.array(emotion, np.int32), count).copy()
    probability = np.full((count, 8), 0.02, np.float32)
    probability[np.arange(count), np.maximum(emotions, 0)] = 0.86
    return TimelineRows(
        time_s=np.array(time_s, np.float64),
        track_id=np.broadcast_to(np.array(track_id, np.int32), count).copy(),
        box=np.broadcast_to(np.array(box, np.float32), (count, 4)).copy(),
        emotion=emotions,
        confidence=np.broadcast_to(np.array(confidence, np.float32), count).copy(),
        probability=probability,
        readable=np.broadcast_to(np.array(readable, bool), count).copy(),
    )


def face(track_id: int = 1, box: Sequence[float] = BOX, emotion: int = 1, confidence: float = 0.8) -> Face:
    """One face at one moment."""
    probability: Float32 = np.full(8, 0.02, np.float32)
    probability[max(emotion, 0)] = 0.86
    return Face(track_id, np.array(box, np.float32), emotion, confidence, probability)
