"""A detector that answers as a test says, and remembers what it was shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from feelit.types import Detections, UInt8, View
from feelit.vision.detector import view_of

Answer = Callable[[UInt8, View], Detections]


class ScriptedDetector:
    """Has the interface of `FaceDetector` as far as a `MultiScaleDetector` needs it."""

    color, any_size, threshold = "luma", True, 0.5

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self.views: list[View] = []

    def view_of(self, width_px: int, height_px: int, min_face_px: float) -> View:
        return view_of(width_px, height_px, min_face_px)

    def detect(self, images: UInt8, view: View, min_score: float | None = None) -> Detections:
        assert images.shape[1:] == (view.padded_height_px, view.padded_width_px)
        self.views.append(view)
        found = self._answer(images, view)
        return found.rows(found.score >= (self.threshold if min_score is None else min_score))


def found_at(*boxes: Sequence[float], score: Sequence[float] = ()) -> Detections:
    """Faces in the first picture of a batch."""
    box = np.array(boxes, np.float32).reshape(-1, 4)
    return Detections(
        row=np.zeros(len(box), np.int64),
        box=box,
        landmarks=np.repeat((box[:, None, :2] + box[:, None, 2:]) / 2, 5, axis=1),
        score=np.array(score or [0.9] * len(box), np.float32),
    )
