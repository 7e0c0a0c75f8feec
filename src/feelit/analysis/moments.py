"""The strongest moments: times at which faces show an emotion far above their baseline.

Each bout has one moment, so that a smile over the whole recording is one moment and not ten. Moments are ranked by their rise
above the person's own baseline; ties, as among probabilities that reach 1, go to the longer bout. To cover several people and
emotions, candidates similar to moments already chosen are ranked lower (after the maximal marginal relevance of Carbonell &
Goldstein 1998).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from feelit.analysis.bouts import Bouts
from feelit.analysis.observations import Samples, TimelineSamples
from feelit.types import EMOTIONS, Columns, Float64, Int64

MOMENTS = 3
MOMENT_APART_S = 2.0
"""How many moments are named, and the smallest distance between two of the same track or the same emotion."""

MOVED = tuple(name for name in EMOTIONS if name != "neutral")
"""The emotions of moments, by default."""

AGAIN = 0.5
"""The factor for each moment of the same emotion of the same track that was chosen before."""

SAME_TRACK = 0.8
"""The factor for each moment of the same track that was chosen before."""

DIGITS = 2
"""Rises are compared to this many decimals."""

STEPS = 4096
"""Probabilities are multiples of one over this."""


@dataclass(frozen=True, slots=True)
class Moment:
    """The sample of a bout with the highest probability of its emotion."""

    time_s: float
    track_id: int
    emotion: str
    confidence: float  # smoothed probability of the emotion at that time, 0..1
    baseline: float  # median probability of that emotion for this track
    lasts_s: float  # the length of the bout

    @property
    def rise(self) -> float:
        """The probability above the baseline."""
        return self.confidence - self.baseline


@dataclass(frozen=True, slots=True, eq=False)
class Candidates(Columns):
    """One moment per bout."""

    time_s: Float64  # (K,)
    track: Int64  # (K,) number of the track
    emotion: Int64  # (K,)
    confidence: Float64  # (K,)
    baseline: Float64  # (K,)
    lasts_s: Float64  # (K,)


def find_moments(
    rows: TimelineSamples,
    tracks: Sequence[int],
    bouts: Sequence[Bouts],
    most: int = MOMENTS,
    emotions: Sequence[str] = MOVED,
) -> tuple[Moment, ...]:
    """The strongest moments over some tracks, the strongest first.

    Parameters
    ----------
    tracks : numbers of the tracks
    bouts : of every track of the video
    most : the largest number of moments
    emotions : only moments of these
    """
    return chosen_moments(rows, [candidates(rows.of_track(track), bouts[track], emotions) for track in tracks], most)


def chosen_moments(rows: TimelineSamples, parts: list[Candidates], most: int = MOMENTS) -> tuple[Moment, ...]:
    """The strongest moments among candidates, one `Candidates` per track, the strongest first."""
    found = Candidates.join(parts) if parts else _candidates_of([])
    order = np.lexsort((found.track, found.time_s, -found.lasts_s))
    found = found.rows(order)  # of equal values, argmax takes the first
    value = np.round(np.maximum(found.confidence - found.baseline, 0), DIGITS)
    chosen: list[Moment] = []
    while len(chosen) < most and len(value) and value.max() >= 0:
        best = int(value.argmax())
        chosen.append(_moment(found, best, rows))
        same = found.track == found.track[best]
        alike = found.emotion == found.emotion[best]
        value[same] *= SAME_TRACK
        value[same & alike] *= AGAIN
        value[(np.abs(found.time_s - found.time_s[best]) < MOMENT_APART_S) & (same | alike)] = -np.inf
    return tuple(chosen)


def _moment(found: Candidates, at: int, rows: TimelineSamples) -> Moment:
    return Moment(
        time_s=float(found.time_s[at]),
        track_id=int(rows.track_id[found.track[at]]),
        emotion=EMOTIONS[found.emotion[at]],
        confidence=float(found.confidence[at]),
        baseline=float(found.baseline[at]),
        lasts_s=float(found.lasts_s[at]),
    )


def candidates(samples: Samples, bouts: Bouts, emotions: Sequence[str] = MOVED) -> Candidates:
    """The moment of every bout of one track that shows one of `emotions`."""
    wanted = [EMOTIONS.index(name) for name in emotions]
    seen = samples.rows(samples.readable)
    start = np.searchsorted(seen.time_s, bouts.start_s)
    stop = np.append(start[1:], len(seen))
    baseline = {emotion: _median(seen, emotion) for emotion in set(bouts.emotion.tolist()) & set(wanted)}
    found = []
    for bout in np.flatnonzero(np.isin(bouts.emotion, wanted)).tolist():
        part, emotion = slice(int(start[bout]), int(stop[bout])), int(bouts.emotion[bout])
        shown = np.where(seen.emotion[part] == emotion, seen.confidence[part], -1)
        best = part.start + int(shown.argmax())
        row = (seen.time_s[best], seen.track[best], emotion, seen.confidence[best], baseline[emotion], bouts.length_s[bout])
        found.append(row)
    return _candidates_of(found)


def _candidates_of(found: Sequence[tuple[float, ...]]) -> Candidates:
    columns = np.array(found, np.float64).reshape(-1, len(fields(Candidates))).T
    time_s, track, emotion, confidence, baseline, lasts_s = columns
    return Candidates(time_s, track.astype(np.int64), emotion.astype(np.int64), confidence, baseline, lasts_s)


def _median(seen: Samples, emotion: int) -> float:
    """The median probability of an emotion, weighted by time, rounded to 1 / STEPS."""
    step = np.clip(np.round(seen.probability[:, emotion] * STEPS), 0, STEPS).astype(np.int64)
    reached = np.cumsum(np.bincount(step, seen.length_s, STEPS + 1))
    return float(np.searchsorted(reached, reached[-1] / 2)) / STEPS
