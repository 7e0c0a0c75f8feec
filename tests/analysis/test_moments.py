"""Which moments are worth a look."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import pytest

from feelit.analysis.events import bouts_of
from feelit.analysis.moments import MOMENT_APART_S, Moment, find_moments
from feelit.analysis.observations import TimelineSamples
from tests.timeline.reading import only
from tests.timeline.rows import regular, table_of


def moments(
    tracks: Mapping[int, str], most: int = 3, confidence: Mapping[tuple[int, int], float] | None = None
) -> tuple[Moment, ...]:
    count = max(map(len, tracks.values()))
    rows = TimelineSamples(only(table_of(tracks, regular(count), confidence=confidence)))
    return find_moments(rows, range(len(tracks)), bouts_of(rows), most)


def when(found: tuple[Moment, ...]) -> list[tuple[float, int, str]]:
    return [(round(m.time_s, 3), m.track_id, m.emotion) for m in found]


def test_a_bout_has_one_moment_where_it_is_strongest() -> None:
    (moment,) = moments({1: "n" * 60 + "h" * 30 + "n" * 20}, confidence={(1, 70): 0.9})
    assert when((moment,)) == [(7.0, 1, "happiness")]
    assert (moment.confidence, moment.lasts_s) == pytest.approx((0.9, 3.0))
    assert moment.rise == pytest.approx(0.9 - moment.baseline)
    assert moment.baseline == pytest.approx(0.25 / 7, abs=1e-3)


def test_what_rises_most_above_the_usual_comes_first() -> None:
    smiling = "h" * 150 + "n" * 50  # the usual face of 1
    found = moments({1: smiling, 2: "n" * 100 + "hhh" + "n" * 97}, confidence={(1, i): 0.99 for i in range(150)})
    assert when(found) == [(10.0, 2, "happiness"), (0.0, 1, "happiness")]
    assert found[1].rise < 0.3 < found[0].rise


def test_the_longer_of_equal_rises_comes_first() -> None:
    shown = "n" * 30 + "hhh" + "n" * 30 + "h" * 12 + "n" * 50
    sure = {(1, i): 0.999 - 0.0001 * (i < 40) for i in range(200)}
    assert [m.time_s for m in moments({1: shown}, confidence=sure)] == pytest.approx([6.3, 3.0])


def test_moments_are_spread_over_emotions_and_people() -> None:
    much = "n" * 30 + ("h" * 5 + "n" * 30) * 5
    little = "n" * 90 + "a" * 5 + "n" * 110
    sure = {(1, i): 0.95 for i in range(205)} | {(2, i): 0.5 for i in range(205)}
    found = when(moments({1: much, 2: little}, most=3, confidence=sure))
    assert [who for _, who, _ in found] == [1, 2, 1]
    own = "n" * 30 + ("h" * 5 + "n" * 30) * 3 + "s" * 5 + "n" * 30
    both = when(moments({1: own}, most=2, confidence={(1, i): 0.6 if i > 130 else 0.95 for i in range(170)}))
    assert [emotion for *_, emotion in both] == ["happiness", "surprise"]


def test_who_laughs_with_the_others_is_no_moment_of_its_own_but_who_is_surprised_is() -> None:
    found = moments({1: "n" * 30 + "hhhh" + "n" * 30, 2: "n" * 30 + "hhhh" + "n" * 30, 3: "n" * 32 + "ssss" + "n" * 28}, most=9)
    assert when(found) == [(3.0, 1, "happiness"), (3.2, 3, "surprise")]


def test_moments_lie_apart_and_are_not_neutral() -> None:
    found = moments({1: "n" * 20 + "hhhaaahhhsss" + "n" * 20}, most=9)
    times = sorted(m.time_s for m in found)
    assert all(later - earlier >= MOMENT_APART_S for earlier, later in pairwise(times))
    assert found


@pytest.mark.parametrize("tracks", [{1: "u" * 9}, {1: "n" * 9}])
def test_there_may_be_none(tracks: dict[int, str]) -> None:
    assert moments(tracks) == ()
