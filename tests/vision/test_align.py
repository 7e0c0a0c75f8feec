"""Crops show the right place, the right way up, whatever the size of the face."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feelit.types import Float32, Float64, UInt8
from feelit.vision.align import TEMPLATE, crop_faces, similarity_to_template

SIZE_PX = 48
UPRIGHT = (TEMPLATE * SIZE_PX - 0.5)[None]


@st.composite
def placements(draw: st.DrawFn, least: float = 0.4, most: float = 20.0) -> Float64:
    """(2, 3): a similarity transform from a crop into a frame of up to 4K, any way up."""
    scale = draw(st.floats(least, most))
    phi = np.radians(draw(st.floats(-180, 180)))
    x, y = draw(st.floats(-200, 3000)), draw(st.floats(-200, 2000))
    return np.array([[np.cos(phi), -np.sin(phi), x], [np.sin(phi), np.cos(phi), y]]) * [[scale, scale, 1]]


def placed(matrix: Float64, points: Float64) -> Float32:
    return np.asarray(points @ matrix[:, :2].T + matrix[:, 2], np.float32)


def fitted(matrix: Float64, points: Float32) -> Float64:
    return np.asarray(points.astype(np.float64) @ matrix[:, :2].T + matrix[:, 2])


@given(placements(), st.sampled_from([24, 48, 112]))
def test_a_template_turned_scaled_and_moved_is_found_exactly(place: Float64, size_px: int) -> None:
    target = (TEMPLATE * size_px - 0.5)[None]
    landmarks = placed(place, target)
    (matrix,) = similarity_to_template(landmarks, size_px)
    assert np.abs(fitted(matrix, landmarks) - target).max() < 1e-3


@given(placements(), st.lists(st.floats(-4, 4), min_size=10, max_size=10))
def test_no_other_similarity_fits_better(place: Float64, noise: list[float]) -> None:
    landmarks = placed(place, UPRIGHT + np.array(noise).reshape(1, 5, 2))
    (matrix,) = similarity_to_template(landmarks, SIZE_PX)
    least = ((fitted(matrix, landmarks) - UPRIGHT) ** 2).sum()
    assert matrix[0, 0] == matrix[1, 1]
    assert matrix[0, 1] == -matrix[1, 0]
    for step in ((1e-3, 0, 0, 0), (0, 1e-3, 0, 0), (0, 0, 0.05, 0), (0, 0, 0, 0.05)):
        for a, b, x, y in (np.array(step), -np.array(step)):
            other = matrix + np.array([[a, -b, x], [b, a, y]])
            assert ((fitted(other, landmarks) - UPRIGHT) ** 2).sum() > least


def spot(width: int, height: int, centre: tuple[float, float], sigma: float) -> UInt8:
    """A soft bright spot on black, (H, W) uint8; `centre` with pixel centres at whole numbers."""
    x, y = np.arange(width) - centre[0], np.arange(height)[:, None] - centre[1]
    return np.asarray(np.round(255 * np.exp(-(x**2 + y**2) / (2 * sigma**2))), np.uint8)


def middle(crop: UInt8) -> Float64:
    """The centre of mass, x and y px."""
    weight = crop.astype(np.float64)
    x, y = np.arange(crop.shape[1]), np.arange(crop.shape[0])[:, None]
    return np.array([(weight * x).sum(), (weight * y).sum()]) / float(weight.sum())


@pytest.mark.parametrize("scale", [0.4, 0.8, 1.0, 1.3, 1.9, 2.7, 3.5, 5.2, 8.0, 11.9])
@pytest.mark.parametrize("turn_deg", [0, 30, 90, 200])
def test_what_lies_at_a_point_of_the_frame_is_where_the_transform_puts_it(scale: float, turn_deg: float) -> None:
    """Shrinking by whole factors, too, moves nothing by a part of a pixel."""
    phi = np.radians(turn_deg)
    place = np.array([[np.cos(phi), -np.sin(phi), 0], [np.sin(phi), np.cos(phi), 0]]) * scale
    place[:, 2] = np.array([511.3, 407.8]) - place[:, :2] @ [23.5, 23.5]
    at = place[:, :2] @ [20.2, 27.6] + place[:, 2]
    luma = spot(1003, 801, (float(at[0]), float(at[1])), 4 * scale)
    (crop,) = crop_faces(luma, placed(place, UPRIGHT), SIZE_PX)
    np.testing.assert_allclose(middle(crop), [20.2, 27.6], atol=0.06)


@pytest.mark.parametrize("factor", [2, 3, 5, 8])
def test_a_large_face_gives_the_crop_of_its_smaller_copy(factor: int) -> None:
    rng = np.random.default_rng(factor)
    small = cv2.GaussianBlur(rng.integers(0, 256, (120, 160), np.uint8), (0, 0), 2.5)
    small = cv2.normalize(small, small.copy(), 0, 255, cv2.NORM_MINMAX).astype(np.uint8)
    large = cv2.resize(small, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC).astype(np.uint8)
    copy = cv2.resize(large, (160, 120), interpolation=cv2.INTER_AREA).astype(np.uint8)
    landmarks = placed(np.array([[1.1, -0.2, 50], [0.2, 1.1, 30]]), UPRIGHT)
    (expected,) = crop_faces(copy, landmarks, SIZE_PX)
    (crop,) = crop_faces(large, (landmarks + np.float32(0.5)) * np.float32(factor) - np.float32(0.5), SIZE_PX)
    assert expected.std() > 20
    assert np.abs(crop.astype(int) - expected).max() <= 6
    assert np.abs(crop.astype(int) - expected).mean() < 1


@given(placements(0.02, 60.0), st.sampled_from([(1, 1), (1, 40), (40, 1), (7, 5), (64, 48), (300, 200)]))
def test_any_landmarks_in_any_frame_give_a_crop(place: Float64, shape: tuple[int, int]) -> None:
    luma = np.full(shape, 77, np.uint8)
    crops = crop_faces(luma, placed(place, UPRIGHT), SIZE_PX)
    assert crops.shape == (1, SIZE_PX, SIZE_PX)
    assert crops.dtype == np.uint8
    assert (crops == 77).all()  # what lies outside repeats the edge


@pytest.mark.parametrize(
    "landmarks",
    [
        pytest.param(np.zeros((1, 5, 2)), id="at-the-corner"),
        pytest.param(np.full((1, 5, 2), 30.0), id="at-one-point"),
        pytest.param(np.full((1, 5, 2), -1e6), id="far-outside"),
        pytest.param(UPRIGHT * 1e-4, id="almost-one-point"),
        pytest.param(UPRIGHT * 1e4, id="larger-than-any-frame"),
        pytest.param(UPRIGHT[:, ::-1], id="upside-down"),
    ],
)
def test_odd_landmarks_do_no_harm(landmarks: Float64) -> None:
    luma = np.random.default_rng(0).integers(0, 256, (60, 80), np.uint8)
    assert crop_faces(luma, landmarks.astype(np.float32), SIZE_PX).shape == (1, SIZE_PX, SIZE_PX)
    assert np.isfinite(similarity_to_template(landmarks.astype(np.float32), SIZE_PX)).all()


@pytest.mark.parametrize("scale", [0.8, 4.0], ids=["small-face", "large-face"])
def test_rows_with_gaps_between_them_are_taken_as_they_are(scale: float) -> None:
    memory = np.random.default_rng(1).integers(0, 256, (300, 512), np.uint8)
    strided = memory[:, :400]
    landmarks = placed(np.array([[scale, 0, 90], [0, scale, 50]]), UPRIGHT)
    np.testing.assert_array_equal(
        crop_faces(strided, landmarks, SIZE_PX), crop_faces(np.ascontiguousarray(strided), landmarks, SIZE_PX)
    )


@pytest.mark.parametrize("scale", [1.0, 6.0], ids=["small-face", "large-face"])
@pytest.mark.parametrize("corner", [(0, 0), (1, 0), (0, 1), (1, 1)], ids=str)
def test_a_face_at_the_edge_repeats_the_edge(scale: float, corner: tuple[int, int]) -> None:
    """Half of the crop lies outside a frame that is dark on one side and bright on the other."""
    width, height = 403, 307
    luma = np.zeros((height, width), np.uint8)
    luma[:, width // 2 :] = 200
    centre = np.array([corner[0] * (width - 1), corner[1] * (height - 1)])
    place = np.column_stack([np.eye(2) * scale, centre - 23.5 * scale])
    (crop,) = crop_faces(luma, placed(place, UPRIGHT), 24)
    assert (crop == (200 if corner[0] else 0)).all()


def test_faces_are_cropped_one_by_one() -> None:
    luma = np.random.default_rng(2).integers(0, 256, (200, 300), np.uint8)
    landmarks = np.concatenate([placed(np.array([[s, 0, 20 * s], [0, s, 9 * s]]), UPRIGHT) for s in (0.5, 1.5, 3.0)])
    together = crop_faces(luma, landmarks, SIZE_PX)
    np.testing.assert_array_equal(together, np.concatenate([crop_faces(luma, one[None], SIZE_PX) for one in landmarks]))


def test_no_faces_give_no_crops() -> None:
    assert crop_faces(np.zeros((9, 9), np.uint8), np.zeros((0, 5, 2), np.float32), 24).shape == (0, 24, 24)
