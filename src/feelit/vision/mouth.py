"""What is kept of a mouth's picture: so small that it can leave the worker, and enough to see whether the mouth moves."""

from __future__ import annotations

import cv2
import numpy as np

from feelit.types import MOUTH_SHAPE, UPPER_SHAPE, UInt8

MOUTH = (0.58, 0.95, 0.23, 0.79)
"""Where the mouth and the chin lie in an aligned crop: top, bottom, left, right, as shares of its side."""

UPPER = (0.22, 0.58, 0.15, 0.86)
"""Where eyes and nose lie: how they move says how the head does."""

INSIDE, DARKEST = (0.625, 0.90625, 0.3125, 0.6875), 0.05
"""Where an open mouth is dark, in the same shares; its darkness is the grey level that so many of the pixels do not exceed."""


def mouth_pictures(crops: UInt8) -> UInt8:
    """The mouth and the upper face of aligned crops, shrunk, and how dark the mouth is inside.

    (F, S, S) uint8 -> (F, M + U + 1) uint8: `MOUTH_SHAPE`, then `UPPER_SHAPE`, row by row; the darkness, a grey level.
    """
    return np.concatenate([_shrunk(crops, MOUTH, MOUTH_SHAPE), _shrunk(crops, UPPER, UPPER_SHAPE), _darkness(crops)], axis=1)


def _darkness(crops: UInt8) -> UInt8:
    top, bottom, left, right = (round(share * crops.shape[1]) for share in INSIDE)
    pixels = (bottom - top) * (right - left)
    inside, place = crops[:, top:bottom, left:right].reshape(len(crops), pixels), int(DARKEST * pixels)
    return np.asarray(np.partition(inside, place, axis=1)[:, place : place + 1], np.uint8)


def _shrunk(crops: UInt8, place: tuple[float, float, float, float], shape: tuple[int, int]) -> UInt8:
    top, bottom, left, right = (round(share * crops.shape[1]) for share in place)
    small = np.empty((len(crops), *shape), np.uint8)
    for i, crop in enumerate(crops):
        cv2.resize(crop[top:bottom, left:right], shape[::-1], dst=small[i], interpolation=cv2.INTER_AREA)
    return small.reshape(len(crops), shape[0] * shape[1])
