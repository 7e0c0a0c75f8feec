"""The content of a figure of timelines, in equal bins of time: a page has room for fewer points than a video has samples.

Samples are weighted by the time that they stand for, and are divided between bins at their edges.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from feelit.analysis.observations import Samples, TimelineSamples
from feelit.analysis.track_series import TrackSeries, track_series
from feelit.types import EMOTIONS, Float64, Int64

UNREADABLE, ABSENT = -1, -2
"""States in which no emotion is shown."""


@dataclass(frozen=True, slots=True, eq=False)
class Bins:
    """One person or track in B equal parts of time."""

    number: int  # of the person or track
    state: Int64  # (B,) the state for most of the time: an index into EMOTIONS, UNREADABLE or ABSENT
    probability: Float64
    """(B, 8) mean of the smoothed probabilities over the readable time, NaN where there is none; or its rise above the
    baseline, at least 0."""

    @property
    def seen(self) -> bool:
        """Whether the person or track is present in any bin."""
        return bool((self.state != ABSENT).any())


@dataclass(frozen=True, slots=True, eq=False)
class Section:
    """One video: panels over one time axis."""

    heading: str  # empty where there is one video only
    panels: Sequence[tuple[str, Bins]]  # the label of a person or track, and its bins
    edges_s: Float64  # (B + 1,)


@dataclass(frozen=True, slots=True, eq=False)
class Content:
    """The content of a figure."""

    sections: Sequence[Section]
    emotions: Sequence[int]  # indices into EMOTIONS, the selected ones
    left_out: str  # what there is no room for, as text; empty if nothing
    title: str
    above_usual: bool  # whether probabilities are rises above the baseline

    @property
    def panels(self) -> list[tuple[str, Bins]]:
        """Those of all videos."""
        return [panel for section in self.sections for panel in section.panels]


def binned(rows: TimelineSamples, edges_s: Float64, baseline: str = "none") -> list[Bins]:
    """The bins of all people or tracks of the timeline of one video.

    Parameters
    ----------
    rows : the timeline
    edges_s : (B + 1,) float64, the edges of the bins, equally spaced
    baseline : "none" for probabilities, or the baseline to subtract, see `track_series`
    """
    period_s = float(np.median(rows.frames.length_s)) if len(rows.frames) else 0.0
    result = []
    for track, track_id in enumerate(rows.track_id.tolist()):
        samples = rows.of_track(track)
        state = _state(samples, edges_s, period_s)
        series = track_series(samples, "auto" if baseline == "none" else baseline)
        shown = _probability(series, edges_s, period_s) if series else np.full((len(state), len(EMOTIONS)), np.nan)
        if series and baseline != "none":
            shown = np.maximum(shown - series.baseline, 0)
        result.append(Bins(track_id, state, np.where(state[:, None] >= 0, shown, np.nan)))
    return result


def _state(samples: Samples, edges_s: Float64, period_s: float) -> Int64:
    """(B,) the most frequent state of a track in each bin. It has to be present for half of the bin or, if that is less, for
    half of a sample."""
    kinds = len(EMOTIONS)
    shown = np.where(samples.readable, samples.emotion, kinds)
    spent_s = _spent(samples.time_s, samples.length_s, np.eye(kinds + 1)[shown], edges_s)
    least_s = 0.499 * min(float(edges_s[1] - edges_s[0]), period_s)
    state = np.array([*range(kinds), UNREADABLE])[spent_s.argmax(axis=1)]
    return np.where(spent_s.sum(axis=1) > least_s, state, ABSENT)


def _probability(trace: TrackSeries, edges_s: Float64, period_s: float) -> Float64:
    """(B, 8) means over the readable time of every bin, NaN where there is none; bins shorter than the sampling period are
    interpolated linearly."""
    samples = trace.samples
    if edges_s[1] - edges_s[0] < period_s:
        middle_s = (edges_s[1:] + edges_s[:-1]) / 2
        return np.stack([trace.shown_at(middle_s, k) for k in range(len(EMOTIONS))], axis=1)
    readable_s = _spent(samples.time_s, samples.length_s, np.ones((len(samples), 1)), edges_s)
    weighted = _spent(samples.time_s, samples.length_s, trace.smoothed.astype(np.float64), edges_s)
    mean = np.full(weighted.shape, np.nan)
    np.divide(weighted, readable_s, out=mean, where=readable_s > 1e-9)
    return mean


def _spent(time_s: Float64, length_s: Float64, weight: Float64, edges_s: Float64) -> Float64:
    """(B, C) the integrals over bins of weights, (K, C), that hold for `length_s` from `time_s` on, without overlap."""
    if not len(time_s):
        return np.zeros((len(edges_s) - 1, weight.shape[1]))
    knots = np.maximum.accumulate(np.stack([time_s, time_s + length_s], axis=1).ravel())
    total = np.cumsum(weight * length_s[:, None], axis=0)
    values = np.repeat(np.concatenate([np.zeros((1, weight.shape[1])), total]), 2, axis=0)[1:-1]
    return np.stack([np.diff(np.interp(edges_s, knots, column)) for column in values.T], axis=1)
