"""Assignments are those of SciPy to the last pair, ties included, so that rows do not depend on who solves the problem."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from feelit.tracking.association import assign
from feelit.types import Float32

SHAPES = arrays.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=5)


@given(arrays.arrays(np.float32, SHAPES, elements=st.sampled_from([0, 0.25, 0.5, 1]) | st.floats(0, 1, width=32)))
def test_no_other_assignment_is_worth_more(value: Float32) -> None:
    rows, columns = assign(value)
    assert rows.tolist() == sorted(set(rows.tolist()))
    assert len(rows) == len(set(columns.tolist())) == min(value.shape)
    wide = (value if value.shape[0] <= value.shape[1] else value.T).astype(np.float64)
    best = max(sum(wide[i, j] for i, j in enumerate(chosen)) for chosen in permutations(range(wide.shape[1]), len(wide)))
    assert value[rows, columns].astype(np.float64).sum() == pytest.approx(best, abs=1e-6)


def random_values(rng: np.random.Generator, number: int) -> Float32:
    """Matrices as tracking has them, and worse ones: sparse, of equal values, of a single value."""
    shape = rng.integers(1, 14, 2)
    values = [
        rng.random(shape),
        rng.random(shape) * (rng.random(shape) < 0.4),
        rng.integers(0, 3, shape),
        np.round(rng.random(shape), 1),
        np.full(shape, 0.5),
        rng.integers(-5, 5, shape),
    ]
    return values[number % len(values)].astype(np.float32)


def test_of_equally_good_assignments_it_is_the_one_of_scipy() -> None:
    plain = pytest.importorskip("scipy.optimize").linear_sum_assignment
    rng = np.random.default_rng(0)
    for number in range(1200):
        value = random_values(rng, number)
        for ours, theirs in zip(assign(value), plain(value, maximize=True), strict=True):
            assert ours.tolist() == theirs.tolist()


def test_a_large_problem_is_the_same() -> None:
    plain = pytest.importorskip("scipy.optimize").linear_sum_assignment
    for value in (np.random.default_rng(1).random((90, 120)), np.random.default_rng(2).integers(0, 50, (120, 90))):
        assert assign(value)[1].tolist() == plain(value, maximize=True)[1].tolist()


@pytest.mark.parametrize("shape", [(0, 0), (0, 3), (3, 0)])
def test_nothing_to_assign(shape: tuple[int, int]) -> None:
    rows, columns = assign(np.zeros(shape))
    assert (rows.tolist(), columns.tolist()) == ([], [])
