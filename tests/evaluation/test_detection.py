"""Scores of detections on cases small enough to count by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feelit.evaluation.detector.metrics import (
    at_threshold,
    average_precision,
    box_sizes,
    counted,
    curve,
    landmark_error,
    match_faces,
    match_sizes,
    recall_at,
)
from feelit.types import Float32


def squares(*corners: tuple[float, float]) -> Float32:
    """Boxes of 10x10 px."""
    x, y = np.array(corners, np.float32).reshape(-1, 2).T
    return np.stack([x, y, x + 10, y + 10], axis=1)


def scores(*values: float) -> Float32:
    return np.array(values, np.float32)


def test_a_face_is_found_once_and_by_the_best_score() -> None:
    matched = match_faces(squares((1, 0), (0, 0), (50, 50)), scores(0.6, 0.9, 0.7), squares((0, 0)), np.array([False]))
    assert matched.score.tolist() == pytest.approx([0.9, 0.7, 0.6])
    assert matched.hit.tolist() == [True, False, False]
    assert matched.truth.tolist() == [0, -1, -1]
    assert matched.found.tolist() == [1, 2, 0]


def test_detections_of_ignored_faces_count_for_nothing() -> None:
    matched = match_faces(squares((0, 0), (30, 0)), scores(0.9, 0.8), squares((0, 0), (30, 0)), np.array([True, False]))
    assert matched.found.tolist() == [1]
    assert matched.hit.tolist() == [True]


@pytest.mark.parametrize(
    ("shift", "hit"),
    [pytest.param(3, True, id="iou-0.54"), pytest.param(4, False, id="iou-0.43"), pytest.param(99, False, id="0")],
)
def test_the_least_overlap_is_a_half(shift: float, hit: bool) -> None:
    assert match_faces(squares((shift, 0)), scores(1), squares((0, 0)), np.array([False])).hit.tolist() == [hit]


@pytest.mark.parametrize("truth", [squares(), squares((0, 0))], ids=["no-face", "one-face"])
def test_nothing_found(truth: Float32) -> None:
    of = curve([match_faces(squares(), scores(), truth, np.zeros(len(truth), bool))], len(truth))
    assert (average_precision(of), recall_at(of, 0.1), at_threshold(of, 0.5)) == (0.0, (0.0, 1.0), (0.0, 0.0))


def test_curve_counts_over_images() -> None:
    # Falling scores 0.9 hit, 0.8 false, 0.7 hit, 0.6 false; two images, three faces.
    images = [
        match_faces(squares((0, 0), (50, 0)), scores(0.9, 0.8), squares((0, 0), (90, 0)), np.zeros(2, bool)),
        match_faces(squares((0, 0), (50, 0)), scores(0.7, 0.6), squares((0, 0)), np.zeros(1, bool)),
    ]
    of = curve(images, 3)
    np.testing.assert_allclose(of.recall, [1 / 3, 1 / 3, 2 / 3, 2 / 3], rtol=1e-6)
    np.testing.assert_allclose(of.false_per_image, [0, 0.5, 0.5, 1])
    assert average_precision(of) == pytest.approx(1 / 3 * 1 + 1 / 3 * 2 / 3)
    assert recall_at(of, 0.5) == pytest.approx((2 / 3, 0.7))
    assert at_threshold(of, 0.75) == pytest.approx((1 / 3, 0.5))
    assert at_threshold(of, 0.95) == (0.0, 0.0)


def test_average_precision_takes_the_best_precision_at_any_larger_recall() -> None:
    """A false face with the best score lowers precision at first: 0, 1/2, 2/3 becomes 2/3 everywhere."""
    found = match_faces(squares((90, 90), (0, 0), (50, 0)), scores(0.9, 0.8, 0.7), squares((0, 0), (50, 0)), np.zeros(2, bool))
    assert average_precision(curve([found], 2)) == pytest.approx(2 / 3)


@given(st.lists(st.tuples(st.integers(0, 100), st.integers(0, 100)), max_size=8))
def test_the_truth_itself_scores_perfectly_where_faces_lie_apart(corners: list[tuple[int, int]]) -> None:
    apart = squares(*{(x // 20 * 20.0, y // 20 * 20.0) for x, y in corners})
    matched = match_faces(apart, np.linspace(0.5, 0.9, len(apart), dtype=np.float32), apart, np.zeros(len(apart), bool))
    assert matched.hit.all()
    assert average_precision(curve([matched], len(apart))) == pytest.approx(float(len(apart) > 0))


def test_landmark_error_is_in_shares_of_the_distance_between_the_eyes() -> None:
    truth = np.array([[[0, 0], [20, 0], [10, 10], [0, 20], [20, 20]]], np.float32)
    assert landmark_error(truth, truth).tolist() == [0]
    assert landmark_error(truth + np.array([3, 4], np.float32), truth).tolist() == [0.25]
    assert landmark_error(truth[:0], truth[:0]).shape == (0,)


def sized(*rows: tuple[float, float, float]) -> Float32:
    """Squares by their upper left corner and side."""
    x, y, side = np.array(rows, np.float32).reshape(-1, 3).T
    return np.stack([x, y, x + side, y + side], axis=1)


@pytest.mark.parametrize(
    ("sizes_px", "found", "hits", "false"),
    [
        pytest.param((32, np.inf), (0, 0, 40), 1, 0, id="asked-for"),
        pytest.param((32, np.inf), (100, 0, 20), 0, 0, id="a-smaller-face"),
        pytest.param((32, np.inf), (108, 8, 20), 0, 0, id="a-smaller-face-loosely"),
        pytest.param((32, np.inf), (200, 0, 25), 0, 0, id="false-and-smaller"),
        pytest.param((32, np.inf), (200, 0, 26), 0, 1, id="false-and-a-little-smaller"),
        pytest.param((8, 16), (200, 0, 19), 0, 1, id="false-and-a-little-larger"),
        pytest.param((8, 16), (200, 0, 20), 0, 0, id="false-and-larger"),
        pytest.param((40, 64), (0, 0, 40), 1, 0, id="the-least-size-counts"),
        pytest.param((20, 40), (0, 0, 40), 0, 0, id="the-most-does-not"),
        pytest.param((40, 64), (5, 5, 30), 1, 0, id="a-hit-is-one-whatever-its-own-size"),
        pytest.param((0, np.inf), (108, 8, 20), 0, 1, id="all-sizes"),
    ],
)
def test_only_faces_of_the_sizes_asked_for_count(
    sizes_px: tuple[float, float], found: tuple[float, float, float], hits: int, false: int
) -> None:
    truth = sized((0, 0, 40), (100, 0, 20), (300, 0, 40))
    matched = match_sizes(sized(found), scores(0.9), truth, np.array([False, False, True]), sizes_px)
    assert (int(matched.hit.sum()), int((~matched.hit).sum())) == (hits, false)


def test_faces_to_ignore_are_not_counted() -> None:
    truth = sized((0, 0, 40), (100, 0, 20), (300, 0, 40))
    assert counted(truth, np.array([False, False, True]), (20, np.inf)).tolist() == [True, True, False]


def test_box_sizes_are_geometric_means() -> None:
    assert box_sizes(np.array([[0, 0, 4, 9], [5, 5, 5, 9]], np.float32)).tolist() == [6, 0]
