"""What is kept of a mouth's picture: so small that it can leave the worker, and enough to see whether the mouth moves."""

from __future__ import annotations

import cv2
import numpy as np

from feelit.types import MOUTH_SHAPE, UPPER_SHAPE, UInt8

MOUTH = (0.58, 0.95, 0.23, 0.79)
"""Where the mouth and the chin lie in an aligned crop: top, bottom, left, right, as shares of its side."""

UPPER = (0.22, 0.58, 0.15, 0.86)
"""Where eyes and nose lie: how they move says how the head does."""


def mouth_pictures(crops: UInt8) -> UInt8:
    """The mouth and the upper face of aligned crops, shrunk.

    (F, S, S) uint8 -> (F, M + U) uint8: `MOUTH_SHAPE`, then `UPPER_SHAPE`, row by row.
    """
    parts = [_shrunk(crops, MOUTH, MOUTH_SHAPE), _shrunk(crops, UPPER, UPPER_SHAPE)]
    return np.concatenate(parts, axis=1)


def _shrunk(crops: UInt8, place: tuple[float, float, float, float], shape: tuple[int, int]) -> UInt8:
    top, bottom, left, right = (round(share * crops.shape[1]) for share in place)
    small = np.empty((len(crops), *shape), np.uint8)
    for i, crop in enumerate(crops):
        cv2.resize(crop[top:bottom, left:right], shape[::-1], dst=small[i], interpolation=cv2.INTER_AREA)
    return small.reshape(len(crops), shape[0] * shape[1])
