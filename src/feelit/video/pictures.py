"""Pictures that are arrays already, looked at as the frames of a video are."""

from __future__ import annotations

from typing import Any

import av
import numpy as np

from feelit.errors import UsageError
from feelit.types import Sample, UInt8, View
from feelit.video.luma import displayed_luma, small_view
from feelit.video.shape import MOST_PIXELS, Shape, fit


def picture_of(image: Any) -> UInt8:
    """An array, or what can be made one, as a picture.

    Returns
    -------
    (H, W) grey or (H, W, 3) RGB, uint8, contiguous

    Raises
    ------
    UsageError
        if it is none.
    """
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
    """A picture as it is looked at; see `types.Sample`."""
    frame = av.VideoFrame.from_ndarray(picture, format="gray" if picture.ndim == 2 else "rgb24")
    whole = fit(Shape(frame.width, frame.height), frame.width, frame.height)
    luma, levels = displayed_luma(frame, whole, frame.width, frame.height)
    small = small_view(frame, luma, levels, view, whole)
    return Sample(0, round(1_000_000 * time_s), time_s, tick, reset, luma, levels, small)
