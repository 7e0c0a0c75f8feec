"""One expression over time: an average over what is near, of the same track, and readable."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feelit.timeline.smoothing import CONTEXT_S, REACH_S, smooth
from feelit.types import Bool, Float32, Float64, Int64


def everything(count: int) -> Int64:
    return np.arange(count, dtype=np.int64)


def one_track(values: list[float], interval_s: float = 0.1, readable: list[bool] | None = None) -> Float32:
    """The first smoothed probability of every row."""
    count = len(values)
    probability = np.stack([values, 1 - np.array(values)], axis=1).astype(np.float32)
    mask = np.array(readable if readable is not None else [True] * count, bool)
    return smooth(
        np.arange(count, dtype=np.float64) * interval_s, np.zeros(count, np.int64), probability, mask, everything(count)
    )[:, 0]


Rows = tuple[Float64, Int64, Float32, Bool]


@st.composite
def tracks(draw: st.DrawFn) -> Rows:
    """Rows of up to three tracks that are in view at different times, in order of time."""
    count = draw(st.integers(1, 40))
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    time_s = np.cumsum(rng.choice([0.0, 0.04, 0.1, 0.5, 2.0], count))
    track = rng.integers(0, 3, count)
    later = np.maximum.accumulate(np.where(np.diff(time_s, prepend=-1) > 0, np.arange(count), 0))
    order = np.lexsort((track, later))  # one row a track a time is enough: others would be another face
    keep = np.unique(np.stack([time_s[order], track[order]], axis=1), axis=0, return_index=True)[1]
    rows = order[np.sort(keep)]
    probability = rng.dirichlet(np.ones(8), count).astype(np.float32)
    return time_s[rows], track[rows].astype(np.int64), probability[rows], rng.random(len(rows)) < 0.7


@pytest.mark.parametrize("interval_s", [0.04, 0.1, 0.5, 3.0])
def test_what_does_not_change_stays_as_it_is(interval_s: float) -> None:
    np.testing.assert_allclose(one_track([0.3] * 30, interval_s), 0.3, atol=1e-6)


def test_a_lonely_frame_stays_as_it_is() -> None:
    assert one_track([0.7]).tolist() == [np.float32(0.7)]


@given(tracks())
def test_every_result_lies_within_what_was_seen_and_sums_to_1(rows: Rows) -> None:
    time_s, track, probability, readable = rows
    found = smooth(*rows, everything(len(time_s)), talking=False)
    for i, mean in enumerate(found):
        near = readable & (track == track[i]) & (np.abs(time_s - time_s[i]) <= REACH_S)
        assert np.isnan(mean).all() == (not near.any())
        if near.any():
            assert (mean >= probability[near].min(axis=0) - 1e-6).all()
            assert (mean <= probability[near].max(axis=0) + 1e-6).all()
            assert mean.sum() == pytest.approx(1, abs=1e-5)
    assert not np.isnan(found[readable]).any()


@given(tracks(), st.integers(0, 39), st.integers(0, 39))
def test_what_lies_beyond_reach_changes_not_a_bit(rows: Rows, first: int, count: int) -> None:
    time_s, track, probability, readable = rows
    wanted = everything(len(time_s))[first : first + count + 1]
    if len(wanted) == 0:
        return
    low, high = time_s[wanted[0]] - CONTEXT_S, time_s[wanted[-1]] + CONTEXT_S
    near = np.flatnonzero((time_s >= low) & (time_s <= high))
    part = smooth(time_s[near], track[near], probability[near], readable[near], wanted - near[0])
    np.testing.assert_array_equal(part, smooth(*rows, wanted))


@given(tracks())
def test_unreadable_rows_and_other_tracks_weigh_nothing(rows: Rows) -> None:
    time_s, track, probability, readable = rows
    spoilt = probability.copy()
    spoilt[~readable] = 1e6
    np.testing.assert_array_equal(
        smooth(time_s, track, spoilt, readable, everything(len(track))), smooth(*rows, everything(len(track)))
    )
    mine = np.flatnonzero(track == track[0])
    alone = smooth(time_s[mine], track[mine], probability[mine], readable[mine], everything(len(mine)))
    np.testing.assert_array_equal(alone, smooth(*rows, mine))


def test_the_window_is_a_gaussian_that_ends() -> None:
    values = [0.0] * 41
    values[20] = 1.0
    found = one_track(values)
    weight = np.exp(-0.5 * (np.arange(-7, 8) * 0.1 / 0.25) ** 2)
    np.testing.assert_allclose(found[13:28], weight / weight.sum(), atol=1e-6)
    assert (found[:13] == 0).all()
    assert (found[28:] == 0).all()


def test_the_nearer_counts_more() -> None:
    found = one_track([0.0] * 10 + [1.0] * 10)
    assert (np.diff(found) >= 0).all()
    assert found[9] < 0.5 < found[10]


def test_nothing_readable_in_reach_gives_nan() -> None:
    found = one_track([0.5] * 20, readable=[n == 0 for n in range(20)])
    assert np.flatnonzero(~np.isnan(found)).tolist() == list(range(8))


@pytest.mark.parametrize(("apart_s", "met"), [(REACH_S, True), (REACH_S + 1e-6, False)], ids=["at-reach", "beyond"])
def test_reach_is_the_same_forwards_and_backwards(apart_s: float, met: bool) -> None:
    first, second = one_track([0.0, 1.0], apart_s)
    assert (first > 0, second < 1) == (met, met)
    assert first == pytest.approx(1 - second, abs=1e-6)


def test_nothing_wanted_gives_nothing() -> None:
    none = np.zeros(0, np.int64)
    assert smooth(np.zeros(0), none, np.zeros((0, 8), np.float32), np.zeros(0, bool), none).shape == (0, 8)
    assert smooth(np.zeros(1), np.zeros(1, np.int64), np.zeros((1, 8), np.float32), np.ones(1, bool), none).shape == (0, 8)
