"""Effect sizes with 95 % intervals.

Hedges' g (1981) is Cohen's d without its bias in small samples: the difference in pooled standard deviations, or, of pairs, the
mean difference in standard deviations of differences (Cohen's dz). Its interval comes from the noncentral t distribution
(Steiger & Fouladi 1997) and supposes normal distributions; the differences and p-values of contrasts do not.
Cliff's delta (1993) is how much more often one of the first group is above one of the second than below; of pairs, how much
more often differences are above 0 than below. Its interval is that of Feng & Cliff (2004).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from statistics import NormalDist

import numpy as np

from feelit.types import Float64

LEVEL = 0.95
_NODES = 96
_STEPS = 60


@dataclass(frozen=True, slots=True)
class EffectSize:
    """NaN where there is no variation."""

    name: str
    value: float
    low: float
    high: float


def hedges_paired(difference: Float64) -> EffectSize:
    """dz of (n,) differences, corrected for bias."""
    count, spread = len(difference), float(difference.std(ddof=1))
    if not spread > 1e-12 * float(np.abs(difference).max()):
        return EffectSize("Hedges' g of pairs", np.nan, np.nan, np.nan)
    return _hedges("Hedges' g of pairs", float(difference.mean()) / spread, count - 1, math.sqrt(1 / count))


def hedges(a: Float64, b: Float64) -> EffectSize:
    """d of (n,) and (m,) values with the pooled standard deviation, corrected for bias."""
    n, m = len(a), len(b)
    pooled = math.sqrt((float(a.var(ddof=1)) * (n - 1) + float(b.var(ddof=1)) * (m - 1)) / (n + m - 2))
    if not pooled > 1e-12 * float(max(np.abs(a).max(), np.abs(b).max())):
        return EffectSize("Hedges' g", np.nan, np.nan, np.nan)
    return _hedges("Hedges' g", float(a.mean() - b.mean()) / pooled, n + m - 2, math.sqrt(1 / n + 1 / m))


def cliff_paired(difference: Float64) -> EffectSize:
    """How much more often (n,) differences are above 0 than below."""
    sign = np.sign(difference)
    return _cliff("Cliff's delta of pairs", float(sign.mean()), float(sign.var(ddof=1)) / len(sign))


def cliff(a: Float64, b: Float64) -> EffectSize:
    """How much more often a value of `a` is above one of `b` than below."""
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
        return EffectSize(name, delta, delta, delta) if abs(delta) == 1 else EffectSize(name, delta, np.nan, np.nan)
    middle, spread = delta - delta**3, z * math.sqrt(variance * ((1 - delta**2) ** 2 + z**2 * variance))
    whole = 1 - delta**2 + z**2 * variance
    return EffectSize(name, delta, max((middle - spread) / whole, -1.0), min((middle + spread) / whole, 1.0))


def hedges_correction(freedom: int) -> float:
    """What d is multiplied by; the exact factor, not its approximation."""
    if freedom < 2:
        return 0.0
    return math.exp(math.lgamma(freedom / 2) - math.lgamma((freedom - 1) / 2)) / math.sqrt(freedom / 2)


def noncentrality(t: float, freedom: int, share: float) -> float:
    """The noncentrality with which `share` of a noncentral t distribution lies at or below `t`."""
    node, weight = _spread_nodes(freedom)
    width = 8 + abs(t) * 8 / math.sqrt(2 * freedom)
    low, high = t - width, t + width  # the share falls as the noncentrality rises
    for _ in range(_STEPS):
        middle = (low + high) / 2
        reached = sum(w * math.erfc((middle - t * s) / math.sqrt(2)) / 2 for s, w in zip(node, weight, strict=True))
        if reached > share:
            low = middle
        else:
            high = middle
    return (low + high) / 2


@cache
def _spread_nodes(freedom: int) -> tuple[list[float], list[float]]:
    """Places and weights for integrals over the distribution of s / sigma: the root of chi-squared over its freedom."""
    reach = 9 / math.sqrt(2 * freedom)
    low, high = max(0.0, 1 - reach), 1 + reach
    place, weight = np.polynomial.legendre.leggauss(_NODES)
    node = low + (place + 1) * (high - low) / 2
    log_density = math.log(2) + freedom / 2 * math.log(freedom / 2) - math.lgamma(freedom / 2)
    density = np.exp(log_density + (freedom - 1) * np.log(node) - freedom * node**2 / 2)
    return node.tolist(), (weight * (high - low) / 2 * density).tolist()
