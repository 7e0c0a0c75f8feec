from __future__ import annotations

import numpy as np
import pytest

from feelit.evaluation.classifier.scores import interval, resampled


def test_replicates_keep_the_total_and_empty_cells_and_depend_on_the_seed() -> None:
    counts = np.array([[5, 0], [3, 2]])
    drawn = resampled(counts, 50, seed=3)
    assert drawn.shape == (50, 2, 2)
    assert (drawn.sum(axis=(1, 2)) == 10).all()
    assert (drawn[:, 0, 1] == 0).all()
    np.testing.assert_array_equal(drawn, resampled(counts, 50, seed=3))
    assert (drawn != resampled(counts, 50, seed=4)).any()


def test_replicates_of_nothing_are_nothing() -> None:
    assert (resampled(np.zeros((2, 3), np.int64), 5) == 0).all()


def test_the_interval_of_an_accuracy_is_the_one_of_the_normal_approximation() -> None:
    counts = np.array([1800, 200])
    low, high = interval(resampled(counts)[:, 0] / 2000)
    half = 1.96 * np.sqrt(0.9 * 0.1 / 2000)
    assert [low, high] == pytest.approx([0.9 - half, 0.9 + half], abs=0.001)


def test_drawing_cells_spreads_as_drawing_images_does() -> None:
    counts = np.array([30, 50, 20])
    images = np.repeat(np.arange(3), counts)
    rng = np.random.default_rng(0)
    drawn = np.array([np.bincount(rng.choice(images, 100), minlength=3) for _ in range(4000)])
    np.testing.assert_allclose(resampled(counts, 4000).std(axis=0), drawn.std(axis=0), rtol=0.05)


def test_intervals_cover_the_truth_about_as_often_as_they_say() -> None:
    rng = np.random.default_rng(1)
    right = rng.binomial(400, 0.8, 200)
    held = 0
    for seed, count in enumerate(right):
        low, high = interval(resampled(np.array([count, 400 - count]), 1000, seed)[:, 0] / 400)
        held += low <= 0.8 <= high
    assert 0.9 <= held / 200 <= 0.99
