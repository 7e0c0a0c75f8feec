"""The strongest moments: times at which faces show an emotion far above their baseline.

Each bout has one moment, so that a smile over the whole recording is one moment and not ten. Moments are ranked by their rise
above the person's own baseline; ties, as among probabilities that reach 1, go to the longer bout. To cover several people and
emotions, candidates similar to moments already chosen are ranked lower (after the maximal marginal relevance of Carbonell &
Goldstein 1998).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from feelit.analysis.bouts import Bouts
from feelit.analysis.observations import Samples, TimelineSamples
from feelit.options.videos import MOVED
from feelit.types import EMOTIONS, Columns, Float64, Int64

MOMENTS = 3  # how many moments are named
MOMENT_APART_S = 2.0  # the smallest distance between two of the same track or the same emotion
AGAIN = 0.5  # the factor for each moment of the same emotion of the same track that was chosen before
SAME_TRACK = 0.8  # the factor for each moment of the same track that was chosen before
DIGITS = 2  # rises are compared to this many decimals
STEPS = 4096  # probabilities are multiples of one over this


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
    rows: TimelineSamples, tracks: Sequence[int], bouts: Sequence[Bouts], most: int = MOMENTS, emotions: Sequence[str] = MOVED
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
    if not parts:
        return ()
    found = Candidates.join(parts)
    order = np.lexsort((found.track, found.time_s, -found.lasts_s))
    found = found.rows(order)  # of equal values, argmax takes the first
    value = np.round(np.maximum(found.confidence - found.baseline, 0), DIGITS)
    chosen: list[Moment] = []
    while len(chosen) < most and len(value) and value.max() >= 0:
        best = int(value.argmax())
        numbers = (float(column[best]) for column in (found.confidence, found.baseline, found.lasts_s))
        track_id, emotion = int(rows.track_id[found.track[best]]), EMOTIONS[found.emotion[best]]
        chosen.append(Moment(float(found.time_s[best]), track_id, emotion, *numbers))
        same = found.track == found.track[best]
        alike = found.emotion == found.emotion[best]
        value[same] *= SAME_TRACK
        value[same & alike] *= AGAIN
        value[(np.abs(found.time_s - found.time_s[best]) < MOMENT_APART_S) & (same | alike)] = -np.inf
    return tuple(chosen)


def candidates(samples: Samples, bouts: Bouts, emotions: Sequence[str] = MOVED) -> Candidates:
    """The moment of every bout of one track that shows one of `emotions`."""
    wanted = [EMOTIONS.index(name) for name in emotions]
    seen = samples.rows(samples.readable)
    start = np.searchsorted(seen.time_s, bouts.start_s)
    stop = np.append(start[1:], len(seen))
    baseline = {emotion: _median(seen, emotion) for emotion in set(bouts.emotion.tolist()) & set(wanted)}
    chosen = np.flatnonzero(np.isin(bouts.emotion, wanted))
    emotion, best = bouts.emotion[chosen], np.zeros(len(chosen), np.int64)
    for n, bout in enumerate(chosen.tolist()):
        part = slice(int(start[bout]), int(stop[bout]))
        best[n] = part.start + np.where(seen.emotion[part] == emotion[n], seen.confidence[part], -1).argmax()
    return Candidates(
        time_s=seen.time_s[best],
        track=seen.track[best],
        emotion=emotion,
        confidence=seen.confidence[best].astype(np.float64),
        baseline=np.array([baseline[shown] for shown in emotion.tolist()], np.float64),
        lasts_s=bouts.length_s[chosen],
    )


def _median(seen: Samples, emotion: int) -> float:
    """The median probability of an emotion, weighted by time, rounded to 1 / STEPS."""
    step = np.clip(np.round(seen.probability[:, emotion] * STEPS), 0, STEPS).astype(np.int64)
    reached = np.cumsum(np.bincount(step, seen.length_s, STEPS + 1))
    return float(np.searchsorted(reached, reached[-1] / 2)) / STEPS
