"""How well a face can be read: measured on its crop, so that large and small faces compare."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from feelit.types import Float32, UInt8

MEASURED_PX = 48
"""Side of the crop that sharpness is measured on, whatever the classifier wants: the same edge is softer in a larger one."""

ROUNDING = 20 / 12
"""Variance of the Laplacian of noise that is only rounding: 1/12 a pixel, times the sum of the kernel's squares."""


def sharpness(crops: UInt8) -> Float32:
    """Variance of the Laplacian (Pech-Pacheco et al. 2000), relative to the crop's own contrast.

    (F, S, S) uint8 -> (F,) float32, not negative. Dividing by the variance of the luma makes a dim face as sharp as a bright
    one; what rounding to whole grey levels alone would give is taken off, or a dim blurred face would count as sharp.
    """
    values = np.empty(len(crops), np.float32)
    for i, image in enumerate(crops):
        crop = (
            image if len(image) == MEASURED_PX else cv2.resize(image, (MEASURED_PX, MEASURED_PX), interpolation=cv2.INTER_AREA)
        )
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
