"""Comparison of two conditions: permutation tests over participants, confidence intervals that match their p-values, and effect
sizes.

Participants are permuted, never samples: the samples of one face are not independent.

Paired: the signs of the participants' differences are flipped at random (Fisher 1935). The interval contains every shift that
the test does not reject; its ends are order statistics of the means of subsets (Hartigan 1969).
Unpaired: participants are exchanged between the groups, with Welch's t as the statistic, which is robust to unequal variances
in larger samples (Janssen 1997). The interval contains every shift that the test does not reject.

If there are at most `EXACT` permutations, all are used. Otherwise `ORDERS` are drawn, plus the observed one (Phipson & Smyth
2010). P-values are two-sided: twice the smaller of the two sides.

Hedges' g (1981) is Cohen's d corrected for its bias in small samples: the difference in pooled standard deviations; for pairs,
the mean difference in standard deviations of the differences (Cohen's dz). Its interval comes from the noncentral t
distribution (Steiger & Fouladi 1997) and assumes normal distributions, unlike the p-values and intervals of the differences.
Cliff's delta (1993) is P(first above second) - P(first below second); for pairs, P(difference above 0) - P(difference below 0).
Its interval is that of Feng & Cliff (2004).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from math import comb
from statistics import NormalDist

import numpy as np

from feelit.analysis.resampling import bisected
from feelit.types import Float64

ORDERS = 9_999
EXACT = 20_000
ALPHA = 0.05

_ROUNDING = 1e-9
_AT_A_TIME = 1 << 21  # numbers that are drawn together
_STEPS = 48  # halvings of a bisection
_WIDEST = 64.0  # the end of an interval is searched within this many standard errors


@dataclass(frozen=True, slots=True)
class Tested:
    """A test and its 95 % interval, whose ends are NaN if there are too few permutations. `orders` is the number of them."""

    estimate: float
    low: float
    high: float
    p_value: float
    orders: int
    exact: bool


def paired_test(difference: Float64, rng: np.random.Generator) -> Tested:
    """Test whether the mean difference of participants is 0.

    Parameters
    ----------
    difference : (n,) float64, n >= 2
    """
    count, total = len(difference), float(difference.sum())
    exact = count < 31 and 2**count <= EXACT
    sums, sizes = [], []
    for flipped in _subsets(count, exact, rng):
        sums.append(flipped @ difference)
        sizes.append(flipped.sum(axis=1))
    of_subset, size = np.concatenate(sums), np.concatenate(sizes)  # sum and number of the flipped differences
    scale = _ROUNDING * max(float(np.abs(difference).sum()), 1e-300)
    greater = int((of_subset <= scale).sum())  # a permuted total is the observed one minus twice the flipped sum
    less = int((of_subset >= -scale).sum())
    orders = len(size)
    p_value = _two_sided(greater, less, orders, exact)
    shift = np.sort(of_subset[size > 0] / size[size > 0])
    open_ = int(np.floor(ALPHA / 2 * (orders if exact else orders + 1) + _ROUNDING))
    low, high = (float(shift[open_ - 1]), float(shift[-open_])) if 0 < open_ <= len(shift) else (np.nan, np.nan)
    return Tested(total / count, low, high, p_value, orders, exact)


def unpaired_test(a: Float64, b: Float64, rng: np.random.Generator, interval: bool = True) -> Tested:
    """Test whether two groups of participants have the same mean.

    Parameters
    ----------
    a, b : (n,), (m,) float64, n >= 2, m >= 2
    interval : whether to compute the interval, which takes a hundred times as long as the p-value
    """
    estimate = float(a.mean() - b.mean())
    orders = _Orders(a, b, rng)
    p_value = _two_sided(*orders.hits(0.0), orders.count, orders.exact)
    low = high = float("nan")
    if interval:
        error = float(np.sqrt(a.var(ddof=1) / len(a) + b.var(ddof=1) / len(b)))
        low = _end(lambda shift: orders.side(shift, greater=True), estimate, -error)
        high = _end(lambda shift: orders.side(shift, greater=False), estimate, error)
    return Tested(estimate, low, high, p_value, orders.count, orders.exact)


class _Orders:
    """The sums from which Welch's t follows, for every order and any shift of the first group.

    Each has four sums over the first group of an order: of values, of squares, of members of the first group in the observed
    order, and of the values of these members.
    """

    def __init__(self, a: Float64, b: Float64, rng: np.random.Generator) -> None:
        values = np.concatenate([a, b])
        values = values - values.mean()
        own = np.arange(len(values)) < len(a)
        terms = np.stack([values, values**2, own.astype(np.float64), np.where(own, values, 0.0)], axis=1)
        self.sizes, self.exact = (len(a), len(b)), comb(len(values), len(a)) <= EXACT
        groups = _groups(len(values), len(a), self.exact, rng)
        self.sums: Float64 = np.concatenate([chosen @ terms for chosen in groups])  # (K, 4)
        self.observed: Float64 = terms[own].sum(axis=0, keepdims=True)  # (1, 4)
        self.total: Float64 = terms.sum(axis=0)  # (4,) over both groups
        self.count = len(self.sums)  # of permutations

    def hits(self, shift: float) -> tuple[int, int]:
        """Numbers of permutations with t >= and <= the observed one, after subtracting `shift` from the first group."""
        t, mine = self._t(self.sums, shift), float(self._t(self.observed, shift)[0])
        slack = _ROUNDING * (1 + abs(mine)) if np.isfinite(mine) else 0.0
        return int((t >= mine - slack).sum()), int((t <= mine + slack).sum())

    def side(self, shift: float, *, greater: bool) -> float:
        """The one-sided p-value of a shift."""
        hits = self.hits(shift)[0 if greater else 1]
        return hits / self.count if self.exact else (hits + 1) / (self.count + 1)

    def _t(self, sums: Float64, shift: float) -> Float64:
        scale = away = spread = np.zeros(len(sums))
        for group, size, sign in ((sums, self.sizes[0], 1), (self.total - sums, self.sizes[1], -1)):
            values, squares, own, own_values = group.T
            mean, square = values - shift * own, squares - 2 * shift * own_values + shift**2 * own
            scale = scale + square
            spread = spread + np.maximum(square - mean**2 / size, 0.0) / (size * (size - 1))
            away = away + sign * mean / size
        spread = np.where(spread > 1e-14 * scale, spread, 0.0)
        away = np.where(np.abs(away) > 1e-9 * np.sqrt(scale), away, 0.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            t: Float64 = np.where(away == 0, 0.0, away / np.sqrt(spread))
        return t


def _end(side: Callable[[float], float], estimate: float, error: float) -> float:
    """The shift at which the one-sided p-value falls to `ALPHA / 2`, above or below the estimate by the sign of `error`."""
    if error == 0:
        return float("nan")
    inside, outside = estimate, estimate + 2 * error
    while side(outside) > ALPHA / 2:
        if abs(outside - estimate) > _WIDEST * abs(error):
            return float("nan")
        inside, outside = outside, estimate + 2 * (outside - estimate)
    return bisected(lambda shift: side(shift) > ALPHA / 2, inside, outside, _STEPS)[0]


def _two_sided(greater: int, less: int, orders: int, exact: bool) -> float:
    smaller = min(greater, less)
    return min(1.0, 2 * (smaller / orders if exact else (smaller + 1) / (orders + 1)))


def _subsets(count: int, exact: bool, rng: np.random.Generator) -> Iterator[Float64]:
    """(K, n) 0 or 1: every subset, the observed order included, or random ones."""
    if exact:
        yield (np.arange(2**count)[:, None] >> np.arange(count) & 1).astype(np.float64)
    else:
        yield from (rng.integers(0, 2, (size, count)).astype(np.float64) for size in _batches(count))


def _groups(count: int, chosen: int, exact: bool, rng: np.random.Generator) -> Iterator[Float64]:
    """(K, n) 1 for members of the first group: every choice of them, or random ones."""
    drawn = (rng.random((size, count)).argpartition(chosen - 1, axis=1)[:, :chosen] for size in _batches(count))
    for members in [np.array(list(combinations(range(count), chosen)))] if exact else drawn:
        result = np.zeros((len(members), count))
        np.put_along_axis(result, members, 1.0, axis=1)
        yield result


def _batches(count: int) -> Iterator[int]:
    at_a_time = max(1, _AT_A_TIME // count)
    for first in range(0, ORDERS, at_a_time):
        yield min(at_a_time, ORDERS - first)


LEVEL = 0.95
_NODES = 96
_NARROWED = 60  # halvings of a bisection


@dataclass(frozen=True, slots=True)
class EffectSize:
    """An effect size with its 95 % interval; NaN without variation."""

    name: str
    value: float = math.nan
    low: float = math.nan
    high: float = math.nan


def hedges_paired(difference: Float64) -> EffectSize:
    """dz of (n,) differences, corrected for bias."""
    count, spread = len(difference), float(difference.std(ddof=1))
    if not spread > 1e-12 * float(np.abs(difference).max()):
        return EffectSize("Hedges' g of pairs")
    return _hedges("Hedges' g of pairs", float(difference.mean()) / spread, count - 1, math.sqrt(1 / count))


def hedges(a: Float64, b: Float64) -> EffectSize:
    """d of (n,) and (m,) values with the pooled standard deviation, corrected for bias."""
    n, m = len(a), len(b)
    pooled = math.sqrt((float(a.var(ddof=1)) * (n - 1) + float(b.var(ddof=1)) * (m - 1)) / (n + m - 2))
    if not pooled > 1e-12 * float(max(np.abs(a).max(), np.abs(b).max())):
        return EffectSize("Hedges' g")
    return _hedges("Hedges' g", float(a.mean() - b.mean()) / pooled, n + m - 2, math.sqrt(1 / n + 1 / m))


def cliff_paired(difference: Float64) -> EffectSize:
    """The share of (n,) differences above 0 minus the share below."""
    sign = np.sign(difference)
    return _cliff("Cliff's delta of pairs", float(sign.mean()), float(sign.var(ddof=1)) / len(sign))


def cliff(a: Float64, b: Float64) -> EffectSize:
    """The share of pairs of (n,) and (m,) values with `a` above `b`, minus the share with `a` below."""
    n, m = len(a), len(b)
    above = np.sign(a[:, None] - b[None, :])
    delta = float(above.mean())
    rows, columns = above.mean(axis=1) - delta, above.mean(axis=0) - delta
    inner = float(((above - delta) ** 2).sum())
    spread = (m**2 * float((rows**2).sum()) + n**2 * float((columns**2).sum()) - inner) / (n * m * (n - 1) * (m - 1))
    return _cliff("Cliff's delta", delta, max(spread, (1 - delta**2) / (n * m - 1)))


def _hedges(name: str, d: float, freedom: int, scale: float) -> EffectSize:
    bias = hedges_correction(freedom)
    ends = [noncentrality(d / scale, freedom, share) * scale * bias for share in ((1 + LEVEL) / 2, (1 - LEVEL) / 2)]
    return EffectSize(name, d * bias, ends[0], ends[1])


def _cliff(name: str, delta: float, variance: float) -> EffectSize:
    z = NormalDist().inv_cdf((1 + LEVEL) / 2)
    if variance <= 0:
        return EffectSize(name, delta, delta, delta) if abs(delta) == 1 else EffectSize(name, delta)
    middle, spread = delta - delta**3, z * math.sqrt(variance * ((1 - delta**2) ** 2 + z**2 * variance))
    whole = 1 - delta**2 + z**2 * variance
    return EffectSize(name, delta, max((middle - spread) / whole, -1.0), min((middle + spread) / whole, 1.0))


def hedges_correction(freedom: int) -> float:
    """The exact factor of Hedges' bias correction, not its approximation."""
    if freedom < 2:
        return 0.0
    return math.exp(math.lgamma(freedom / 2) - math.lgamma((freedom - 1) / 2)) / math.sqrt(freedom / 2)


