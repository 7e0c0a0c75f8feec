"""Luma and colour of decoded frames, with as few copies as the pixel format allows."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import av
import cv2
import numpy as np
from av.video.plane import VideoPlane
from av.video.reformatter import ColorRange

from feelit.scaling import detector_view
from feelit.types import UInt8, View
from feelit.video.shape import Fit

FULL_RANGE = np.arange(256, dtype=np.uint8)
LIMITED_RANGE = np.clip(np.round((np.arange(256) - 16) * (255 / 219)), 0, 255).astype(np.uint8)
"""Stored luma 16..235 -> 0..255 (ITU-R BT.601, BT.709)."""

# Formats whose first plane is 8-bit luma as it lies in memory.
_PLANAR = frozenset(
    {f"{kind}{chroma}p" for kind in ("yuv", "yuvj", "yuva") for chroma in (410, 411, 420, 422, 440, 444)}
    | {"nv12", "nv21", "nv16", "nv24", "gray"}
)


def luma_plane(frame: av.VideoFrame) -> tuple[UInt8, UInt8]:
    """The luma of a frame as stored, not yet turned upright, (H, W) uint8: a view into the decoder's own memory where the
    format allows (rows may be strided); and the table that expands stored values to full range, (256,) uint8."""
    name = frame.format.name
    if name not in _PLANAR:
        # 10 bit, packed, palette and RGB formats: the decoder library makes full-range grey of them.
        grey = frame.reformat(format="gray", dst_color_range=ColorRange.JPEG)
        return pixels_of(grey.planes[0]), FULL_RANGE
    full = name.startswith(("yuvj", "gray")) or frame.color_range == ColorRange.JPEG
    return pixels_of(frame.planes[0]), FULL_RANGE if full else LIMITED_RANGE


def upright(image: UInt8, orientation: int) -> UInt8:
    """A stored image, (H, W) or (H, W, 3) uint8, turned upright and unmirrored by an orientation of 1 to 8, see `shape.Shape`;
    contiguous as OpenCV needs it."""
    if orientation == 1:
        return image
    swapped = image.swapaxes(0, 1) if orientation >= 5 else image
    across = -1 if orientation in (2, 3, 6, 7) else 1
    down = -1 if orientation in (3, 4, 7, 8) else 1
    return np.ascontiguousarray(swapped[::down, ::across])


def displayed_luma(frame: av.VideoFrame, fit: Fit, width_px: int, height_px: int) -> tuple[UInt8, UInt8]:
    """The luma of a frame as it is shown, full size, (height_px, width_px) uint8, stored values: a view into the decoder's own
    memory where nothing has to be moved; and the levels, (256,) uint8, see `luma_plane`."""
    stored, levels = luma_plane(frame)
    width, height = fit.stored
    if stored.shape != (height, width):
        smaller = width < stored.shape[1] or height < stored.shape[0]
        how = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
        stored = np.asarray(cv2.resize(stored, (width, height), interpolation=how), np.uint8)
    luma = upright(stored, fit.orientation)
    if fit.whole:
        return luma, levels
    picture = np.full((height_px, width_px), 16 if levels is LIMITED_RANGE else 0, np.uint8)
    _inside(picture, fit)[:] = luma
    return picture, levels


def displayed_colour(frame: av.VideoFrame, fit: Fit, width_px: int, height_px: int, pixels: str = "bgr24") -> UInt8:
    """A frame as it is shown, scaled: (height_px, width_px, 3) uint8, full range, "bgr24" or "rgb24". `fit` says where it lies
    in a picture of that size, see `Fit.scaled`."""
    fit = replace(fit, x=0, y=0, width_px=width_px, height_px=height_px) if fit.whole else fit
    scaled = frame.reformat(*fit.stored, format=pixels, interpolation="AREA", dst_color_range=ColorRange.JPEG)
    colour = upright(np.asarray(scaled.to_ndarray(), np.uint8), fit.orientation)
    if fit.whole:
        return colour
    picture = np.zeros((height_px, width_px, 3), np.uint8)
    inside = _inside(picture, fit)
    inside[:] = colour[: inside.shape[0], : inside.shape[1]]
    return picture


def small_view(frame: av.VideoFrame, luma: UInt8, levels: UInt8, view: View, fit: Fit) -> UInt8:
    """The detector's view of a frame, full range: (h, w) uint8 out of what `displayed_luma` gives, or (h, w, 3) out of the
    frame itself, for a view in colour. `fit` says where the frame lies in the full-size picture."""
    if view.color == "luma":
        return detector_view(luma, view, levels)
    width, height = view.width_px, view.height_px
    scaled = fit.scaled(Fraction(width, luma.shape[1]), Fraction(height, luma.shape[0]))
    return detector_view(displayed_colour(frame, scaled, width, height), view)


def _inside(picture: UInt8, fit: Fit) -> UInt8:
    return picture[fit.y : fit.y + fit.height_px, fit.x : fit.x + fit.width_px]


def pixels_of(plane: VideoPlane) -> UInt8:
    """A plane as an array on the same memory, (H, W) uint8, rows strided."""
    rows = np.frombuffer(memoryview(plane), np.uint8, count=plane.line_size * plane.height)
    return rows.reshape(plane.height, plane.line_size)[:, : plane.width]
