"""Measurements on crops: sharpness, brightness, thumbnails, and small pictures of the mouth."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from feelit.types import MOUTH_SHAPE, UPPER_SHAPE, Float32, UInt8

MEASURED_PX = 48
"""Side of the crop on which sharpness is measured, whatever the classifier's input: the same edge is softer in a larger one."""

ROUNDING = 20 / 12
"""Variance of the Laplacian due to rounding: 1/12 per pixel, times the sum of the kernel's squares."""


def sharpness(crops: UInt8) -> Float32:
    """Variance of the Laplacian (Pech-Pacheco et al. 2000), relative to the crop's own contrast.

    (F, S, S) uint8 -> (F,) float32, not negative. Dividing by the variance of the luma makes a dim face as sharp as a bright
    one; the variance due to rounding is subtracted, or a dim blurred face would count as sharp.
    """
    values = np.empty(len(crops), np.float32)
    for i, image in enumerate(crops):
        crop = cv2.resize(image, (MEASURED_PX, MEASURED_PX), interpolation=cv2.INTER_AREA)  # a copy at the same size
        values[i] = max(_variance(cv2.Laplacian(crop, cv2.CV_32F)) - ROUNDING, 0.0) / (_variance(crop) + 1.0)
    return values


def _variance(image: cv2.typing.MatLike) -> float:
    return float(cv2.meanStdDev(image)[1][0, 0]) ** 2  # numpy's takes ten times as long on a crop


def brightness(crops: UInt8) -> Float32:
    """Mean luma, 0..255: (F, S, S) uint8 -> (F,) float32."""
    result: Float32 = crops.mean(axis=(1, 2), dtype=np.float64).astype(np.float32)
    return result


def thumbnails(images: Sequence[UInt8] | UInt8, side_px: int) -> UInt8:
    """Every image shrunk to `side_px` squared: N of (h, w) or (h, w, 3) uint8 -> (N, side_px²) uint8."""
    small = np.empty((len(images), side_px * side_px), np.uint8)
    for i, image in enumerate(images):
        luma = image if image.ndim == 2 else image.mean(axis=2).astype(np.uint8)
        small[i] = cv2.resize(luma, (side_px, side_px), interpolation=cv2.INTER_AREA).reshape(-1)
    return small


MOUTH = (0.58, 0.95, 0.23, 0.79)
"""Mouth and chin in an aligned crop: top, bottom, left, right, relative to its side."""

UPPER = (0.22, 0.58, 0.15, 0.86)
"""Eyes and nose, whose motion is that of the head."""

INSIDE, DARKEST = (0.625, 0.90625, 0.3125, 0.6875), 0.05
"""The inside of an open mouth, and the quantile of its grey levels that measures how dark it is."""


def mouth_pictures(crops: UInt8) -> UInt8:
    """Small pictures of mouth and upper face, from which speech is detected, and the darkness inside the mouth.

    (F, S, S) uint8 -> (F, M + U + 1) uint8: `MOUTH_SHAPE`, then `UPPER_SHAPE`, row by row; the darkness, a grey level.
    """
    return np.concatenate([_shrunk(crops, MOUTH, MOUTH_SHAPE), _shrunk(crops, UPPER, UPPER_SHAPE), _darkness(crops)], axis=1)


def _darkness(crops: UInt8) -> UInt8:
    part = _part(crops, INSIDE)
    inside = part.reshape(len(crops), part.shape[1] * part.shape[2])  # of no faces too, where -1 has no meaning
    place = int(DARKEST * inside.shape[1])
    return np.asarray(np.partition(inside, place, axis=1)[:, place : place + 1], np.uint8)


def _shrunk(crops: UInt8, place: tuple[float, float, float, float], shape: tuple[int, int]) -> UInt8:
    small = np.empty((len(crops), *shape), np.uint8)
    for i, part in enumerate(_part(crops, place)):
        cv2.resize(part, shape[::-1], dst=small[i], interpolation=cv2.INTER_AREA)
    return small.reshape(len(crops), shape[0] * shape[1])


def _part(crops: UInt8, place: tuple[float, float, float, float]) -> UInt8:
    top, bottom, left, right = (round(share * crops.shape[1]) for share in place)
    return crops[:, top:bottom, left:right]
