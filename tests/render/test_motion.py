from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from feelit.render.motion import ABSENT, BLANK, SLACK, Motion, interpolate, settle, smooth
from feelit.render.rows import TimelineRows
from feelit.types import Float32, Float64
from tests.render.scenes import BOX, rows, view

TENTHS = np.arange(100) / 10
FAR = tuple(v + 300 for v in BOX)


def shown(motion: Motion, time_s: float) -> list[int]:
    return [face.track_id for face in motion.faces_at(time_s)]


@pytest.mark.parametrize(
    ("at_s", "expected"),
    [
        pytest.param(0.5, 0.0, id="before the first sample"),
        pytest.param(1.0, 0.0, id="on the first"),
        pytest.param(1.25, 2.5, id="a quarter of the way"),
        pytest.param(1.5, 5.0, id="half way"),
        pytest.param(2.0, 10.0, id="on the second"),
        pytest.param(3.0, -10.0, id="half way to the third"),
        pytest.param(9.0, -30.0, id="after the last"),
    ],
)
def test_interpolation_draws_straight_lines(at_s: float, expected: float) -> None:
    values = np.array([[0], [10], [-30]], np.float32)
    assert interpolate(np.array([1.0, 2.0, 4.0]), values, at_s) == pytest.approx(expected)


@st.composite
def tracks(draw: st.DrawFn) -> tuple[Float64, Float32]:
    count = draw(st.integers(1, 12))
    steps = draw(hnp.arrays(np.float64, count, elements=st.floats(0.001, 5)))
    boxes = draw(hnp.arrays(np.float32, (count, 4), elements=st.floats(-1e4, 1e4, width=32)))
    return np.cumsum(steps), boxes


@given(track=tracks(), at_s=st.floats(-10, 100))
def test_an_interpolated_box_never_leaves_the_hull_of_its_neighbours(track: tuple[Float64, Float32], at_s: float) -> None:
    time_s, box = track
    right = min(int(np.searchsorted(time_s, at_s)), len(box) - 1)
    pair = box[max(right - 1, 0) : right + 1]
    result = interpolate(time_s, box, at_s)
    assert (result >= pair.min(axis=0)).all()
    assert (result <= pair.max(axis=0)).all()


@given(track=tracks())
def test_smoothing_keeps_the_ends_and_the_hull(track: tuple[Float64, Float32]) -> None:
    _, box = track
    result = smooth(box)
    assert result.shape == box.shape
    np.testing.assert_array_equal(result[[0, -1]], box[[0, -1]])
    slack = 1e-5 * np.abs(box).max() + 1e-6
    assert (result >= box.min(axis=0) - slack).all()
    assert (result <= box.max(axis=0) + slack).all()


def test_smoothing_halves_a_tremble_and_keeps_a_steady_move() -> None:
    noise = np.random.default_rng(0).normal(0, 1, (500, 4)).astype(np.float32)
    move = np.linspace(0, 100, 500, dtype=np.float32)[:, None].repeat(4, axis=1)
    assert smooth(noise).std() < 0.6 * noise.std()
    np.testing.assert_allclose(smooth(move), move, atol=1e-3)


@given(track=tracks())
def test_a_settled_box_is_never_far_from_the_face(track: tuple[Float64, Float32]) -> None:
    corner, size = track[1][:, :2], np.abs(track[1][:, 2:]) + 1
    box = np.concatenate([corner, corner + size], axis=1)
    slack = SLACK * size.mean(axis=1, keepdims=True)
    assert (np.abs(settle(box) - box) <= slack + 1e-5 * np.abs(box) + 1e-3).all()


def test_a_box_rests_while_its_face_trembles() -> None:
    tremble = np.random.default_rng(0).uniform(-0.5, 0.5, (200, 4)).astype(np.float32)
    assert len(np.unique(settle(np.array([0, 0, 100, 100], np.float32) + tremble)[20:], axis=0)) < 5


@pytest.mark.parametrize(
    ("time_s", "visible", "hidden"),
    [
        pytest.param([1.0, 1.1, 1.2], [0.96, 1.0, 1.15, 1.24], [0.94, 1.26], id="held for half a sample at the ends"),
        pytest.param([1.0, 1.5], [1.25], [], id="a short miss is bridged"),
        pytest.param([1.0, 2.0], [1.04, 1.96], [1.06, 1.5, 1.94], id="a long miss is not"),
        pytest.param([1.0], [1.0], [0.9, 1.1], id="a single sample"),
    ],
)
def test_when_a_face_is_drawn(time_s: list[float], visible: list[float], hidden: list[float]) -> None:
    motion = Motion(view(rows(time_s), TENTHS))
    assert [shown(motion, t) for t in visible] == [[1]] * len(visible)
    assert [shown(motion, t) for t in hidden] == [[]] * len(hidden)


def test_sparse_samples_are_bridged_as_far_as_two_and_a_half_periods() -> None:
    seconds = np.arange(20.0)
    assert shown(Motion(view(rows([4, 6]), seconds)), 5.0) == [1]
    assert shown(Motion(view(rows([4, 7]), seconds)), 5.5) == []


