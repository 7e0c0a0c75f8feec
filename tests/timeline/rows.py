"""Small timelines, written as one letter a sampled frame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa

from feelit.timeline.schema import to_arrow
from feelit.types import EMOTIONS, Float32, Timeline

LETTERS = {"n": 0, "h": 1, "s": 2, "a": 4}
"""Neutral, happiness, surprise, anger; "." is absent and "u" unreadable."""

CERTAIN = 0.75
"""The probability of a shown emotion, and its confidence, by default."""


def regular(count: int, interval_s: float = 0.1) -> list[float]:
    """Times of frames at a constant rate."""
    return [i * interval_s for i in range(count)]


def table_of(
    tracks: Mapping[int, str],
    time_s: Sequence[float],
    video: str = "a.mp4",
    confidence: Mapping[tuple[int, int], float] | None = None,
) -> pa.Table:
    """The timeline of one video.

    Parameters
    ----------
    tracks : track_id -> one letter a sampled frame
    time_s : one time a sampled frame
    confidence : (track_id, place of the frame) -> what it is instead of `CERTAIN`
    """
    rows: list[tuple[int, int, str]] = []
    for place in range(len(time_s)):
        faces = [(place, track, shown[place]) for track, shown in sorted(tracks.items()) if shown[place] != "."]
        rows += faces or [(place, -1, ".")]
    return to_arrow(_timeline(rows, time_s, confidence or {}), video)


def _timeline(
    rows: list[tuple[int, int, str]], time_s: Sequence[float], confidence: Mapping[tuple[int, int], float]
) -> Timeline:
    count = len(rows)
    place = np.array([p for p, _, _ in rows], np.int64)
    track = np.array([t for _, t, _ in rows], np.int32)
    emotion = np.array([LETTERS.get(letter, -1) for _, _, letter in rows], np.int32)
    face, sure = track >= 0, np.array([confidence.get((t, p), CERTAIN) for p, t, _ in rows], np.float32)

    def filled(value: float, *shape: int) -> Float32:
        column = np.full((count, *shape), value, np.float32)
        column[~face] = np.nan
        return column

    probability = filled((1 - CERTAIN) / (len(EMOTIONS) - 1), len(EMOTIONS))
    probability[emotion >= 0, emotion[emotion >= 0]] = CERTAIN
    return Timeline(
        frame=place * 3,  # sampled frames are rarely consecutive
        pts=place * 300,
        time_s=np.array(time_s, np.float64)[place] if count else np.zeros(0),
        track_id=track,
        person_id=track,
        box=filled(10, 4),
        score=filled(0.9),
        landmarks=filled(12, 5, 2),
        roll_deg=filled(0),
        yaw_deg=filled(0),
        face_px=filled(60),
        sharpness=filled(0.5),
        brightness=filled(120),
        readable=emotion >= 0,
        emotion=emotion,
        confidence=np.where(emotion >= 0, sure, np.nan).astype(np.float32),
        probability=probability,
        signals=np.zeros((count, 0), np.float32),
        classified=face,
    )
