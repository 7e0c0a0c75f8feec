"""The player's clock: exact, and never backwards."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feelit.video.clock import REORDER, Clock, begins_tick, tick_of

MS = Fraction(1, 1000)


def times(pts: list[int | None], origin: int = 0, time_base: Fraction = MS, rate: Fraction = Fraction(25)) -> list[float]:
    clock = Clock(time_base, origin, rate)
    return [clock.seconds(clock.units(p)) for p in pts]


@given(
    st.fractions(Fraction(1, 10**6), Fraction(1, 10), max_denominator=10**6),
    st.integers(-(10**9), 10**12),
    st.lists(st.integers(1, 10**6), min_size=1, max_size=30),
)
def test_rising_timestamps_are_turned_into_seconds_exactly(time_base: Fraction, origin: int, steps: list[int]) -> None:
    pts = [origin + sum(steps[: i + 1]) for i in range(len(steps))]
    assert times([*pts], origin, time_base) == [float((p - origin) * time_base) for p in pts]


@given(
    st.lists(st.none() | st.integers(-(10**6), 10**6), max_size=40),
    st.integers(-1000, 1000),
    st.fractions(0, 240, max_denominator=1001),
)
def test_time_always_moves_forwards(pts: list[int | None], origin: int, rate: Fraction) -> None:
    found = times(pts, origin, MS, rate)
    assert all(a < b for a, b in pairwise(found))


@pytest.mark.parametrize(
    ("pts", "expected_ms"),
    [
        pytest.param([0, 40, 80], [0, 40, 80], id="even"),
        pytest.param([0, 40, 2040, 2060], [0, 40, 2040, 2060], id="a-pause"),
        pytest.param([*range(0, 2000, 40)] * 2, [*range(0, 4000, 40)], id="joined-recordings"),
        pytest.param([0, 40, -9000, -8960], [0, 40, 80, 120], id="far-back"),
        pytest.param([0, 40, 120, 80, 160], [0, 40, 120, 121, 160], id="one-too-late"),
        pytest.param([0, 40, None, 120], [0, 40, 80, 120], id="one-missing"),
        pytest.param([0, None, None, None], [0, 40, 80, 120], id="all-but-one-missing"),
        pytest.param([None, None, None], [0, 40, 80], id="all-missing"),
        pytest.param([None, 40, 80], [0, 40, 80], id="the-first-missing"),
        pytest.param([0, 40, 2**62, 120], [0, 40, 80, 120], id="one-beyond-all-reason"),
        pytest.param([-(2**62), 40, 80], [0, 40, 80], id="the-first-before-all-reason"),
    ],
)
@pytest.mark.parametrize("origin", [0, 3_600_000], ids=["from-zero", "from-an-hour"])
def test_damaged_timestamps(pts: list[int | None], expected_ms: list[int], origin: int) -> None:
    shifted = [None if p is None else p + origin for p in pts]
    assert times(shifted, origin) == [ms / 1000 for ms in expected_ms]


def test_a_frame_before_the_origin_has_a_negative_time() -> None:
    assert times([-80, -40, 0, 40]) == [-0.08, -0.04, 0, 0.04]


@pytest.mark.parametrize("rate", [Fraction(0), Fraction(10**9)], ids=["unknown", "absurd"])
def test_without_a_usable_rate_a_missing_frame_lasts_one_unit(rate: Fraction) -> None:
    assert times([0, None, None], rate=rate) == [0, 0.001, 0.002]


def test_ntsc_rates_do_not_drift() -> None:
    time_base = Fraction(1, 30_000)
    found = times([1001 * n for n in range(108_000)], 0, time_base, Fraction(30_000, 1001))
    assert found[-1] == float(107_999 * Fraction(1001, 30_000))


@given(st.integers(0, 10**7), st.fractions(Fraction(1, 10**5), Fraction(1, 10), max_denominator=10**5), st.integers(1, 60))
def test_an_interval_begins_where_the_moment_before_lies_in_another(units: int, time_base: Fraction, rate_hz: int) -> None:
    before = (units * time_base - Fraction(1, 10**9)) * rate_hz // 1
    assert begins_tick(units, time_base, Fraction(rate_hz)) == (before < tick_of(units, time_base, Fraction(rate_hz)))


def test_without_a_rate_every_frame_begins_an_interval() -> None:
    assert begins_tick(7, MS, None)


@pytest.mark.parametrize(
    ("frames_back", "later_ms"),
    [pytest.param(REORDER, 2000, id="out of its place"), pytest.param(REORDER + 1, 1280, id="another recording")],
)
def test_how_far_back_a_frame_may_lie(frames_back: int, later_ms: int) -> None:
    """The next frame shows whether the clock took the one before it for late, or for the beginning of another recording."""
    last = 1000
    found = times([0, last, last - frames_back * 40, 2000])
    assert found[2] == (1.001 if frames_back == REORDER else 1.04)
    assert found[3] == pytest.approx(2.0 if frames_back == REORDER else 2.0 + (1.04 - (last - frames_back * 40) / 1000))


def test_how_many_frames_in_a_row_may_be_late() -> None:
    """One unit each, and the first beyond as many as may wait begins another recording: one frame after the last."""
    late = times([0, 1000, *[960] * (REORDER + 1)])
    assert late[2:-1] == [1 + n / 1000 for n in range(1, REORDER + 1)]
    assert late[-1] == pytest.approx(late[-2] + 0.04)


def test_late_frames_are_counted_from_the_start_after_one_in_its_place() -> None:
    found = times([0, 1000, *[960] * REORDER, 1040, 1000])
    assert found[-2:] == [1.04, 1.041]
