"""Pairs of faces: who is who, and how often that is wrong."""

from __future__ import annotations

import numpy as np
import pytest

from feelit.evaluation.verification import pairs_of, score_pairs


def test_every_pair_counts_once() -> None:
    embedding = np.eye(3, dtype=np.float32)
    cosine, same = pairs_of(embedding[[0, 0, 1]], np.array([7, 7, 9]))
    assert cosine.tolist() == [1, 0, 0]
    assert same.tolist() == [True, False, False]


@pytest.mark.parametrize(
    ("of_one", "of_two", "error"), [([3, 4], [1, 2], 0.0), ([1, 4], [0, 3], 0.5), ([2, 3, 4, 5], [0, 1, 2.5, 1], 0.25)]
)
def test_the_equal_error_is_that_of_the_best_threshold(of_one: list[float], of_two: list[float], error: float) -> None:
    scores = score_pairs(np.array(of_one + of_two, float), np.array([True] * len(of_one) + [False] * len(of_two)))
    assert (scores.same, scores.different) == (len(of_one), len(of_two))
    assert scores.equal_error == pytest.approx(error)
