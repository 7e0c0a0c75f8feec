"""The quality gate: which faces are readable. The others get no emotion."""

from __future__ import annotations

import numpy as np

from feelit.types import Bool, Float32, Float64, Int64

LEAST_FACE_PX = 20.0
"""Below half the size of the classifier's crop there is little left to see."""

LEAST_SHARPNESS = 0.02
"""Relative variance of the Laplacian; a face blurred by sigma 3 px at 48 x 48 falls below."""

MOST_YAW_DEG = 30.0
"""Detectors pull the landmarks of turned faces towards the front: on real calls, an estimate of 30 is a face near profile."""

LEAVE_YAW_DEG = 35.0
"""A face that could be read is turned too far beyond this,"""

RETURN_YAW_DEG = 25.0
"""and can be read again from here on. Between the two it stays what it was: estimates about MOST_YAW_DEG differ by 4.5 degrees
from one tenth of a second to the next (median), and would make a face come and go."""

FORGOTTEN_S = 1.0
"""After a longer absence a face is judged by MOST_YAW_DEG, like a new one."""

LEAST_BRIGHTNESS = 14.0
"""Mean luma. Darkened to 12 with noise of one grey level, validation images lose 12 points of accuracy, to 16 five."""


def shows_enough(face_px: Float32, sharpness: Float32, brightness: Float32) -> Bool:
    """(F,) each -> (F,) bool: large, sharp and bright enough."""
    return (face_px >= LEAST_FACE_PX) & (sharpness >= LEAST_SHARPNESS) & (brightness >= LEAST_BRIGHTNESS)


def passes_quality_gate(face_px: Float32, sharpness: Float32, yaw_deg: Float32, brightness: Float32) -> Bool:
    """(F,) each -> (F,) bool: the same, and frontal enough for a single picture. The yaw is that of the five landmarks."""
    return shows_enough(face_px, sharpness, brightness) & (np.abs(yaw_deg) <= MOST_YAW_DEG)


class FrontalGate:
    """Whether the faces of tracks are turned to the camera far enough: with hysteresis, one row after the other."""

    def __init__(self) -> None:
        self._last: dict[int, tuple[float, bool]] = {}  # of every track: when it was seen, and whether it was frontal

    def frontal(self, time_s: Float64, track: Int64, yaw_deg: Float32) -> Bool:
        """Judge the next rows. The answers do not depend on how rows are divided into calls.

        (F,) float64 times, rising within every track and from call to call; (F,) int64; (F,) float32 yaws of the five
        landmarks, where NaN is not frontal -> (F,) bool
        """
        result = np.zeros(len(track), bool)
        far = np.abs(yaw_deg)
        for i, (now_s, name, yaw) in enumerate(zip(time_s.tolist(), track.tolist(), far.tolist(), strict=True)):
            seen_s, before = self._last.get(name, (-np.inf, False))
            new = now_s - seen_s > FORGOTTEN_S
            result[i] = yaw <= (MOST_YAW_DEG if new else LEAVE_YAW_DEG if before else RETURN_YAW_DEG)
            self._last[name] = now_s, bool(result[i])
        return result
