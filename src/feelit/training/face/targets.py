"""Training targets of the face detector: the cells that predict a labelled face, and the outputs of a teacher.

A face belongs to the levels for its size, and there to the cells around its centre (centre sampling, Tian et al. 2019). Sizes
at the border of two levels belong to both.

The teacher is a detector with the same cells, such as YuNet. It sees the very scene that the network sees, so its scores, boxes
and landmarks are dense and consistent (distillation, Hinton et al. 2015), where labels alone cover a dozen cells. Faces that
the teacher misses in the scene, where they are rotated, covered or dark, are taught from their labels.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import cv2
import numpy as np
import torch
from torch import Tensor

from feelit.errors import ModelError
from feelit.training.face.network import STRIDES, cell_centres
from feelit.training.face.scenes import Scene, face_sizes
from feelit.types import Bool, Float32, Int64, UInt8
from feelit.vision.adapters import Raw
from feelit.vision.detector import FaceDetector

LEVEL_PX = ((0.0, 36.0), (26.0, 84.0), (60.0, 1e9))
"""Smallest and largest face of each level."""

CENTRAL = 1.0
"""Cells within so many strides of a face's centre belong to it."""

MISSED = 0.4
"""The teacher misses a face if no cell within its box scores this much."""

LABELLED = 0.8
"""The target score of the cells of such a face."""

LEAST_SCORE = 0.1
"""Cells with a lower target score give no loss for boxes and landmarks."""


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """All A cells of a square input, fine level first."""

    centre: Float32  # (A, 2) px
    stride: Float32  # (A,)
    low: Float32  # (A,) smallest and
    high: Float32  # (A,) largest face of the cell's level


def cells_of(size_px: int) -> Cells:
    """The cells of a square input of `size_px`."""
    centres, strides, bounds = [], [], []
    for stride, level in zip(STRIDES, LEVEL_PX, strict=True):
        side = size_px // stride
        centres.append(cell_centres(side, side, stride).numpy())
        strides.append(np.full(side**2, stride, np.float32))
        bounds.append(np.tile(np.array(level, np.float32), (side**2, 1)))
    low, high = np.concatenate(bounds).T
    return Cells(np.concatenate(centres), np.concatenate(strides), low, high)


def assign(scene: Scene, cells: Cells) -> tuple[Int64, Int64]:
    """The P cells that belong to a face, and the face of each, both (P,); a cell between two faces goes to the smaller one."""
    size = face_sizes(scene.box)[:, None]
    centre, half = (scene.box[:, :2] + scene.box[:, 2:]) / 2, (scene.box[:, 2:] - scene.box[:, :2]) / 2
    across = np.abs(cells.centre[:, 0] - centre[:, :1])
    down = np.abs(cells.centre[:, 1] - centre[:, 1:])
    distance = np.maximum(across, down) / cells.stride
    inside = (across < half[:, :1]) & (down < half[:, 1:])
    level = (size >= cells.low) & (size <= cells.high)
    candidates = ~scene.ignore[:, None] & level & inside & (distance <= CENTRAL)
    cost = np.where(candidates, size, np.inf)
    cell = np.flatnonzero(candidates.any(axis=0))
    face = cost[:, cell].argmin(axis=0) if len(cell) else np.zeros(0, np.int64)
    return cell.astype(np.int64), face.astype(np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Targets:
    """Target outputs of the A cells for one scene."""

    score: Float32  # (A,)
    box: Float32  # (A, 4) px
    landmarks: Float32  # (A, 10) px
    weight: Float32  # (A, 10) confidence of each coordinate
    silent: Bool  # (A,) no loss for the score


class Teacher:
    """A detector with one anchor per cell at strides 8, 16 and 32, which gives the targets of scenes.

    Raises
    ------
    ModelError
        if the detector has other anchors, or no landmarks.
    """

    def __init__(self, path: Path, cells: Cells, size_px: int) -> None:
        self._detector, self._cells = FaceDetector(path, "cpu"), cells
        score, _, landmarks = self._predict(np.zeros((1, size_px, size_px, 3), np.uint8))
        if landmarks is None or score.shape[1] != len(cells.stride):
            hint = "a teacher has a cell at strides 8, 16 and 32, and landmarks"
            raise ModelError(f"{path.name} cannot teach this network", hint)

    def targets(self, scenes: list[Scene]) -> list[Targets]:
        """The teacher's outputs, corrected by the labels."""
        score, box, landmarks = self._predict(np.stack([scene.picture for scene in scenes]))
        assert landmarks is not None
        return [self._corrected(scene, score[i], box[i], landmarks[i]) for i, scene in enumerate(scenes)]

    def _predict(self, pictures: UInt8) -> Raw:
        if self._detector.color == "luma":
            pictures = np.stack([cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY) for picture in pictures]).astype(np.uint8)
        return self._detector.predict(pictures)

    def _corrected(self, scene: Scene, score: Float32, box: Float32, landmarks: Float32) -> Targets:
        score, box, landmarks = score.copy(), box.copy(), landmarks.copy()
        weight, silent = np.ones_like(landmarks), np.zeros(len(score), bool)
        cells, faces = assign(scene, self._cells)
        x, y = self._cells.centre.T
        for face in np.flatnonzero(~scene.ignore):
            x0, y0, x1, y1 = scene.box[face]
            inside = (x > x0) & (x < x1) & (y > y0) & (y < y1)
            if score[inside].max(initial=0.0) >= MISSED:
                continue
            own = cells[faces == face]
            silent[inside] = True
            silent[own] = False
            score[own], box[own], landmarks[own] = LABELLED, scene.box[face], scene.landmarks[face].ravel()
            weight[own] = scene.weight[face].repeat(2)
        return Targets(score, box, landmarks, weight, silent)


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """N scenes and the targets of their A cells."""

    luma: Tensor  # (N, 1, S, S) uint8
    score: Tensor  # (N, A)
    box: Tensor  # (N, A, 4) px
    landmarks: Tensor  # (N, A, 10) px
    weight: Tensor  # (N, A, 10)
    silent: Tensor  # (N, A) bool

    @classmethod
    def of(cls, scenes: list[Scene], targets: list[Targets]) -> Self:
        """Stack scenes and their targets."""
        names = ("score", "box", "landmarks", "weight", "silent")
        columns = [torch.from_numpy(np.stack([getattr(target, name) for target in targets])) for name in names]
        return cls(torch.from_numpy(np.stack([scene.luma for scene in scenes])[:, None]), *columns)
