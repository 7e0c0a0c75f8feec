"""Stimulus-locked curves: mean expression over participants, with time counted from the beginning of a window.

The windows of one level are first averaged within each participant, so that each participant has the same weight. Bands are
percentiles of a bootstrap over participants (Efron & Tibshirani 1993): the uncertainty of the mean.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from feelit.analysis.agreement import quotient
from feelit.analysis.study.design import Design, Factor, Viewing, Window
from feelit.analysis.study.series import Series
from feelit.analysis.study.windows import Reading
from feelit.errors import UsageError
from feelit.types import EMOTIONS, Float32, Float64

if TYPE_CHECKING:
    import pandas as pd

DRAWS = 1000
LEVEL = (2.5, 97.5)

MOST_POINTS = 20_000  # most points of a curve; a longer window needs a longer step
LONG = "too long for a curve"

COLUMNS = ("factor", "level", "emotion", "compared", "time_s", "mean", "low", "high", "participants")

HELD_S = 1.0  # gaps up to this length are interpolated linearly; longer ones stay empty


class CurveCollection:
    """Curves by level and participant, added up window by window."""

    def __init__(self, design: Design) -> None:
        self.design = design
        self.factor: Factor = design.curves.by or ("condition" if design.levels("condition") else "window")
        self.sums: dict[str, dict[str, Float64]] = {}  # (2, T, E), the sum over windows and their number

    def add(self, viewing: Viewing, window: Window, there: Reading, series: Series, level: Float64) -> str:
        """Add the curve of one window.

        Parameters
        ----------
        level : (8,) the baseline, subtracted if the study asks for differences

        Returns
        -------
        `LONG` if the window has no curve because it is too long, else an empty text.

        Raises
        ------
        UsageError
            if it would have more than `MOST_POINTS` points, and the study asks for curves.
        """
        name, asked = viewing.level(self.factor, window), self.design.curves
        if name is None or (window.name == self.design.baseline.window and self.factor != "window"):
            return ""
        points = int(np.floor((there.length_s + asked.before_s + asked.after_s) / asked.step_s + 1e-6)) or 1
        if points > MOST_POINTS and not asked.stated:
            return LONG
        if points > MOST_POINTS:
            hint = f"write step = {asked.step_s * points / MOST_POINTS:.1f} under [curves], or give windows"
            raise UsageError(f"{self.design.source}: a curve of {window.name} would have {points} points", hint)
        places = [EMOTIONS.index(emotion) for emotion in asked.emotions]
        start_s = there.start_s - asked.before_s
        values = resampled(series, start_s, asked.step_s, points)[:, places]
        if asked.difference:
            values = values - level[places]
        people = self.sums.setdefault(name, {})
        before = people.get(viewing.participant, np.zeros((2, 0, len(places))))
        sums = np.zeros((2, max(points, before.shape[1]), len(places)))
        sums[:, : before.shape[1]] = before
        sums[:, :points] += np.nan_to_num(values), np.isfinite(values)
        people[viewing.participant] = sums
        return ""

    def participants(self, emotion: str) -> dict[str, dict[str, tuple[Float64, Float64]]]:
        """By level and participant: the times and the values of the curve of an emotion."""
        place, asked = self.design.curves.emotions.index(emotion), self.design.curves
        return {
            level: {
                who: (_clock(s.shape[1], asked.step_s, asked.before_s), quotient(*s[..., place])) for who, s in people.items()
            }
            for level, people in self.sums.items()
        }

    def frame(self, seed: int) -> pd.DataFrame:
        """One row per level, emotion and time: the mean, its band, and its number of participants."""
        import pandas as pd

        asked, parts = self.design.curves, []
        known, compared = self.design.levels(self.factor), "difference" if asked.difference else "value"
        for level in [*(name for name in known if name in self.sums), *(name for name in self.sums if name not in known)]:
            people = self.sums[level]
            longest = max(s.shape[1] for s in people.values())
            values = np.full((len(people), longest, len(asked.emotions)), np.nan, np.float32)
            for row, s in enumerate(people.values()):
                values[row, : s.shape[1]] = quotient(*s)
            mean, low, high, count = banded(values, seed)
            time_s = _clock(longest, asked.step_s, asked.before_s)
            for k, emotion in enumerate(asked.emotions):
                numbers = (time_s, mean[:, k], low[:, k], high[:, k], count[:, k].astype(np.int64))
                columns = zip(COLUMNS, (self.factor, level, emotion, compared, *numbers), strict=True)
                parts.append(pd.DataFrame(dict(columns)))
        return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame({name: [] for name in COLUMNS})


def resampled(series: Series, start_s: float, step_s: float, points: int) -> Float64:
    """Probabilities at regular steps: means over each step, interpolated linearly over short gaps.

    Parameters
    ----------
    start_s : where the first step begins, on the clock of the video
    step_s, points : length and number of steps

    Returns
    -------
    (points, 8) float64, NaN in gaps longer than `HELD_S`, and before the first and after the last readable sample.
    """
    stop_s = start_s + points * step_s
    first, last = np.searchsorted(series.time_s, [start_s - HELD_S, stop_s + HELD_S])
    time_s, length_s = series.time_s[first:last], series.length_s[first:last]
    result = np.full((points, len(EMOTIONS)), np.nan)
    if not len(time_s):
        return result
    value = series.probability[first:last].astype(np.float64)
    step = np.floor((time_s + length_s / 2 - start_s) / step_s).astype(np.int64)
    inside = (step >= 0) & (step < points)
    weight: Float64 = np.bincount(step[inside], length_s[inside], points).astype(np.float64)
    for k in range(len(EMOTIONS)):
        total = np.bincount(step[inside], length_s[inside] * value[inside, k], points).astype(np.float64)
        result[:, k] = quotient(total, weight)
    middle = start_s + (np.arange(points) + 0.5) * step_s
    empty = np.flatnonzero(weight == 0)
    if len(empty):
        after = np.searchsorted(time_s, middle[empty])
        bridged = (after > 0) & (after < len(time_s))
        rows, after = empty[bridged], after[bridged]
        near = time_s[after] - time_s[after - 1] <= HELD_S
        for k in range(len(EMOTIONS)):
            result[rows[near], k] = np.interp(middle[rows[near]], time_s, value[:, k])
    return result


def banded(values: Float32, seed: int) -> tuple[Float64, Float64, Float64, Float64]:
    """Means over participants, and 95 % bands by resampling participants with replacement.

    Parameters
    ----------
    values : (P, T, E) float32, NaN where a participant has none

    Returns
    -------
    mean, low, high : (T, E); the mean is NaN without participants, the band with fewer than two
    count : (T, E) number of participants
    """
    people, points, emotions = values.shape
    flat = values.reshape(people, -1).astype(np.float64)
    known = np.isfinite(flat)
    filled = np.where(known, flat, 0.0)
    count = known.sum(axis=0).astype(np.float64)
    mean = quotient(filled.sum(axis=0), count)
    low, high = np.full((2, flat.shape[1]), np.nan)
    weights = np.random.default_rng(seed).multinomial(people, np.full(people, 1 / people), DRAWS).astype(np.float64)
    at_a_time = 4096
    for first in range(0, flat.shape[1], at_a_time):
        part = slice(first, first + at_a_time)
        means = quotient(weights @ filled[:, part], weights @ known[:, part])
        wide = count[part] > 1
        if wide.any():
            # draws without a participant are rare, and left out
            percentile = np.percentile if np.isfinite(means[:, wide]).all() else np.nanpercentile
            low[part][wide], high[part][wide] = (percentile(means[:, wide], level, axis=0) for level in LEVEL)
    mean, low, high, count = (of.reshape(points, emotions) for of in (mean, low, high, count))
    return mean, low, high, count


def _clock(points: int, step_s: float, before_s: float) -> Float64:
    """(T,) the middles of steps, in seconds from the beginning of the window."""
    clock: Float64 = np.asarray((np.arange(points) + 0.5) * step_s - before_s, np.float64)
    return clock
