"""Random masks find the regions that a classifier depends on."""

from __future__ import annotations

import numpy as np
import pytest

from feelit.explaining import saliency as module
from feelit.explaining.saliency import baseline_of, random_masks, rise
from feelit.options.models import Baseline
from feelit.types import Float32, Float64
from tests.explaining.made import REGION, SIDE, bright_region, linear_score, region_weight


def made(masks: int = 2000, seed: int = 1, kind: Baseline = "mean", weight: Float64 | None = None) -> Float32:
    crop = bright_region()
    score = linear_score(region_weight() if weight is None else weight)
    return rise(score, crop, baseline_of(crop, kind), masks, seed)


@pytest.mark.parametrize("kind", ["mean", "blur"])
def test_the_map_points_at_the_region_that_counts(kind: Baseline) -> None:
    saliency = made(kind=kind)
    assert saliency.shape == (SIDE, SIDE)
    assert saliency.dtype == np.float32
    rows, columns = np.nonzero(saliency > 0.7 * saliency.max())
    assert REGION[0].start <= rows.min() <= rows.max() < REGION[0].stop
    assert REGION[1].start <= columns.min() <= columns.max() < REGION[1].stop
    outside = np.ones((SIDE, SIDE), bool)
    outside[8:, :18] = False  # farther away than a cell
    assert np.abs(saliency[outside]).max() < 0.3 * saliency.max()


def test_what_counts_against_a_label_is_negative() -> None:
    saliency = made(weight=region_weight() * -1 + 2 / SIDE**2)
    assert saliency[REGION].mean() < -0.05
    assert saliency[REGION].mean() == saliency[REGION].mean().clip(max=saliency.mean())


def test_of_a_classifier_that_looks_at_nothing_the_map_is_zero() -> None:
    crop = bright_region()
    saliency = rise(lambda crops: np.full(len(crops), 0.4), crop, baseline_of(crop, "mean"), 300, 1)
    np.testing.assert_allclose(saliency, 0, atol=1e-6)


def test_it_is_the_difference_of_the_weighted_means() -> None:
    crop, score, masks = bright_region(), linear_score(region_weight()), 150
    baseline = baseline_of(crop, "mean")
    kept = random_masks(np.random.default_rng(3), masks, SIDE).astype(np.float64)
    answers = score(np.rint(baseline + kept * (crop - baseline)).astype(np.uint8))
    shown = np.array([[np.average(answers, weights=kept[:, y, x]) for x in range(SIDE)] for y in range(SIDE)])
    hidden = np.array([[np.average(answers, weights=1 - kept[:, y, x]) for x in range(SIDE)] for y in range(SIDE)])
    np.testing.assert_allclose(rise(score, crop, baseline, masks, 3), shown - hidden, atol=1e-5)


def test_a_seed_gives_the_same_map_and_another_one_a_similar_one() -> None:
    first, again, other = made(seed=1), made(seed=1), made(seed=2)
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    assert np.corrcoef(first.ravel(), other.ravel())[0, 1] > 0.9


def test_the_map_does_not_depend_on_the_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = made(masks=200)
    monkeypatch.setattr(module, "BATCH", 7)
    np.testing.assert_allclose(made(masks=200), whole, atol=1e-6)


@pytest.mark.parametrize("masks", [2, 3, 5])
def test_few_masks_give_numbers_all_the_same(masks: int) -> None:
    assert np.isfinite(made(masks=masks)).all()


@pytest.mark.parametrize("side", [1, 5, 24, 48])
def test_masks_show_every_pixel_half_of_the_time(side: int) -> None:
    masks = random_masks(np.random.default_rng(0), 2000, side)
    assert masks.shape == (2000, side, side)
    assert 0 <= masks.min() <= masks.max() <= 1
    np.testing.assert_allclose(masks.mean(axis=0), 0.5, atol=0.05)


def test_masks_have_edges_at_any_pixel() -> None:
    """Without the shift, cells would always meet at the same places, and the map would have their pattern."""
    masks = random_masks(np.random.default_rng(0), 500, 48)
    steps = np.abs(np.diff(masks, axis=2)).mean(axis=(0, 1))
    assert steps.std() / steps.mean() < 0.1
