"""The face detector that is shipped: its file, its card, and what it finds."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pyarrow.parquet as pq
import pytest

from feelit.evaluation.detector.metrics import at_threshold, curve, match_faces
from feelit.models.card import sha256_of
from feelit.models.paths import model_path
from feelit.scaling import detector_view
from feelit.types import UInt8
from feelit.vision.detector import FaceDetector, view_of

ROOT = Path(__file__).parents[2]
MODEL = model_path("face")
CLIP = ROOT / "../shared/clips/gallery4.mp4"


@pytest.fixture(scope="module")
def detector() -> FaceDetector:
    return FaceDetector(MODEL, "cpu")


def drawn_face(size: int) -> UInt8:
    """A face of the simplest kind: an oval with two eyes, a nose and a mouth."""
    luma = np.full((96, 96), 90, np.uint8)
    cv2.ellipse(luma, (48, 48), (size // 2, size * 2 // 3), 0, 0, 360, 190, -1)
    for x in (48 - size // 5, 48 + size // 5):
        cv2.ellipse(luma, (x, 42), (size // 10, size // 16), 0, 0, 360, 40, -1)
    cv2.line(luma, (48, 46), (48, 54), 130, 2)
    cv2.ellipse(luma, (48, 48 + size // 3), (size // 6, size // 18), 0, 0, 360, 60, -1)
    return luma


def test_the_card_belongs_to_the_file(detector: FaceDetector) -> None:
    assert detector.card.sha256 == sha256_of(MODEL)
    assert (detector.card.task, detector.color) == ("face", "luma")
    assert detector.card.parameters > 0
    assert all("licence" in entry for entry in detector.card.training_data)


def test_what_is_found_in_a_frame_does_not_depend_on_the_batch(detector: FaceDetector) -> None:
    size = view_of(96, 96, 10)
    noise = np.random.default_rng(0).integers(0, 256, (5, 96, 96), dtype=np.uint8)
    images = np.concatenate([noise, drawn_face(44)[None], noise[::-1]])
    together = detector.detect(images, size, 0.05)
    alone = [detector.detect(image[None], size, 0.05) for image in images]
    assert np.bincount(together.row, minlength=len(images)).tolist() == [len(found) for found in alone]
    np.testing.assert_array_equal(together.box, np.concatenate([found.box for found in alone]))
    np.testing.assert_array_equal(together.score, np.concatenate([found.score for found in alone]))


@pytest.mark.parametrize("value", [0, 128, 255], ids=["black", "grey", "white"])
def test_an_empty_picture_shows_no_face(detector: FaceDetector, value: int) -> None:
    assert len(detector.detect(np.full((2, 192, 320), value, np.uint8), view_of(320, 192, 10))) == 0


@pytest.mark.slow
@pytest.mark.skipif(not CLIP.exists(), reason="needs the shared clips")
def test_faces_of_a_video_call_are_found_and_nothing_else(detector: FaceDetector) -> None:
    table = pq.read_table(CLIP.with_name("gallery4.truth.parquet"))
    frame = table["frame"].to_numpy()
    boxes = np.stack([table[name].to_numpy() for name in ("x0", "y0", "x1", "y1")], axis=1).astype(np.float32)
    size = view_of(1280, 720, 60)
    capture, matches, faces = cv2.VideoCapture(str(CLIP)), [], 0
    for number in range(0, 1500, 100):
        capture.set(cv2.CAP_PROP_POS_FRAMES, number)
        image = detector_view(cv2.cvtColor(capture.read()[1], cv2.COLOR_BGR2GRAY).astype(np.uint8), size)[None]
        found, truth = detector.detect(image, size, 0.05), boxes[frame == number]
        matches.append(match_faces(found.box, found.score, truth, np.zeros(len(truth), bool)))
        faces += len(truth)
    recall, false = at_threshold(curve(matches, faces), detector.threshold)
    assert (recall, false) == (1.0, 0.0)
