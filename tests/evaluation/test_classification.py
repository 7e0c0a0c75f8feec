from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feelit.evaluation.classifier.metrics import class_scores, confusion, fit_temperature, softmax
from feelit.evaluation.classifier.scores import accuracy_of


def test_confusion_counts_true_labels_in_rows() -> None:
    matrix = confusion(np.array([0, 0, 1, 2]), np.array([0, 1, 1, 0]), classes=3)
    assert matrix.tolist() == [[1, 1, 0], [0, 1, 0], [1, 0, 0]]


def test_scores_agree_with_hand_computed_values() -> None:
    # True 0: three, two of them found. True 1: two, both found, and one more by mistake. True 2: one, missed.
    matrix = np.array([[2, 1, 0, 0], [0, 2, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0]], np.int64)
    found = class_scores(matrix)
    assert accuracy_of(matrix) == pytest.approx(4 / 6)
    assert found.f1 == pytest.approx([4 / 6, 4 / 5, 0, 0])
    assert found.macro("f1") == pytest.approx((4 / 6 + 4 / 5 + 0) / 3)  # class 3 never occurs


def test_precision_recall_and_their_averages_agree_with_hand_computed_values() -> None:
    matrix = np.array([[2, 1, 0], [0, 2, 0], [1, 0, 0]], np.int64)
    found = class_scores(matrix)
    assert found.precision == pytest.approx([2 / 3, 2 / 3, 0])
    assert found.recall == pytest.approx([2 / 3, 1, 0])
    assert found.support.tolist() == [3, 2, 1]
    assert found.macro("recall") == pytest.approx((2 / 3 + 1 + 0) / 3)
    assert found.weighted("precision") == pytest.approx((3 * 2 / 3 + 2 * 2 / 3) / 6)
    assert found.weighted("recall") == pytest.approx(accuracy_of(matrix))


def test_answers_that_are_no_class_are_wrong_and_claim_nothing() -> None:
    found = class_scores(np.array([[2, 1, 5], [0, 2, 0]], np.int64))
    assert found.precision == pytest.approx([1, 2 / 3])
    assert found.recall == pytest.approx([2 / 8, 1])
    assert found.f1 == pytest.approx([2 * 2 / (8 + 2), 2 * 2 / (2 + 3)])


def test_many_matrices_are_scored_as_each_alone() -> None:
    matrices = np.random.default_rng(0).integers(0, 4, (7, 3, 4))
    matrices[0, 1] = 0  # a class that does not occur
    together = class_scores(matrices)
    for i, matrix in enumerate(matrices):
        alone = class_scores(matrix)
        np.testing.assert_array_equal(together.f1[i], alone.f1)
        assert together.macro("f1")[i] == alone.macro("f1")
        assert together.weighted("recall")[i] == alone.weighted("recall")
    assert together.macro("recall")[0] == pytest.approx(together.recall[0, [0, 2]].mean())


def test_scores_of_nothing_are_zero() -> None:
    empty = np.zeros((3, 3), np.int64)
    assert accuracy_of(empty) == class_scores(empty).macro("f1") == class_scores(empty).weighted("f1") == 0


@settings(max_examples=15, deadline=None)
@given(st.floats(0.3, 4.0))
def test_fitted_temperature_recovers_the_one_that_labels_were_drawn_with(temperature: float) -> None:
    # Each row of logits stands 400 times with labels in exactly the shares that the temperature implies.
    rows = np.array([[0.0, 1.0, 2.0], [1.5, 0.0, -1.0], [0.5, 0.0, 0.2]], np.float32)
    counts = np.round(softmax(rows, temperature) * 400).astype(np.int64)
    labels = np.concatenate([np.repeat(np.arange(3), c) for c in counts])
    logits = np.repeat(rows, counts.sum(axis=1), axis=0)
    assert fit_temperature(logits, np.eye(3, dtype=np.float32)[labels]) == pytest.approx(temperature, rel=0.05)
    assert fit_temperature(rows, softmax(rows, temperature).astype(np.float32)) == pytest.approx(temperature, rel=0.05)


@given(st.lists(st.floats(-500, 500, width=32), min_size=2, max_size=8), st.floats(0.1, 10))
def test_softmax_sums_to_one_and_keeps_the_order(logits: list[float], temperature: float) -> None:
    shares = softmax(np.array([logits], np.float32), temperature)[0]
    assert shares.sum() == pytest.approx(1)
    assert shares[int(np.argmax(logits))] == shares.max()
