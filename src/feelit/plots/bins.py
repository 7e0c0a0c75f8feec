"""What a figure shows, in equal parts of time: three hours have more samples than a page has room for.

Everything is weighted by the time that samples stand for, see `timeline.samples`, and exact: a sample that the edge of a bin
cuts counts for both.
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
    state: Int64  # (B,) what is shown for most of the time: a place in EMOTIONS, UNREADABLE or ABSENT
    probability: Float64
    """(B, 8) mean of the smoothed probabilities over the readable time, NaN where there is none; or how far that lies above
    what is usual, 0 where it does not."""

    @property
    def seen(self) -> bool:
        """Whether anything is there at all."""
        return bool((self.state != ABSENT).any())


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """A person or a track, and what it is called."""

    label: str
    bins: Bins


@dataclass(frozen=True, slots=True, eq=False)
class Section:
    """One video: panels over one time axis."""

    heading: str  # empty where there is one video only
    panels: Sequence[Panel]
    edges_s: Float64  # (B + 1,)


@dataclass(frozen=True, slots=True, eq=False)
class Content:
    """What a figure shows."""

    sections: Sequence[Section]
    emotions: Sequence[int]  # places in EMOTIONS, those that were asked for
    left_out: str  # what there is no room for, in words; empty if nothing
    title: str
    above_usual: bool  # probabilities less those of the usual face

    @property
    def panels(self) -> list[Panel]:
        """Those of all videos."""
        return [panel for section in self.sections for panel in section.panels]


def binned(rows: TimelineSamples, edges_s: Float64, baseline: str = "none") -> list[Bins]:
    """All people or tracks of a timeline of one video.

    Parameters
    ----------
    rows : the timeline
    edges_s : (B + 1,) float64, rising by equal steps: where the bins begin and end
    baseline : "none" for probabilities, or above what they are to be given, see `track_series`
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
    """(B,) what a track shows for most of the time that it is there. It has to be there for half of a bin, or in bins that are
    longer than that, for half a sample: who is seen for a second in three hours has been seen."""
    kinds = len(EMOTIONS)
    shown = np.where(samples.readable, samples.emotion, kinds)
    spent_s = _spent(samples.time_s, samples.length_s, np.eye(kinds + 1)[shown], edges_s)
    least_s = 0.499 * min(float(edges_s[1] - edges_s[0]), period_s)
    state = np.array([*range(kinds), UNREADABLE])[spent_s.argmax(axis=1)]
    return np.where(spent_s.sum(axis=1) > least_s, state, ABSENT)


def _probability(trace: TrackSeries, edges_s: Float64, period_s: float) -> Float64:
    """(B, 8) means over the readable time of every bin, NaN where there is none; in bins that are shorter than the samples lie
    apart, straight lines from sample to sample."""
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
    """The integral of weights over bins.

    Parameters
    ----------
    time_s, length_s : (K,) float64, from when on and for how long each weight holds; they do not overlap
    weight : (K, C) float64
    edges_s : (B + 1,) float64, rising

    Returns
    -------
    (B, C) float64
    """
    knots = np.stack([time_s, time_s + length_s], axis=1).ravel()
    knots = np.maximum.accumulate(knots)
    total = np.cumsum(weight * length_s[:, None], axis=0)
    values = np.repeat(np.concatenate([np.zeros((1, weight.shape[1])), total]), 2, axis=0)[1:-1]
    columns = [np.diff(np.interp(edges_s, knots, values[:, c])) for c in range(weight.shape[1])] if len(knots) else []
    result: Float64 = np.stack(columns, axis=1) if columns else np.zeros((len(edges_s) - 1, weight.shape[1]))
    return result
