"""Smoothed probabilities of every track over time, and blocks of half a second for resampling."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from feelit.analysis.observations import Samples, TimelineSamples
from feelit.options.shared import stretch_of
from feelit.timeline.smoothing import smooth
from feelit.types import Float32, Float64, Int64

BLOCK_S = 0.5  # length of a block: errors of frames within it are correlated
THREADS = 2  # tracks processed in parallel: numpy releases the interpreter lock, and more threads need more memory

_LEVELS = 1024


@dataclass(frozen=True, slots=True, eq=False)
class TrackSeries:
    """The readable samples of one track, in order of time."""

    track: int  # number of the track, as in `Samples`
    samples: Samples  # (K,)
    smoothed: Float32  # (K, 8) probabilities, smoothed like those behind the emotion of the timeline
    median: Float64  # (8,) over time
    baseline: Float64  # (8,) the median, or means over a stretch of time; NaN if nothing is readable in it

    def block_of(self) -> Int64:
        """(K,) the block of readable time in which every sample begins."""
        begin_s = np.cumsum(self.samples.length_s) - self.samples.length_s
        return np.floor(begin_s / BLOCK_S + 1e-6).astype(np.int64)

    def shown_at(self, time_s: Float64, emotion: int) -> Float64:
        """(M,) rising times -> (M,) the smoothed probability of an emotion, on straight lines between samples."""
        first, end = np.searchsorted(self.samples.time_s, time_s[[0, -1]])
        near = slice(max(first - 1, 0), end + 1)  # skips the rest of a long track
        return np.interp(time_s, self.samples.time_s[near], self.smoothed[near, emotion])


def track_series(samples: Samples, baseline: str = "auto") -> TrackSeries | None:
    """The series of one track.

    Parameters
    ----------
    samples : all samples of the track
    baseline : "auto" or a stretch of time, like the option `baseline`

    Returns
    -------
    None if no sample is readable.
    """
    rows = np.flatnonzero(samples.readable)
    if not len(rows):
        return None
    smoothed = smooth(samples.time_s, samples.track, samples.probability, samples.readable, rows)
    seen = samples.rows(rows)
    median = np.array([weighted_median(smoothed[:, emotion], seen.length_s) for emotion in range(smoothed.shape[1])])
    usual = median
    if baseline != "auto":
        begin_s, end_s = stretch_of(baseline)
        inside = (seen.time_s >= begin_s) & (seen.time_s < end_s)
        usual = np.full(len(median), np.nan)
        if inside.any():
            usual = np.average(smoothed[inside].astype(np.float64), axis=0, weights=seen.length_s[inside])
    return TrackSeries(int(seen.track[0]), seen, smoothed, median, usual)


def each_track(
    rows: TimelineSamples, work: Callable[[TrackSeries], None], baseline: str = "auto", threads: int = THREADS
) -> None:
    """Call `work` with every track of a video that has readable samples, in any order, in parallel."""

    def of(track: int) -> None:
        if series := track_series(rows.of_track(track), baseline):
            work(series)

    with ThreadPoolExecutor(threads) as pool:
        for _ in pool.map(of, range(len(rows.track_id))):
            pass  # raises the exceptions of the threads


def block_means(block: Int64, value: Float64, weight: Float64) -> Float64:
    """Weighted means over blocks.

    Parameters
    ----------
    block : (K,) int64, non-decreasing; numbers may be skipped
    value, weight : (K,) float64

    Returns
    -------
    (B,) float64, one mean for each number that occurs.
    """
    start = np.flatnonzero(np.diff(block, prepend=block[:1] - 1))
    result: Float64 = np.add.reduceat(value * weight, start) / np.add.reduceat(weight, start)
    return result


def weighted_median(value: Float32, weight: Float64) -> float:
    """The weighted median: the smallest value up to which at least half of the weight lies.

    Parameters
    ----------
    value : (K,) float32, 0..1, K >= 1
    weight : (K,) float64
    """
    level = np.minimum((value * _LEVELS).astype(np.int64), _LEVELS - 1)  # only the few values in the median's level are sorted
    reached = np.cumsum(np.bincount(level, weight, _LEVELS))
    half = reached[-1] / 2
    middle = int(np.searchsorted(reached, half))
    near = np.flatnonzero(level == middle)
    near = near[np.argsort(value[near], kind="stable")]
    below = reached[middle - 1] if middle else 0.0
    place = int(np.searchsorted(below + np.cumsum(weight[near]), half))
    return float(value[near[min(place, len(near) - 1)]])