def test_a_pause_of_the_video_itself_is_no_absence() -> None:
    stalled = np.concatenate([TENTHS[:11], TENTHS[31:]])  # nothing was there to be looked at between 1.0 and 3.1 s
    assert shown(Motion(view(rows([1.0, 3.1]), stalled)), 2.0) == [1]


@pytest.mark.parametrize(
    "later",
    [
        pytest.param(FAR, id="jumps by more than its size"),
        pytest.param((70.0, 20.0, 190.0, 180.0), id="doubles its size"),
    ],
)
def test_a_camera_cut_switches_and_never_glides(later: tuple[float, ...]) -> None:
    motion = Motion(view(rows([1.0, 1.1, 1.2, 1.3], box=[BOX, BOX, later, later]), TENTHS))
    for time_s, expected in ((1.11, BOX), (1.149, BOX), (1.151, later), (1.19, later)):
        (face,) = motion.faces_at(time_s)
        np.testing.assert_allclose(face.box, expected)


def test_tracks_are_distinguished() -> None:
    both = rows([1.0, 1.0, 1.1, 1.1], track_id=[7, 2, 7, 2], box=[BOX, FAR, BOX, FAR])
    faces = Motion(view(both, TENTHS)).faces_at(1.05)
    assert [face.track_id for face in faces] == [2, 7]
    np.testing.assert_allclose([face.box for face in faces], [FAR, BOX])


def test_the_emotion_is_that_of_the_nearest_sample_and_bars_glide() -> None:
    motion = Motion(view(rows([1.0, 1.1], emotion=[1, 3]), TENTHS))
    (early,), (late,) = motion.faces_at(1.04), motion.faces_at(1.06)
    assert (early.emotion, late.emotion) == (1, 3)
    assert 0.02 < late.probability[1] < early.probability[1] < 0.86


def test_the_percentage_stands_still_for_half_a_second() -> None:
    confidence = np.random.default_rng(0).uniform(0.5, 0.9, 20)
    motion = Motion(view(rows(list(TENTHS[:20]), confidence=list(confidence)), TENTHS))
    reported = [motion.faces_at(t)[0].confidence for t in np.arange(0, 1.9, 0.04)]
    assert len(np.unique(reported)) == 4
    assert reported[0] == pytest.approx(confidence[:5].mean(), abs=1e-5)


@pytest.mark.parametrize(
    ("readable", "expected"),
    [
        pytest.param([1, 1, 1, 0, 1, 1, 1], [1] * 7, id="one dropout"),
        pytest.param([0, 0, 0, 1, 0, 0, 0], [BLANK] * 7, id="one lucky sample"),
        pytest.param([1, 1, 1, 0, 0, 0, 0], [1, 1, 1, BLANK, BLANK, BLANK, BLANK], id="turning away"),
        pytest.param([0] * 7, [BLANK] * 7, id="never"),
    ],
)
def test_a_box_does_not_flash_between_readable_and_not(readable: list[int], expected: list[int]) -> None:
    seen = [bool(r) for r in readable]
    motion = Motion(view(rows(list(TENTHS[:7]), readable=seen, emotion=[1 if r else -1 for r in seen]), TENTHS))
    assert [motion.faces_at(t)[0].emotion for t in TENTHS[:7]] == expected


def test_states_over_time() -> None:
    motion = Motion(view(rows([1.0, 1.1, 1.2, 1.3, 1.4, 1.5], emotion=[2, 2, 2, 4, 4, 4]), TENTHS))
    at_s = np.array([0.0, 1.0, 1.24, 1.26, 1.5, 2.0])
    assert motion.states(1, at_s).tolist() == [ABSENT, 2, 2, 4, 4, ABSENT]
    assert motion.screen_time_s == {1: pytest.approx(0.6)}


def test_a_person_goes_on_under_another_track() -> None:
    table = rows([1.0, 1.1, 1.2, 1.3], track_id=[1, 1, 2, 2], who=5, box=[BOX, BOX, FAR, FAR], emotion=[2, 2, 4, 4])
    motion = Motion(view(table, TENTHS, {5: "Anna"}))
    assert [(f.who, f.label, f.track_id) for t in (1.1, 1.2) for f in motion.faces_at(t)] == [(5, "Anna", 1), (5, "Anna", 2)]
    assert motion.states(5, np.array([1.0, 1.14, 1.16, 1.3])).tolist() == [2, 2, 4, 4]
    assert motion.screen_time_s == {5: pytest.approx(0.4)}


def test_nothing_to_show() -> None:
    motion = Motion(view(rows([]), np.zeros(0)))
    assert motion.faces_at(0.0) == []
    assert not motion.seen_at(0.0).any()
    assert motion.screen_time_s == {}


@given(order=st.permutations(range(6)))
def test_the_order_of_rows_does_not_matter(order: list[int]) -> None:
    table: TimelineRows = rows([1.0, 1.0, 1.1, 1.1, 1.2, 1.2], track_id=[1, 2] * 3, box=[BOX, FAR] * 3, emotion=[1, 2] * 3)
    faces = Motion(view(table.rows(np.array(order)), TENTHS)).faces_at(1.07)
    assert [(f.track_id, f.emotion) for f in faces] == [(1, 1), (2, 2)]
