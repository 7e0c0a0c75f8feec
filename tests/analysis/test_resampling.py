from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feelit.analysis.resampling import BOOTSTRAPS, ROTATIONS, adjusted, crowd_p_values, crowds, mean_interval
from feelit.types import Float64


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def slow_noise(count: int, seed: int, keep: float = 0.9) -> Float64:
    """An autoregressive series of mean 0: neighbours are alike, as those of video are."""
    steps, value = rng(seed).normal(size=count), np.zeros(count)
    for i in range(1, count):
        value[i] = keep * value[i - 1] + steps[i]
    return value


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40), st.integers(0, 2**32 - 1))
def test_an_interval_lies_within_the_values(values: list[float], seed: int) -> None:
    series = np.array(values)
    low, high = mean_interval(series, rng(seed).uniform(0.05, 0.2, len(values)), rng(seed))
    assert min(values) - 1e-9 <= low <= high <= max(values) + 1e-9


@given(st.integers(1, 60), st.integers(0, 2**32 - 1))
def test_an_interval_is_that_of_the_plain_computation_to_the_last_bit(count: int, seed: int) -> None:
    value, weight = rng(seed).random(count), rng(seed + 1).uniform(0.05, 0.2, count)
    length = int(np.ceil(count ** (1 / 3)))
    start = rng(seed).integers(0, count - length + 1, (BOOTSTRAPS, -(-count // length)))
    weighted, weights = (np.concatenate([[0.0], np.cumsum(series)]) for series in (value * weight, weight))
    total = (weighted[start + length] - weighted[start]).sum(axis=1)
    means = total / (weights[start + length] - weights[start]).sum(axis=1)
    assert mean_interval(value, weight, rng(seed)) == tuple(np.percentile(means, [2.5, 97.5]))


def test_an_interval_weighs_by_time() -> None:
    value = np.tile([0.0, 1.0], 50)
    low, high = mean_interval(value, np.where(value > 0, 0.3, 0.1), rng())
    assert low < 0.75 < high
    assert high - low < 0.15


def test_an_interval_of_independent_samples_is_that_of_the_textbook() -> None:
    value = rng(1).normal(size=400)
    low, high = mean_interval(value, np.ones(400), rng())
    half = 1.96 * value.std() / 20
    assert (low, high) == pytest.approx((value.mean() - half, value.mean() + half), abs=0.03)


def test_neighbours_that_are_alike_widen_the_interval() -> None:
    """Of 100 slow series, the interval that takes samples for independent would miss the mean far more often."""
    missed = {"blocks": 0, "samples": 0}
    for seed in range(100):
        value = slow_noise(300, seed, keep=0.7)
        low, high = mean_interval(value, np.ones(300), rng(seed))
        missed["blocks"] += not low <= 0 <= high
        missed["samples"] += abs(value.mean()) > 1.96 * value.std() / np.sqrt(300)
    assert missed["blocks"] <= 20 < 30 <= missed["samples"]


@pytest.mark.parametrize(
    ("onset_s", "sizes"),
    [
        pytest.param([], [], id="none"),
        pytest.param([1.0], [1], id="alone"),
        pytest.param([1.0, 3.0], [2, 1], id="the edge counts"),
        pytest.param([1.0, 3.1], [1, 1], id="beyond it does not"),
        pytest.param([1.0, 1.0, 2.0, 4.0], [3, 2, 2, 1], id="at once"),
    ],
)
def test_crowds(onset_s: list[float], sizes: list[int]) -> None:
    assert crowds(np.array(onset_s), 2.0).tolist() == sizes


def test_a_crowd_is_the_less_likely_the_larger_it_is() -> None:
    onsets = [np.array([10.0 * k, 300.0 + k / 10]) for k in range(6)]
    chance = crowd_p_values(onsets, [(0.0, 600.0)] * 6, 2.0, range(7), rng())
    assert list(chance) == list(range(7))
    assert list(chance.values()) == sorted(chance.values(), reverse=True)
    assert chance[0] == chance[1] == 1
    assert chance[6] <= 1e-3


def test_what_no_rotation_reaches_has_the_least_p_value_and_what_all_reach_takes_few_rotations() -> None:
    onsets = [np.array([300.0 + k / 10]) for k in range(9)]
    chance = crowd_p_values(onsets, [(0.0, 600.0)] * 9, 2.0, [1, 9], rng())
    assert chance == {1: 1.0, 9: 1 / (1 + ROTATIONS)}


def test_a_crowd_larger_than_there_are_onsets_never_comes() -> None:
    assert crowd_p_values([np.array([1.0])], [(0.0, 9.0)], 2.0, [2], rng()) == {2: 1 / (1 + ROTATIONS)}


def test_onsets_are_rotated_within_the_presence_of_their_series() -> None:
    """Two series that are never there at the same time, and never near one another, share nothing whatever the rotation."""
    chance = crowd_p_values([np.array([5.0]), np.array([95.0])], [(0.0, 10.0), (90.0, 100.0)], 2.0, [2], rng())
    assert chance[2] == 1 / (1 + ROTATIONS)


def test_p_values_of_independent_series_are_uniform_or_larger() -> None:
    chances = []
    for seed in range(100):
        onsets = [np.sort(rng(seed * 10 + k).uniform(0, 300, 5)) for k in range(4)]
        most = int(crowds(np.sort(np.concatenate(onsets)), 2.0).max())
        chances.append(crowd_p_values(onsets, [(0.0, 300.0)] * 4, 2.0, [min(most, 4)], rng(seed))[min(most, 4)])
    for level in (0.05, 0.1, 0.2, 0.5):  # sizes of crowds are few, so p-values are, too
        assert np.mean(np.array(chances) <= level) <= level + 3 * np.sqrt(level * (1 - level) / 100)


@pytest.mark.parametrize(
    ("p_values", "corrected"),
    [
        pytest.param([], [], id="none"),
        pytest.param([0.03], [0.03], id="one"),
        pytest.param([0.01, 0.04, 0.03, 0.005], [0.02, 0.04, 0.04, 0.02], id="a worked example"),
        pytest.param([0.9, 0.8], [0.9, 0.9], id="no more than the next"),
        pytest.param([0.7, 1.0, 1.0], [1.0, 1.0, 1.0], id="no more than one"),
        pytest.param([0.02, float("nan"), 0.02], [0.02, float("nan"), 0.02], id="what is not there does not count"),
    ],
)
def test_p_values_are_corrected_for_their_number(p_values: list[float], corrected: list[float]) -> None:
    assert adjusted(np.array(p_values, np.float64)) == pytest.approx(corrected, nan_ok=True)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_corrected_p_values_are_those_of_the_definition(p_values: list[float]) -> None:
    """The smallest q at which the step-up procedure of Benjamini & Hochberg rejects."""
    rank = {p: sum(other <= p for other in p_values) for p in p_values}
    plain = [min(1.0, min(q * len(p_values) / rank[q] for q in p_values if q >= p)) for p in p_values]
    assert adjusted(np.array(p_values)).tolist() == pytest.approx(plain)
