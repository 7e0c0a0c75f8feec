"""Brightness out of a decoded frame, with as few copies as the pixel format allows."""

from __future__ import annotations

import av
import cv2
import numpy as np
from av.video.reformatter import ColorRange

from feelit.types import UInt8, View

FULL_RANGE = np.arange(256, dtype=np.uint8)
LIMITED_RANGE = np.clip(np.round((np.arange(256) - 16) * (255 / 219)), 0, 255).astype(np.uint8)
"""Stored luma 16..235 -> 0..255 (ITU-R BT.601, BT.709)."""

# Formats whose first plane is 8-bit luma as it lies in memory.
_PLANAR = frozenset(
    {f"{kind}{chroma}p" for kind in ("yuv", "yuvj", "yuva") for chroma in (410, 411, 420, 422, 440, 444)}
    | {"nv12", "nv21", "nv16", "nv24", "gray"}
)


def luma_plane(frame: av.VideoFrame) -> tuple[UInt8, UInt8]:
    """The luma of a frame as stored, not yet turned upright.

    Returns
    -------
    luma : (H, W) uint8; a view into the decoder's own memory where the format allows (rows may be strided)
    levels : (256,) uint8, the table that expands stored values to full range
    """
    name = frame.format.name
    if name not in _PLANAR:
        # 10 bit, packed, palette and RGB formats: the decoder library makes full-range grey of them.
        grey = frame.reformat(format="gray", dst_color_range=ColorRange.JPEG)
        return _plane(grey), FULL_RANGE
    full = name.startswith(("yuvj", "gray")) or frame.color_range == ColorRange.JPEG
    return _plane(frame), FULL_RANGE if full else LIMITED_RANGE


def upright(image: UInt8, rotation_deg: int) -> UInt8:
    """An image turned counter-clockwise by a multiple of 90 degrees, contiguous as OpenCV needs it."""
    return np.ascontiguousarray(np.rot90(image, rotation_deg // 90)) if rotation_deg else image


def small_view(frame: av.VideoFrame, luma: UInt8, levels: UInt8, view: View, rotation_deg: int) -> UInt8:
    """What the detector sees of a frame.

    Parameters
    ----------
    frame : the decoded frame, used only where the view wants colour
    luma : (H, W) uint8, upright, as stored
    levels : (256,) uint8, from `luma_plane`
    view : the size wanted

    Returns
    -------
    (h, w) uint8, or (h, w, 3) for a view in colour; full range
    """
    if view.color == "luma":
        small = np.asarray(cv2.LUT(_shrunk(luma, view.width_px, view.height_px), levels), np.uint8)
    else:
        turned = rotation_deg % 180 != 0
        width, height = (view.height_px, view.width_px) if turned else (view.width_px, view.height_px)
        scaled = frame.reformat(width=width, height=height, format="bgr24", interpolation="AREA")
        small = upright(np.asarray(scaled.to_ndarray(), np.uint8), rotation_deg)
    padded = np.zeros((view.padded_height_px, view.padded_width_px, *small.shape[2:]), np.uint8)
    padded[: view.height_px, : view.width_px] = small
    return padded


def _shrunk(luma: UInt8, width_px: int, height_px: int) -> UInt8:
    """Area averaging, by halves as far as they go: OpenCV has vector code for these and is seven times faster at a quarter."""
    while luma.shape[1] >= 2 * width_px and luma.shape[0] >= 2 * height_px and not (luma.shape[0] % 2 or luma.shape[1] % 2):
        half = (luma.shape[1] // 2, luma.shape[0] // 2)
        luma = np.asarray(cv2.resize(luma, half, interpolation=cv2.INTER_AREA), np.uint8)
    return np.asarray(cv2.resize(luma, (width_px, height_px), interpolation=cv2.INTER_AREA), np.uint8)


def _plane(frame: av.VideoFrame) -> UInt8:
    plane = frame.planes[0]
    rows: UInt8 = np.frombuffer(memoryview(plane), np.uint8, count=plane.line_size * plane.height)
    return rows.reshape(plane.height, plane.line_size)[: frame.height, : frame.width]
