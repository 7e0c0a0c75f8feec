from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feelit.analysis import scan
from feelit.analysis.scan import LONGEST, SHORT, SHUFFLED, _levels, scan_p_values
from feelit.types import Float64


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def bursts(count: int, seed: int) -> Float64:
    """What an emotion usually looks like: next to nothing, and now and then a lot."""
    draws = rng(seed)
    return np.where(draws.random(count) < 0.08, draws.uniform(0.3, 1, count), draws.uniform(0, 0.05, count))


def highest(blocks: Float64, length: int) -> float:
    return float(np.convolve(blocks, np.full(length, 1 / length), mode="valid").max())


@pytest.mark.parametrize("made", [bursts, lambda count, seed: rng(seed).beta(0.5, 2, count)], ids=["bursts", "beta"])
@pytest.mark.parametrize(
    ("count", "length"),
    [
        pytest.param(60, 4, id="30 s"),
        pytest.param(600, 3, id="5 min"),
        pytest.param(3000, 12, id="25 min", marks=pytest.mark.slow),
    ],
)
def test_p_values_are_uniform_under_the_null(count: int, length: int, made: Callable[[int, int], Float64]) -> None:
    """Series in random order: as many p-values up to every level as it says, as the test of Kolmogorov measures it."""
    runs = 120
    chances = []
    for seed in range(runs):
        blocks = made(count, seed)
        chances += scan_p_values(blocks, [(length, highest(blocks, length))], rng(seed))
    distance = np.abs(np.sort(chances) - (np.arange(runs) + 0.5) / runs).max()
    assert distance * np.sqrt(runs) < 1.63  # exceeded by chance in one of a hundred


