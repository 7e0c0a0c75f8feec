"""Alignment: from a face in a frame to a square crop, in training as in analysis.

The crop is a similarity transform (four degrees of freedom) that brings the five landmarks as close as possible, in the
least-squares sense, to a fixed template (Umeyama 1991, without reflection).
"""

from __future__ import annotations

import math

import cv2
import numpy as np

from feelit.types import Float32, Float64, UInt8

TEMPLATE = np.array([[0.332, 0.383], [0.668, 0.383], [0.500, 0.582], [0.362, 0.754], [0.638, 0.754]], np.float64)
"""Positions of the five landmarks in a crop of side 1: the mean over FER2013's training images, made symmetric.

Measured with YuNet on the 28,041 of 28,558 images in which it finds a face (`training.expression.data.framing`).
"""


def similarity_to_template(landmarks: Float32, size_px: int, template: Float64 = TEMPLATE) -> Float64:
    """The least-squares similarity transforms from landmarks to the template.

    Parameters
    ----------
    landmarks : (F, 5, 2) float32, px of the frame
    size_px : side of the crop
    template : (5, 2) float64, their positions in a crop of side 1

    Returns
    -------
    (F, 2, 3) float64: `crop = A @ (x, y, 1)`, in OpenCV's convention (pixel centres at whole numbers). Landmarks that all
    coincide give a zero scale, never NaN.
    """
    source, target = landmarks.astype(np.float64), template * size_px - 0.5
    source_mean, target_mean = source.mean(axis=1, keepdims=True), target.mean(axis=0)
    s, t = source - source_mean, target - target_mean
    spread = np.maximum((s**2).sum(axis=(1, 2)), 1e-12)
    a = (s * t).sum(axis=(1, 2)) / spread  # scale · cos
    b = (s[..., 0] * t[:, 1] - s[..., 1] * t[:, 0]).sum(axis=1) / spread  # scale · sin
    matrix = np.empty((len(source), 2, 3))
    matrix[:, :, :2] = np.stack([a, -b, b, a], axis=1).reshape(-1, 2, 2)
    matrix[:, :, 2] = target_mean - (matrix[:, :, :2] @ source_mean[:, 0, :, None])[..., 0]
    return matrix


def crop_faces(luma: UInt8, landmarks: Float32, size_px: int, template: Float64 = TEMPLATE) -> UInt8:
    """Aligned crops of all faces of one frame, (F, size_px, size_px) uint8; for the others see `similarity_to_template`.

    Faces larger than the crop are first shrunk by whole factors with area averaging, against aliasing; outside the frame its
    edge is repeated. `luma` is (H, W) uint8, whose rows may be strided.
    """
    crops = np.empty((len(landmarks), size_px, size_px), np.uint8)
    for i, matrix in enumerate(similarity_to_template(landmarks, size_px, template)):
        crops[i] = _warp(luma, matrix, size_px)
    return crops


def levelled(crops: UInt8, levels: UInt8) -> UInt8:
    """Expand stored luma to the full range: (F, S, S) uint8, by a table (256,) uint8."""
    return np.asarray(cv2.LUT(crops, levels), np.uint8) if len(crops) else crops


def _warp(luma: UInt8, matrix: Float64, size_px: int) -> UInt8:
    scale = math.hypot(matrix[0, 0], matrix[1, 0])
    factor = int(0.75 / scale) if scale > 1e-3 else 1
    if factor >= 2:
        luma, matrix = _shrink(luma, matrix, size_px, factor)
    side = (size_px, size_px)
    crop = cv2.warpAffine(luma, matrix, side, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(crop, np.uint8)


def _shrink(luma: UInt8, matrix: Float64, size_px: int, factor: int) -> tuple[UInt8, Float64]:
    """The part of the frame under the crop, shrunk by `factor`, and the transform from it to the crop."""
    height, width = luma.shape
    # Plain floats: numpy would take longer for these few than OpenCV takes for the pixels.
    (a, _, right), (b, _, down) = matrix.tolist()
    squared = a * a + b * b
    corners = [(x - right, y - down) for x in (-0.5, size_px - 0.5) for y in (-0.5, size_px - 0.5)]
    xs, ys = zip(*(((a * x + b * y) / squared, (a * y - b * x) / squared) for x, y in corners), strict=True)
    x0, y0 = (max(0, int(v) - factor) // factor * factor for v in (min(xs), min(ys)))
    x1, y1 = (int(v) + 2 * factor for v in (max(xs), max(ys)))
    part = luma[y0 : min(y1, height), x0 : min(x1, width)]
    part = part[: part.shape[0] // factor * factor, : part.shape[1] // factor * factor]
    if part.size == 0:  # the crop lies outside the frame, or the frame is thinner than the factor
        return luma, matrix
    small = cv2.resize(part, (part.shape[1] // factor, part.shape[0] // factor), interpolation=cv2.INTER_AREA)
    # A pixel centre u of the small picture lies at x0 + factor * u + (factor - 1) / 2 of the frame.
    x, y = x0 + (factor - 1) / 2, y0 + (factor - 1) / 2
    fitted = np.array([[a * factor, -b * factor, a * x - b * y + right], [b * factor, a * factor, b * x + a * y + down]])
    return np.asarray(small, np.uint8), fitted
