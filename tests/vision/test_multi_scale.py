"""Large faces are found in every frame; small ones once a second or two, and in between where they were."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import numpy as np
import pytest

from feelit.geometry import iou
from feelit.models.paths import model_path
from feelit.scaling import detector_view
from feelit.types import Detections, Sample, UInt8, View
from feelit.vision.detector import FaceDetector
from feelit.vision.multi_scale import EMPTY_EVERY_S, EVERY_S, MultiScaleDetector, united
from tests.vision.made import HEIGHT, WIDTH, Face, frame
from tests.vision.scripted import Answer, ScriptedDetector, found_at

LEVELS = np.arange(256, dtype=np.uint8)


@pytest.fixture(scope="module")
def detector() -> FaceDetector:
    return FaceDetector(model_path("face"), "cpu")


class Watcher:
    """Shows a multi_scale one frame after the other."""

    def __init__(self, detector: FaceDetector, min_face_px: float | None = None) -> None:
        self.multi_scale, self.threshold = MultiScaleDetector(detector, WIDTH, HEIGHT, min_face_px), detector.threshold

    def sample(self, luma: UInt8, time_s: float, reset: bool = False) -> Sample:
        return Sample(0, 0, time_s, 0, reset, luma, LEVELS, detector_view(luma, self.multi_scale.view))

    def see(self, luma: UInt8, time_s: float, reset: bool = False) -> Detections:
        return self.multi_scale.find([self.sample(luma, time_s, reset)], self.threshold)


LARGE, SMALL = Face(200, 150, 200), Face(900, 400, 28)
MOVED, GONE = replace(SMALL, left=925, top=415), replace(SMALL, left=300, top=600)


def assert_found(found: Detections, *faces: Face) -> None:
    assert len(found) == len(faces)
    for face in faces:
        assert iou(face.box, found.box).max() > 0.5
        eyes, box = found.landmarks[iou(face.box, found.box)[0].argmax(), :2], face.box[0]
        assert ((eyes > box[:2]) & (eyes < box[2:])).all()


def test_small_faces_are_found_where_they_were(detector: FaceDetector) -> None:
    watcher = Watcher(detector)
    assert_found(watcher.see(frame(LARGE, SMALL), 0.0, reset=True), LARGE, SMALL)
    assert_found(watcher.see(frame(LARGE, MOVED), 0.1), LARGE, MOVED)
    assert_found(watcher.see(frame(LARGE, GONE), 0.2), LARGE)
    assert_found(watcher.see(frame(LARGE, SMALL), 0.3), LARGE, SMALL)
    assert_found(watcher.see(frame(LARGE, GONE), EVERY_S - 0.01), LARGE)
    assert_found(watcher.see(frame(LARGE, GONE), EVERY_S), LARGE, GONE)


def test_a_frame_without_small_faces_is_looked_at_closely_less_often(detector: FaceDetector) -> None:
    watcher = Watcher(detector)
    assert_found(watcher.see(frame(LARGE), 0.0, reset=True), LARGE)
    assert_found(watcher.see(frame(LARGE, SMALL), EVERY_S), LARGE)
    assert_found(watcher.see(frame(LARGE, SMALL), EMPTY_EVERY_S), LARGE, SMALL)
    assert_found(watcher.see(frame(LARGE, GONE), EMPTY_EVERY_S + EVERY_S), LARGE, GONE)


def test_a_new_beginning_forgets(detector: FaceDetector) -> None:
    watcher = Watcher(detector)
    assert_found(watcher.see(frame(SMALL), 0.0, reset=True), SMALL)
    assert_found(watcher.see(frame(), 0.1, reset=True))
    assert_found(watcher.see(frame(SMALL), 0.2))
    assert_found(watcher.see(frame(SMALL), 0.3, reset=True), SMALL)


@pytest.mark.parametrize(
    "face",
    [
        pytest.param(Face(10, 16, 34), id="in the corner"),
        pytest.param(Face(WIDTH - 34, 300, 34), id="at the right edge"),
        pytest.param(Face(600, HEIGHT - 40, 34), id="at the lower edge"),
        pytest.param(Face(600, 300, 62), id="neither small nor large"),
        pytest.param(Face(600, 300, 100), id="large"),
    ],
)
def test_a_face_is_found_once_whichever_way(face: Face, detector: FaceDetector) -> None:
    watcher = Watcher(detector)
    assert_found(watcher.see(frame(face), 0.0, reset=True), face)
    assert_found(watcher.see(frame(face), 0.1), face)


def test_faces_beside_each_other_share_a_square(detector: FaceDetector) -> None:
    pair = SMALL, replace(SMALL, left=SMALL.left + 60)
    watcher = Watcher(detector)
    for time_s in (0.0, 0.1):
        assert_found(watcher.see(frame(*pair), time_s), *pair)


def test_a_crowd_is_looked_at_as_a_whole(detector: FaceDetector) -> None:
    crowd = [Face(40 + 120 * i, 40 + 130 * j, 34) for i in range(10) for j in range(5)]
    watcher = Watcher(detector)
    assert len(watcher.see(frame(*crowd), 0.0, reset=True)) > 40
    newcomer = Face(100, 105, 34)
    assert iou(newcomer.box, watcher.see(frame(*crowd, newcomer), 0.1).box).max() > 0.5


def test_the_batch_changes_nothing(detector: FaceDetector) -> None:
    pictures = [frame(LARGE, replace(SMALL, left=900 + 4 * n)) for n in range(5)]
    apart, together = Watcher(detector), Watcher(detector)
    single = [apart.see(luma, 0.1 * n, reset=n == 0) for n, luma in enumerate(pictures)]
    batch = together.multi_scale.find([together.sample(p, 0.1 * n, n == 0) for n, p in enumerate(pictures)], detector.threshold)
    assert batch.row.tolist() == [n for n, found in enumerate(single) for _ in range(len(found))]
    np.testing.assert_allclose(batch.box, np.concatenate([found.box for found in single]), atol=0.01)


def test_a_frame_without_small_faces_stays_as_it_is_whatever_another_holds() -> None:
    """Also where rounding brings two of its boxes beyond the overlap at which they would count as one."""
    box = np.array([[0, 0, 10, 10], [0, 0, 10, 4.5], [50, 50, 60, 60]], np.float32)
    found = Detections(np.array([0, 0, 1]), box, np.zeros((3, 5, 2), np.float32), np.array([0.9, 0.8, 0.7], np.float32))
    nothing, closer = found.rows(slice(0, 0)), found.rows(slice(2, 3))
    for small, rows in (
        ([nothing, nothing], [0, 0, 1]),
        ([nothing, closer], [0, 0, 1]),
        ([found.rows(slice(0, 1)), nothing], [0, 1]),
    ):
        assert united(found, small).row.tolist() == rows


@pytest.mark.parametrize(
    ("min_face_px", "faces"),
    [
        pytest.param(None, [LARGE, SMALL], id="usual"),
        pytest.param(60, [LARGE], id="no small ones asked for"),
        pytest.param(150, [LARGE], id="large ones only"),
    ],
)
def test_as_much_is_looked_at_as_is_asked(min_face_px: float | None, faces: list[Face], detector: FaceDetector) -> None:
    assert_found(Watcher(detector, min_face_px).see(frame(LARGE, SMALL), 0.0, reset=True), *faces)


BIG_WIDTH, BIG_HEIGHT = 1800, 900


def scripted(answer: Answer) -> tuple[ScriptedDetector, MultiScaleDetector]:
    """A detector that answers so, looking for faces of 30 px in pictures of 1800 x 900 px."""
    script = ScriptedDetector(answer)
    return script, MultiScaleDetector(cast(FaceDetector, script), BIG_WIDTH, BIG_HEIGHT, 30)


def blank(multi_scale: MultiScaleDetector, time_s: float) -> Sample:
    small = np.zeros((multi_scale.view.padded_height_px, multi_scale.view.padded_width_px), np.uint8)
    luma = np.zeros((BIG_HEIGHT, BIG_WIDTH), np.uint8)
    return Sample(0, 0, time_s, 0, time_s == 0, luma, LEVELS, small)


@pytest.mark.parametrize(
    ("box", "kept"),
    [
        pytest.param((60, 60, 95, 95), True, id="whole"),
        pytest.param((-2, 60, 33, 95), False, id="cut at the left"),
        pytest.param((60, -2, 95, 33), False, id="cut at the top"),
        pytest.param((120, 60, 2000, 95), False, id="cut at the right"),
        pytest.param((60, 120, 95, 2000), False, id="cut at the bottom"),
        pytest.param((-2, -2, 33, 33), False, id="cut at a corner"),
    ],
)
def test_a_face_that_its_square_cuts_is_left_out(box: tuple[float, ...], kept: bool) -> None:
    """A part of a face gives a wrong box."""

    def answer(images: UInt8, view: View) -> Detections:
        if view == multi_scale.view:
            return found_at()
        return found_at((800, 400, 835, 435)) if view.scale_x * BIG_WIDTH == view.width_px else found_at(box)

    _script, multi_scale = scripted(answer)
    assert len(multi_scale.find([blank(multi_scale, 0.0)], 0.5)) == 1
    assert len(multi_scale.find([blank(multi_scale, 0.1)], 0.5)) == kept


@pytest.mark.parametrize(("faces", "views"), [(10, 1), (200, 2)], ids=["few", "many"])
def test_squares_that_cover_half_of_the_frame_are_not_worth_it(faces: int, views: int) -> None:
    """The view of the second closer look: that of a square, or that of the whole frame again."""
    boxes = [(40 + 80 * (i % 20), 40 + 80 * (i // 20), 70 + 80 * (i % 20), 70 + 80 * (i // 20)) for i in range(faces)]

    def answer(images: UInt8, view: View) -> Detections:
        return found_at(*boxes) if view.width_px > multi_scale.view.width_px else found_at()

    script, multi_scale = scripted(answer)
    multi_scale.find([blank(multi_scale, 0.0)], 0.5)
    whole = script.views[1]
    multi_scale.find([blank(multi_scale, 0.1)], 0.5)
    assert script.views.count(whole) == views
