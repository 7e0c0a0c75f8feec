"""Curves survive the way into the page, at full resolution or in coarser steps that say so."""

from __future__ import annotations

import base64
import zlib
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feelit.reports.curves import (
    ABSENT,
    LEVELS,
    NO,
    TICKS_A_SECOND,
    UNKNOWN,
    UNREADABLE,
    YES,
    Curves,
    PersonCurves,
    coarser,
    pack,
    pack_within,
    with_speaking,
)
from feelit.timeline.smoothing import smooth
from feelit.types import EMOTIONS, UInt8
from tests.reports.meetings import Meeting, curves_of, timeline_of
from tests.timeline.rows import regular, table_of


def unpacked(packed: str, like: Curves) -> Curves:
    """What the page makes of packed curves; the sizes come from elsewhere."""
    raw = np.frombuffer(zlib.decompress(base64.b64decode(packed), -zlib.MAX_WBITS), np.uint8)
    points = len(like.time_s)
    gaps = np.ascontiguousarray(raw[: 4 * points].reshape(4, points).T).view("<u4")[:, 0].astype(np.int64)
    place, people = 4 * points, []

    def taken(count: int) -> UInt8:
        nonlocal place
        place += count
        return raw[place - count : place]

    for person in like.people:
        count = len(person.state)
        state = taken(count)
        speaking = None if person.speaking is None else taken(count)
        levels = [
            np.where(state[:, None] < UNREADABLE, taken(8 * count).reshape(8, count).cumsum(axis=1, dtype=np.uint8).T, 0)
            for _ in range(1 if like.step_s is None else 3)
        ]
        mean, low, high = (*levels, levels[0], levels[0])[:3]
        people.append(PersonCurves(person.person_id, person.first, state, speaking, mean, low, high))
    assert place == len(raw)
    return Curves(np.cumsum(gaps) / TICKS_A_SECOND, people, like.step_s)


def same(a: Curves, b: Curves) -> bool:
    times = np.abs(a.time_s - b.time_s).max(initial=0) <= 0.5001 / TICKS_A_SECOND
    names = ("state", "speaking", "mean", "low", "high")
    pairs = [(getattr(p, n), getattr(q, n)) for p, q in zip(a.people, b.people, strict=True) for n in names]
    return bool(times) and all(p is q is None or np.array_equal(p, q) for p, q in pairs)


def test_states_are_those_of_the_timeline() -> None:
    (one, two) = curves_of(table_of({1: "hhuh....", 2: "...nn.a."}, regular(8))).people
    assert (one.first, one.state.tolist()) == (0, [1, 1, UNREADABLE, 1])
    assert (two.first, two.state.tolist()) == (3, [0, 0, ABSENT, 4])
    assert one.mean[2].tolist() == [0] * 8


def test_levels_are_the_smoothed_probabilities() -> None:
    rows = timeline_of(Meeting(people=2, duration_s=30.0))
    faces = rows.rows(rows.track_id == 2)
    faces = faces.rows(faces.readable)
    mean = smooth(faces.time_s, faces.track_id.astype(np.int64), faces.probability, faces.readable, np.arange(len(faces)))
    person = curves_of(rows).people[1]
    shown = person.mean[person.state < UNREADABLE] / LEVELS
    assert np.abs(shown - mean).max() <= 0.5 / LEVELS + 1e-6


@pytest.mark.parametrize(
    "meeting",
    [
        pytest.param(Meeting(people=6, duration_s=60.0), id="six people"),
        pytest.param(Meeting(people=1, duration_s=0.1), id="one frame"),
        pytest.param(Meeting(people=0, duration_s=5.0), id="nobody"),
        pytest.param(Meeting(people=2, duration_s=900.0, gap_s=(100.0, 800.0)), id="a long gap"),
    ],
)
def test_packing_loses_nothing(meeting: Meeting) -> None:
    curves = curves_of(timeline_of(meeting))
    assert same(unpacked(pack(curves), curves), curves)
    coarse = coarser(curves, 0.5)
    assert same(unpacked(pack(coarse), coarse), coarse)


@given(st.lists(st.sampled_from("nhsau."), min_size=1, max_size=60).map("".join))
def test_whatever_a_person_does_comes_back(letters: str) -> None:
    curves = curves_of(table_of({7: letters}, regular(len(letters))))
    assert same(unpacked(pack(curves), curves), curves)


def test_a_coarser_point_is_the_most_frequent_state_and_mean_lowest_and_highest_value() -> None:
    curves = curves_of(table_of({1: "nnnhhhhhuu" + "uuuu......"}, regular(20)))
    coarse = coarser(curves, 1.0)
    (person,) = coarse.people
    assert coarse.time_s.tolist() == [0.5, 1.5]
    assert person.state.tolist() == [EMOTIONS.index("happiness"), UNREADABLE]
    fine = curves.people[0].mean[:8]
    assert np.abs(person.mean[0] - fine.mean(axis=0)).max() <= 0.5
    assert person.low[0].tolist() == fine.min(axis=0).tolist()
    assert person.high[0].tolist() == fine.max(axis=0).tolist()
    assert (person.low[0] < person.high[0]).any()


def test_who_speaks_is_unknown_where_the_person_is_away() -> None:
    (person,) = curves_of(table_of({1: ".nn..n"}, regular(6))).people
    reported = with_speaking(person, np.array([1, 2, 5], np.int32), np.array([YES, NO, YES], np.uint8)).speaking
    assert reported is not None
    assert reported.tolist() == [YES, NO, UNKNOWN, UNKNOWN, YES]


def test_who_speaks_comes_back_and_of_a_step_what_is_most_frequent() -> None:
    curves = curves_of(table_of({1: "nnnnnnnnnn"}, regular(10)))
    says = np.array([YES] * 3 + [NO] * 3 + [UNKNOWN, NO, NO, YES], np.uint8)
    curves = replace(curves, people=[replace(curves.people[0], speaking=says)])
    assert same(unpacked(pack(curves), curves), curves)
    coarse = coarser(curves, 0.5)
    assert same(unpacked(pack(coarse), coarse), coarse)
    (person,) = coarse.people
    assert person.speaking is not None
    assert person.speaking.tolist() == [YES, NO]


def test_the_finest_step_within_the_budget_is_taken() -> None:
    curves = curves_of(timeline_of(Meeting(people=3, duration_s=600.0)))
    sizes = {}
    for most in (200_000, 40_000, 10_000, 2_000):
        chosen, packed = pack_within(curves, most)
        assert len(packed) <= most
        sizes[most] = chosen.step_s or 0.1
    assert sizes[200_000] == 0.1
    assert list(sizes.values()) == sorted(sizes.values())
    assert sizes[2_000] >= 5
    with_less = pack(coarser(curves, {0.2: 0.1, 0.5: 0.2, 1.0: 0.5, 2.0: 1.0, 5.0: 2.0}.get(sizes[10_000], 0.1)))
    assert len(with_less) > 10_000


def test_what_fits_no_budget_takes_the_coarsest_step() -> None:
    chosen, _ = pack_within(curves_of(timeline_of(Meeting(people=2, duration_s=60.0))), 10)
    assert chosen.step_s == 300.0


def test_nobody_is_nothing() -> None:
    curves = curves_of(timeline_of(Meeting(people=0, duration_s=1.0)))
    assert (curves.people, len(curves.time_s)) == ([], 10)
