"""Boxes and head angles: what must hold for all of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feelit import geometry
from feelit.geometry import area, grow, head_angles, iou, nms
from feelit.types import Float32

WHOLE = st.integers(-2000, 2000)
SIDE = st.integers(0, 600)


@st.composite
def boxes(draw: st.DrawFn, least: int = 0, most: int = 8) -> Float32:
    """(F, 4) float32, px, in eighths of a pixel as workers give them; some are empty."""
    rows = draw(st.lists(st.tuples(WHOLE, WHOLE, SIDE, SIDE), min_size=least, max_size=most))
    corner = np.array(rows, np.float32).reshape(-1, 4) / np.float32(8)
    return np.concatenate([corner[:, :2], corner[:, :2] + corner[:, 2:]], axis=1)


@st.composite
def scored(draw: st.DrawFn) -> tuple[Float32, Float32]:
    """Boxes that overlap a lot, and scores of which no two are equal."""
    rows = draw(st.lists(st.tuples(*[st.integers(0, 40)] * 2, *[st.integers(1, 40)] * 2), max_size=12))
    corner = np.array(rows, np.float32).reshape(-1, 4)
    box = np.concatenate([corner[:, :2], corner[:, :2] + corner[:, 2:]], axis=1)
    score = draw(st.permutations(range(len(box))))
    return box, (np.array(score, np.float32) + np.float32(1)) / np.float32(16)


@given(boxes(), boxes())
def test_iou_is_symmetric_and_between_0_and_1(a: Float32, b: Float32) -> None:
    overlap = iou(a, b)
    assert overlap.shape == (len(a), len(b))
    assert overlap.dtype == np.float32
    assert ((overlap >= 0) & (overlap <= 1)).all()
    np.testing.assert_array_equal(overlap, iou(b, a).T)


@given(boxes())
def test_a_box_overlaps_itself_by_1_unless_it_is_empty(box: Float32) -> None:
    np.testing.assert_array_equal(np.diag(iou(box, box)), (area(box) > 0).astype(np.float32))


@given(boxes(), boxes(), WHOLE, WHOLE)
def test_iou_does_not_care_where_the_pair_lies(a: Float32, b: Float32, x: int, y: int) -> None:
    shift = np.array([x, y, x, y], np.float32) / np.float32(8)
    np.testing.assert_array_equal(iou(a + shift, b + shift), iou(a, b))


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        pytest.param((0, 0, 10, 10), (5, 0, 15, 10), 1 / 3, id="half"),
        pytest.param((0, 0, 10, 10), (2, 2, 4, 4), 0.04, id="inside"),
        pytest.param((0, 0, 10, 10), (10, 0, 20, 10), 0, id="side-by-side"),
        pytest.param((0, 0, 10, 10), (30, 30, 40, 40), 0, id="apart"),
        pytest.param((5, 5, 5, 5), (5, 5, 5, 5), 0, id="both-empty"),
        pytest.param((0, 0, 10, 10), (5, 5, 5, 5), 0, id="point-inside"),
        pytest.param((10, 10, 0, 0), (0, 0, 10, 10), 0, id="inside-out"),
        pytest.param((10, 10, 0, 0), (10, 10, 0, 0), 0, id="both-inside-out"),
    ],
)
def test_iou_of_two_boxes(a: tuple[int, ...], b: tuple[int, ...], expected: float) -> None:
    assert iou(np.array([a], np.float32), np.array([b], np.float32)).item() == pytest.approx(expected)


@given(scored(), st.sampled_from([0.0, 0.3, 0.4, 0.7]))
def test_suppression_keeps_no_two_boxes_of_one_face_and_drops_none_without_a_better_one(
    given_boxes: tuple[Float32, Float32], limit: float
) -> None:
    box, score = given_boxes
    kept = nms(box, score, limit, np.zeros(len(box), np.int64))
    assert (np.diff(score[kept]) < 0).all()
    overlap = iou(box[kept], box[kept])
    np.fill_diagonal(overlap, 0)
    assert (overlap <= limit).all()
    for removed in set(range(len(box))) - set(kept.tolist()):
        better = kept[score[kept] >= score[removed]]
        assert (iou(box[removed : removed + 1], box[better]) > limit).any()


@given(scored(), st.integers(0, 2**32))
def test_suppression_does_not_depend_on_the_order_of_the_boxes(given_boxes: tuple[Float32, Float32], seed: int) -> None:
    box, score = given_boxes
    order = np.random.default_rng(seed).permutation(len(box))
    row = np.arange(len(box)) % 3
    kept, again = nms(box, score, 0.4, row), nms(box[order], score[order], 0.4, row[order])
    np.testing.assert_array_equal(box[kept], box[order][again])


@given(scored(), st.integers(1, 5), st.integers(0, 6))
def test_suppression_in_a_batch_is_that_in_each_frame(given_boxes: tuple[Float32, Float32], frames: int, few: int) -> None:
    box, score = given_boxes
    row = np.random.default_rng(few).integers(0, frames, len(box)) * 3
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(geometry, "FEW", few)
        kept = nms(box, score, 0.4, row)
    alone = [np.flatnonzero(row == i) for i in np.unique(row)]
    wanted = [mine[nms(box[mine], score[mine], 0.4, row[mine])] for mine in alone]
    np.testing.assert_array_equal(kept, np.concatenate([np.zeros(0, np.int64), *wanted]))


def test_of_two_equal_boxes_the_earlier_stays() -> None:
    box = np.array([[0, 0, 8, 8], [0, 0, 8, 8], [90, 0, 98, 8]], np.float32)
    assert nms(box, np.array([0.5, 0.5, 0.5], np.float32), 0.4, np.zeros(3, np.int64)).tolist() == [0, 2]


def test_nothing_is_suppressed_out_of_nothing() -> None:
    kept = nms(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), 0.4, np.zeros(0, np.int64))
    assert kept.shape == (0,)
    assert kept.dtype == np.int64


def test_growing_keeps_the_centre_and_widens_by_the_ratio() -> None:
    grown = grow(np.array([[10, 20, 30, 60], [0, 0, 4, 4]], np.float32), np.array([0.25, 0], np.float32))
    np.testing.assert_array_equal(grown, [[5, 10, 35, 70], [0, 0, 4, 4]])


FRONTAL = np.array([[33, 38], [67, 38], [50, 58], [36, 75], [64, 75]], np.float64)
ANGLE = st.floats(-179, 179)


@st.composite
def heads(draw: st.DrawFn) -> Float32:
    """(1, 5, 2) float32, px: a plausible face, its nose moved sideways, of any size anywhere."""
    points = FRONTAL + np.array(draw(st.lists(st.floats(-3, 3), min_size=10, max_size=10))).reshape(5, 2)
    points[2, 0] += draw(st.floats(-25, 25))
    return np.asarray(points * draw(st.floats(0.2, 8)) + draw(st.floats(-500, 3000)), np.float32)[None]


def turned(points: Float32, degrees: float) -> Float32:
    """Clockwise in the picture, where y points down, about some far point."""
    phi = np.radians(degrees)
    matrix = np.array([[np.cos(phi), -np.sin(phi)], [np.sin(phi), np.cos(phi)]])
    return np.asarray(points @ matrix.T, np.float32)


@given(heads(), ANGLE)
def test_turning_the_picture_adds_to_the_roll_and_leaves_the_yaw(points: Float32, degrees: float) -> None:
    (roll, yaw), (turned_roll, turned_yaw) = head_angles(points), head_angles(turned(points, degrees))
    wrapped = (turned_roll - roll - degrees + 180) % 360 - 180
    assert abs(wrapped.item()) < 0.05
    assert abs((turned_yaw - yaw).item()) < 0.05


@given(heads())
def test_a_mirrored_head_looks_the_other_way(points: Float32) -> None:
    mirrored = (points * np.array([-1, 1], np.float32))[:, [1, 0, 2, 4, 3]]
    (roll, yaw), (mirrored_roll, mirrored_yaw) = head_angles(points), head_angles(mirrored)
    assert mirrored_roll.item() == pytest.approx(-roll.item(), abs=0.02)
    assert mirrored_yaw.item() == pytest.approx(-yaw.item(), abs=0.02)


@pytest.mark.parametrize(
    ("nose_dx", "degrees", "roll", "yaw_sign"),
    [
        pytest.param(0, 0, 0, 0, id="frontal"),
        pytest.param(12, 0, 0, 1, id="to-the-right-of-the-picture"),
        pytest.param(-12, 0, 0, -1, id="to-the-left"),
        pytest.param(0, 30, 30, 0, id="leaning-clockwise"),
        pytest.param(12, -45, -45, 1, id="leaning-anticlockwise-and-turned"),
    ],
)
def test_signs_of_the_angles(nose_dx: float, degrees: float, roll: float, yaw_sign: int) -> None:
    points = FRONTAL.copy()
    points[2, 0] += nose_dx
    found_roll, found_yaw = head_angles(turned(points[None].astype(np.float32), degrees))
    assert found_roll.item() == pytest.approx(roll, abs=0.01)
    assert np.sign(np.round(found_yaw.item(), 1)) == yaw_sign


def test_a_solid_head_turned_by_30_degrees_shows_about_30_degrees() -> None:
    """Eyes and mouth in one plane, the nose before it, turned about the vertical and projected in parallel."""
    nose_depth, phi = 0.62 * 34, np.radians(30)
    solid = np.concatenate([FRONTAL - FRONTAL.mean(axis=0), np.array([0, 0, nose_depth, 0, 0])[:, None]], axis=1)
    x = solid[:, 0] * np.cos(phi) + solid[:, 2] * np.sin(phi)
    _, yaw = head_angles(np.stack([x, solid[:, 1]], axis=1).astype(np.float32)[None])
    assert yaw.item() == pytest.approx(30, abs=0.5)


def test_coinciding_landmarks_have_finite_angles() -> None:
    roll, yaw = head_angles(np.full((2, 5, 2), 7, np.float32))
    assert np.isfinite(roll).all()
    assert np.isfinite(yaw).all()


def test_no_heads_have_no_angles() -> None:
    roll, yaw = head_angles(np.zeros((0, 5, 2), np.float32))
    assert roll.shape == yaw.shape == (0,)
