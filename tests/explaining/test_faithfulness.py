"""Maps are judged by what becomes of the answer without the pixels that they point at."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from feelit.explaining.saliency import Faithfulness, baseline_of, covered, judge, top_tenth
from feelit.types import Float32
from tests.explaining.made import REGION, SIDE, bright_region, linear_score, region_weight

TRUE = region_weight().astype(np.float32)


def judged(saliency: Float32) -> Faithfulness:
    crop = bright_region()
    return judge(linear_score(region_weight()), crop, baseline_of(crop, "mean"), saliency)


def test_a_true_map_deletes_fast_and_inserts_fast() -> None:
    true, false = judged(TRUE), judged(-TRUE)
    noise = judged(np.random.default_rng(0).random((SIDE, SIDE)).astype(np.float32))
    assert true.deletion < noise.deletion < false.deletion
    assert true.insertion > noise.insertion > false.insertion


def test_areas_are_those_under_the_curves() -> None:
    crop, score, side = bright_region(), linear_score(region_weight()), SIDE
    order = np.argsort(-TRUE.ravel(), kind="stable")
    curves: dict[str, list[float]] = {"deletion": [], "insertion": []}
    for step in range(side + 1):
        taken = np.zeros(side * side, np.float32)
        taken[order[: step * side]] = 1
        for name, kept, kind in (("deletion", 1 - taken, "mean"), ("insertion", taken, "blur")):
            hidden = baseline_of(crop, "mean" if kind == "mean" else "blur")
            curves[name].append(score(covered(crop, hidden, kept.reshape(1, side, side)))[0])
    area = {name: sum((a + b) / 2 / side for a, b in pairwise(curve)) for name, curve in curves.items()}
    assert judged(TRUE).deletion == pytest.approx(area["deletion"])
    assert judged(TRUE).insertion == pytest.approx(area["insertion"])


def test_the_drop_is_what_hiding_the_top_tenth_takes_away() -> None:
    crop = bright_region()
    without = crop.copy()
    without[top_tenth(TRUE)] = round(float(crop.mean()))
    score = linear_score(region_weight())
    assert judged(TRUE).drop == pytest.approx(float(score(crop[None])[0] - score(without[None])[0]))
    assert judged(TRUE).drop > 0.3


def test_the_top_is_a_tenth_and_its_part_with_the_peak_is_reported() -> None:
    saliency = np.zeros((20, 20), np.float32)
    saliency[2:6, 3:8] = 1  # 20 of 400 pixels
    saliency[12:16, 10:15] = 2
    saliency[13, 12] = 3
    assert top_tenth(saliency).sum() == 40
    crop = np.zeros((20, 20), np.uint8)
    found = judge(lambda crops: np.zeros(len(crops)), crop, baseline_of(crop, "mean"), saliency)
    assert found.peak_px == (12, 13)
    assert found.top_px == (10, 12, 15, 16)


def test_of_a_classifier_that_always_says_the_same_the_areas_are_what_it_says() -> None:
    crop = bright_region()
    found = judge(lambda crops: np.full(len(crops), 0.3), crop, baseline_of(crop, "mean"), TRUE)
    np.testing.assert_allclose([found.deletion, found.insertion, found.drop], [0.3, 0.3, 0])


def test_hidden_pixels_show_the_baseline_and_others_the_crop() -> None:
    crop = bright_region()
    kept = np.ones((1, SIDE, SIDE), np.float32)
    kept[0][REGION] = 0
    for kind in ("mean", "blur"):
        baseline = baseline_of(crop, "mean" if kind == "mean" else "blur")
        (found,) = covered(crop, baseline, kept)
        np.testing.assert_array_equal(found[REGION], np.rint(baseline[REGION]))
        np.testing.assert_array_equal(np.delete(found, range(14, 20), axis=0), np.delete(crop, range(14, 20), axis=0))
    assert baseline_of(crop, "mean") == pytest.approx(crop.mean())
    assert baseline_of(crop, "blur").std() < crop.std() / 2
