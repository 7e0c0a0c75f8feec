"""Which places are covered, at moments between samples too."""

from __future__ import annotations

import numpy as np
import pytest

from feelit.render.hiding import BRIDGE_S, HOLD_S, Hiding, choose
from feelit.render.rows import TimelineRows
from tests.render.scenes import BOX, rows, view

SAMPLED = np.arange(400) / 10
LEFT, RIGHT = BOX, tuple(v + 300 if i % 2 == 0 else v for i, v in enumerate(BOX))
NEAR = tuple(v + 20 for v in BOX)


def covered(table: TimelineRows, time_s: float, people: tuple[str, ...] | None = None) -> list[float]:
    """Where covered boxes begin, in px from the left."""
    found = view(table, SAMPLED)
    choice = choose(found, "others" if people else "all", people, None)
    return sorted(round(float(box[0])) for box in Hiding(found, choice).boxes_at(time_s))


def spans(*parts: tuple[int, int, tuple[float, ...], float, float]) -> TimelineRows:
    """Faces from a time to a time, ten samples a second: (track, person, box, first, last)."""
    seen = [(t / 10, track, who, box) for track, who, box, a, b in parts for t in range(round(10 * a), round(10 * b) + 1)]
    return rows([s[0] for s in seen], track_id=[s[1] for s in seen], who=[s[2] for s in seen], box=[s[3] for s in seen])


@pytest.mark.parametrize(
    ("time_s", "count"), [(3.9 - HOLD_S, 0), (4.1 - HOLD_S, 1), (5.0, 1), (5.9 + HOLD_S, 1), (6.1 + HOLD_S, 0)]
)
def test_a_face_is_covered_before_it_was_first_seen_and_after_it_was_last_seen(time_s: float, count: int) -> None:
    assert len(covered(spans((1, 1, LEFT, 4, 6)), time_s)) == count


def test_around_a_cut_both_places_are_covered() -> None:
    assert covered(spans((1, 1, LEFT, 4, 6), (1, 1, RIGHT, 6.1, 8)), 6.05) == [LEFT[0], RIGHT[0]]


@pytest.mark.parametrize(
    ("later", "gap_s", "both"),
    [
        pytest.param(NEAR, BRIDGE_S, True, id="turned away"),
        pytest.param(NEAR, BRIDGE_S + 1, False, id="away for long"),
        pytest.param(RIGHT, 5, False, id="somewhere else"),
    ],
)
@pytest.mark.parametrize("track", [1, 2], ids=["one track", "two tracks"])
def test_a_face_that_was_missed_in_its_place_stays_covered(
    later: tuple[float, ...], gap_s: float, both: bool, track: int
) -> None:
    table = spans((1, 1, LEFT, 4, 6), (track, 1, later, 6 + gap_s, 20))
    assert covered(table, 6 + gap_s / 2 - 0.2) == ([LEFT[0]] if both else [])
    assert covered(table, 6 + gap_s / 2 + 0.2) == ([later[0]] if both else [])


def test_the_chosen_one_stays_plain_under_a_new_track_and_in_a_place_where_somebody_was() -> None:
    swap = spans((1, 1, LEFT, 2, 6), (2, 2, RIGHT, 2, 6), (3, 1, RIGHT, 6.1, 9), (4, 2, LEFT, 6.1, 9))
    assert covered(swap, 5.95, ("1",)) == [RIGHT[0]]
    assert covered(swap, 6.15, ("1",)) == [LEFT[0]]
    assert covered(swap, 6.05, ("1",)) == [LEFT[0], RIGHT[0]]  # the cut is somewhere between two samples
    broken = spans((1, 1, LEFT, 2, 6), (2, 2, RIGHT, 2, 9), (3, 1, NEAR, 6.1, 9))
    assert all(covered(broken, t, ("1",)) == [RIGHT[0]] for t in np.arange(2, 9, 0.03))


def test_who_was_beside_the_chosen_one_stays_covered() -> None:
    beside = tuple(v + 50 if i % 2 == 0 else v for i, v in enumerate(BOX))  # overlaps, but is another place
    table = spans((1, 1, LEFT, 2, 9), (2, 2, beside, 2, 5))
    assert covered(table, 5.5, ("1",)) == [beside[0]]


def test_two_faces_in_one_place_at_one_time_are_covered() -> None:
    table = spans((1, 1, LEFT, 2, 9), (2, 2, LEFT, 4, 5))
    assert covered(table, 4.5, ("1",)) == [LEFT[0]]
    assert covered(table, 5.5, ("1",)) == []
