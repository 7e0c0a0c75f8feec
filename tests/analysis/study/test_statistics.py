"""Tests, intervals and effect sizes against SciPy and worked examples, and p-values under the null."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from feelit.analysis.resampling import adjusted, holm
from feelit.analysis.study import statistics
from feelit.analysis.study.statistics import (
    cliff,
    cliff_paired,
    hedges,
    hedges_correction,
    hedges_paired,
    noncentrality,
    paired_test,
    unpaired_test,
)
from feelit.types import Float64

RNG = np.random.default_rng(5)
SLEEP_1 = np.array([0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0])
SLEEP_2 = np.array([1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4])
"""Extra hours of sleep with two drugs, ten patients (Student 1908): R's data set `sleep`."""


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.mark.parametrize("difference", [SLEEP_2 - SLEEP_1, RNG.normal(0.3, 1, 7), np.round(RNG.normal(0, 2, 12))])
def test_paired_p_values_are_those_of_scipy(difference: Float64) -> None:
    found = paired_test(difference, rng())
    known = stats.permutation_test(
        (difference,), lambda x, axis: x.mean(axis=axis), permutation_type="samples", n_resamples=np.inf, vectorized=True
    )
    assert found.exact
    assert found.orders == 2 ** len(difference)
    assert found.p_value == pytest.approx(known.pvalue, abs=1e-6)
    assert found.estimate == pytest.approx(difference.mean())


@pytest.mark.parametrize(
    ("a", "b"),
    [
        pytest.param(RNG.normal(0.5, 1, 6), RNG.normal(0, 3, 8), id="unequal"),
        pytest.param(np.round(RNG.normal(0, 1, 7)), np.round(RNG.normal(1, 1, 7)), id="ties"),
        pytest.param(np.array([1.0, 2.0, 3.0]), np.array([7.0, 9.0, 8.0, 10.0]), id="apart"),
    ],
)
def test_unpaired_p_values_are_those_of_scipy(a: Float64, b: Float64) -> None:
    found = unpaired_test(a, b, rng())

    def welch(x: Float64, y: Float64, axis: int) -> Float64:
        t: Float64 = np.nan_to_num(stats.ttest_ind(x, y, equal_var=False, axis=axis).statistic)
        return t

    with np.errstate(divide="ignore", invalid="ignore"):
        known = stats.permutation_test((a, b), welch, n_resamples=np.inf, vectorized=True)
    assert found.exact
    assert found.orders == math.comb(len(a) + len(b), len(a))
    assert found.p_value == pytest.approx(known.pvalue, abs=1e-6)


@pytest.mark.parametrize("shift", [-0.5, 0.2, 1.58, 3.0])
def test_intervals_hold_the_shifts_that_the_test_does_not_reject(shift: float) -> None:
    difference = SLEEP_2 - SLEEP_1
    found = paired_test(difference, rng())
    assert (found.low <= shift <= found.high) == (paired_test(difference - shift, rng()).p_value > 0.05)
    apart = unpaired_test(SLEEP_2, SLEEP_1[:6], rng())
    assert (apart.low <= shift <= apart.high) == (unpaired_test(SLEEP_2 - shift, SLEEP_1[:6], rng()).p_value > 0.05)


def test_intervals_are_near_those_of_t_where_that_holds() -> None:
    values = np.random.default_rng(1).normal(1, 2, 60)
    known = stats.ttest_1samp(values, 0).confidence_interval()
    found = paired_test(values, rng())
    assert not found.exact
    assert [found.low, found.high] == pytest.approx([known.low, known.high], abs=0.05)
    other = np.random.default_rng(2).normal(0, 4, 40)
    welch = stats.ttest_ind(values, other, equal_var=False).confidence_interval()
    apart = unpaired_test(values, other, rng())
    assert [apart.low, apart.high] == pytest.approx([welch.low, welch.high], abs=0.12)


def test_few_participants_leave_intervals_open() -> None:
    found = paired_test(np.array([1.0, 2.0, 1.5, 3.0]), rng())
    assert found.p_value == pytest.approx(2 / 16)
    assert math.isnan(found.low)
    assert math.isnan(unpaired_test(np.array([1.0, 2.0]), np.array([3.0, 5.0]), rng()).low)


