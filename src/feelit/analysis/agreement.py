"""Agreement between coders: chance-corrected for labels, intraclass correlations for numbers.

Cohen's kappa (1960), Fleiss' kappa (1971) and Krippendorff's alpha for nominal data (2004, from coincidences). Intervals are
percentiles of a block bootstrap (Künsch 1989): neighbouring units are correlated, so whole blocks are resampled.

ICC(2,1) and ICC(3,1) with the intervals of Shrout & Fleiss (1979), which McGraw & Wong (1996) call ICC(A,1) and ICC(C,1), and
the same for the mean of all coders, (2,k) and (3,k). Those intervals assume independent units, which neighbouring units of a
recording are not, so block-bootstrap intervals are reported as well.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from feelit.analysis.resampling import bisected
from feelit.types import Float64, Int64

DRAWS = 1000
LEVEL = (2.5, 97.5)


def written(value: float) -> float | None:
    """A number for JSON: with six decimals, None for NaN."""
    return None if math.isnan(value) else round(value, 6)


@dataclass(frozen=True, slots=True)
class Estimate:
    """An estimate with its 95 % confidence interval; NaN if undefined, for example if all coders use a single label."""

    value: float
    low: float
    high: float

    def record(self) -> dict[str, float | None]:
        """The three numbers, as a JSON object."""
        return {"value": written(self.value), "low": written(self.low), "high": written(self.high)}

    def __str__(self) -> str:
        return "not defined" if math.isnan(self.value) else f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """Agreement between coders on labels."""

    units: int  # number of units labelled by at least two coders
    percent: Estimate  # share of coder pairs with the same label, over all units
    cohen: dict[tuple[int, int], Estimate]  # kappa by pair of coders (their indices)
    fleiss: Estimate  # kappa over the units labelled by all coders; NaN if there are none
    alpha: Estimate  # Krippendorff's alpha over the units labelled by at least two coders
    by_label: tuple[Estimate, ...]  # alpha of each label against all others
    confusion: Int64  # (C, C) units, first coder in rows, second in columns


def agreement(codes: Int64, labels: int, block: int, seed: int = 0) -> Agreement:
    """Compare the labels of coders.

    Parameters
    ----------
    codes : (R, N) int64, the label of each unit by each of two or more coders; -1 for none
    labels : number of labels
    block : units per bootstrap block
    seed : of the bootstrap
    """
    number = np.arange(codes.shape[1]) // max(1, block)
    weights = _weights(number, seed)
    pairs = {pair: _tables(codes[list(pair)], labels, number, weights.shape[1]) for pair in combinations(range(len(codes)), 2)}
    every = np.stack([(codes == label).sum(axis=0).astype(np.int64) for label in range(labels)], axis=1)  # (N, C)
    tables = {pair: np.einsum("wb,bij->wij", weights, table) for pair, table in pairs.items()}
    pooled = sum(tables.values())
    return Agreement(
        units=int((every.sum(axis=1) >= 2).sum()),
        percent=estimate(quotient(np.einsum("wii->w", pooled), pooled.sum(axis=(1, 2)))),
        cohen={pair: estimate(_cohen(table)) for pair, table in tables.items()},
        fleiss=estimate(_fleiss(every, len(codes), weights, number)),
        alpha=estimate(_alpha(every, weights, number)),
        by_label=tuple(
            estimate(_alpha(np.stack([every[:, k], every.sum(axis=1) - every[:, k]], axis=1), weights, number))
            for k in range(labels)
        ),
        confusion=np.round(tables[0, 1][0]).astype(np.int64),
    )


def _weights(number: Int64, seed: int) -> Float64:
    """(1 + DRAWS, B) how often each block counts: once in the data, then in each bootstrap draw.

    Without units, (1, 0). `number` (N,) are the blocks of units, from 0 up.
    """
    if not len(number):
        return np.ones((1, 0))
    blocks = int(number[-1]) + 1
    drawn = np.random.default_rng(seed).multinomial(blocks, np.full(blocks, 1 / blocks), DRAWS)
    return np.concatenate([np.ones((1, blocks)), drawn])


def _tables(pair: Int64, labels: int, number: Int64, blocks: int) -> Float64:
    """(B, C, C) confusion of two coders, by block."""
    both = (pair >= 0).all(axis=0)
    flat = (number[both] * labels + pair[0, both]) * labels + pair[1, both]
    return np.bincount(flat, minlength=blocks * labels * labels).reshape(blocks, labels, labels).astype(np.float64)


def _by_block(values: Float64, weights: Float64, number: Int64) -> Float64:
    """Weighted sums over units: (N,) or (N, C) -> (W,) or (W, C)."""
    sums = np.zeros((weights.shape[1], *values.shape[1:]))
    np.add.at(sums, number, values)
    result: Float64 = np.tensordot(weights, sums, axes=1)
    return result


def _cohen(table: Float64) -> Float64:
    """(W, C, C) -> (W,)"""
    total = table.sum(axis=(1, 2))
    chance = quotient((table.sum(axis=1) * table.sum(axis=2)).sum(axis=1), total**2)
    return quotient(quotient(np.einsum("wii->w", table), total) - chance, 1 - chance)


def _fleiss(every: Int64, coders: int, weights: Float64, number: Int64) -> Float64:
    full = every.sum(axis=1) == coders
    counts = np.where(full[:, None], every, 0).astype(np.float64)
    agreeing = np.where(full, ((counts**2).sum(axis=1) - coders) / (coders * (coders - 1)), 0.0)
    units = _by_block(full.astype(np.float64), weights, number)
    share = quotient(_by_block(counts, weights, number), units[:, None] * coders)
    chance = (share**2).sum(axis=1)
    return quotient(quotient(_by_block(agreeing, weights, number), units) - chance, 1 - chance)


def _alpha(every: Int64, weights: Float64, number: Int64) -> Float64:
    said = every.sum(axis=1)
    counts = np.where((said >= 2)[:, None], every, 0).astype(np.float64)
    differing = np.where(said >= 2, (counts.sum(axis=1) ** 2 - (counts**2).sum(axis=1)) / np.maximum(said - 1, 1), 0.0)
    values = _by_block(counts, weights, number)
    total = values.sum(axis=1)
    expected = quotient(total**2 - (values**2).sum(axis=1), total - 1)
    return 1 - quotient(_by_block(differing, weights, number), expected)


def quotient(part: Float64, whole: Float64) -> Float64:
    """`part / whole`; NaN where `whole` is zero."""
    result = np.full(np.broadcast_shapes(part.shape, whole.shape), np.nan)
    np.divide(part, whole, out=result, where=np.abs(whole) > 1e-12)
    return result


def estimate(values: Float64) -> Estimate:
    """An estimate and its interval from the value of the data, followed by those of the bootstrap draws."""
    drawn = values[1:][~np.isnan(values[1:])]
    low, high = np.percentile(drawn, LEVEL) if len(drawn) and not np.isnan(values[0]) else (np.nan, np.nan)
    return Estimate(float(values[0]), float(low), float(high))


UPPER = 0.975  # quantile of a 95 % interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Intraclass:
    """Agreement between coders on numbers. NaN marks undefined values, for example if the numbers do not vary."""

    units: int  # number of units rated by all coders
    absolute: Estimate  # ICC(2,1), absolute agreement
    consistent: Estimate  # ICC(3,1), consistency: ignores differences between the coders' means
    absolute_mean: Estimate  # ICC(2,k), of the mean of all coders
    consistent_mean: Estimate  # ICC(3,k), likewise
    independent: tuple[tuple[float, float], ...]  # 95 % intervals of these four, in this order, assuming independent units
    pearson: dict[tuple[int, int], Estimate]  # correlation by pair of coders (their indices)


def intraclass(values: Float64, block: int, seed: int = 0) -> Intraclass:
    """Compare the numbers of coders.

    Parameters
    ----------
    values : (R, N) float64, the number of each unit by each of two or more coders; NaN for none
    block : units per bootstrap block
    seed : of the bootstrap
    """
    coders, known = len(values), np.isfinite(values).all(axis=0)
    number = np.arange(values.shape[1]) // max(1, block)
    x = values[:, known].T  # (n, k)
    x = x - (x.mean() if x.size else 0.0)  # squares of large numbers would lose digits
    number = np.unique(number[known], return_inverse=True)[1]
    weights = _weights(number, seed)
    n, each, squares, rows = (_by_block(terms, weights, number) for terms in (np.ones(len(x)), x, x**2, x.sum(axis=1) ** 2))
    table = _table(n, each, squares.sum(axis=1), rows)
    absolute, consistent, absolute_mean, consistent_mean = map(estimate, _forms(n, coders, *table))
    return Intraclass(
        units=len(x),
        absolute=absolute,
        consistent=consistent,
        absolute_mean=absolute_mean,
        consistent_mean=consistent_mean,
        independent=_intervals(len(x), coders, *(float(part[0]) for part in table)),
        pearson={
            pair: estimate(_pearson(n, each[:, pair], squares[:, pair], _by_block(x[:, pair].prod(axis=1), weights, number)))
            for pair in combinations(range(coders), 2)
        },
    )


def _table(n: Float64, each: Float64, squares: Float64, rows: Float64) -> tuple[Float64, Float64, Float64]:
    """Mean squares of units, coders and error, (W,) each, of a two-way analysis of variance."""
    k = each.shape[1]
    middle = quotient(each.sum(axis=1) ** 2, n * k)
    units, coders = rows / k - middle, quotient((each**2).sum(axis=1), n) - middle
    error = squares - middle - units - coders
    return quotient(units, n - 1), coders / (k - 1), quotient(np.maximum(error, 0.0), (n - 1) * (k - 1))


def _forms(n: Float64, k: int, units: Float64, coders: Float64, error: Float64) -> tuple[Float64, ...]:
    return (
        quotient(units - error, units + (k - 1) * error + k * quotient(coders - error, n)),
        quotient(units - error, units + (k - 1) * error),
        quotient(units - error, units + quotient(coders - error, n)),
        quotient(units - error, units),
    )


def _pearson(n: Float64, each: Float64, squares: Float64, product: Float64) -> Float64:
    spread = squares - quotient(each**2, n[:, None])
    scale = np.sqrt(np.maximum(spread, 0).prod(axis=1))
    return quotient(product - quotient(each.prod(axis=1), n), scale)


def _intervals(n: int, k: int, units: float, coders: float, error: float) -> tuple[tuple[float, float], ...]:
    """Intervals of the four forms, after Shrout & Fleiss (1979, pp. 424-425) and McGraw & Wong (1996, tables 7 and 8)."""
    nothing = ((math.nan, math.nan),) * 4
    if n < 2 or not (units > 0 and error > 0):
        return nothing
    free = (n - 1) * (k - 1)
    low, high = units / error / f_quantile(UPPER, n - 1, free), units / error * f_quantile(UPPER, free, n - 1)
    consistent = (low - 1) / (low + k - 1), (high - 1) / (high + k - 1)
    single = (units - error) / (units + (k - 1) * error + k * (coders - error) / n)
    if single >= 1:
        return nothing
    a, b = k * single / (n * (1 - single)), 1 + k * single * (n - 1) / (n * (1 - single))
    freedom = (a * coders + b * error) ** 2 / ((a * coders) ** 2 / (k - 1) + (b * error) ** 2 / free)
    lower, upper = f_quantile(UPPER, n - 1, freedom), f_quantile(UPPER, freedom, n - 1)
    rest = k * coders + (k * n - k - n) * error
    absolute = (
        n * (units - lower * error) / (lower * rest + n * units),
        n * (upper * units - error) / (rest + n * upper * units),
    )
    stepped = tuple(k * bound / (1 + (k - 1) * bound) for bound in absolute)  # Spearman-Brown
    return absolute, consistent, (stepped[0], stepped[1]), (1 - 1 / low, 1 - 1 / high)


def f_quantile(probability: float, numerator: float, denominator: float) -> float:
    """A quantile of the F distribution, by bisection of its distribution function: SciPy is not a requirement."""
    if beta_share(0.5, numerator / 2, denominator / 2) < probability:  # the beta variable of F is above one half
        other = _lower_quantile(1 - probability, denominator, numerator)
        return 1 / other if other > 0 else math.inf
    return _lower_quantile(probability, numerator, denominator)


def _lower_quantile(probability: float, numerator: float, denominator: float) -> float:
    """`f_quantile` where the corresponding quantile of the beta distribution is at most one half."""

    def is_low(logarithm: float) -> bool:  # quantiles may be tiny
        return beta_share(math.exp(logarithm), numerator / 2, denominator / 2) < probability

    x = math.exp(sum(bisected(is_low, -740.0, math.log(0.5), 100)) / 2)
    return denominator * x / (numerator * (1 - x))


def beta_share(x: float, a: float, b: float) -> float:
    """The regularized incomplete beta function, by its continued fraction (Abramowitz & Stegun 1964, 26.5.8)."""
    if x <= 0 or x >= 1:
        return float(x > 0)
    if x > (a + 1) / (a + b + 2):  # the fraction converges slowly here; its mirror image does not
        return 1 - beta_share(1 - x, b, a)
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)) / a
    tiny = 1e-300
    value, c, d = 1.0, 1.0, 0.0
    for step in range(10_000):
        m = step // 2
        if step == 0:
            term = 1.0
        elif step % 2 == 0:
            term = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        else:
            term = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        d = 1 / max(1 + term * d, tiny, key=abs)
        c = max(1 + term / c, tiny, key=abs)
        value *= c * d
        if abs(1 - c * d) < 1e-15:
            break
    return front * (value - 1)
