"""Peaks: times in which a track shows an emotion clearly more than it usually does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from feelit.analysis.bouts import LEAST_BOUT_S
from feelit.analysis.scan import scan_p_values
from feelit.analysis.track_series import TrackSeries, weighted_median
from feelit.types import EMOTIONS, Bool, Float64, Int64

LEAST_RISE = 0.25
"""A peak rises above the baseline by at least so much probability, however still the face is otherwise."""

DEVIATIONS = 3.0
"""And by at least so many standard deviations, estimated from the median absolute deviation (Leys et al. 2013)."""

GAP_S = 0.5
"""Two stretches no farther apart are one peak; so are those on both sides of a time that is shorter and cannot be read."""

NORMAL = 1.4826  # a standard deviation in median absolute deviations, of a normal distribution


@dataclass(frozen=True, slots=True)
class Peak:
    """One stretch of one track above its own baseline."""

    emotion: int
    start_s: float
    end_s: float
    peak_s: float
    strength: float  # the highest smoothed probability
    p_value: float


def find_peaks(trace: TrackSeries, rng: np.random.Generator) -> Iterator[Peak]:
    """The peaks of every emotion but neutral, by emotion and then by time."""
    for emotion in range(1, len(EMOTIONS)):
        shown = trace.smoothed[:, emotion].astype(np.float64)
        start, end = _stretches(trace, shown - trace.baseline[emotion] >= _rise(trace, emotion))
        if len(start):
            yield from _peaks(trace, emotion, start, end, rng)


def _rise(trace: TrackSeries, emotion: int) -> float:
    """How far above its baseline a track has to be."""
    away = np.abs(trace.smoothed[:, emotion] - np.float32(trace.baseline[emotion]))
    return max(LEAST_RISE, DEVIATIONS * NORMAL * weighted_median(away, trace.samples.length_s))


def _stretches(trace: TrackSeries, high: Bool) -> tuple[Int64, Int64]:
    """First rows, and rows after the last, of the stretches in which `high` holds, once near ones are joined and short ones
    are left out."""
    rows = np.flatnonzero(high)
    begin_s, end_s = trace.samples.time_s[rows], (trace.samples.time_s + trace.samples.length_s)[rows]
    apart = np.flatnonzero(begin_s[1:] - end_s[:-1] > GAP_S)
    start, end = np.append(0, apart + 1)[: len(rows)], np.append(apart, len(rows) - 1)[: len(rows)]
    lasting = end_s[end] - begin_s[start] >= LEAST_BOUT_S - 1e-6
    return rows[start[lasting]], rows[end[lasting]] + 1


def _peaks(trace: TrackSeries, emotion: int, start: Int64, end: Int64, rng: np.random.Generator) -> Iterator[Peak]:
    block = trace.block_of()
    number = np.cumsum(np.diff(block, prepend=-1) != 0) - 1  # blocks that hold no sample are not counted
    blocks = trace.blocks(emotion)
    windows = [_window(blocks, number[a], number[b - 1] + 1) for a, b in zip(start, end, strict=True)]
    for a, b, p_value in zip(start, end, scan_p_values(blocks, windows, rng), strict=True):
        best = a + int(trace.smoothed[a:b, emotion].argmax())
        yield Peak(
            emotion=emotion,
            start_s=float(trace.samples.time_s[a]),
            end_s=float(trace.samples.time_s[b - 1] + trace.samples.length_s[b - 1]),
            peak_s=float(trace.samples.time_s[best]),
            strength=float(trace.smoothed[best, emotion]),
            p_value=p_value,
        )


def _window(blocks: Float64, first: int, end: int) -> tuple[int, float]:
    return int(end - first), float(blocks[first:end].mean())
