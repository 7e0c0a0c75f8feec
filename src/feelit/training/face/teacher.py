"""What every cell of the network is asked to say about a scene: what a teacher says there.

The teacher is a detector with the same cells, as YuNet is. It looks at the very scene that the network sees, so its scores,
boxes and landmarks are dense and consistent (distillation, Hinton et al. 2015), where labels alone cover a dozen cells. Faces
that were found in the picture as it was, and that the teacher misses in the scene, where they are turned, covered or dark, are
taught from their labels.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from feelit.errors import ModelError
from feelit.training.face.scenes import Scene
from feelit.training.face.targets import Cells, assign
from feelit.types import Bool, Float32, UInt8
from feelit.vision.adapters.adapter import Raw
from feelit.vision.detector import open_detector

MISSED = 0.4
"""A face of which no cell within its box says at least this was not seen by the teacher."""

LABELLED = 0.8
"""The score of the cells of such a face."""


@dataclass(frozen=True, slots=True, eq=False)
class TeacherTargets:
    """What A cells shall say of one scene."""

    score: Float32  # (A,)
    box: Float32  # (A, 4) px
    landmarks: Float32  # (A, 10) px
    weight: Float32  # (A, 10) how far a coordinate is to be trusted
    silent: Bool  # (A,) no loss for the score


class Teacher:
    """A detector with one anchor a cell at strides 8, 16 and 32.

    Raises
    ------
    ModelError
        if the detector has other anchors, or no landmarks.
    """

    def __init__(self, path: Path, cells: Cells, size_px: int) -> None:
        self._detector, self._cells = open_detector(path, "cpu"), cells
        score, _, landmarks = self._look(np.zeros((1, size_px, size_px, 3), np.uint8))
        if landmarks is None or score.shape[1] != len(cells.stride):
            raise ModelError(
                f"{path.name} cannot teach this network", "a teacher has a cell at strides 8, 16 and 32, and landmarks"
            )

    def say(self, scenes: list[Scene]) -> list[TeacherTargets]:
        """What the cells shall say of scenes."""
        score, box, landmarks = self._look(np.stack([scene.picture for scene in scenes]))
        assert landmarks is not None
        return [self._corrected(scene, score[i], box[i], landmarks[i]) for i, scene in enumerate(scenes)]

    def _look(self, pictures: UInt8) -> Raw:
        if self._detector.color == "luma":
            pictures = np.stack([cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY) for picture in pictures]).astype(np.uint8)
        return self._detector.predict(pictures)

    def _corrected(self, scene: Scene, score: Float32, box: Float32, landmarks: Float32) -> TeacherTargets:
        score, box, landmarks = score.copy(), box.copy(), landmarks.copy()
        weight, silent = np.ones_like(landmarks), np.zeros(len(score), bool)
        known = assign(scene, self._cells)
        x, y = self._cells.centre.T
        for face in np.flatnonzero(~scene.ignore):
            x0, y0, x1, y1 = scene.box[face]
            inside = (x > x0) & (x < x1) & (y > y0) & (y < y1)
            if score[inside].max(initial=0.0) >= MISSED:
                continue
            own = known.cell[known.face == face]
            silent[inside] = True
            silent[own] = False
            score[own], box[own], landmarks[own] = LABELLED, scene.box[face], scene.landmarks[face].ravel()
            weight[own] = scene.weight[face].repeat(2)
        return TeacherTargets(score, box, landmarks, weight, silent)
