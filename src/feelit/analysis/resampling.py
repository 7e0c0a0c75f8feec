"""How sure a figure is: intervals and p-values by resampling what was seen, because neighbouring frames are not independent.

Nothing is assumed of distributions. Random numbers come from seeds, so the same timeline gives the same figures.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from feelit.types import Float64, Int64

BOOTSTRAPS = 500

ROTATIONS = 9_999
"""Random rotations for a p-value of synchrony, at most."""

_LEAST_ROTATIONS = 499
_ROTATED = 1 << 21  # onsets, beyond the least number of rotations
_ENOUGH = 25  # hits, after which a p-value is known well enough
_CACHED = 1 << 17  # numbers that a core has at hand


def mean_interval(value: Float64, weight: Float64, rng: np.random.Generator) -> tuple[float, float]:
    """A 95 % interval of the weighted mean of a short series, by the moving-block bootstrap (Künsch 1989).

    Blocks of neighbours are drawn, not single samples, so that what neighbours have in common does not pass for certainty. They
    are n^(1/3) samples long, after Hall, Horowitz & Jing (1995).

    Parameters
    ----------
    value, weight : (n,) float64 each, n >= 1; weights above 0

    Returns
    -------
    The percentiles 2.5 and 97.5 of the means of `BOOTSTRAPS` resampled series.
    """
    count = len(value)
    weight = np.maximum(weight, weight.max() * 1e-9)  # smaller ones would vanish from the running sums, and leave 0 / 0
    length = int(np.ceil(count ** (1 / 3)))
    start = rng.integers(0, count - length + 1, (BOOTSTRAPS, -(-count // length)))
    mean = _block_sums(value * weight, length)[start].sum(axis=1) / _block_sums(weight, length)[start].sum(axis=1)
    mean.sort()
    return _quantile(mean, 0.025), _quantile(mean, 0.975)


def _block_sums(value: Float64, length: int) -> Float64:
    """(n,) -> (n - length + 1,) the sums of `length` neighbours."""
    total = np.concatenate([[0.0], np.cumsum(value)])
    result: Float64 = total[length:] - total[:-length]
    return result


def _quantile(ordered: Float64, share: float) -> float:
    """What `np.quantile` says, to the last bit; but it takes longer for a few values than all the rest of an interval."""
    place = share * (len(ordered) - 1)
    low, high = float(ordered[math.floor(place)]), float(ordered[math.ceil(place)])
    way = place - math.floor(place)
    return low + (high - low) * way if way < 0.5 else high - (high - low) * (1 - way)


def adjusted(p_value: Float64) -> Float64:
    """(n,) p-values of a family -> (n,) the same corrected for their number, after Benjamini & Hochberg (1995).

    Of those that are at most q, a share of q is expected to be chance. NaN stays NaN and does not count.
    """
    result = np.full(len(p_value), np.nan)
    known = np.flatnonzero(~np.isnan(p_value))
    order = known[np.argsort(p_value[known], kind="stable")]
    scaled = p_value[order] * len(order) / np.arange(1, len(order) + 1)
    result[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return result


def crowds(onset_s: Float64, within_s: float) -> Int64:
    """(n,) times, rising -> (n,) how many of them lie between each and `within_s` after it."""
    return np.searchsorted(onset_s, onset_s + within_s, side="right") - np.arange(len(onset_s))


def crowd_p_values(
    onset_s: Sequence[Float64],
    presence_s: Sequence[tuple[float, float]],
    within_s: float,
    sizes: Sequence[int],
    rng: np.random.Generator,
) -> dict[int, float]:
    """The probability, for independent series, that some number of them have an onset within `within_s` somewhere.

    Every series is rotated in its own time by a random amount, which keeps its rhythm and breaks what it has in common with the
    others (circular-shift surrogates; for nonverbal synchrony see Ramseyer & Tschacher 2011, for the method Lancaster et al.
    2018). There are more rotations where a crowd is rare, up to `ROTATIONS` (Besag & Clifford 1991).

    Parameters
    ----------
    onset_s : of every series, the times of its onsets, farther than `within_s` from one another
    presence_s : when every series begins and ends
    sizes : the sizes of crowds that are asked for

    Returns
    -------
    A p-value for each size: that of as many series or more.
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
