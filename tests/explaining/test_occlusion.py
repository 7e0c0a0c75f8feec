"""A patch that slides: what a linear classifier loses is known exactly."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from feelit.explaining import saliency as module
from feelit.explaining.saliency import baseline_of, occlusion, patch_places
from feelit.types import Float64
from tests.explaining.made import REGION, SIDE, bright_region, linear_score, region_weight


def expected(loss: Float64, patch: int, stride: int) -> Float64:
    """Every pixel's mean over the patches above it of what these hide, patch by patch."""
    total, count = np.zeros(loss.shape), np.zeros(loss.shape)
    for top in range(stride - patch, len(loss), stride):
        for left in range(stride - patch, len(loss), stride):
            rows, columns = slice(max(top, 0), top + patch), slice(max(left, 0), left + patch)
            total[rows, columns] += loss[rows, columns].sum()
            count[rows, columns] += 1
    return total / count


@pytest.mark.parametrize(("patch", "stride"), [(8, 2), (4, 4), (1, 1), (5, 3), (24, 24), (7, 5)])
def test_of_a_linear_classifier_every_value_is_known(patch: int, stride: int) -> None:
    rng = np.random.default_rng(2)
    crop = rng.integers(0, 256, (SIDE, SIDE)).astype(np.uint8)
    weight = rng.random((SIDE, SIDE)) / SIDE**2
    baseline = np.full((SIDE, SIDE), 90, np.float32)
    found = occlusion(linear_score(weight), crop, baseline, patch, stride)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected(weight * (crop - 90.0) / 255, patch, stride), atol=1e-7)


def test_the_map_points_at_the_region_that_counts_and_nowhere_else() -> None:
    crop = bright_region()
    saliency = occlusion(linear_score(region_weight()), crop, baseline_of(crop, "mean"), 4, 1)
    y, x = np.unravel_index(saliency.argmax(), saliency.shape)
    assert REGION[0].start <= y < REGION[0].stop
    assert REGION[1].start <= x < REGION[1].stop
    reach = np.zeros((SIDE, SIDE), bool)
    reach[REGION[0].start - 3 : REGION[0].stop + 3, REGION[1].start - 3 : REGION[1].stop + 3] = True
    assert (saliency[~reach] == 0).all()
    assert (saliency[REGION] > 0).all()


def test_the_map_does_not_depend_on_the_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    crop, score = bright_region(), linear_score(region_weight())
    whole = occlusion(score, crop, baseline_of(crop, "blur"), 5, 2)
    monkeypatch.setattr(module, "BATCH", 3)
    np.testing.assert_array_equal(occlusion(score, crop, baseline_of(crop, "blur"), 5, 2), whole)


@pytest.mark.parametrize(("patch", "stride"), [(8, 2), (8, 1), (6, 3), (24, 4)])
def test_every_pixel_lies_under_equally_many_patches(patch: int, stride: int) -> None:
    count = np.zeros((SIDE, SIDE))
    for place in patch_places(SIDE, patch, stride):
        count[place] += 1
    assert set(count.ravel()) == {float(Fraction(patch, stride) ** 2)}


@pytest.mark.parametrize(("patch", "stride"), [(5, 3), (7, 5), (24, 23)])
def test_no_pixel_is_left_out_where_steps_do_not_fit(patch: int, stride: int) -> None:
    count = np.zeros((SIDE, SIDE))
    for place in patch_places(SIDE, patch, stride):
        count[place] += 1
    assert count.min() >= 1
