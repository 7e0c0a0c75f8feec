"""Which faces can be read at all. No emotion is claimed of the others."""

from __future__ import annotations

import numpy as np

from feelit.types import Bool, Float32

LEAST_FACE_PX = 20.0
"""Below half the size of the classifier's crop there is little left to see."""

LEAST_SHARPNESS = 0.02
"""Relative variance of the Laplacian; a face blurred by sigma 3 px at 48 x 48 falls below."""

MOST_YAW_DEG = 30.0
"""Detectors pull the landmarks of turned faces towards the front: on real calls, an estimate of 30 is a face near profile."""


LEAST_BRIGHTNESS = 14.0
"""Mean luma. Darkened to 12 with noise of one grey level, validation images lose 12 points of accuracy, to 16 five."""


def passes_quality_gate(face_px: Float32, sharpness: Float32, yaw_deg: Float32, brightness: Float32) -> Bool:
    """(F,) each -> (F,) bool: large, sharp, frontal and bright enough. The yaw is that of the five landmarks."""
    large_and_sharp = (face_px >= LEAST_FACE_PX) & (sharpness >= LEAST_SHARPNESS)
    return large_and_sharp & (np.abs(yaw_deg) <= MOST_YAW_DEG) & (brightness >= LEAST_BRIGHTNESS)
