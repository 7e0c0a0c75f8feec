"""Sharpness, brightness and thumbnails mean the same for every size and light."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from feelit.timeline.quality_gate import LEAST_SHARPNESS
from feelit.types import UInt8
from feelit.vision.measures import brightness, sharpness, thumbnails
from tests.video.clips import face_patch


@pytest.fixture(scope="module")
def face() -> UInt8:
    """(48, 48) grey, a sharp one."""
    patch, (x0, y0, x1, y1) = face_patch()
    grey = cv2.cvtColor(patch, cv2.COLOR_RGB2GRAY)[y0:y1, x0:x1]
    return np.asarray(cv2.resize(grey, (48, 48), interpolation=cv2.INTER_AREA), np.uint8)


def blurred(image: UInt8, sigma: float) -> UInt8:
    return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma), np.uint8)


def dimmed(image: UInt8, contrast: float) -> UInt8:
    return np.asarray(np.clip(128 + (image - image.mean()) * contrast, 0, 255), np.uint8)


def test_the_more_blur_the_less_sharpness(face: UInt8) -> None:
    values = sharpness(np.stack([face, *(blurred(face, sigma) for sigma in (0.5, 1, 2, 3, 4))]))
    assert (np.diff(values) < 0).all()


@pytest.mark.parametrize("contrast", [0.8, 0.3, 0.1, 0.05])
def test_a_dim_face_is_judged_like_a_bright_one(contrast: float, face: UInt8) -> None:
    dim = dimmed(face, contrast)
    sharp, soft = sharpness(np.stack([dim, blurred(dim, 3)]))
    assert sharp == pytest.approx(sharpness(face[None])[0], rel=0.25)
    assert soft < LEAST_SHARPNESS < sharp


@pytest.mark.parametrize("side", [32, 64, 96, 224])
def test_the_input_of_the_classifier_has_no_say_in_sharpness(side: int, face: UInt8) -> None:
    large = cv2.resize(face, (side, side), interpolation=cv2.INTER_AREA if side < 48 else cv2.INTER_LINEAR)
    sharp, soft = (np.asarray(image, np.uint8) for image in (large, cv2.GaussianBlur(large, (0, 0), 3 * side / 48)))
    assert sharpness(sharp[None])[0] == pytest.approx(sharpness(face[None])[0], rel=0.6)
    assert sharpness(soft[None])[0] < LEAST_SHARPNESS < sharpness(sharp[None])[0]


@pytest.mark.parametrize("value", [0, 128, 255])
def test_a_flat_crop_has_brightness_and_no_sharpness(value: int) -> None:
    crops = np.full((2, 48, 48), value, np.uint8)
    assert brightness(crops).tolist() == [value] * 2
    assert sharpness(crops).tolist() == [0, 0]


def test_brightness_is_the_mean() -> None:
    crop = np.zeros((1, 48, 48), np.uint8)
    crop[:, :12] = 200
    assert brightness(crop).tolist() == [50]


def test_no_crops_have_no_qualities() -> None:
    none = np.zeros((0, 48, 48), np.uint8)
    assert sharpness(none).shape == brightness(none).shape == (0,)
    assert sharpness(none).dtype == brightness(none).dtype == np.float32
    assert thumbnails(none, 8).shape == (0, 64)


def test_a_thumbnail_holds_the_means_of_its_cells_row_by_row() -> None:
    image = np.arange(64, dtype=np.uint8).reshape(8, 8).repeat(6, axis=0).repeat(5, axis=1)
    assert thumbnails([image], 8)[0].tolist() == list(range(64))


def test_a_thumbnail_of_colour_is_that_of_its_mean() -> None:
    grey = np.random.default_rng(1).integers(0, 256, (32, 48), np.uint8)
    colour = np.repeat(grey[..., None], 3, axis=2)
    np.testing.assert_array_equal(thumbnails([colour], 16), thumbnails([grey], 16))


def test_images_smaller_than_the_thumbnail_are_enlarged() -> None:
    assert thumbnails([np.full((3, 5), 9, np.uint8)], 16).tolist() == [[9] * 256]
