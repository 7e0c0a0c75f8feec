"""SCRFD of InsightFace (Guo et al. 2021, "Sample and Computation Redistribution for Efficient Face Detection").

For `scrfd_500m_bnkps.onnx`, `det_10g.onnx` and their relatives with the strides 8, 16 and 32. Two anchors share the upper left
corner of a cell; the sides of a box and the landmarks are distances from it, in strides. The names of the outputs are
numbers that differ from file to file, so they go by their order: three scores, three boxes and, in most files, three sets of
landmarks, each from the finest stride to the coarsest.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from feelit.errors import ModelError
from feelit.types import Float32, UInt8
from feelit.vision.adapters.adapter import Adapter, Raw, check_shape, rgb_planes

MEAN, SCALE = 127.5, 128.0
STRIDES = (8, 16, 32)
ANCHORS = 2  # a cell
WIDTHS = {"scores": 1, "boxes": 4, "landmarks": 10}


def ask(name: str, given: Sequence[str]) -> tuple[str, ...]:
    """All outputs: six, or nine with landmarks."""
    if len(given) not in (6, 9):
        message = f"{name} has {len(given)} outputs, not 6 or 9"
        raise ModelError(message, "is the adapter in its card right? scrfd reads scores, boxes and landmarks of three strides")
    return tuple(given)


def feed(images: UInt8) -> Float32:
    """(N, h, w, 3) BGR uint8 -> (N, 3, h, w) RGB float32 within -1..1."""
    return rgb_planes(images, MEAN, SCALE)


def read(name: str, found: Sequence[NDArray[Any]], size: tuple[int, int, int]) -> Raw:
    """Every output is (2 x cells, values), or the same with a first axis of 1; cells are read row by row."""
    _, height, width = size
    levels = []
    for level, stride in enumerate(STRIDES):
        corner = _corners(height // stride, width // stride)
        score, sides, *points = (
            _plain(f"{name}: {what} of stride {stride}", given, (len(corner), values))
            for (what, values), given in zip(WIDTHS.items(), found[level :: len(STRIDES)], strict=False)
        )
        with np.errstate(over="ignore"):  # endless boxes are left out by the detector
            box = np.concatenate([corner - sides[:, :2], corner + sides[:, 2:]], axis=1) * np.float32(stride)
            landmarks = [(np.tile(corner, 5) + p) * np.float32(stride) for p in points]
        levels.append((score[:, 0], box, *landmarks))
    score, box, *whole = (np.concatenate(part)[None] for part in zip(*levels, strict=True))
    return score, box, whole[0] if whole else None


def _corners(rows: int, columns: int) -> Float32:
    """(2 x cells, 2) x and y of each anchor, in strides."""
    y, x = np.divmod(np.arange(rows * columns), columns)
    return np.repeat(np.stack([x, y], axis=1), ANCHORS, axis=0).astype(np.float32)


def _plain(what: str, given: NDArray[Any], shape: tuple[int, int]) -> Float32:
    check_shape(what, given, shape, (1, *shape))
    return given.reshape(shape).astype(np.float32)


ADAPTER = Adapter("rgb", ask, feed, read, MEAN, SCALE, single=True)
