"""Camera cuts, from 8x8 thumbnails of consecutive sampled frames."""

from __future__ import annotations

import numpy as np

from feelit.types import UInt8

LEAST_CORRELATION = 0.75
"""Two frames of one shot look more alike than this; measured on composed video calls and hand-held clips."""

LEAST_CHANGE = 12.0
"""Grey levels by which the cells differ on average across a cut, the mean aside: flat pictures correlate with nothing."""


def is_cut(before: UInt8, after: UInt8) -> bool:
    """Whether the camera cut between two frames.

    The mean is taken out first, so that a flash or a fade of the light is no cut.

    Parameters
    ----------
    before, after : (64,) uint8
    """
    a, b = (v.astype(np.float32) - v.mean(dtype=np.float32) for v in (before, after))
    if float(np.abs(a - b).mean()) < LEAST_CHANGE:
        return False
    scale = float(np.sqrt((a @ a) * (b @ b)))
    return scale == 0 or float(a @ b) / scale < LEAST_CORRELATION
