"""The face in pictures that show little else."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from feelit.models.card import ModelCard, write_card
from feelit.models.paths import model_path
from feelit.types import Detections, UInt8, View
from feelit.vision.detector import FaceDetector
from feelit.vision.face_crops import LEAST_FACE_PX, find_close_faces, find_face
from tests.video import clips
from tests.vision.networks import ultraface

YUNET = Path(__file__).parents[2] / "../shared/models/yunet_n_dynamic.onnx"


@pytest.fixture(scope="module")
def detector() -> FaceDetector:
    return FaceDetector(model_path("face"), "cpu")


def portrait() -> tuple[UInt8, tuple[int, int, int, int]]:
    """A face with some surroundings, and its box."""
    patch, box = clips.face_patch()
    return np.asarray(cv2.cvtColor(patch, cv2.COLOR_RGB2GRAY), np.uint8), box


def tight(side: int, margin: float = 0.0) -> UInt8:
    """A square picture that the face fills, but for a margin in shares of its box."""
    luma, (x0, y0, x1, y1) = portrait()
    extra = round(margin * (y1 - y0))
    part = luma[max(y0 - extra, 0) : y1 + extra, max(x0 - extra, 0) : x1 + extra]
    return np.asarray(cv2.resize(part, (side, side), interpolation=cv2.INTER_AREA), np.uint8)


@pytest.mark.parametrize("side", [32, 48, 112, 224, 900])
@pytest.mark.parametrize("margin", [0.0, 0.2], ids=["no margin", "some margin"])
def test_a_face_that_fills_the_picture_is_found(side: int, margin: float, detector: FaceDetector) -> None:
    found = find_face(detector, tight(side, margin))
    assert len(found) == 1
    (eye_r, eye_l, nose, mouth_r, mouth_l) = found.landmarks[0] / side
    assert 0 < eye_r[0] < nose[0] < eye_l[0] < 1  # the subject's right eye is on the left of the picture
    assert 0.1 < eye_r[1] < nose[1] < mouth_r[1] < 1
    assert abs(mouth_l[1] - mouth_r[1]) < 0.15


def test_what_is_found_lies_where_it_lay_before_the_enlargement(detector: FaceDetector) -> None:
    luma, box = portrait()
    found = find_face(detector, luma)
    assert np.abs(found.box[0] - box).max() < 0.2 * (box[3] - box[1])
    twice = find_face(detector, np.asarray(cv2.resize(luma, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC), np.uint8))
    np.testing.assert_allclose(twice.landmarks[0], 2 * found.landmarks[0] + 0.5, atol=0.09 * (box[3] - box[1]))


class SpotDetector(FaceDetector):
    """Takes what is light for a face, all of whose landmarks lie in its middle; sees nothing at the first looks."""

    def __init__(self, blind: int) -> None:
        self.color = "luma"
        self._sides = None
        self.blind = blind

    def detect(self, images: UInt8, view: View, min_score: float | None = None) -> Detections:
        self.blind -= 1
        middle = np.argwhere(images[0] > 128).mean(axis=0)[::-1].astype(np.float32)
        box = np.concatenate([middle - 99, middle + 99])[None]
        return Detections(np.zeros(1, np.int64), box, np.tile(middle, (1, 5, 1)), np.ones(1, np.float32)).rows(
            slice(0, self.blind < 0)
        )


@pytest.mark.parametrize("shape", [(48, 48), (48, 100), (333, 120), (900, 1200)], ids=str)
@pytest.mark.parametrize("blind", range(4))
def test_places_are_reported_in_px_of_the_picture(shape: tuple[int, int], blind: int) -> None:
    luma = np.zeros(shape, np.uint8)
    height, width = shape
    y0, x0, part = height // 3, width // 2, min(shape) // 6
    luma[y0 : y0 + part, x0 : x0 + part] = 255
    exact = 0.15 if shape == (48, 48) else 1.0  # larger pictures are shrunk at some looks, which moves edges
    found = find_face(SpotDetector(blind), luma)
    middle = (x0 + (part - 1) / 2, y0 + (part - 1) / 2)  # pixel centres lie at whole numbers
    np.testing.assert_allclose(found.landmarks[0], np.tile(middle, (5, 1)), atol=exact)
    np.testing.assert_allclose((found.box[0, :2] + found.box[0, 2:]) / 2, middle, atol=exact)


def test_pictures_need_not_be_square(detector: FaceDetector) -> None:
    luma, _ = portrait()
    wide = np.concatenate([np.full((len(luma), 3 * luma.shape[1]), 99, np.uint8), luma], axis=1)
    alone, beside = find_face(detector, luma), find_face(detector, wide)
    np.testing.assert_allclose(beside.landmarks[0], alone.landmarks[0] + (3 * luma.shape[1], 0), atol=6)


@pytest.mark.parametrize(
    "luma",
    [
        pytest.param(np.zeros((48, 48), np.uint8), id="black"),
        pytest.param(np.random.default_rng(0).integers(0, 256, (48, 48), np.uint8), id="noise"),
        pytest.param(np.zeros((1, 1), np.uint8), id="a pixel"),
        pytest.param(np.zeros((2, 700), np.uint8), id="a line"),
    ],
)
def test_where_there_is_no_face_none_is_found(luma: UInt8, detector: FaceDetector) -> None:
    assert len(find_face(detector, luma)) == 0


def test_a_face_too_small_to_be_read_is_none(detector: FaceDetector) -> None:
    luma, box = portrait()
    small = LEAST_FACE_PX * 0.7 / (box[3] - box[1])
    face = cv2.resize(luma, None, fx=small, fy=small, interpolation=cv2.INTER_AREA)
    picture = np.full((60, 60), 99, np.uint8)
    picture[20 : 20 + face.shape[0], 20 : 20 + face.shape[1]] = face
    assert len(find_face(detector, picture)) == 0


def test_detectors_of_a_fixed_size_and_of_colour_will_do(tmp_path: Path) -> None:
    """The network always sees a face at 96, 0, 192, 96 px of its input, 320 x 240 px."""
    path = ultraface(tmp_path / "u.onnx", [[0.3, 0.0, 0.6, 0.4]])
    write_card(ModelCard("u", "face", "ultraface", color="rgb"), path)
    found = find_face(FaceDetector(path, "cpu"), np.full((48, 48), 255, np.uint8))
    assert len(found) == 1
    # A square of 192 px lies in its upper left corner; the picture is from 24 px on, and three times as large.
    np.testing.assert_allclose(found.box[0], (np.array([96, 0, 192, 96]) - 24 + 0.5) / 3 - 0.5, atol=1e-4)


def test_close_faces_are_all_that_are_large_enough_by_falling_score(detector: FaceDetector) -> None:
    luma, box = portrait()
    side = box[3] - box[1]
    beside = np.concatenate([np.asarray(cv2.GaussianBlur(luma, (0, 0), side / 40), np.uint8), luma], axis=1)
    found = find_close_faces(detector, np.asarray(cv2.resize(beside, None, fx=60 / side, fy=60 / side), np.uint8))
    assert len(found) == 2
    assert found.score[0] >= found.score[1]
    tiny = np.asarray(cv2.resize(beside, None, fx=12 / side, fy=12 / side, interpolation=cv2.INTER_AREA), np.uint8)
    assert len(find_close_faces(detector, tiny)) == 0


@pytest.mark.skipif(not YUNET.exists(), reason="needs YuNet")
def test_detectors_that_want_colour_find_it_as_well() -> None:
    assert len(find_face(FaceDetector(YUNET, "cpu"), tight(48))) == 1
