"""Decoded frames and pictures in arrays, and the samples made of them."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av
import numpy as np

from feelit.errors import UsageError
from feelit.types import Sample, UInt8, VideoInfo, View
from feelit.video.luma import displayed_colour, displayed_luma, small_view
from feelit.video.shape import MOST_PIXELS, Shape, fit


@dataclass(frozen=True, slots=True, eq=False)
class DecodedFrame:
    """A frame as the decoder gave it."""

    frame: av.VideoFrame
    shape: Shape
    index: int  # position among the decoded frames of its segment or source, from 0
    pts: int  # in units of the time base that its source has
    time_s: float
    tick: int

    def sample(self, info: VideoInfo, view: View, reset: bool = True, classified: bool = True) -> Sample:
        """The sample of the frame: its luma, and the detector's small picture."""
        placed = fit(self.shape, info.width_px, info.height_px)
        luma, levels = self.luma(info)
        small = small_view(self.frame, luma, levels, view, placed)
        return Sample(self.index, self.pts, self.time_s, self.tick, reset, luma, levels, small, classified)

    def luma(self, info: VideoInfo) -> tuple[UInt8, UInt8]:
        """The displayed picture in stored luma, (H, W) uint8, and the (256,) levels that expand it to the full range."""
        return displayed_luma(self.frame, fit(self.shape, info.width_px, info.height_px), info.width_px, info.height_px)

    def picture(self, info: VideoInfo, most_width_px: int | None = None, pixels: str = "bgr24") -> UInt8:
        """(H, W, 3) uint8 as displayed, no wider than `most_width_px`; for `pixels` see `displayed_colour`."""
        scale = min(Fraction(1), Fraction(most_width_px or info.width_px, info.width_px))
        width, height = max(1, round(info.width_px * scale)), max(1, round(info.height_px * scale))
        placed = fit(self.shape, info.width_px, info.height_px).scaled(scale, scale)
        return displayed_colour(self.frame, placed, width, height, pixels)


def picture_of(image: Any) -> UInt8:
    """What converts to an array as a picture: (H, W) grey or (H, W, 3) RGB, uint8, contiguous. Raises UsageError if it is
    none."""
    if isinstance(image, str | bytes):
        raise UsageError(f"{image!r} is no picture", "give its pixels as an array: PIL and OpenCV read files")
    array = np.asarray(image)
    if array.dtype != np.uint8:
        hint = "values go from 0 to 255: of a picture from 0 to 1, (255 * image).astype(np.uint8)"
        raise UsageError(f"a picture is of uint8, not of {array.dtype}", hint)
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] != 3):
        hint = "RGB is height x width x 3, grey is height x width"
        raise UsageError(f"an array of the shape {array.shape} is no picture", hint)
    height, width = array.shape[:2]
    if not 0 < height * width <= MOST_PIXELS:
        raise UsageError(f"a picture of {width} x {height} px cannot be looked at", f"up to {MOST_PIXELS >> 20} megapixels")
    return np.ascontiguousarray(array)


def sample_of(picture: UInt8, view: View, *, time_s: float = 0.0, tick: int = 0, reset: bool = True) -> Sample:
    """The sample of a picture."""
    frame = av.VideoFrame.from_ndarray(picture, format="gray" if picture.ndim == 2 else "rgb24")
    whole = fit(Shape(frame.width, frame.height), frame.width, frame.height)
    luma, levels = displayed_luma(frame, whole, frame.width, frame.height)
    small = small_view(frame, luma, levels, view, whole)
    return Sample(0, round(1_000_000 * time_s), time_s, tick, reset, luma, levels, small)
