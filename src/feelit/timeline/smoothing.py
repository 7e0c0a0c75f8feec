"""One expression over time, out of the noisy probabilities of single frames."""

from __future__ import annotations

import numpy as np

from feelit.types import Bool, Float32, Float64, Int64

SIGMA_S = 0.25
"""Width of the Gaussian window: expressions worth a name last half a second or longer (Ekman & Friesen 1982)."""

REACH_S = 0.75
"""How far the window reaches to either side."""


def smooth(time_s: Float64, track: Int64, probability: Float32, readable: Bool, rows: Int64) -> Float32:
    """Probabilities averaged over the track with a Gaussian window in time; unreadable frames weigh nothing.

    Parameters
    ----------
    time_s : (F,) float64, rising within every track
    track : (F,) int64
    probability : (F, C) float32
    readable : (F,) bool
    rows : (K,) int64, the rows wanted; the others are context

    Returns
    -------
    (K, C) float32; NaN where no readable frame lies in reach. Depends only on the rows in reach, in the same order of
    summation, so any context that contains them gives the same bits.
    """
    result = np.full((len(rows), probability.shape[1]), np.nan, np.float32)
    for name in np.unique(track[rows]):
        members = np.flatnonzero((track == name) & readable)
        wanted = np.flatnonzero(track[rows] == name)
        if len(members):
            result[wanted] = _window(time_s[members], probability[members], time_s[rows[wanted]])
    return result


_AT_A_TIME = 1 << 12
"""Samples that are smoothed together: few enough to stay in a core's cache."""


def _window(time_s: Float64, probability: Float32, at_s: Float64) -> Float32:
    parts = [_near(time_s, probability, at_s[i : i + _AT_A_TIME]) for i in range(0, len(at_s), _AT_A_TIME)]
    return np.concatenate(parts)


def _near(time_s: Float64, probability: Float32, at_s: Float64) -> Float32:
    low = np.searchsorted(time_s, at_s - REACH_S, side="left")
    high = np.searchsorted(time_s, at_s + REACH_S, side="right")
    total = np.zeros((len(at_s), probability.shape[1]))
    weight = np.zeros(len(at_s))
    for step in range(int((high - low).max(initial=0))):
        near = np.minimum(low + step, len(time_s) - 1)
        w = np.where(low + step < high, np.exp(-0.5 * ((time_s[near] - at_s) / SIGMA_S) ** 2), 0.0)
        total += w[:, None] * probability[near]
        weight += w
    mean = np.full_like(total, np.nan)
    np.divide(total, weight[:, None], out=mean, where=weight[:, None] > 0)
    return mean.astype(np.float32)
