"""Peaks, in which a track shows an emotion clearly more than its baseline, and long absences of a track."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from feelit.analysis.bouts import LEAST_BOUT_S, stretches
from feelit.analysis.observations import Frames, Samples
from feelit.analysis.scan import scan_p_values
from feelit.analysis.track_series import BLOCK_S, TrackSeries, block_means, weighted_median
from feelit.types import EMOTIONS, Float64, Int64

LEAST_RISE = 0.25  # a peak rises above the baseline by at least this probability, even if the face is otherwise still
DEVIATIONS = 3.0
"""And by at least this many standard deviations, estimated from the median absolute deviation (Leys et al. 2013)."""

GAP_S = 0.5  # stretches up to this far apart are one peak, even if the face is unreadable in between
NORMAL = 1.4826  # standard deviation of a normal distribution, in median absolute deviations


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
    """The peaks of every emotion except neutral, by emotion and then by time; none if the baseline is unknown."""
    if np.isnan(trace.baseline).any():
        return
    block, begin_s = trace.block_of(), trace.samples.time_s
    end_s = begin_s + trace.samples.length_s
    for emotion in range(1, len(EMOTIONS)):
        shown = trace.smoothed[:, emotion]
        away = np.abs(shown - np.float32(trace.median[emotion]))  # from the median, whatever the baseline is
        least = max(LEAST_RISE, DEVIATIONS * NORMAL * weighted_median(away, trace.samples.length_s))
        high = shown.astype(np.float64) - trace.baseline[emotion] >= least
        start, end = stretches(high, begin_s, end_s, GAP_S, LEAST_BOUT_S - 1e-6)
        if len(start):
            yield from _peaks(trace, emotion, block, start, end, rng)


def _peaks(
    trace: TrackSeries, emotion: int, block: Int64, start: Int64, end: Int64, rng: np.random.Generator
) -> Iterator[Peak]:
    number = np.cumsum(np.diff(block, prepend=-1) != 0) - 1  # blocks without samples are not counted
    blocks = block_means(block, trace.samples.probability[:, emotion].astype(np.float64), trace.samples.length_s)
    windows = []
    for first, beyond in zip(number[start].tolist(), (number[end - 1] + 1).tolist(), strict=True):
        length = beyond - first
        windows.append((length, float(np.add.reduce(blocks[first:beyond])) / length))  # equals `mean`, in a third of the time
    shown, samples = np.ascontiguousarray(trace.smoothed[:, emotion]), trace.samples
    start_s, end_s = samples.time_s[start].tolist(), (samples.time_s[end - 1] + samples.length_s[end - 1]).tolist()
    best = [a + int(shown[a:b].argmax()) for a, b in zip(start.tolist(), end.tolist(), strict=True)]
    peak_s, strength = samples.time_s[best].tolist(), shown[best].tolist()
    for found in zip(start_s, end_s, peak_s, strength, scan_p_values(blocks, windows, rng), strict=True):
        yield Peak(emotion, *found)


LEAST_ABSENCE_S = 5.0  # shorter absences are not reported


def find_absences(samples: Samples, frames: Frames, rng: np.random.Generator) -> Iterator[tuple[float, float, float]]:
    """The absences of one track, in order: from the end of the last sample with the track to its next one, and a p-value, the
    probability of so long a gap somewhere if the missing samples were in random order.

    Parameters
    ----------
    samples : of the track
    frames : all sampled frames of the video; `samples.frame` are rows of it
    """
    end_s = samples.time_s + samples.length_s
    away = np.flatnonzero((samples.time_s[1:] - end_s[:-1] >= LEAST_ABSENCE_S) & (np.diff(samples.frame) > 1))
    if not len(away):
        return
    life = frames.rows(slice(int(samples.frame[0]), int(samples.frame[-1]) + 1))
    absent = np.ones(len(life))
    absent[samples.frame - samples.frame[0]] = 0
    blocks = block_means(np.floor((life.time_s - life.time_s[0]) / BLOCK_S).astype(np.int64), absent, life.length_s)
    gaps = list(zip(end_s[away].tolist(), samples.time_s[away + 1].tolist(), strict=True))
    windows = [(_whole_blocks(absent, life, gap), 1.0) for gap in gaps]
    for gap, p_value in zip(gaps, scan_p_values(blocks, windows, rng), strict=True):
        yield *gap, p_value


def _whole_blocks(absent: Float64, life: Frames, gap: tuple[float, float]) -> int:
    """The number of blocks that lie completely in an absence, at least 1."""
    first, end = np.searchsorted(life.time_s, [gap[0] - 1e-6, gap[1] - 1e-6])
    inside_s = life.time_s[first:end][absent[first:end] > 0]
    block = np.floor((inside_s - life.time_s[0]) / BLOCK_S)
    return max(1, int(np.count_nonzero(np.diff(block))) + 1 - 2)
