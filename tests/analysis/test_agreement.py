"""Figures of agreement, against published examples and other programs."""

from __future__ import annotations

import krippendorff
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feelit.analysis.agreement import agreement
from feelit.types import Int64


def figures(codes: list[list[int]], labels: int, block: int = 1) -> dict[str, float]:
    found = agreement(np.array(codes, np.int64), labels, block)
    return {
        "percent": found.percent.value,
        "cohen": found.cohen[0, 1].value,
        "fleiss": found.fleiss.value,
        "alpha": found.alpha.value,
    }


def test_cohen_1960() -> None:
    """The table of Cohen's paper: 200 units, kappa .492 (given as .49)."""
    table = [[88, 14, 18], [10, 40, 10], [2, 6, 12]]
    codes = [[i, j] for i, row in enumerate(table) for j, count in enumerate(row) for _ in range(count)]
    found = figures(np.array(codes).T.tolist(), 3)
    assert found["percent"] == pytest.approx(0.70)
    assert found["cohen"] == pytest.approx(0.4915, abs=1e-4)


def test_fleiss_1971() -> None:
    """The worked example of ten subjects, fourteen raters and five categories: .210."""
    counts = [
        [0, 0, 0, 0, 14],
        [0, 2, 6, 4, 2],
        [0, 0, 3, 5, 6],
        [0, 3, 9, 2, 0],
        [2, 2, 8, 1, 1],
        [7, 7, 0, 0, 0],
        [3, 2, 6, 3, 0],
        [2, 5, 3, 2, 2],
        [6, 5, 2, 1, 0],
        [0, 2, 2, 3, 7],
    ]
    codes = np.array([np.repeat(np.arange(5), row) for row in counts]).T
    assert figures(codes.tolist(), 5)["fleiss"] == pytest.approx(0.210, abs=5e-4)


def test_krippendorff_2011() -> None:
    """The example of four observers with missing values: .743 for nominal data."""
    gap = -1
    codes = [
        [0, 1, 2, 2, 1, 0, 3, 0, 1, gap, gap, gap],
        [0, 1, 2, 2, 1, 1, 3, 0, 1, 4, gap, 2],
        [gap, 2, 2, 2, 1, 2, 3, 1, 1, 4, 0, gap],
        [0, 1, 2, 2, 1, 3, 3, 0, 1, 4, 0, gap],
    ]
    assert figures(codes, 5)["alpha"] == pytest.approx(0.743, abs=5e-4)


@given(st.integers(0, 10**6), st.integers(2, 5))
def test_alpha_counts_pairs_of_values(seed: int, labels: int) -> None:
    """By its definition: disagreement within units over that of any two values."""
    rng = np.random.default_rng(seed)
    codes: Int64 = rng.integers(-1, labels, (3, 15))
    units = [[int(v) for v in unit if v >= 0] for unit in codes.T]
    units = [unit for unit in units if len(unit) >= 2]
    values = [v for unit in units for v in unit]
    if len(set(values)) < 2:
        return
    observed = sum(sum(a != b for a in unit for b in unit) / (len(unit) - 1) for unit in units) / len(values)
    expected = sum(a != b for a in values for b in values) / (len(values) * (len(values) - 1))
    assert figures(codes.tolist(), labels)["alpha"] == pytest.approx(1 - observed / expected)


@given(st.integers(0, 10**6), st.integers(2, 6), st.integers(2, 4))
def test_other_programs_give_the_same(seed: int, labels: int, coders: int) -> None:
    """Cohen's kappa of scikit-learn, and nominal alpha of the package krippendorff, to 1e-9."""
    metrics = pytest.importorskip("sklearn.metrics")  # of the extra `train`
    rng = np.random.default_rng(seed)
    usual = rng.integers(0, labels, 60)
    codes: Int64 = np.where(rng.random((coders, 60)) < 0.6, usual, rng.integers(0, labels, (coders, 60))).astype(np.int64)
    found = agreement(codes, labels, 1)
    if len(np.unique(codes)) > 1:
        assert found.cohen[0, 1].value == pytest.approx(metrics.cohen_kappa_score(codes[0], codes[1]), abs=1e-9)
        gaps = np.where(rng.random(codes.shape) < 0.2, np.nan, codes)
        expected = krippendorff.alpha(gaps, level_of_measurement="nominal")
        alpha = agreement(np.where(np.isnan(gaps), -1, codes), labels, 1).alpha.value
        assert alpha == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (1, 2, 3))])
def test_two_coders_who_agree_by_chance_have_a_kappa_about_zero(seed: int) -> None:
    codes = np.random.default_rng(seed).integers(0, 3, (2, 4000)).tolist()
    assert abs(figures(codes, 3)["cohen"]) < 0.08


def test_perfect_and_undefined() -> None:
    assert figures([[0, 1, 2, 1], [0, 1, 2, 1]], 3) == {"percent": 1.0, "cohen": 1.0, "fleiss": 1.0, "alpha": 1.0}
    same = figures([[0, 0, 0], [0, 0, 0]], 2)
    assert same["percent"] == 1.0
    assert all(np.isnan(same[name]) for name in ("cohen", "fleiss", "alpha"))


def test_longer_blocks_give_wider_intervals_where_neighbours_are_alike() -> None:
    rng = np.random.default_rng(1)
    truth = np.repeat(rng.integers(0, 3, 100), 50)
    other = np.where(np.repeat(rng.random(100) < 0.7, 50), truth, (truth + 1) % 3)
    codes = np.stack([truth, other])
    narrow, wide = (agreement(codes, 3, block).cohen[0, 1] for block in (1, 100))
    assert narrow.value == wide.value
    assert narrow.low <= narrow.value <= narrow.high
    assert wide.high - wide.low > 3 * (narrow.high - narrow.low)
