"""Which cells of the network answer for a labelled face.

A face belongs to the levels made for its size, and there to the cells around its centre (centre sampling, Tian et al. 2019).
Sizes at the border of two levels belong to both.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from feelit.training.face.network import STRIDES
from feelit.training.face.scenes import Scene, face_sizes
from feelit.types import Float32, Int64

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
