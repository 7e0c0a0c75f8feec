"""Heads that lean far to a side are found in turned pictures, which are looked at seldom and where one was."""

from __future__ import annotations

from typing import cast

import numpy as np
import pytest

from feelit.geometry import head_angles, iou
from feelit.models.paths import model_path
from feelit.scaling import detector_view
from feelit.types import Detections, Sample, UInt8
from feelit.vision.detector import FaceDetector
from feelit.vision.multi_scale import MultiScaleDetector
from feelit.vision.rolled import EVERY_S, LEANS_DEG, LOST_S
from tests.vision.made import HEIGHT, WIDTH, Face, frame, turned
from tests.vision.scripted import ScriptedDetector, found_at

LEVELS = np.arange(256, dtype=np.uint8)
FACE = Face(500, 200, 220)
CENTRE = (FACE.box[0, :2] + FACE.box[0, 2:]) / 2


@pytest.fixture(scope="module")
def detector() -> FaceDetector:
    return FaceDetector(model_path("face"), "cpu")


def leaning(roll_deg: float, right_px: float = 0.0) -> UInt8:
    """The face, leaning clockwise."""
    return turned(FACE, roll_deg, right_px)


class Watcher:
    """Shows the program one frame after the other."""

    def __init__(self, detector: FaceDetector) -> None:
        self.program, self._least = MultiScaleDetector(detector, WIDTH, HEIGHT, None), detector.threshold

    def sample(self, luma: UInt8, time_s: float, reset: bool = False) -> Sample:
        return Sample(0, 0, time_s, 0, reset, luma, LEVELS, detector_view(luma, self.program.view))

    def see(self, luma: UInt8, time_s: float, reset: bool = False) -> Detections:
        return self.program.find([self.sample(luma, time_s, reset)], self._least)


def assert_leans(found: Detections, roll_deg: float, right_px: float = 0.0) -> None:
    """One face, in its place, whose eyes lean to the same side: by the turn of the picture, give or take little."""
    assert len(found) == 1
    assert head_angles(found.landmarks)[0][0] == pytest.approx(roll_deg, abs=30)
    middle = (found.box[0, :2] + found.box[0, 2:]) / 2
    assert np.linalg.norm(middle - CENTRE - [right_px, 0]) < 0.25 * FACE.high
    assert 0.7 < (found.box[0, 3] - found.box[0, 1]) / FACE.high < 1.4


@pytest.mark.parametrize("roll_deg", [60, -65])
def test_a_leaning_head_is_found_that_the_upright_look_misses(roll_deg: float, detector: FaceDetector) -> None:
    luma, watcher = leaning(roll_deg), Watcher(detector)
    assert not len(detector.detect(detector_view(luma, watcher.program.view)[None], watcher.program.view))
    assert_leans(watcher.see(luma, 0.0, reset=True), roll_deg)


def test_it_is_followed_until_the_next_look_at_the_whole_frame(detector: FaceDetector) -> None:
    watcher = Watcher(detector)
    watcher.see(leaning(60), 0.0, reset=True)
    for step in range(1, 8):
        assert_leans(watcher.see(leaning(60, 8.0 * step), 0.1 * step), 60, 8.0 * step)


def test_a_head_that_leans_further_and_further_is_not_lost(detector: FaceDetector) -> None:
    watcher = Watcher(detector)
    for step in range(13):
        found = watcher.see(leaning(5.0 * step), 0.1 * step, reset=step == 0)
        assert len(found) == 1
    assert_leans(found, 60)


def test_one_that_begins_to_lean_unseen_is_found_with_the_next_look_at_the_whole_frame(detector: FaceDetector) -> None:
    watcher = Watcher(detector)
    watcher.see(frame(), 0.0, reset=True)
    assert not len(watcher.see(leaning(60), EVERY_S - 0.1))
    assert_leans(watcher.see(leaning(60), EVERY_S), 60)


def test_a_new_beginning_forgets(detector: FaceDetector) -> None:
    watcher, fresh = Watcher(detector), Watcher(detector)
    watcher.see(leaning(60), 0.0, reset=True)
    for each in (watcher, fresh):
        each.see(frame(), 0.1, reset=True)
    assert len(watcher.see(leaning(60), 0.2)) == len(fresh.see(leaning(60), 0.2)) == 0


def test_one_that_is_lost_is_looked_for_a_second_long(detector: FaceDetector) -> None:
    for gone_s, found in ((LOST_S - 0.3, 1), (LOST_S + 0.1, 0)):
        watcher = Watcher(detector)
        watcher.see(leaning(60), 0.0, reset=True)
        for time_s in np.arange(0.1, gone_s, 0.1).tolist():
            assert not len(watcher.see(frame(), time_s))
        # one of the turns that are tried in turn shows it
        assert sum(len(watcher.see(leaning(60), gone_s + 0.1 * k)) > 0 for k in range(3)) >= found
        assert found or not len(watcher.see(leaning(60), gone_s + 0.3))


def test_a_face_of_which_the_upright_look_is_sure_stays_as_it_is(detector: FaceDetector) -> None:
    luma, watcher = leaning(LEANS_DEG), Watcher(detector)
    upright = detector.detect(detector_view(luma, watcher.program.view)[None], watcher.program.view)
    assert upright.score[0] > 0.9
    for time_s in (0.0, 0.1, EVERY_S):
        np.testing.assert_allclose(watcher.see(luma, time_s, reset=time_s == 0.0).box, upright.box, atol=0.01)


def test_the_batch_changes_nothing(detector: FaceDetector) -> None:
    pictures = [leaning(20 + 10 * n, 4 * n) for n in range(4)] + [frame(), leaning(-65)]
    apart, together = Watcher(detector), Watcher(detector)
    single = [apart.see(luma, 0.1 * n, reset=n in (0, 5)) for n, luma in enumerate(pictures)]
    samples = [together.sample(luma, 0.1 * n, n in (0, 5)) for n, luma in enumerate(pictures)]
    batch = together.program.find(samples, detector.threshold)
    assert batch.row.tolist() == [n for n, found in enumerate(single) for _ in range(len(found))]
    np.testing.assert_allclose(batch.box, np.concatenate([found.box for found in single]), atol=0.01)


def test_frames_without_a_leaning_head_cost_no_look_but_every_two_seconds() -> None:
    script = ScriptedDetector(lambda images, view: found_at())
    program = MultiScaleDetector(cast(FaceDetector, script), WIDTH, HEIGHT, None)
    small = np.zeros((program.view.padded_height_px, program.view.padded_width_px), np.uint8)
    luma = np.zeros((HEIGHT, WIDTH), np.uint8)

    def looks(time_s: float) -> int:
        before = len(script.views)
        program.find([Sample(0, 0, time_s, 0, time_s == 0, luma, LEVELS, small)], 0.5)
        return len(script.views) - before

    assert [looks(time_s) for time_s in (0.0, 0.1, EVERY_S - 0.1, EVERY_S)] == [4, 1, 1, 4]


def test_boxes_stay_upright(detector: FaceDetector) -> None:
    upright = Watcher(detector).see(frame(FACE), 0.0, reset=True)
    turned = Watcher(detector).see(leaning(60), 0.0, reset=True)
    assert iou(upright.box, turned.box)[0, 0] > 0.6
