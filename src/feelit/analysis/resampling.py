"""Confidence intervals and p-values by resampling, because neighbouring frames are not independent.

No distribution is assumed. Random numbers are seeded, so the same timeline gives the same results.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from feelit.types import Float64, Int64

BOOTSTRAPS = 500

ROTATIONS = 9_999  # random rotations for a p-value of synchrony, at most

_LEAST_ROTATIONS = 499
_ROTATED = 1 << 21  # the most onsets to rotate, beyond the least number of rotations
_ENOUGH = 25  # hits after which a p-value is precise enough
_CACHED = 1 << 17  # numbers that fit into a core's cache


def mean_interval(value: Float64, weight: Float64, rng: np.random.Generator) -> tuple[float, float]:
    """A 95 % interval of the weighted mean of a short series, by the moving-block bootstrap (Künsch 1989).

    Drawing blocks instead of single samples keeps the correlation of neighbours, which would make the interval too narrow.
    Blocks are n^(1/3) samples long, after Hall, Horowitz & Jing (1995).

    Parameters
    ----------
    value, weight : (n,) float64 each, n >= 1; weights above 0

    Returns
    -------
    The percentiles 2.5 and 97.5 of the means of `BOOTSTRAPS` resampled series.
    """
    count = len(value)
    weight = np.maximum(weight, weight.max() * 1e-9)  # smaller ones would be lost in the running sums: 0 / 0
    length = int(np.ceil(count ** (1 / 3)))
    start = rng.integers(0, count - length + 1, (BOOTSTRAPS, -(-count // length)))
    mean = _block_sums(value * weight, length)[start].sum(axis=1) / _block_sums(weight, length)[start].sum(axis=1)
    mean.sort()
    return _quantile(mean, 0.025), _quantile(mean, 0.975)


def _block_sums(value: Float64, length: int) -> Float64:
    """(n,) -> (n - length + 1,) moving sums over `length` values."""
    total = np.concatenate([[0.0], np.cumsum(value)])
    result: Float64 = total[length:] - total[:-length]
    return result


def _quantile(ordered: Float64, share: float) -> float:
    """Equals `np.quantile` to the last bit, which on few values takes longer than the rest of an interval."""
    place = share * (len(ordered) - 1)
    low, high = float(ordered[math.floor(place)]), float(ordered[math.ceil(place)])
    way = place - math.floor(place)
    return low + (high - low) * way if way < 0.5 else high - (high - low) * (1 - way)


def adjusted(p_value: Float64) -> Float64:
    """(n,) p-values of a family -> (n,) p-values corrected for multiple tests, after Benjamini & Hochberg (1995).

    Among events with a corrected value of at most q, the expected share of false ones is at most q. NaN stays NaN and is not
    counted.
    """
    result, order = _ranked(p_value)
    scaled = p_value[order] * len(order) / np.arange(1, len(order) + 1)
    result[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return result


def holm(p_value: Float64) -> Float64:
    """The same, corrected after Holm (1979): with values of at most q, the probability of any false one is at most q."""
    result, order = _ranked(p_value)
    scaled = p_value[order] * np.arange(len(order), 0, -1)
    result[order] = np.minimum(np.maximum.accumulate(scaled), 1.0)
    return result


def _ranked(p_value: Float64) -> tuple[Float64, Int64]:
    """(n,) NaN, and the indices of known p-values from the smallest up."""
    known = np.flatnonzero(~np.isnan(p_value))
    return np.full(len(p_value), np.nan), known[np.argsort(p_value[known], kind="stable")]


def bisected(is_low: Callable[[float], bool], low: float, high: float, halvings: int) -> tuple[float, float]:
    """The interval between a value for which `is_low` holds and one for which it does not, halved so many times."""
    for _ in range(halvings):
        middle = (low + high) / 2
        low, high = (middle, high) if is_low(middle) else (low, middle)
    return low, high


def crowds(onset_s: Float64, within_s: float) -> Int64:
    """(n,) times, rising -> (n,) how many of them lie within `within_s` from each on, itself included."""
    return np.searchsorted(onset_s, onset_s + within_s, side="right") - np.arange(len(onset_s))


def crowd_p_values(
    onset_s: Sequence[Float64],
    presence_s: Sequence[tuple[float, float]],
    within_s: float,
    sizes: Sequence[int],
    rng: np.random.Generator,
) -> dict[int, float]:
    """The probability that a given number of independent series have an onset within `within_s` of each other somewhere.

    Every series is rotated in its own time by a random amount, which keeps its rhythm and removes its relation to the others
    (circular-shift surrogates; for nonverbal synchrony see Ramseyer & Tschacher 2011, for the method Lancaster et al. 2018).
    Rare sizes get more rotations, up to `ROTATIONS` (Besag & Clifford 1991).

    Parameters
    ----------
    onset_s : the onset times of every series, more than `within_s` apart
    presence_s : when every series begins and ends
    sizes : numbers of series to test

    Returns
    -------
    A p-value for each size: of at least that many series together.
    """
    owner = np.repeat(np.arange(len(onset_s)), [len(times) for times in onset_s])
    begin_s = np.array([start for start, _ in presence_s])
    length_s = np.maximum(np.array([end for _, end in presence_s]) - begin_s, 1e-9)
    since_s = np.concatenate([*onset_s, np.zeros(0)]) - begin_s[owner]
    hits, drawn = dict.fromkeys(sorted(set(sizes)), 0), dict.fromkeys(sizes, 0)
    most = min(ROTATIONS, max(_LEAST_ROTATIONS, _ROTATED // max(len(owner), 1)))
    at_a_time = max(1, min(most, _CACHED // max(len(owner), 1)))
    while open_ := [size for size in hits if hits[size] < _ENOUGH and drawn[size] < most]:
        count = min(at_a_time, most - drawn[open_[0]])
        shifted = since_s + (rng.random((count, len(onset_s))) * length_s)[:, owner]
        shifted -= np.where(shifted >= length_s[owner], length_s[owner], 0.0)
        shifted += begin_s[owner]
        shifted.sort(axis=1)
        for size in open_:
            drawn[size] += count
            if size <= len(owner):
                near = shifted[:, size - 1 :] <= shifted[:, : len(owner) - size + 1] + within_s
                hits[size] += int(near.any(axis=1).sum())
    return {size: (1 + hits[size]) / (1 + drawn[size]) for size in hits}
