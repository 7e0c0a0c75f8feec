"""How well a face can be read: measured on its crop, so that large and small faces compare."""

from __future__ import annotations

import cv2
import numpy as np

from feelit.types import Float32, UInt8


def sharpness(crops: UInt8) -> Float32:
    """Variance of the Laplacian (Pech-Pacheco et al. 2000), relative to the crop's own contrast.

    (F, S, S) uint8 -> (F,) float32. Dividing by the variance of the luma makes a dim face as sharp as a bright one.
    """
    values = np.empty(len(crops), np.float32)
    for i, crop in enumerate(crops):
        values[i] = cv2.Laplacian(crop, cv2.CV_32F).var() / (crop.var() + 1.0)
    return values


def brightness(crops: UInt8) -> Float32:
    """Mean luma, 0..255: (F, S, S) uint8 -> (F,) float32."""
    return crops.mean(axis=(1, 2), dtype=np.float64).astype(np.float32)  # type: ignore[no-any-return]


def signature(small: UInt8) -> UInt8:
    """An 8x8 thumbnail as 64 bytes, by which camera cuts are found: (h, w) or (h, w, 3) uint8 -> (64,) uint8."""
    luma = small if small.ndim == 2 else small.mean(axis=2).astype(np.uint8)
    return cv2.resize(luma, (8, 8), interpolation=cv2.INTER_AREA).reshape(64)  # type: ignore[return-value]
