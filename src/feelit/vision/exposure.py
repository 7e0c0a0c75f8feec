"""Exposure correction: dark or flat crops are made as bright as those that networks were trained on."""

from __future__ import annotations

import cv2
import numpy as np

from feelit.types import Float64, Int64, UInt8

ENDS = 0.01, 0.99
"""Quantiles between which the range of grey levels is measured, so that highlights and black borders do not count."""

LEAST_EXPONENT = 0.3
"""The strongest gamma: a smaller exponent would amplify the noise of a dark camera."""

LEVELS: Float64 = np.arange(256, dtype=np.float64)


def even_exposure(crops: UInt8, least_range: float, least_median: float) -> UInt8:
    """Stretch the grey levels of flat crops, then brighten dark ones; all others stay as they are, (F, S, S) uint8.

    A range of grey levels between the `ENDS` quantiles below `least_range` is stretched linearly to this one. A median of the
    middle of a crop, where the skin is, below `least_median` is raised to this one by a gamma curve.
    """
    if not len(crops):
        return crops
    side = crops.shape[1]
    low, high = _quantiles(crops, ENDS)
    (middle,) = _quantiles(crops[:, side // 4 : 7 * side // 8, 3 * side // 16 : 13 * side // 16], (0.5,))
    poor = np.flatnonzero((high - low < least_range) | (middle < least_median))
    result = crops.copy() if len(poor) else crops
    for i in poor:
        result[i] = cv2.LUT(crops[i], _curve(int(low[i]), int(high[i]), int(middle[i]), least_range, least_median))
    return result


def _curve(low: int, high: int, middle: int, least_range: float, least_median: float) -> UInt8:
    """(256,) uint8: what each grey level becomes."""
    levels = LEVELS
    if high - low < least_range:
        centre = (low + high) / 2
        target = min(max(centre, least_range / 2), 255 - least_range / 2)
        levels = np.clip((LEVELS - centre) * (least_range / max(high - low, 4)) + target, 0, 255)
    median = min(max(levels[middle], 2.0), 250.0)
    if median < least_median:
        exponent = max(np.log(least_median / 255) / np.log(median / 255), LEAST_EXPONENT)
        levels = 255 * (levels / 255) ** exponent
    return np.rint(levels).astype(np.uint8)


def _quantiles(images: UInt8, shares: tuple[float, ...]) -> list[Int64]:
    """Quantiles of the grey levels: (F, H, W) -> (F,) int64 per share."""
    below = np.stack([np.bincount(image.reshape(-1), minlength=256) for image in images]).cumsum(axis=1)
    return [np.asarray((below >= share * images[0].size).argmax(axis=1), np.int64) for share in shares]