@pytest.mark.parametrize(("count", "length"), [(300, 3), (300, 12), (512, 6)])
def test_windows_that_are_drawn_agree_with_random_orders(count: int, length: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over the range that orders can measure: from plain chance to one in a thousand."""
    blocks = bursts(count, 3)
    means = np.linspace(blocks.mean(), highest(np.sort(blocks), length), 25)
    windows = [(length, float(mean)) for mean in means]
    orders = np.array(scan_p_values(blocks, windows, rng()))
    monkeypatch.setattr(scan, "SHORT", 0)
    drawn = np.array(scan_p_values(blocks, windows, rng()))
    known = orders > 25 / (SHUFFLED / count)
    assert known.sum() >= 5
    assert np.log(drawn[known] / orders[known]) == pytest.approx(0, abs=np.log(2))
    assert (drawn[known] >= 0.7 * orders[known]).all()


@pytest.mark.parametrize("count", [100, 5000])
def test_there_is_no_least_p_value(count: int) -> None:
    """Twenty high blocks in a row, where one in twenty would be high by chance: a power of one twentieth."""
    blocks = np.full(count, 0.02)
    blocks[:: count // 5] = 0.9
    blocks[40:60] = 0.9
    (p_value,) = scan_p_values(blocks, [(20, 0.9)], rng())
    share = float((blocks > 0.5).mean())
    expected = (count - 16) * share**16 * (1 - share)  # stretches of 20 are compared with those of 16
    assert p_value == pytest.approx(expected, rel=0.5)
    assert p_value < 1e-9 or count == 100


def plain_hits(blocks: Float64, length: int, mean: float, orders: Float64) -> tuple[int, int]:
    """Hits and orders drawn for one stretch, with every stretch of every order looked at."""
    hits = drawn = 0
    while hits < 25 and drawn < len(orders):
        few = orders[drawn : drawn + max(50, drawn)]
        total = np.pad(np.cumsum(few, axis=1), ((0, 0), (1, 0)))
        hits += int(((total[:, length:] - total[:, :-length]).max(axis=1) / length >= mean - 1e-9).sum())
        drawn += len(few)
    return hits, drawn


@given(st.integers(16, 300), st.lists(st.sampled_from([1, 2, 3, 4, 6, 8, 12, 16]), min_size=1, max_size=6), st.integers(0, 99))
@settings(max_examples=15, deadline=None)
def test_what_cannot_be_reached_is_passed_over_without_a_difference(count: int, lengths: list[int], seed: int) -> None:
    """Bursts in a quiet series, asked for at their own means and above: from plain chance to what no order reaches."""
    blocks = np.where(rng(seed).random(count) < 0.1, rng(seed).random(count), 0.02)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scan, "SHUFFLED", 500 * count)
        orders = rng(seed).permuted(np.broadcast_to(blocks, (500, count)), axis=1)
        means = [highest(blocks, n) + (0.0, 0.05, 0.2)[place % 3] for place, n in enumerate(lengths)]
        plain = [plain_hits(blocks, n, mean, orders) for n, mean in zip(lengths, means, strict=True)]
        hits, drawn = scan._permuted(blocks, np.array(lengths), np.array(means), rng(seed))
    assert list(zip(hits.tolist(), drawn.tolist(), strict=True)) == plain


@pytest.mark.parametrize("count", [SHORT, SHORT + 1])
def test_a_long_high_stretch_is_no_chance_and_a_short_one_may_be(count: int) -> None:
    blocks = np.zeros(count)
    blocks[50:60], blocks[120] = 0.9, 0.9
    long, short = scan_p_values(blocks, [(10, 0.9), (1, 0.9)], rng())
    assert long < 1e-6
    assert short > 0.99


@pytest.mark.parametrize("count", [SHORT, SHORT + 1])
def test_the_higher_a_stretch_the_less_likely_it_is(count: int) -> None:
    blocks = bursts(count, 5)
    chances = scan_p_values(blocks, [(6, mean) for mean in np.linspace(0, blocks.max(), 40)], rng())
    assert chances[0] == 1
    assert chances == sorted(chances, reverse=True)


def test_a_stretch_as_long_as_the_series_is_no_news() -> None:
    assert scan_p_values(np.array([0.1, 0.9, 0.5]), [(3, 0.5)], rng()) == [1.0]


@pytest.mark.parametrize("count", [9, 3000])
@pytest.mark.parametrize("value", [0.0, 0.3, 1.0])
def test_a_series_that_never_changes_has_no_high_stretch(count: int, value: float) -> None:
    chances = scan_p_values(np.full(count, value), [(1, value), (8, value)], rng())
    assert chances == pytest.approx([1.0, 1.0])


def test_a_mean_above_all_blocks_has_a_tiny_p_value_and_no_warning() -> None:
    (p_value,) = scan_p_values(bursts(3000, 0), [(4, 2.0)], rng())
    assert 0 < p_value < 1e-100


def test_the_longest_stretches_are_compared_with_shorter_ones() -> None:
    blocks = bursts(3000, 1)
    same, longer = (scan_p_values(blocks, [(n, 0.13)], rng())[0] for n in (LONGEST, 10 * LONGEST))
    assert same == longer < 1


def test_the_same_seed_gives_the_same_p_values() -> None:
    for count in (100, 3000):
        blocks = bursts(count, 2)
        windows = [(n, highest(blocks, n)) for n in (1, 2, 5, 30)]
        assert scan_p_values(blocks, windows, rng(7)) == scan_p_values(blocks, windows, rng(7))
        assert all(0 < p <= 1 and math.isfinite(p) for p in scan_p_values(blocks, windows, rng(8)))


def test_nothing_asked_nothing_answered() -> None:
    assert scan_p_values(np.zeros(3), [], rng()) == []


@pytest.mark.parametrize("levels", [1, 3, 900])
@pytest.mark.parametrize("tilt", [0.0, 30.0])
def test_levels_are_found_as_by_searching(levels: int, tilt: float) -> None:
    weight = np.exp(tilt * (np.linspace(0, 1, levels) - 1)) * (0.1 + rng().random(levels))
    reached = np.cumsum(weight) / weight.sum()
    for draws in (100, 20_000):
        drawn = rng(1).random((draws // 10, 10))
        drawn[0, : min(levels, 10)] = reached[:10]  # exactly at a step
        drawn[drawn >= 1] = 0.0
        np.testing.assert_array_equal(_levels(reached, drawn), np.searchsorted(reached, drawn, side="right"))