@pytest.mark.parametrize("kind", ["paired", "unpaired"])
@pytest.mark.parametrize("drawn", [False, True])
def test_p_values_are_uniform_under_the_null(kind: str, drawn: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 800 studies without an effect, as many are rejected at each level as the level says, with skewed values."""
    if drawn:
        monkeypatch.setattr(statistics, "EXACT", 0)
        monkeypatch.setattr(statistics, "ORDERS", 199)
    draws = np.random.default_rng(3)
    found = []
    for _ in range(800):
        if kind == "paired":
            found.append(paired_test(draws.exponential(1, 9) - draws.exponential(1, 9), draws).p_value)
        else:
            found.append(unpaired_test(draws.exponential(1, 5), draws.exponential(1, 7), draws, interval=False).p_value)
    for level in (0.05, 0.1, 0.25, 0.5, 0.75):
        share = np.mean(np.array(found) <= level)
        assert abs(share - level) < 4 * math.sqrt(level * (1 - level) / len(found)) + 1 / 200, (level, share)


@pytest.mark.parametrize(("t", "freedom"), [(2.0, 9), (-0.5, 1), (4.2, 3), (1.0, 58), (12.0, 7), (0.0, 400)])
@pytest.mark.parametrize("share", [0.025, 0.975])
def test_noncentral_t_is_that_of_scipy(t: float, freedom: int, share: float) -> None:
    assert stats.nct.cdf(t, freedom, noncentrality(t, freedom, share)) == pytest.approx(share, abs=1e-6)


def test_effect_sizes_of_the_sleep_data() -> None:
    """Cohen's d of pairs is 1.2846 there, and 0.8322 of two groups."""
    difference = SLEEP_2 - SLEEP_1
    pairs = hedges_paired(difference)
    dz = difference.mean() / difference.std(ddof=1)
    assert dz == pytest.approx(1.284558, abs=1e-6)
    factor = stats.gamma.mean(1) * math.gamma(4.5) / (math.sqrt(4.5) * math.gamma(4))
    assert hedges_correction(9) == pytest.approx(factor, abs=1e-12)
    assert pairs.value == pytest.approx(dz * factor, abs=1e-6)
    t = dz * math.sqrt(10)
    for end, share in ((pairs.low, 0.975), (pairs.high, 0.025)):
        assert stats.nct.cdf(t, 9, end / factor * math.sqrt(10)) == pytest.approx(share, abs=1e-6)
    apart = hedges(SLEEP_2, SLEEP_1)
    assert apart.value / hedges_correction(18) == pytest.approx(0.832180, abs=1e-5)


def test_cliffs_delta_is_that_of_mann_and_whitney() -> None:
    found = cliff(SLEEP_2, SLEEP_1)
    known = 2 * stats.mannwhitneyu(SLEEP_2, SLEEP_1).statistic / 100 - 1
    assert found.value == pytest.approx(known, abs=1e-9)
    assert -1 <= found.low < found.value < found.high <= 1
    assert cliff(SLEEP_1 + 9, SLEEP_1).value == 1
    assert cliff_paired(SLEEP_2 - SLEEP_1).value == pytest.approx(0.9)


def test_what_does_not_vary_has_no_effect_size() -> None:
    same = np.full(5, 0.3)
    assert math.isnan(hedges_paired(same).value)
    assert math.isnan(hedges(same, same).value)
    assert unpaired_test(same, same, rng()).p_value == 1
    assert paired_test(np.zeros(5), rng()).p_value == 1


def test_corrections_are_those_of_r_and_scipy() -> None:
    p_value = np.array([0.01, 0.02, 0.03, 0.04, 0.05])
    assert holm(p_value) == pytest.approx([0.05, 0.08, 0.09, 0.09, 0.09])  # p.adjust(p, "holm")
    drawn = RNG.random(40) ** 3
    assert adjusted(drawn) == pytest.approx(stats.false_discovery_control(drawn), abs=1e-9)
    assert np.isnan(holm(np.array([np.nan, 0.5]))).tolist() == [True, False]
