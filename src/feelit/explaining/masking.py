"""Crops with parts hidden: what stands in the place of a hidden pixel, and what the classifier says of what is left."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import cv2
import numpy as np

from feelit.options.models import Baseline
from feelit.types import EMOTIONS, Float32, Float64, UInt8
from feelit.vision.expression import ExpressionModel

BLUR_SHARE = 1 / 8
"""Standard deviation of the blur, in sides of the crop: an eye or a mouth is no more than a shade then."""

BATCH = 128
"""So many crops go to the classifier at a time, which bounds the memory."""

Score: TypeAlias = Callable[[UInt8], Float64]
"""(N, S, S) uint8 crops -> (N,) float64, the probability of the label that is explained."""


def score_of(model: ExpressionModel, label: str) -> Score:
    """How likely a classifier finds a label."""
    column = EMOTIONS.index(label)
    return lambda crops: model.probabilities(crops)[:, column].astype(np.float64)


def baseline_of(crop: UInt8, kind: Baseline) -> Float32:
    """What hidden pixels of a crop show: its mean luma everywhere, or the crop itself out of focus. (S, S) float32."""
    if kind == "mean":
        return np.full(crop.shape, crop.mean(), np.float32)
    return np.asarray(cv2.GaussianBlur(crop.astype(np.float32), (0, 0), BLUR_SHARE * len(crop)), np.float32)


def covered(crop: UInt8, baseline: Float32, kept: Float32) -> UInt8:
    """A crop under masks.

    Parameters
    ----------
    crop : (S, S) uint8
    baseline : (S, S) float32, what hidden pixels show
    kept : (N, S, S) float32, from 0 where a pixel is hidden to 1 where it is shown

    Returns
    -------
    (N, S, S) uint8
    """
    return np.rint(baseline + kept * (crop - baseline)).astype(np.uint8)
