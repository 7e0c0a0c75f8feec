"""What every track shows over time, smoothed, and the same in blocks of half a second for resampling."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from feelit.analysis.observations import Samples, TimelineSamples
from feelit.options.shared import stretch_of
from feelit.timeline.smoothing import smooth
from feelit.types import Float32, Float64, Int64

BLOCK_S = 0.5
"""Length of a block: within it neighbouring frames err alike."""

THREADS = 2
"""Tracks that are worked on at the same time: numpy lets threads run while it computes. More take more memory."""

_LEVELS = 1024


@dataclass(frozen=True, slots=True, eq=False)
class TrackSeries:
    """The readable samples of one track, in order of time. Times in which it cannot be read are left out."""

    track: int  # number of the track, as in `Samples`
    samples: Samples  # (K,)
    smoothed: Float32  # (K, 8) probabilities, smoothed as the emotion of the timeline is
    median: Float64  # (8,) over time
    baseline: Float64  # (8,) what is usual: the same, or means over a stretch of time; NaN if nothing is readable in it

    def block_of(self) -> Int64:
        """(K,) the block of readable time in which every sample begins."""
        begin_s = np.cumsum(self.samples.length_s) - self.samples.length_s
        return np.floor(begin_s / BLOCK_S + 1e-6).astype(np.int64)

    def shown_at(self, time_s: Float64, emotion: int) -> Float64:
        """(M,) rising times -> (M,) the smoothed probability of an emotion, on straight lines between samples."""
        first, end = np.searchsorted(self.samples.time_s, time_s[[0, -1]])
        near = slice(max(first - 1, 0), end + 1)  # of a long track, all others need not be looked at
        return np.interp(time_s, self.samples.time_s[near], self.smoothed[near, emotion])


def track_series(samples: Samples, baseline: str = "auto") -> TrackSeries | None:
    """What one track shows.

    Parameters
    ----------
    samples : all of the track
    baseline : what is usual, "auto" or a stretch of time, as the option of that name

    Returns
    -------
    None if it can never be read.
    """
    rows = np.flatnonzero(samples.readable)
    if not len(rows):
        return None
    smoothed = smooth(samples.time_s, samples.track, samples.probability, samples.readable, rows)
    seen = samples.rows(rows)
    median = np.array([weighted_median(smoothed[:, emotion], seen.length_s) for emotion in range(smoothed.shape[1])])
    usual = median if baseline == "auto" else _mean(seen, smoothed, *stretch_of(baseline))
    return TrackSeries(int(seen.track[0]), seen, smoothed, median, usual)


def _mean(seen: Samples, smoothed: Float32, begin_s: float, end_s: float) -> Float64:
    """(8,) the mean of readable samples over a stretch of time."""
    inside = (seen.time_s >= begin_s) & (seen.time_s < end_s)
    if not inside.any():
        return np.full(smoothed.shape[1], np.nan)
    mean: Float64 = np.average(smoothed[inside].astype(np.float64), axis=0, weights=seen.length_s[inside])
    return mean


def each_track(
    rows: TimelineSamples, work: Callable[[TrackSeries], None], baseline: str = "auto", threads: int = THREADS
) -> None:
    """Give every track of a video that can be read at all to `work`, in no order, some at a time."""

    def of(track: int) -> None:
        if series := track_series(rows.of_track(track), baseline):
            work(series)

    with ThreadPoolExecutor(threads) as pool:
        for _ in pool.map(of, range(len(rows.track_id))):
            pass  # which raises what went wrong in a thread


def block_means(block: Int64, value: Float64, weight: Float64) -> Float64:
    """Weighted means over blocks.

    Parameters
    ----------
    block : (K,) int64, never falling; numbers may be left out
    value, weight : (K,) float64

    Returns
    -------
    (B,) float64, a mean for each number that there is.
    """
    start = np.flatnonzero(np.diff(block, prepend=block[:1] - 1))
    result: Float64 = np.add.reduceat(value * weight, start) / np.add.reduceat(weight, start)
    return result


def weighted_median(value: Float32, weight: Float64) -> float:
    """The value up to which half of the weight lies, and which is one of them.

    Parameters
    ----------
    value : (K,) float32, 0..1, K >= 1
    weight : (K,) float64
    """
    level = np.minimum((value * _LEVELS).astype(np.int64), _LEVELS - 1)  # few lie near the middle, and only these are sorted
    reached = np.cumsum(np.bincount(level, weight, _LEVELS))
    half = reached[-1] / 2
    middle = int(np.searchsorted(reached, half))
    near = np.flatnonzero(level == middle)
    near = near[np.argsort(value[near], kind="stable")]
    below = reached[middle - 1] if middle else 0.0
    place = int(np.searchsorted(below + np.cumsum(weight[near]), half))
    return float(value[near[min(place, len(near) - 1)]])