def noncentrality(t: float, freedom: int, share: float) -> float:
    """The noncentrality for which `share` of a noncentral t distribution lies at or below `t`."""
    node, weight = _spread_nodes(freedom)
    width = 8 + abs(t) * 8 / math.sqrt(2 * freedom)

    def is_low(middle: float) -> bool:  # the share falls as the noncentrality rises
        return sum(w * math.erfc((middle - t * s) / math.sqrt(2)) / 2 for s, w in zip(node, weight, strict=True)) > share

    return sum(bisected(is_low, t - width, t + width, _NARROWED)) / 2


@cache
def _spread_nodes(freedom: int) -> tuple[list[float], list[float]]:
    """Nodes and weights to integrate over the distribution of s / sigma, the root of chi-squared by degrees of freedom."""
    reach = 9 / math.sqrt(2 * freedom)
    low, high = max(0.0, 1 - reach), 1 + reach
    place, weight = np.polynomial.legendre.leggauss(_NODES)
    node = low + (place + 1) * (high - low) / 2
    log_density = math.log(2) + freedom / 2 * math.log(freedom / 2) - math.lgamma(freedom / 2)
    density = np.exp(log_density + (freedom - 1) * np.log(node) - freedom * node**2 / 2)
    return node.tolist(), (weight * (high - low) / 2 * density).tolist()
