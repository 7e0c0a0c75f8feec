"""Face detection in pictures that are little more than a face, as in data sets of expressions.

Detectors are trained on faces with surroundings. So such a picture is padded by repeating its edge, in several sizes one after
the other, until the detector finds something.
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
"""Least and largest side of the square that the detector is given."""

SHARES = (0.75, 1.0, 0.5, 0.25)
"""The picture's longer side relative to the square, one attempt after the other; the rest is padding."""

LEAST_FACE_PX = 17.5
"""Side of the smallest face in px of the picture, as the geometric mean of its box: smaller detections are eyes or shadows."""


def find_face(detector: FaceDetector, luma: UInt8) -> Detections:
    """The face with the highest score: one row, or none, see `find_close_faces`."""
    return find_close_faces(detector, luma).rows(slice(0, 1))


def find_close_faces(detector: FaceDetector, luma: UInt8) -> Detections:
    """The faces of a picture, (H, W) uint8 of full range, that are large enough, in px of the picture, by falling score; from
    the first attempt whose best face is."""
    side = ceil(min(max(*luma.shape, WORKING_PX[0]), WORKING_PX[1]) / STRIDE_PX) * STRIDE_PX
    view = detector.view_of(side, side, MIN_DETECTABLE_PX)
    for share in SHARES:
        framed, scale, border = _framed(luma, side, share)
        picture = framed if detector.color == "luma" else cv2.cvtColor(framed, cv2.COLOR_GRAY2BGR)
        found = _in_picture(detector.detect(detector_view(np.asarray(picture, np.uint8), view)[None], view), scale, border)
        large = area(found.box) >= LEAST_FACE_PX**2
        if large[:1].any():
            return found.rows(large)
    return found.rows(slice(0, 0))


def _framed(luma: UInt8, side: int, share: float) -> tuple[UInt8, Float32, Float32]:
    """A square with the picture in its middle, padded by its edge; the picture's scale in x and y, and its top left corner."""
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
    """Convert px of the square to px of the picture; pixel centres are at whole numbers in both."""
    box = (found.box.reshape(-1, 2, 2) - border + 0.5) / scale - 0.5
    landmarks = (found.landmarks - border + 0.5) / scale - 0.5
    return Detections(found.row, box.reshape(-1, 4).astype(np.float32), landmarks.astype(np.float32), found.score)
