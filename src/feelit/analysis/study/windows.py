"""The measures of one window of one person."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from feelit.analysis.agreement import quotient
from feelit.analysis.study.design import BLINKS, Measures, Window
from feelit.analysis.study.series import Series, usual_signal
from feelit.types import EMOTIONS, Float64

COMPARED = ("mean", "share", "peak")
"""Statistics from which a baseline is subtracted: those that do not depend on the length of a window."""

UNIT = {
    "mean": "probability",
    "share": "share",
    "peak": "probability",
    "latency": "s",
    "area": "probability s",
    "bouts": "count",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How much of a window is readable."""

    start_s: float
    end_s: float
    inside_s: float  # time within the analysed part of the recording
    seen_s: float  # time with a face
    readable_s: float  # time with a readable face
    samples: int  # number of readable samples that overlap the window

    @property
    def length_s(self) -> float:
        """Length of the window, s."""
        return self.end_s - self.start_s


def reading(series: Series, window: Window, end_s: float) -> Reading:
    """How much of a window is readable; `end_s` is the end of a window that has none."""
    start_s, stop_s = window.start_s, end_s if window.end_s is None else window.end_s
    frames, inside_s = series.frames, 0.0
    if len(frames):
        inside_s = min(stop_s, float(frames.time_s[-1] + frames.length_s[-1])) - max(start_s, float(frames.time_s[0]))
    rows, readable_s = _overlap(series.time_s, series.length_s, start_s, stop_s)
    return Reading(
        start_s=start_s,
        end_s=stop_s,
        inside_s=max(inside_s, 0.0),
        seen_s=float(_overlap(series.seen_s, series.seen_length_s, start_s, stop_s)[1].sum()),
        readable_s=float(readable_s.sum()),
        samples=rows.stop - rows.start,
    )


def levels(series: Series, start_s: float, end_s: float) -> Float64:
    """(8,) mean smoothed probabilities in a window: the level for `area` if the window is the baseline."""
    rows, weight = _overlap(series.time_s, series.length_s, start_s, end_s)
    if not weight.sum():
        return np.full(len(EMOTIONS), np.nan)
    result: Float64 = weight @ series.smoothed[rows] / weight.sum()
    return result


def measured(series: Series, start_s: float, end_s: float, measures: Measures, level: Float64) -> Float64:
    """All measures of a window.

    Parameters
    ----------
    level : (8,) probabilities above which `area` is measured

    Returns
    -------
    (M,) float64, NaN for undefined measures.
    """
    rows, weight = _overlap(series.time_s, series.length_s, start_s, end_s)
    total = weight.sum()
    place = measures.places
    if not total:
        return np.full(len(measures.names), np.nan)
    smoothed, bouts = series.smoothed[rows][:, place], series.bouts
    within = (bouts.start_s < end_s - 1e-9) & (bouts.start_s + bouts.length_s > start_s + 1e-9)
    parts: dict[str, Float64] = {
        "mean": weight @ series.probability[rows][:, place] / total,
        "share": np.bincount(series.emotion[rows], weight, len(EMOTIONS))[place] / total,
        "peak": smoothed.max(axis=0).astype(np.float64),
        "latency": np.maximum(series.time_s[rows][smoothed.argmax(axis=0)] - start_s, 0.0),
        "area": weight @ np.maximum(smoothed - level[place], 0.0),
        "bouts": np.bincount(bouts.emotion[within], minlength=len(EMOTIONS))[place].astype(np.float64),
    }
    signals = _signals(series, measures.of_signals, rows, weight, start_s, end_s)
    return np.concatenate([*(parts[name] for name in measures.statistics), signals])


def usual(series: Series, measures: Measures) -> Float64:
    """(M,) the usual face of a person as the baseline of each measure; NaN for measures without one."""
    result = np.full(len(measures.names), np.nan)
    total = series.length_s.sum()
    if not total:
        return result
    for n, statistic in enumerate(measures.statistics):
        part = slice(n * len(measures.places), (n + 1) * len(measures.places))
        if statistic == "share":
            result[part] = (np.bincount(series.emotion, series.length_s, len(EMOTIONS)) / total)[measures.places]
        elif statistic in COMPARED:
            result[part] = series.usual[measures.places]
    for n, name in enumerate(measures.of_signals, len(measures.statistics) * len(measures.places)):
        if name in series.signals:
            result[n] = usual_signal(series, name)
    return result


def comparable(measures: Measures) -> list[bool]:
    """(M,) whether a baseline is subtracted from a measure."""
    statistics = [statistic in COMPARED for statistic in measures.statistics for _ in measures.places]
    return statistics + [True for _ in measures.of_signals]


def _signals(series: Series, names: tuple[str, ...], rows: slice, weight: Float64, start_s: float, end_s: float) -> Float64:
    """(S,) the measures of signals, NaN where unknown."""
    result = np.full(len(names), np.nan)
    if series.signals:
        columns = [series.signals[name][rows] for name in names if name in series.signals]
        values = np.stack(columns, axis=1) if columns else np.zeros((len(weight), 0))
        there = np.isfinite(values)
        mean = quotient(weight @ np.where(there, values, 0.0), weight @ there)
        result[[n for n, name in enumerate(names) if name in series.signals]] = mean
    if BLINKS in names and series.blinks_s is not None:
        count = int(((series.blinks_s >= start_s) & (series.blinks_s < end_s)).sum())
        result[names.index(BLINKS)] = 60 * count / float(weight.sum())
    return result


def _rows(time_s: Float64, length_s: Float64, start_s: float, end_s: float) -> slice:
    """The samples that overlap a window."""
    first, stop = int(np.searchsorted(time_s, start_s)), int(np.searchsorted(time_s, end_s - 1e-9))
    if first > 0 and time_s[first - 1] + length_s[first - 1] > start_s + 1e-9:
        first -= 1
    return slice(first, max(stop, first))


def _overlap(time_s: Float64, length_s: Float64, start_s: float, end_s: float) -> tuple[slice, Float64]:
    """The samples of a window, and the time within it that each represents."""
    rows = _rows(time_s, length_s, start_s, end_s)
    begin = np.maximum(time_s[rows], start_s)
    stop = np.minimum(time_s[rows] + length_s[rows], end_s)
    result: Float64 = np.maximum(stop - begin, 0.0)
    return rows, result
