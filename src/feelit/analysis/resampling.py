"""How sure a figure is: intervals and p-values by resampling what was seen, because neighbouring frames are not independent.

Nothing is assumed of distributions. Random numbers come from seeds, so the same timeline gives the same figures.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from feelit.types import Float64, Int64

BOOTSTRAPS = 500
PERMUTATIONS = 499
"""With so many random orders a p-value is a multiple of 0.002, and no smaller than that."""

_AT_A_TIME = 50
_ENOUGH = 25
_CACHED = 1 << 17  # numbers that a core has at hand
_ROUNDING = 1e-9  # means are differences of running sums


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


def scan_p_values(blocks: Float64, windows: Sequence[tuple[int, float]], rng: np.random.Generator) -> list[float]:
    """How likely it is by chance that a series has a stretch of some length with so high a mean anywhere.

    A scan statistic (Glaz, Naus & Wallenstein 2001) under permutation: the blocks of the series are put into random orders, and
    the highest mean over all stretches of that length is compared. Only what lasts longer than a block can be rare. Drawing
    stops early where chance is plain (Besag & Clifford 1991).

    Parameters
    ----------
    blocks : (B,) float64, the means of consecutive blocks of time
    windows : length in blocks, 1..B, and mean of every stretch asked for

    Returns
    -------
    A p-value each: (1 + orders with as high a stretch) / (1 + orders), after Phipson & Smyth (2010).
    """
    length, mean = np.array([_rounded_down(n) for n, _ in windows], np.int64), np.array([m for _, m in windows])
    hits, drawn = np.zeros(len(windows), np.int64), np.zeros(len(windows), np.int64)
    while len(open_ := np.flatnonzero((hits < _ENOUGH) & (drawn < PERMUTATIONS))):
        count = min(_AT_A_TIME, PERMUTATIONS - int(drawn[open_[0]]))
        for total in _orders(blocks, count, rng):
            hits[open_] += _reached(total, length[open_], mean[open_])
        drawn[open_] += count
    return [float(p) for p in (1 + hits) / (1 + drawn)]


def _rounded_down(length: int) -> int:
    """The next of 1, 2, 3, 4, 6, 8, 12, 16, ... below. To compare with shorter stretches, which reach high means more often,
    errs on the safe side, and spares most of the work where there are stretches of many lengths."""
    power = 1 << (length.bit_length() - 1)
    return power + power // 2 if power > 1 and length >= power + power // 2 else power


def _orders(blocks: Float64, count: int, rng: np.random.Generator) -> Iterator[Float64]:
    """Running sums of the blocks in `count` random orders, a few orders of (P, B) at a time, which fit into a core's cache."""
    most = max(1, _CACHED // len(blocks))
    for first in range(0, count, most):
        orders = np.tile(blocks, (min(most, count - first), 1))
        for order in orders:
            rng.shuffle(order)  # draws what `permuted` does, in two thirds of the time
        yield np.cumsum(orders, axis=1)


def _reached(total: Float64, length: Int64, mean: Float64) -> Int64:
    """(P, B) running sums, (W,), (W,) -> (W,) int64, how many orders have so high a mean over so many consecutive blocks.

    A stretch of 12 blocks is three of 4, and its mean no higher than the highest of theirs. So the highest mean over 4 is a
    bound for 8, 12, 16 ..., and orders whose bound is too low already are not looked at.
    """
    hits = np.zeros(len(length), np.int64)
    bounds: dict[int, Float64] = {}
    for n in np.unique(length).tolist():
        asked = mean[length == n]
        bound = np.full(len(total), np.inf)
        for shorter in (m for m in bounds if n % m == 0):
            bound = np.minimum(bound, bounds[shorter])
        close = np.flatnonzero(bound >= asked.min() - 2 * _ROUNDING)
        bound[close] = _highest(total if len(close) == len(total) else total[close], n)
        hits[length == n] = (bound >= asked[:, None] - _ROUNDING).sum(axis=1)
        bounds[n] = bound
    return hits


def _highest(total: Float64, length: int) -> Float64:
    """(P, B) running sums -> (P,) the highest mean over `length` consecutive blocks."""
    first = total[:, length - 1]
    later = total[:, length:] - total[:, :-length]
    result: Float64 = np.maximum(first, later.max(axis=1, initial=-np.inf)) / length
    return result


def crowds(onset_s: Float64, within_s: float) -> Int64:
    """(n,) times, rising -> (n,) how many of them lie between each and `within_s` after it."""
    return np.searchsorted(onset_s, onset_s + within_s, side="right") - np.arange(len(onset_s))


def crowd_p_values(
    onset_s: Sequence[Float64], presence_s: Sequence[tuple[float, float]], within_s: float, rng: np.random.Generator
) -> list[float]:
    """How likely it is by chance that somewhere so many series have an onset within `within_s`, if they are independent.

    Every series is rotated in its own time by a random amount, which keeps its rhythm and breaks what it has in common with the
    others (circular-shift surrogates; for nonverbal synchrony see Ramseyer & Tschacher 2011, for the method Lancaster et al.
    2018).

    Parameters
    ----------
    onset_s : of every series, the times of its onsets, farther than `within_s` from one another
    presence_s : when every series begins and ends

    Returns
    -------
    A p-value for every size of crowd: the one at place k is that of k series or more.
    """
    sizes = np.zeros(len(onset_s) + 1, np.int64)
    for _ in range(PERMUTATIONS):
        shifted = [_rotated(t, *span, rng) for t, span in zip(onset_s, presence_s, strict=True)]
        everybody = np.sort(np.concatenate(shifted))
        sizes[: min(int(crowds(everybody, within_s).max(initial=0)), len(onset_s)) + 1] += 1
    return [(1 + int(n)) / (1 + PERMUTATIONS) for n in sizes]


def _rotated(onset_s: Float64, start_s: float, end_s: float, rng: np.random.Generator) -> Float64:
    length_s = max(end_s - start_s, 1e-9)
    return start_s + (onset_s - start_s + rng.random() * length_s) % length_s
