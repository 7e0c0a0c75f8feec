"""The colours of a map: how far a pixel counts, and for or against the label.

From a light grey to blue for what counts against, and to orange for what counts in favour: colours that people with any of the
common colour-vision deficiencies distinguish. Both ways are straight lines of equal length in CIE L*a*b*, so equal steps of
the value are equal steps to the eye, and the sign never depends on lightness.
"""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

from feelit.types import Float32, UInt8

AGAINST, NEITHER, IN_FAVOUR = (38.0, 3.0, -48.0), (93.0, 0.0, 0.0), (50.0, 40.0, 43.0)
"""L*, a*, b* at -1, 0 and 1."""

STEPS = 256
"""Colours on either side of the middle."""


@lru_cache(maxsize=1)
def table() -> UInt8:
    """(2 * STEPS + 1, 3) uint8 sRGB, from -1 to 1."""
    share = np.linspace(-1, 1, 2 * STEPS + 1)[:, None]
    lab = np.array(NEITHER) + np.abs(share) * (np.where(share < 0, AGAINST, IN_FAVOUR) - np.array(NEITHER))
    rgb = cv2.cvtColor(lab[None].astype(np.float32), cv2.COLOR_Lab2RGB)[0]
    colours: UInt8 = np.rint(np.clip(rgb, 0, 1) * 255).astype(np.uint8)
    colours.flags.writeable = False
    return colours


def coloured(values: Float32) -> UInt8:
    """(H, W) float32, -1..1 -> (H, W, 3) uint8 sRGB."""
    colours: UInt8 = table()[np.rint((np.clip(values, -1, 1) + 1) * STEPS).astype(np.int64)]
    return colours
