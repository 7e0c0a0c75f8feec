"""What a segment keeps of what its networks find."""

from __future__ import annotations

from typing import cast

import numpy as np
import pytest

from feelit.run.segment import Networks, detect_and_classify
from feelit.types import Sample
from feelit.vision.detector import FaceDetector
from feelit.vision.expression import ExpressionModel
from feelit.vision.multi_scale import MultiScaleDetector
from tests.vision.scripted import ScriptedDetector, found_at

WIDTH, HEIGHT = 400, 300


class Sameness:
    """A classifier to which all faces are neutral."""

    def crop(self, luma: object, levels: object, box: object, landmarks: object) -> object:
        return np.zeros((len(np.asarray(box)), 48, 48), np.uint8)

    def probabilities(self, crop: object, most: int) -> object:
        return np.tile(np.eye(1, 8, dtype=np.float32), (len(np.asarray(crop)), 1))


def test_faces_are_kept_from_half_the_threshold_on() -> None:
    """Tracks are continued by doubtful boxes, so these have to leave the worker."""
    detector = ScriptedDetector(lambda pixels, view: found_at((10, 10, 90, 90), (110, 10, 190, 90), score=(0.3, 0.2)))
    multi_scale = MultiScaleDetector(cast(FaceDetector, detector), WIDTH, HEIGHT, min_face_px=80)
    luma, levels = np.zeros((HEIGHT, WIDTH), np.uint8), np.arange(256, dtype=np.uint8)
    small = np.zeros((multi_scale.view.padded_height_px, multi_scale.view.padded_width_px), np.uint8)
    networks = Networks(cast(FaceDetector, detector), cast(ExpressionModel, Sameness()), None)
    table = detect_and_classify([Sample(0, 0, 0.0, 0, True, luma, levels, small)], multi_scale, networks, 4)
    assert detector.threshold == 0.5
    assert table.score.tolist() == pytest.approx([0.3], abs=1e-3)
