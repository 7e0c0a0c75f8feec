"""The face in a picture that shows little else, as data sets of expressions hold them.

Detectors learn from faces with something around them. A picture that a face fills is therefore looked at several times,
larger and smaller and with its edge repeated around it, until the detector finds something.
"""

from __future__ import annotations

from math import ceil

import cv2
import numpy as np

from feelit.geometry import area
from feelit.scaling import detector_view
from feelit.types import Detections, Float32, UInt8
from feelit.vision.detector import MIN_DETECTABLE_PX, STRIDE_PX, FaceDetector

WORKING_PX = (192, 640)
"""Side of the square that the detector sees: at least, for pictures that have to be enlarged, and at most."""

LOOKS = (0.75, 1.0, 0.5, 0.25)
"""One attempt after another: the share of the square that the picture's longer side takes; the rest is border."""

LEAST_FACE_PX = 17.5
"""Side of the smallest face in px of the picture, as the geometric mean of its box: smaller ones cannot be read, and what is
found in pictures of 48 px is then an eye or a shadow."""


def find_face(detector: FaceDetector, luma: UInt8) -> Detections:
    """The most certain face of a picture: one row, or none, see `find_close_faces`."""
    return find_close_faces(detector, luma).rows(slice(0, 1))


def find_close_faces(detector: FaceDetector, luma: UInt8) -> Detections:
    """The faces of a picture, by falling score: what is found at the first look at which the most certain is large enough.

    Parameters
    ----------
    luma : (H, W) uint8, full range

    Returns
    -------
    A row a face that is large enough, in px of the picture; none where no look finds any.
    """
    side = ceil(min(max(*luma.shape, WORKING_PX[0]), WORKING_PX[1]) / STRIDE_PX) * STRIDE_PX
    view = detector.view_of(side, side, MIN_DETECTABLE_PX)
    for share in LOOKS:
        framed, scale, border = _framed(luma, side, share)
        picture = framed if detector.color == "luma" else cv2.cvtColor(framed, cv2.COLOR_GRAY2BGR)
        found = _in_picture(detector.detect(detector_view(np.asarray(picture, np.uint8), view)[None], view), scale, border)
        large = area(found.box) >= LEAST_FACE_PX**2
        if large[:1].any():
            return found.rows(large)
    return found.rows(slice(0, 0))


def _framed(luma: UInt8, side: int, share: float) -> tuple[UInt8, Float32, Float32]:
    """A square with the picture in its middle and the picture's edge around it; its scale in x and y, and where it begins."""
    height, width = luma.shape
    factor = share * side / max(height, width)
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    scaled = cv2.resize(luma, size, interpolation=cv2.INTER_CUBIC if factor > 1 else cv2.INTER_AREA)
    left, top = (side - size[0]) // 2, (side - size[1]) // 2
    edges = (top, side - size[1] - top, left, side - size[0] - left)
    framed = cv2.copyMakeBorder(scaled, *edges, cv2.BORDER_REPLICATE)
    scale = np.array([size[0] / width, size[1] / height], np.float32)
    return np.asarray(framed, np.uint8), scale, np.array([left, top], np.float32)


def _in_picture(found: Detections, scale: Float32, border: Float32) -> Detections:
    """From px of the square to px of the picture, in both of which pixel centres lie at whole numbers."""
    box = (found.box.reshape(-1, 2, 2) - border + 0.5) / scale - 0.5
    landmarks = (found.landmarks - border + 0.5) / scale - 0.5
    return Detections(found.row, box.reshape(-1, 4).astype(np.float32), landmarks.astype(np.float32), found.score)
