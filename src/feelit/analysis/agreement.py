"""How far coders agree about the labels of the same units, beyond what chance would give.

Cohen's kappa (1960), Fleiss' kappa (1971) and Krippendorff's alpha for nominal data (2004, the form of coincidences). Intervals
are percentiles of a bootstrap of blocks (Künsch 1989): neighbouring units are alike, so blocks of them are drawn and not units.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from feelit.types import Float64, Int64

DRAWS = 1000
LEVEL = (2.5, 97.5)


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its 95 % interval; NaN where it is not defined, as where everybody always says the same."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How far coders agree.

    Attributes
    ----------
    units : how many units at least two coders have a label for
    percent : share of pairs of coders and units with the same label
    cohen : kappa, by pair of coders (their places)
    fleiss : of the units that all coders have a label for; NaN if there are none
    alpha : Krippendorff's, of all units that at least two have a label for
    by_label : alpha of each label against all others
    confusion : (C, C), of the first coder (rows) and the second
    """

    units: int
    percent: Estimate
    cohen: dict[tuple[int, int], Estimate]
    fleiss: Estimate
    alpha: Estimate
    by_label: tuple[Estimate, ...]
    confusion: Int64


def agreement(codes: Int64, labels: int, block: int, seed: int = 0) -> Agreement:
    """Compare coders.

    Parameters
    ----------
    codes : (R, N) int64, the label of each unit by each of two or more coders; -1 where there is none
    labels : how many labels there are
    block : units that are drawn together
    seed : of the bootstrap
    """
    number = np.arange(codes.shape[1]) // max(1, block)
    blocks = int(number[-1]) + 1 if len(number) else 0
    drawn = np.random.default_rng(seed).multinomial(blocks, np.full(blocks, 1 / max(blocks, 1)), DRAWS) if blocks else None
    weights = np.ones((1, blocks)) if drawn is None else np.concatenate([np.ones((1, blocks)), drawn])
    pairs = {pair: _tables(codes[list(pair)], labels, number, blocks) for pair in combinations(range(len(codes)), 2)}
    every = np.stack([_counts(codes == label) for label in range(labels)], axis=1)  # (N, C)
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


def _counts(said: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> Int64:
    counts: Int64 = said.sum(axis=0).astype(np.int64)
    return counts


def _tables(pair: Int64, labels: int, number: Int64, blocks: int) -> Float64:
    """(B, C, C) how often the first of two coders said one label and the second another, by block."""
    both = (pair >= 0).all(axis=0)
    flat = (number[both] * labels + pair[0, both]) * labels + pair[1, both]
    return np.bincount(flat, minlength=blocks * labels * labels).reshape(blocks, labels, labels).astype(np.float64)


def _by_block(values: Float64, weights: Float64, number: Int64) -> Float64:
    """Weighted sums of what units have: (N,) or (N, C) -> (W,) or (W, C)."""
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
    """A quotient; NaN where nothing is divided by nothing."""
    result = np.full(np.broadcast_shapes(part.shape, whole.shape), np.nan)
    np.divide(part, whole, out=result, where=np.abs(whole) > 1e-12)
    return result


def estimate(values: Float64) -> Estimate:
    """The first value is that of the data, the others are those of the draws."""
    drawn = values[1:][~np.isnan(values[1:])]
    low, high = np.percentile(drawn, LEVEL) if len(drawn) and not np.isnan(values[0]) else (np.nan, np.nan)
    return Estimate(float(values[0]), float(low), float(high))
