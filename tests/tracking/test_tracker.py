"""Who keeps an identity, who gets one, and who never does."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feelit.tracking.tracker import Tracker, TrackerSettings
from feelit.types import UInt8
from tests.tracking.faces import Sight, identities, seen, step, track

RATES = [5, 10, 25]


@pytest.mark.parametrize("rate_hz", RATES)
@pytest.mark.parametrize("speed", [0, 40, 150, -200], ids=lambda v: f"{v}px/s")
def test_a_moving_face_keeps_its_identity(rate_hz: int, speed: float) -> None:
    found = track((n / rate_hz, [Sight(1, 500 + speed * n / rate_hz)]) for n in range(4 * rate_hz))
    assert identities(found, 1) == {0}


@pytest.mark.parametrize("rate_hz", RATES)
@pytest.mark.parametrize("missed_s", [0.2, 0.6, 1.0])
@pytest.mark.parametrize("speed", [0, 120, -200], ids=lambda v: f"{v}px/s")
def test_a_face_that_is_missed_for_up_to_a_second_keeps_its_identity(rate_hz: int, missed_s: float, speed: float) -> None:
    first, then = 2 * rate_hz, 2 * rate_hz + round(missed_s * rate_hz)  # last seen, seen again
    times = [n / rate_hz for n in range(5 * rate_hz)]
    found = track((t, [] if first < n < then else [Sight(1, 500 + speed * t)]) for n, t in enumerate(times))
    assert identities(found, 1) == {0}


@pytest.mark.parametrize("rate_hz", RATES)
def test_a_face_that_is_missed_for_longer_is_somebody_new(rate_hz: int) -> None:
    first, then = 2 * rate_hz, 3 * rate_hz + 1
    found = track((n / rate_hz, [] if first < n < then else [Sight(1, 500)]) for n in range(5 * rate_hz))
    assert identities(found, 1) == {0, 1}


@pytest.mark.parametrize(
    ("shift", "looks", "goes_on"),
    [(70.0, None, False), (30.0, None, True), (70.0, 1, True)],
    ids=["a stranger beside it", "the place itself", "the same face beside it"],
)
def test_who_passes_before_a_face_does_not_take_its_track(shift: float, looks: int | None, goes_on: bool) -> None:
    frames = [(n / 10, [Sight(1, 500)]) for n in range(10)]
    frames += [(1.0, []), (1.1, [Sight(2, 500 + shift, looks=looks)]), (1.2, [Sight(2, 500 + shift, looks=looks)])]
    found = track(frames)
    assert (identities(found, 2) == {0}) is goes_on
    assert goes_on or identities(track([*frames, (1.3, [Sight(1, 500)])]), 1) == {0}


@pytest.mark.parametrize("rate_hz", RATES)
@pytest.mark.parametrize("looks", [None, 7], ids=["different", "twins"])
def test_two_faces_that_cross_keep_their_identities(rate_hz: int, looks: int | None) -> None:
    def frame(t: float) -> list[Sight]:
        return [Sight(1, 200 + 150 * t, looks=looks), Sight(2, 800 - 150 * t, 210.0, looks=looks)]

    found = track((n / rate_hz, frame(n / rate_hz)) for n in range(4 * rate_hz))
    assert (identities(found, 1), identities(found, 2)) == ({0}, {1})


def test_neighbours_in_a_gallery_do_not_swap_when_one_is_missed() -> None:
    def frame(n: int) -> list[Sight]:
        sway = 15 * np.sin(n / 3)
        everybody = [Sight(p, 150.0 * p + sway) for p in range(1, 6)]
        return [s for s in everybody if (n + s.person) % 7 > 2]

    found = track((n / 10, frame(n)) for n in range(100))
    names = [identities(found, p) for p in range(1, 6)]
    assert all(len(name) == 1 for name in names)
    assert len(set.union(*names)) == 5


@given(st.lists(st.permutations(range(4)), min_size=12, max_size=12))
def test_identities_do_not_depend_on_the_order_of_the_boxes(orders: list[list[int]]) -> None:
    def frame(n: int) -> list[Sight]:
        return [Sight(p, 130.0 * p + 30 * np.sin(n / 2 + p), score=0.3 if (n + p) % 5 == 0 else 0.9) for p in range(4)]

    found = track((n / 10, [frame(n)[p] for p in order]) for n, order in enumerate(orders))
    plain = track((n / 10, frame(n)) for n in range(len(orders)))
    same = {(a[p], b[p]) for a, b in zip(found, plain, strict=True) for p in range(4)}
    assert len(same) == len({a for a, _ in same}) == len({b for _, b in same})  # only the names differ


@st.composite
def crowds(draw: st.DrawFn) -> list[list[Sight]]:
    """Frames full of boxes that have nothing to do with one another."""
    coordinate = st.floats(0, 600)
    sight = st.builds(
        Sight, st.integers(0, 5), coordinate, coordinate, st.floats(5, 300), st.floats(0, 1), st.none() | st.just(3)
    )
    return draw(st.lists(st.lists(sight, max_size=8), min_size=1, max_size=15))


@given(crowds(), st.lists(st.booleans(), min_size=15, max_size=15), st.floats(0.02, 2))
def test_whatever_is_seen_identities_are_sound(frames: list[list[Sight]], cuts: list[bool], interval_s: float) -> None:
    tracker, known = Tracker(TrackerSettings()), -1
    for n, sights in enumerate(frames):
        ids = tracker.update(n * interval_s, seen(sights), cuts[n])
        given_ids = ids[ids >= 0].tolist()
        assert len(set(given_ids)) == len(given_ids)
        doubtful = np.array([s.score < 0.5 for s in sights], bool)
        assert (ids[~doubtful] >= 0).all()
        assert (ids[doubtful] <= known).all()  # they start nothing
        assert sorted(i for i in given_ids if i > known) == list(range(known + 1, max([known, *given_ids]) + 1))
        known = max([known, *given_ids])
        assert tracker.proven <= set(range(known + 1))


def test_doubtful_boxes_never_start_a_track() -> None:
    found = track((n / 10, [Sight(1, 300, score=0.49)]) for n in range(50))
    assert identities(found, 1) == {-1}


def test_doubtful_boxes_continue_one() -> None:
    found = track((n / 10, [Sight(1, 300 + 10 * n, score=0.9 if n == 0 else 0.3)]) for n in range(50))
    assert identities(found, 1) == {0}


def test_a_confident_box_goes_first() -> None:
    tracker = Tracker(TrackerSettings())
    step(tracker, 0.0, [Sight(1, 300)])
    assert step(tracker, 0.1, [Sight(2, 300, score=0.3, looks=1), Sight(1, 310)]) == {2: -1, 1: 0}


@pytest.mark.parametrize(
    ("scores", "proven"),
    [
        pytest.param([0.9], True, id="one-sure"),
        pytest.param([0.6], False, id="one-confident"),
        pytest.param([0.7, 0.7], False, id="two-confident"),
        pytest.param([0.7, 0.7, 0.7], True, id="three-confident"),
        pytest.param([0.6] * 5, True, id="five-less-confident"),
        pytest.param([0.6, 0.3, 0.3], False, id="continued-by-doubtful-ones"),
        pytest.param([0.6, 0.9], True, id="sure-later"),
        pytest.param([0.55, 0.45] * 5, False, id="hovering"),
        pytest.param([0.7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0.7, 0.7], False, id="too-far-apart"),
    ],
)
def test_a_track_must_prove_to_be_a_face(scores: list[float], proven: bool) -> None:
    tracker = Tracker(TrackerSettings())
    for n, score in enumerate(scores):
        tracker.update(n / 10, seen([Sight(1, 300, score=score)] if score else []))
    assert tracker.proven == ({0} if proven else set())


def test_an_unproven_track_ends_with_its_probation_even_if_it_is_seen() -> None:
    """Two boxes in a second are noise; a third after it starts again."""
    tracker = Tracker(TrackerSettings())
    ids = [step(tracker, t, [Sight(1, 300, score=0.6)])[1] for t in (0.0, 0.5, 1.0, 1.5)]
    assert ids == [0, 0, 0, 1]
    assert tracker.proven == set()


def test_a_cut_ends_the_tracks_of_those_who_look_different() -> None:
    tracker = Tracker(TrackerSettings())
    for n in range(5):
        step(tracker, n / 10, [Sight(1, 300), Sight(2, 600)])
    assert step(tracker, 0.5, [Sight(3, 300), Sight(4, 600)], cut=True) == {3: 2, 4: 3}
    assert step(tracker, 0.6, [Sight(1, 300), Sight(2, 600)], cut=True) == {1: 4, 2: 5}  # what ended stays so


def test_across_a_cut_the_same_face_at_the_same_place_goes_on() -> None:
    tracker = Tracker(TrackerSettings())
    for n in range(5):
        step(tracker, n / 10, [Sight(1, 300), Sight(2, 600)])
    assert step(tracker, 0.5, [Sight(1, 305), Sight(3, 300, 600.0)], cut=True) == {1: 0, 3: 2}


def test_across_a_cut_people_who_change_places_keep_their_tracks() -> None:
    tracker = Tracker(TrackerSettings())
    for n in range(5):
        step(tracker, n / 10, [Sight(1, 300), Sight(2, 900)])
    assert step(tracker, 0.5, [Sight(1, 900), Sight(2, 300)], cut=True) == {1: 0, 2: 1}


def test_after_a_cut_a_face_starts_from_rest_where_it_is() -> None:
    tracker = Tracker(TrackerSettings())
    for n in range(5):
        step(tracker, n / 10, [Sight(1, 300)])
    step(tracker, 0.5, [Sight(1, 900)], cut=True)
    assert step(tracker, 1.2, [Sight(1, 900)]) == {1: 0}


def similar(likeness: float) -> UInt8:
    """(2, 64) thumbnails that correlate by `likeness`."""
    first, other = np.random.default_rng(0).normal(size=(2, 64))
    first = (first - first.mean()) / first.std()
    other = other - other.mean() - (other @ first) / 64 * first
    mixed = likeness * first + np.sqrt(1 - likeness**2) * other / other.std()
    return np.clip(np.round(128 + 30 * np.stack([first, mixed])), 0, 255).astype(np.uint8)


@pytest.mark.parametrize(
    ("likeness", "shift", "goes_on"), [(0.85, 0, True), (0.75, 0, False), (0.85, 600, False), (0.95, 600, True)]
)
def test_across_a_cut_a_face_must_look_the_same_and_more_so_elsewhere(likeness: float, shift: int, goes_on: bool) -> None:
    before, after = seen([Sight(1, 300)]), seen([Sight(1, 300 + shift)])
    looks = similar(likeness)
    tracker = Tracker(TrackerSettings())
    tracker.update(0.0, replace(before, appearance=looks[:1]))
    assert tracker.update(0.1, replace(after, appearance=looks[1:]), cut=True).tolist() == ([0] if goes_on else [1])


def test_across_a_cut_nobody_takes_the_track_of_someone_who_is_seen_elsewhere() -> None:
    """The stranger in the old place looks alike enough, were it not for the person who moved."""
    looks = similar(0.85)
    tracker = Tracker(TrackerSettings())
    tracker.update(0.0, replace(seen([Sight(1, 300)]), appearance=looks[:1]))
    faces = replace(seen([Sight(2, 300), Sight(1, 900)]), appearance=looks[::-1])
    assert tracker.update(0.1, faces, cut=True).tolist() == [1, 0]


def test_across_a_cut_a_doubtful_box_elsewhere_continues_no_track() -> None:
    tracker = Tracker(TrackerSettings())
    for n in range(5):
        step(tracker, n / 10, [Sight(1, 300)])
    assert step(tracker, 0.5, [Sight(1, 900, score=0.4)], cut=True) == {1: -1}


def test_a_cut_ends_also_those_who_are_missed_at_the_time() -> None:
    tracker = Tracker(TrackerSettings())
    for n in range(5):
        step(tracker, n / 10, [Sight(1, 300)])
    step(tracker, 0.5, [], cut=True)
    assert step(tracker, 0.6, [Sight(1, 300)]) == {1: 1}


@pytest.mark.parametrize("interval_s", [1.0, 2.0, 5.0])
def test_slow_sampling_still_follows_a_still_face(interval_s: float) -> None:
    settings = TrackerSettings().at_interval(interval_s)
    tracker = Tracker(settings)
    found = [step(tracker, n * interval_s, [Sight(1, 300 + 20 * (n % 2), score=0.6)]) for n in range(8)]
    assert identities(found, 1) == {0}
    assert tracker.proven == {0}


@pytest.mark.parametrize("interval_s", [0.5, 2.0])
def test_slow_sampling_forgives_one_missed_frame(interval_s: float) -> None:
    tracker = Tracker(TrackerSettings().at_interval(interval_s))
    found = [step(tracker, n * interval_s, [] if n == 4 else [Sight(1, 300)]) for n in range(8)]
    assert identities(found, 1) == {0}


def test_fast_sampling_keeps_the_settings() -> None:
    assert TrackerSettings().at_interval(0.1) == TrackerSettings()


@pytest.mark.parametrize("pause_s", [1.5, 20.0])
def test_a_pause_in_the_recording_is_no_absence(pause_s: float) -> None:
    """Recorders leave frames out while the picture stands still; who is there before and after was there all the time."""
    tracker = Tracker(TrackerSettings())
    for n in range(5):
        step(tracker, n / 10, [Sight(1, 300), Sight(2, 600), Sight(3, 900)])
    after = step(tracker, 0.4 + pause_s, [Sight(1, 305), Sight(4, 600), Sight(3, 700, 900.0)])
    assert after == {1: 0, 4: 3, 3: 2}  # the same face at the same place, somebody else, the same face elsewhere


def test_who_is_missed_before_a_pause_is_forgotten_in_it() -> None:
    tracker = Tracker(TrackerSettings())
    step(tracker, 0.0, [Sight(1, 300)])
    step(tracker, 0.1, [])
    assert step(tracker, 2.0, [Sight(1, 300)]) == {1: 1}


def test_a_face_that_stops_short_is_looked_for_where_it_was_last_seen() -> None:
    """It dashes, is missed, and stands where it was last seen, not where it was expected."""
    found = track([*((n / 10, [Sight(1, 100 * n)]) for n in range(10)), (1.2, []), (1.6, [Sight(1, 900)])])
    assert identities(found, 1) == {0}


@pytest.mark.parametrize("swapped", [False, True])
def test_looks_decide_between_faces_that_are_close_together(swapped: bool) -> None:
    a, b = (330, 300) if swapped else (300, 330)
    before, after = [Sight(1, 300), Sight(2, 330)], [Sight(1, a), Sight(2, b)]
    found = track((n / 10, before if n < 10 else [] if n < 14 else after) for n in range(20))
    assert (identities(found, 1), identities(found, 2)) == ({0}, {1})


def test_nobody_for_long_is_no_trouble() -> None:
    tracker = Tracker(TrackerSettings())
    for n in range(200):
        assert step(tracker, n / 10, [], cut=n % 50 == 0) == {}
    assert step(tracker, 20.0, [Sight(1, 300)]) == {1: 0}


def test_a_pattern_that_hovers_is_no_face_at_any_rate() -> None:
    tracker = Tracker(TrackerSettings())
    for n in range(240):  # four seconds at 60 Hz
        tracker.update(n / 60, seen([Sight(1, 300, score=0.52)]))
    assert tracker.proven == set()


def test_a_track_is_not_looked_for_ever_farther_away_while_it_is_missed() -> None:
    tracker = Tracker(TrackerSettings(patience_s=5.0))
    for n in range(5):
        step(tracker, n / 10, [Sight(1, 300)])
    for n in range(5, 34):
        step(tracker, n / 10, [])
    assert step(tracker, 3.4, [Sight(1, 550)]) == {1: 1}


def test_the_opposite_looks_count_no_less_than_none() -> None:
    """The nearer face looks like a negative, the farther one like nobody."""
    looks = similar(0.0)
    tracker = Tracker(TrackerSettings())
    tracker.update(0.0, replace(seen([Sight(1, 300)]), appearance=looks[:1]))
    faces = replace(seen([Sight(1, 320), Sight(2, 250)]), appearance=np.stack([255 - looks[0], looks[1]]))
    assert tracker.update(0.1, faces).tolist() == [0, 1]


def test_across_a_cut_the_opposite_looks_count_no_less_than_none() -> None:
    """A track keeps the face that is nearly its own, though the other track is the negative of the other face."""
    basis = np.linalg.qr(np.column_stack([np.ones(64), np.random.default_rng(3).normal(size=(64, 3))]))[0][:, 1:].T
    looks = np.array([[1, 0, 0], [0.3, 0.45, 0.841], [0.97, 0.243, 0], [0.3, 0, -0.954]]) @ basis  # two tracks, two faces
    pictures = np.round(128 + 300 * looks).astype(np.uint8)
    tracker = Tracker(TrackerSettings())
    tracker.update(0.0, replace(seen([Sight(1, 200), Sight(2, 500)]), appearance=pictures[:2]))
    faces = replace(seen([Sight(1, 900), Sight(2, 1200)]), appearance=pictures[2:])
    assert tracker.update(0.1, faces, cut=True).tolist() == [0, 2]


def test_a_doubtful_face_where_the_track_is_expected_comes_before_a_sure_one_where_it_was() -> None:
    tracker = Tracker(TrackerSettings())
    for n in range(6):
        step(tracker, n / 10, [Sight(1, 300 + 60 * n)])
    for n in range(6, 9):
        step(tracker, n / 10, [])
    assert step(tracker, 0.9, [Sight(1, 728, score=0.4), Sight(2, 560)]) == {1: 0, 2: 1}
