"""Surprise that swings with a talking mouth is none; surprise that stays is."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from feelit.timeline.smoothing import STARTLED, SWING_REACH_S, LabelSmoother, smooth, steadied, without_talking
from feelit.types import EMOTIONS, Float32, Float64, Int64

SURPRISE, FEAR = STARTLED


def faces(surprise: npt.NDArray[np.floating[Any]]) -> Float32:
    """Probabilities of which the rest is three parts neutral to one part happiness."""
    rows = np.zeros((len(surprise), len(EMOTIONS)), np.float32)
    rows[:, SURPRISE] = surprise
    rows[:, 0], rows[:, 1] = 0.75 * (1 - surprise), 0.25 * (1 - surprise)
    return rows


def labels(time_s: Float64, probability: Float32) -> Int64:
    count = len(time_s)
    track, readable, every = np.zeros(count, np.int64), np.ones(count, bool), np.arange(count, dtype=np.int64)
    steady = steadied(time_s, track, probability, readable, every)
    return LabelSmoother().labels(time_s, track, steady, readable, every)


@pytest.mark.parametrize("rate_hz", [8, 10, 25, 30])
@pytest.mark.parametrize("mouth_hz", [2.0, 3.0])
def test_a_talking_person_is_not_surprised(rate_hz: int, mouth_hz: float) -> None:
    time_s = np.arange(4 * rate_hz) / rate_hz
    probability = faces(0.55 + 0.4 * np.sin(2 * np.pi * mouth_hz * time_s + 0.4))
    plain = smooth(time_s, np.zeros(len(time_s), np.int64), probability, np.ones(len(time_s), bool), np.arange(len(time_s)))
    assert (labels(time_s, probability) == 0).all()
    assert plain[rate_hz:-rate_hz, SURPRISE].max() < 0.3


@pytest.mark.parametrize("last_s", [0.8, 1.5, 5.0])
def test_surprise_that_rises_stays_and_falls_is_kept_bit_for_bit(last_s: float) -> None:
    time_s = np.arange(100) / 10
    probability = faces(np.where((time_s >= 3) & (time_s < 3 + last_s), 0.9, 0.05))
    np.testing.assert_array_equal(without_talking(time_s, probability), probability)
    assert (labels(time_s, probability) == SURPRISE).sum() == round(last_s * 10)


def test_noise_below_a_swing_counts_for_nothing() -> None:
    time_s = np.arange(60) / 10
    probability = faces(0.8 + 0.09 * (-1.0) ** np.arange(60))
    np.testing.assert_array_equal(without_talking(time_s, probability), probability)


def test_surprise_between_the_swings_counts() -> None:
    """Somebody who is surprised and talks."""
    time_s = np.arange(60) / 10
    probability = faces(0.8 + 0.15 * np.sin(2 * np.pi * 2.5 * time_s + 0.4))
    assert (labels(time_s, probability)[10:-10] == SURPRISE).all()


def test_the_other_labels_share_what_is_taken_out() -> None:
    time_s = np.arange(60) / 10
    found = without_talking(time_s, faces(0.5 + 0.45 * np.sin(2 * np.pi * 2.5 * time_s + 0.4)))
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(found[:, 0], 3 * found[:, 1], rtol=1e-5)


def test_a_certain_surprise_leaves_nothing_to_share() -> None:
    time_s = np.arange(60) / 10
    probability = faces(np.where(np.arange(60) % 4 < 2, 1.0, 0.0))
    found = without_talking(time_s, probability)
    assert np.isfinite(found).all()


def test_rows_depend_on_what_is_near_alone() -> None:
    rng = np.random.default_rng(3)
    time_s = np.cumsum(rng.choice([0.04, 0.1, 0.3], 200))
    probability = faces(rng.random(200))
    whole = without_talking(time_s, probability)
    for wanted in (0, 50, 120, 199):
        near = np.abs(time_s - time_s[wanted]) <= SWING_REACH_S + 1e-9
        part = without_talking(time_s[near], probability[near])
        np.testing.assert_array_equal(part[int(near[:wanted].sum())], whole[wanted])


def test_few_labels_are_left_alone() -> None:
    probability = np.tile(np.array([[0.9, 0.1], [0.1, 0.9]], np.float32), (20, 1))
    np.testing.assert_array_equal(without_talking(np.arange(40) / 10, probability), probability)


def test_fear_does_not_take_the_place_of_surprise() -> None:
    time_s = np.arange(60) / 10
    probability = faces(0.55 + 0.4 * np.sin(2 * np.pi * 2.5 * time_s + 0.4))
    probability[:, FEAR] = probability[:, SURPRISE] / 4
    probability[:, SURPRISE] *= np.float32(0.75)
    found = without_talking(time_s, probability)
    assert found[15:-15, STARTLED].sum(axis=1).max() < 0.3
    np.testing.assert_allclose(found[:, SURPRISE], 3 * found[:, FEAR], rtol=1e-4)
    assert (labels(time_s, probability)[15:-15] == 0).all()
