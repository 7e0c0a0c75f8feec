"""The moments in which faces show an emotion most strongly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from feelit.analysis.observations import TimelineSamples
from feelit.types import EMOTIONS

MOMENTS = 3
MOMENT_APART_S = 2.0
"""How many moments are named, and how far apart they are at least."""

MOVED = tuple(name for name in EMOTIONS if name != "neutral")
"""What a moment shows, by default."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A sample whose smoothed emotion is shown strongly; neutral is not an emotion here."""

    time_s: float
    track_id: int
    emotion: str
    confidence: float


def find_moments(
    rows: TimelineSamples, tracks: Sequence[int], most: int = MOMENTS, emotions: Sequence[str] = MOVED
) -> tuple[Moment, ...]:
    """The strongest samples of some tracks together, strongest first; of equal ones the earliest.

    Parameters
    ----------
    tracks : numbers of the tracks
    most : so many at most
    emotions : of these only
    """
    wanted = np.isin(np.arange(-1, len(EMOTIONS)), [EMOTIONS.index(name) for name in emotions])
    parts = [samples.rows(wanted[samples.emotion + 1]) for samples in map(rows.of_track, tracks)]
    if not parts:
        return ()
    time_s = np.concatenate([part.time_s for part in parts])
    left = np.concatenate([part.confidence for part in parts])
    track, emotion = (np.concatenate([getattr(part, name) for part in parts]) for name in ("track", "emotion"))
    chosen: list[Moment] = []
    while len(chosen) < most and len(left) and (highest := left.max()) > -np.inf:
        equal = np.flatnonzero(left == highest)
        best = equal[time_s[equal].argmin()]
        track_id = int(rows.track_id[track[best]])
        chosen.append(Moment(float(time_s[best]), track_id, EMOTIONS[emotion[best]], float(highest)))
        left[np.abs(time_s - time_s[best]) < MOMENT_APART_S] = -np.inf
    return tuple(chosen)
