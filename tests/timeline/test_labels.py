"""The label of a face over time: short and weak changes are none, and every label is final."""

from __future__ import annotations

from itertools import groupby

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feelit.timeline.smoothing import GAP_S, SETTLED_S, LabelSmoother
from feelit.types import Float32
from tests.timeline.test_smoothing import Rows, everything, tracks


def labels(*stretches: tuple[int, float, float], interval_s: float = 0.1) -> list[tuple[int, float]]:
    """Labels and how long they last in s, of stretches that each show a label with a probability for so many s."""
    rows: list[Float32] = []
    for label, probability, last_s in stretches:
        row = np.full(3, (1 - probability) / 2, np.float32)
        row[label] = probability
        rows += [row] * round(last_s / interval_s)
    count = len(rows)
    found = LabelSmoother().labels(
        np.linspace(0, (count - 1) * interval_s, count),
        np.zeros(count, np.int64),
        np.stack(rows),
        np.ones(count, bool),
        everything(count),
    )
    return [(label, round(sum(1 for _ in same) * interval_s, 2)) for label, same in groupby(found.tolist())]


@pytest.mark.parametrize("interval_s", [0.04, 0.1, 0.2])
@pytest.mark.parametrize(
    ("stretches", "expected"),
    [
        pytest.param([(0, 0.8, 3), (1, 0.8, 3)], [(0, 3), (1, 3)], id="a-change-is-placed-where-it-is"),
        pytest.param([(0, 0.8, 3), (1, 0.6, 0.4), (0, 0.8, 3)], [(0, 6.4)], id="a-short-weak-one-is-none"),
        pytest.param([(0, 0.8, 3), (1, 0.9, 0.8), (0, 0.8, 3)], [(0, 3), (1, 0.8), (0, 3)], id="a-clear-one-counts"),
        pytest.param([(0, 0.8, 3), (1, 0.5, 2.4), (0, 0.8, 3)], [(0, 3), (1, 2.4), (0, 3)], id="a-long-weak-one-counts"),
        pytest.param([(1, 0.5, 0.2), (0, 0.8, 3)], [(0, 3.2)], id="the-beginning"),
    ],
)
def test_a_change_has_a_cost(
    stretches: list[tuple[int, float, float]], expected: list[tuple[int, float]], interval_s: float
) -> None:
    assert labels(*stretches, interval_s=interval_s) == expected


def test_what_flickers_has_one_label() -> None:
    found = labels(*[(n % 2, 0.55, 0.2) for n in range(40)])
    assert len(found) <= 2


def test_after_a_gap_the_label_is_free() -> None:
    time_s = np.array([0, 0.1, 0.2, 0.3 + GAP_S, 0.4 + GAP_S])
    probability = np.array([[0.9, 0.1]] * 3 + [[0.45, 0.55]] * 2, np.float32)
    found = LabelSmoother().labels(time_s, np.zeros(5, np.int64), probability, np.ones(5, bool), everything(5))
    assert found.tolist() == [0, 0, 0, 1, 1]


@st.composite
def dense_tracks(draw: st.DrawFn) -> Rows:
    """Two tracks with ten faces a second whose labels are seldom clear."""
    count = draw(st.integers(1, 120))
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    time_s = np.cumsum(rng.choice([0.1, 0.1, 0.1, 0.2, 1.2], count))
    track = rng.integers(0, 2, count)
    probability = rng.dirichlet(np.full(3, draw(st.sampled_from([0.5, 2.0, 20.0]))), count).astype(np.float32)
    return time_s, track.astype(np.int64), probability, rng.random(count) < 0.9


@given(tracks() | dense_tracks(), st.lists(st.integers(1, 20), max_size=6))
def test_labels_are_the_same_however_many_frames_are_given_at_a_time(rows: Rows, steps: list[int]) -> None:
    time_s, track, probability, readable = rows
    count = len(time_s)
    whole = LabelSmoother().labels(time_s, track, probability, readable, everything(count))
    parts: list[int] = []
    smoother = LabelSmoother()
    for step in [*steps, count]:
        first, end = len(parts), min(len(parts) + step, count)
        if first < end:
            known = slice(0, int(np.searchsorted(time_s, time_s[end - 1] + SETTLED_S, side="right")))
            part = time_s[known], track[known], probability[known], readable[known], np.arange(first, end, dtype=np.int64)
            foreseen = smoother.labels(*part, final=False).tolist()
            parts += smoother.labels(*part).tolist()
            assert parts[first:] == foreseen
    assert parts == whole.tolist()


@given(tracks())
def test_faces_that_cannot_be_read_have_no_label_and_change_none(rows: Rows) -> None:
    time_s, track, probability, readable = rows
    whole = LabelSmoother().labels(time_s, track, probability, readable, everything(len(time_s)))
    kept = np.flatnonzero(readable)
    only = LabelSmoother().labels(time_s[kept], track[kept], probability[kept], readable[kept], everything(len(kept)))
    assert (whole[~readable] == -1).all()
    assert whole[readable].tolist() == only.tolist()


def test_a_label_takes_no_more_than_the_lag_and_the_swings_into_account() -> None:
    """What follows later than that may be anything."""
    rng = np.random.default_rng(0)
    time_s, track = np.linspace(0, 5.9, 60), np.zeros(60, np.int64)
    probability = rng.dirichlet(np.ones(4), 60).astype(np.float32)
    other = probability.copy()
    other[40:] = rng.dirichlet(np.ones(4), 20)
    decided = int(np.searchsorted(time_s, time_s[40] - SETTLED_S - 1e-9))
    one, two = (
        LabelSmoother().labels(time_s, track, values, np.ones(60, bool), everything(60))[:decided]
        for values in (probability, other)
    )
    assert one.tolist() == two.tolist()
