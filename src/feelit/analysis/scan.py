"""Scan statistics: p-values of stretches of a series that are high for some time, wherever they are.

No distribution is assumed. Random numbers are seeded, so the same timeline gives the same p-values.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from feelit.types import Float64, Int64

SHORT = 512  # longest series, in blocks, that is permuted; for longer series windows are drawn
SHUFFLED = 1 << 19
"""Blocks permuted for one series, in all permutations: a shorter series gets more of them, and its p-values can be smaller."""

LONGEST = 64
"""Longest stretch that is compared, in blocks. Longer ones are compared with stretches of this length, which reach a high mean
more often: the p-value errs on the safe side."""

DRAWS = 512  # windows drawn for a p-value of a long series

_AT_A_TIME = 50
_ENOUGH = 25  # hits, after which a p-value is known well enough
_CACHED = 1 << 17  # numbers that fit into the cache of a core
_ROUNDING = 1e-9  # means are differences of running sums
_LEVELS = 1024
_TILTS = 160
_CERTAIN = 0.995  # from this p-value on, stretches with lower means get 1
_BINS = 1 << 13  # a power of two, so that multiplying is exact


def scan_p_values(blocks: Float64, windows: Sequence[tuple[int, float]], rng: np.random.Generator) -> list[float]:
    """P-values of stretches with a high mean: how often a series in random order has one as high, anywhere.

    A scan statistic (Glaz, Naus & Wallenstein 2001): the highest mean over all stretches of the same length, in random orders
    of the blocks. Only stretches longer than a block can be rare. Short series are permuted, the more often the rarer the
    stretch (Besag & Clifford 1991). Means that no permutation reaches, and long series, whose permutations would take too
    long, are estimated by importance sampling, see `_Tilted`.

    Parameters
    ----------
    blocks : (B,) float64, the means of consecutive blocks of time
    windows : length in blocks, 1..B, and mean of every stretch

    Returns
    -------
    one p-value for each window, above 0
    """
    length, mean = np.array([_rounded_down(n) for n, _ in windows], np.int64), np.array([m for _, m in windows])
    result = np.ones(len(windows))
    rare = np.arange(len(windows))
    if len(blocks) <= SHORT and len(windows):
        hits, drawn = _permuted(blocks, length, mean, rng)
        result = (1 + hits) / (1 + drawn)  # Phipson & Smyth (2010)
        rare = np.flatnonzero(hits < _ENOUGH)
    if len(rare):
        result[rare] = np.minimum(result[rare], _estimated(blocks, length[rare], mean[rare], rng))
    return [float(p) for p in result]


def _rounded_down(length: int) -> int:
    """The largest of 1, 2, 3, 4, 6, 8, 12, 16, ... that is not above a length. Comparing with shorter stretches errs on the
    safe side, as with `LONGEST`, and saves most of the work where there are stretches of many lengths."""
    power = 1 << (min(length, LONGEST).bit_length() - 1)
    return power + power // 2 if power > 1 and min(length, LONGEST) >= power + power // 2 else power


def _permuted(blocks: Float64, length: Int64, mean: Float64, rng: np.random.Generator) -> tuple[Int64, Int64]:
    """(W,) how many random orders reach each mean, and (W,) how many were drawn: until `_ENOUGH` reach it, or `SHUFFLED` blocks
    were permuted."""
    hits, drawn = np.zeros(len(length), np.int64), np.zeros(len(length), np.int64)
    most = SHUFFLED // len(blocks)
    while len(open_ := np.flatnonzero((hits < _ENOUGH) & (drawn < most))):
        done = int(drawn[open_[0]])
        count = min(max(_AT_A_TIME, done), most - done)
        for total in _orders(blocks, count, rng):
            hits[open_] += _reached(total, length[open_], mean[open_])
        drawn[open_] += count
    return hits, drawn


def _orders(blocks: Float64, count: int, rng: np.random.Generator) -> Iterator[Float64]:
    """Running sums of `count` permutations of the blocks, (P, B) at a time, few enough to fit into a core's cache."""
    most = max(1, _CACHED // len(blocks))
    for first in range(0, count, most):
        orders = np.tile(blocks, (min(most, count - first), 1))
        for order in orders:
            rng.shuffle(order)  # same draws as `permuted`, in two thirds of the time
        yield np.cumsum(orders, axis=1)


def _reached(total: Float64, length: Int64, mean: Float64) -> Int64:
    """(P, B) running sums, (W,), (W,) -> (W,) int64, the number of orders that reach a mean over so many consecutive blocks.

    A stretch of 12 blocks consists of three of 4, and its mean is no higher than the highest of theirs. So the highest mean
    over 4 is an upper bound for 8, 12, 16 ..., and orders whose bound is too low are skipped.
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


class _Tilted:
    """Blocks drawn with replacement and with probabilities proportional to exp(tilt * value).

    Rare means, which would take millions of permutations, then occur in half of the draws; each draw is weighted down by how
    much more frequent it has become (importance sampling: Naiman & Priebe 2001). Means of draws with replacement spread
    more widely than those of permutations (Hoeffding 1963), so p-values err on the safe side, by little where stretches are
    short compared with the series.
    """

    def __init__(self, blocks: Float64) -> None:
        """Quantise blocks into `_LEVELS` levels, each with the value of its highest block."""
        low, spread = float(blocks.min()), max(float(np.ptp(blocks)), 1e-12)
        level = np.minimum(((blocks - low) * (_LEVELS / spread)).astype(np.int64), _LEVELS - 1)
        highest = np.full(_LEVELS, -np.inf)
        np.maximum.at(highest, level, blocks)
        there = highest > -np.inf
        value, share = highest[there], np.bincount(level, minlength=_LEVELS)[there] / len(blocks)
        tilt = np.concatenate([[0.0], np.geomspace(0.1, 10 * _LEVELS, _TILTS)]) / spread
        weight = share * np.exp(tilt[:, None] * (value - value[-1]))
        whole = weight.sum(axis=1)
        self.value = value  # (L,) levels of blocks, rising
        self.tilt = tilt  # (J,) from 0 on
        self.mean: Float64 = weight @ value / whole  # (J,) of a block drawn with each tilt, rising
        self.spread = np.sqrt(np.maximum(weight @ value**2 / whole - self.mean**2, 0.0))  # (J,) its standard deviation
        self.log_scale = np.log(whole) + tilt * value[-1]  # (J,) of the mean of exp(tilt * value) over untilted blocks
        self.reached = np.cumsum(weight, axis=1) / whole[:, None]  # (J, L) cumulative probabilities of the levels

    def p_values(self, place: int, later: Float64, mean: Float64, count: int, rng: np.random.Generator) -> Float64:
        """The p-values of stretches of one length, n, in `count` blocks, by windows drawn with the tilt of index `place`.

        High stretches come in clumps, because neighbours share all blocks but one. A clump is counted at its last stretch,
        which no later one overlaps (O'Brien 1987); clumps are rare and independent of one another.

        Parameters
        ----------
        later : (DRAWS, n - 1) running sums of the blocks that follow each window
        mean : (W,) falling

        Returns
        -------
        (W,) float64
        """
        length, tilt = later.shape[1] + 1, float(self.tilt[place])
        level = _levels(self.reached[place], rng.random((DRAWS, length)))
        sums = np.cumsum(self.value[np.minimum(level, len(self.value) - 1)], axis=1)  # many of them high
        total = sums[:, -1]
        highest = (total[:, None] + later - sums[:, :-1]).max(axis=1, initial=-np.inf)
        least = (length * (mean - _ROUNDING))[:, None]
        weight = np.where(total >= least, np.exp(np.minimum(tilt * (least - total), 0.0)), 0.0)
        scale = np.exp(float(length * self.log_scale[place]) - tilt * least[:, 0]) / DRAWS
        reached = np.minimum(weight.sum(axis=1) * scale, 1 - 1e-12)
        clumps = np.where(highest < least, weight, 0.0).sum(axis=1) * scale
        p_value: Float64 = -np.expm1(np.log1p(-reached) - max(count - length, 0) * clumps)
        return np.clip(p_value, np.finfo(np.float64).tiny, 1.0)


def _levels(reached: Float64, drawn: Float64) -> Int64:
    """`np.searchsorted(reached, drawn, side="right")` for many numbers in [0, 1), in a third of the time: most bins of [0, 1)
    hold no step of `reached`, so all numbers in such a bin have the same result."""
    if drawn.size < _BINS:
        return np.searchsorted(reached, drawn, side="right")
    steps = np.bincount(np.ceil(reached * _BINS).astype(np.int64), minlength=_BINS + 1)
    below = np.cumsum(steps[: _BINS + 1])  # steps up to the lower edge of each bin
    place = (drawn * _BINS).astype(np.int64)
    result: Int64 = below[place]
    unsure = np.nonzero((np.diff(below) > 0)[place])
    result[unsure] = np.searchsorted(reached, drawn[unsure], side="right")
    return result


def _estimated(blocks: Float64, length: Int64, mean: Float64, rng: np.random.Generator) -> Float64:
    """(W,), (W,) -> (W,) p-values of stretches: for each length by falling mean, until a p-value of 1 is certain."""
    drawn, result = _Tilted(blocks), np.ones(len(length))
    for n in np.unique(length).tolist():
        left = np.flatnonzero(length == n)
        left = left[np.argsort(-mean[left], kind="stable")]
        later = np.cumsum(blocks[rng.integers(0, len(blocks), (DRAWS, n - 1))], axis=1)
        least = 0.0
        while len(left) and least < _CERTAIN:
            place = min(int(np.searchsorted(drawn.mean, mean[left[0]])), len(drawn.tilt) - 1)
            near = mean[left] >= drawn.mean[place] - drawn.spread[place] / np.sqrt(n)
            near[0] = True
            found = drawn.p_values(place, later, mean[left[near]], len(blocks), rng)
            result[left[near]] = np.maximum.accumulate(np.maximum(found, least))
            least = float(result[left[near]][-1])
            left = left[~near]
    return result
