"""What every cell of the network is asked to say about a scene: what a teacher says there.

The teacher is a detector with the same cells, as YuNet is. It looks at the very scene that the network sees, so its scores,
boxes and landmarks are dense and consistent (distillation, Hinton et al. 2015), where labels alone cover a dozen cells. Faces
that were found in the picture as it was, and that the teacher misses in the scene, where they are turned, covered or dark, are
taught from their labels.
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
from feelit.training.face.network import STRIDES
from feelit.training.face.scenes import Scene, face_sizes
from feelit.types import Bool, Float32, Int64, UInt8
from feelit.vision.adapters.adapter import Raw
from feelit.vision.detector import open_detector

LEVEL_PX = ((0.0, 36.0), (26.0, 84.0), (60.0, 1e9))
"""Which sizes of face each level answers for."""

CENTRAL = 1.0
"""Within so many strides of a face's centre a cell is the face's."""


@dataclass(frozen=True, slots=True, eq=False)
class Targets:
    """P cells that answer for a face."""

    cell: Int64  # (P,) index of the cell
    face: Int64  # (P,) index of the face in the scene


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """All cells of a square input, fine level first."""

    centre: Float32  # (A, 2) px
    stride: Float32  # (A,)
    low: Float32  # (A,) smallest and
    high: Float32  # (A,) largest face of the cell's level


def cells_of(size_px: int) -> Cells:
    """The cells of a square input of `size_px`."""
    centres, strides, bounds = [], [], []
    for stride, level in zip(STRIDES, LEVEL_PX, strict=True):
        line = (np.arange(size_px // stride, dtype=np.float32) + 0.5) * stride
        y, x = np.meshgrid(line, line, indexing="ij")
        centres.append(np.stack([x.ravel(), y.ravel()], axis=1))
        strides.append(np.full(x.size, stride, np.float32))
        bounds.append(np.tile(np.array(level, np.float32), (x.size, 1)))
    low, high = np.concatenate(bounds).T
    return Cells(np.concatenate(centres), np.concatenate(strides), low, high)


def assign(scene: Scene, cells: Cells) -> Targets:
    """Give every face its cells; of two faces that want a cell the smaller one gets it."""
    size = face_sizes(scene.box)[:, None]
    centre, half = (scene.box[:, :2] + scene.box[:, 2:]) / 2, (scene.box[:, 2:] - scene.box[:, :2]) / 2
    across = np.abs(cells.centre[:, 0] - centre[:, :1])
    down = np.abs(cells.centre[:, 1] - centre[:, 1:])
    distance = np.maximum(across, down) / cells.stride
    inside = (across < half[:, :1]) & (down < half[:, 1:])
    level = (size >= cells.low) & (size <= cells.high)
    usable = ~scene.ignore[:, None]
    wanted = usable & level & inside & (distance <= CENTRAL)
    owner = np.where(wanted, size, np.inf)
    cell = np.flatnonzero(wanted.any(axis=0))
    face = owner[:, cell].argmin(axis=0) if len(cell) else np.zeros(0, np.int64)
    return Targets(cell.astype(np.int64), face.astype(np.int64))


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


LEAST_SCORE = 0.1
"""Cells that shall say less give no loss for boxes and landmarks."""


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """N scenes and what their A cells shall say."""

    luma: Tensor  # (N, 1, S, S) uint8
    score: Tensor  # (N, A)
    box: Tensor  # (N, A, 4) px
    landmarks: Tensor  # (N, A, 10) px
    weight: Tensor  # (N, A, 10)
    silent: Tensor  # (N, A) bool

    @classmethod
    def of(cls, scenes: list[Scene], wanted: list[TeacherTargets]) -> Self:
        """Stack scenes and what is wanted of them."""
        names = ("score", "box", "landmarks", "weight", "silent")
        columns = [torch.from_numpy(np.stack([getattr(w, name) for w in wanted])) for name in names]
        return cls(torch.from_numpy(np.stack([scene.luma for scene in scenes])[:, None]), *columns)
