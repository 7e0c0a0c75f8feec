from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feelit.analysis.resampling import BOOTSTRAPS, PERMUTATIONS, crowd_p_values, crowds, mean_interval, scan_p_values
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


@pytest.mark.parametrize("length", [1, 3, 10], ids="{} blocks".format)
def test_p_values_of_chance_are_rarely_small(length: int) -> None:
    """Under the null hypothesis at most one in twenty lies below 0.05, give or take."""
    small = 0
    for seed in range(100):
        blocks = rng(seed).random(60)
        means = np.convolve(blocks, np.full(length, 1 / length), mode="valid")
        small += scan_p_values(blocks, [(length, float(means.max()))], rng(seed))[0] <= 0.05
    assert small <= 11  # 99.5 % of the binomial distribution


def plain_p_value(blocks: Float64, length: int, mean: float, orders: Float64) -> tuple[int, int]:
    """Hits and orders drawn for one stretch, with every stretch of every order looked at."""
    hits = drawn = 0
    while hits < 25 and drawn < PERMUTATIONS:
        few = orders[drawn : drawn + 50]
        total = np.pad(np.cumsum(few, axis=1), ((0, 0), (1, 0)))
        hits += int(((total[:, length:] - total[:, :-length]).max(axis=1) / length >= mean - 1e-9).sum())
        drawn += len(few)
    return hits, drawn


@given(st.integers(16, 300), st.lists(st.sampled_from([1, 2, 3, 4, 6, 8, 12, 16]), min_size=1, max_size=6), st.integers(0, 99))
@settings(max_examples=30, deadline=None)
def test_what_cannot_be_reached_is_passed_over_without_a_difference(count: int, lengths: list[int], seed: int) -> None:
    """Bursts in a quiet series, asked for at their own means and above: from plain chance to what no order reaches."""
    blocks = np.where(rng(seed).random(count) < 0.1, rng(seed).random(count), 0.02)
    orders = rng(seed).permuted(np.broadcast_to(blocks, (PERMUTATIONS, count)), axis=1)
    highest = [float(np.convolve(blocks, np.full(n, 1 / n), mode="valid").max()) for n in lengths]
    windows = [(n, mean + (0.0, 0.05, 0.2)[place % 3]) for place, (n, mean) in enumerate(zip(lengths, highest, strict=True))]
    plain = [plain_p_value(blocks, n, mean, orders) for n, mean in windows]
    assert scan_p_values(blocks, windows, rng(seed)) == [(1 + hits) / (1 + drawn) for hits, drawn in plain]


def test_a_long_high_stretch_is_no_chance_and_a_short_one_may_be() -> None:
    blocks = np.zeros(200)
    blocks[50:60], blocks[120] = 0.9, 0.9
    long, short = scan_p_values(blocks, [(10, 0.9), (1, 0.9)], rng())
    assert long == pytest.approx(1 / (1 + PERMUTATIONS))
    assert short == 1


def test_a_stretch_as_long_as_the_series_is_no_news() -> None:
    assert scan_p_values(np.array([0.1, 0.9, 0.5]), [(3, 0.5)], rng()) == [1.0]


def test_nothing_asked_nothing_answered() -> None:
    assert scan_p_values(np.zeros(3), [], rng()) == []


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
    chance = crowd_p_values(onsets, [(0.0, 600.0)] * 6, 2.0, rng())
    assert chance == sorted(chance, reverse=True)
    assert chance[0] == chance[1] == 1
    assert chance[6] <= 0.01


def test_independent_series_rarely_look_as_if_they_were_not() -> None:
    small = 0
    for seed in range(60):
        onsets = [np.sort(rng(seed * 10 + k).uniform(0, 300, 5)) for k in range(4)]
        chance = crowd_p_values(onsets, [(0.0, 300.0)] * 4, 2.0, rng(seed))
        most = int(crowds(np.sort(np.concatenate(onsets)), 2.0).max())
        small += chance[min(most, 4)] <= 0.05
    assert small <= 8
