"""The shape in which a frame is shown: pixels square, upright, not mirrored, and fitted into the picture of its video.

A container may say that stored pixels are not square (the sample aspect ratio), and that the picture is to be turned or
mirrored (the display matrix). Both may change on the way, as may the size. All coordinates are those of the displayed picture.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from typing import cast

import av
import numpy as np
from av.container import InputContainer
from av.filter import Graph
from av.sidedata.sidedata import SideDataContainer, Type
from av.video.stream import VideoStream

MOST_PIXELS = 1 << 26
"""8192 x 8192 px: twice the picture of 8K video. A few bytes can claim far more, and every frame of it would take memory."""

SAME_SHAPE = Fraction(1, 100)
"""Shapes that differ by no more are taken for one. Encoders round sizes to even numbers and make up for it by an aspect ratio
of 1280:1281 and the like, which is invisible and would require every frame to be scaled."""

SQUARE = Fraction(1)

WITHOUT_ASPECT = frozenset({"flv", "h264", "hevc", "ivf", "live_flv", "m4v", "mpeg", "mpegts", "mpegvideo", "obu", "vvc"})
"""FFmpeg's names of formats that leave the aspect ratio of pixels to the coded stream, where it may change from one keyframe to
the next. In all others the value of the container applies to the whole stream, as in players."""

# Orientation by the signs of the display matrix (a, d) where axes stay, and (c, b) where they change places.
_STRAIGHT = {(False, False): 1, (True, False): 2, (True, True): 3, (False, True): 4}
_SWAPPED = {(False, False): 5, (True, False): 6, (True, True): 7, (False, True): 8}


@dataclass(frozen=True, slots=True)
class Shape:
    """How one frame is stored, and how it is meant to be shown.

    `width_px` and `height_px` are stored sizes. `aspect` is the width of a stored pixel over its height. `orientation` is 1 to
    8 as in EXIF and TIFF (tag 274): 1 upright, 3 turned by half, 6 and 8 turned by a quarter; 2, 4, 5 and 7 are these mirrored.
    """

    width_px: int
    height_px: int
    aspect: Fraction = SQUARE
    orientation: int = 1

    @property
    def displayed(self) -> tuple[int, int]:
        """Width and height of the picture in square pixels, upright: the longer side of a pixel is stretched, nothing is lost
        (HTML Living Standard, intrinsic size of a video)."""
        return _displayed(self)


@lru_cache(maxsize=256)
def _displayed(shape: Shape) -> tuple[int, int]:
    width, height = shape.width_px, shape.height_px
    if shape.aspect > 1 + SAME_SHAPE:
        width = round(width * shape.aspect)
    elif shape.aspect < 1 / (1 + SAME_SHAPE):
        height = round(height / shape.aspect)
    if width * height > MOST_PIXELS:  # no camera has such pixels
        width, height = shape.width_px, shape.height_px
    return (height, width) if shape.orientation >= 5 else (width, height)


@dataclass(frozen=True, slots=True)
class Fit:
    """Where a frame lies in the picture of its video: `width_px` x `height_px` at (`x`, `y`), in displayed px. Around it is
    black unless it is `whole`."""

    x: int
    y: int
    width_px: int
    height_px: int
    orientation: int
    whole: bool

    @property
    def stored(self) -> tuple[int, int]:
        """Width and height before the frame is turned upright."""
        return (self.height_px, self.width_px) if self.orientation >= 5 else (self.width_px, self.height_px)

    def scaled(self, width: Fraction, height: Fraction) -> Fit:
        """The same in a picture that is scaled."""
        width_px, height_px = max(1, round(self.width_px * width)), max(1, round(self.height_px * height))
        return replace(self, x=int(self.x * width), y=int(self.y * height), width_px=width_px, height_px=height_px)


@lru_cache(maxsize=256)
def fit(shape: Shape, width_px: int, height_px: int) -> Fit:
    """Fit a frame into a picture of that size, as large as possible and in the middle; sides are even where bars remain."""
    width, height = shape.displayed
    if abs(Fraction(width, height) / Fraction(width_px, height_px) - 1) <= SAME_SHAPE:
        return Fit(0, 0, width_px, height_px, shape.orientation, True)
    scale = min(Fraction(width_px, width), Fraction(height_px, height))
    inner_width = min(width_px, max(2, round(width * scale / 2) * 2))
    inner_height = min(height_px, max(2, round(height * scale / 2) * 2))
    x, y = (width_px - inner_width) // 4 * 2, (height_px - inner_height) // 4 * 2
    return Fit(x, y, inner_width, inner_height, shape.orientation, False)


def orientation_of(frame: av.VideoFrame) -> int:
    """What the frame's display matrix says, to the nearest quarter of a turn; see `Shape`."""
    try:
        # `frame.side_data` would keep this object in the frame, and it holds the frame: a cycle with all its pixels, which the
        # garbage collector may find hundreds of frames later.
        data = cast("Mapping[Type, bytes]", SideDataContainer(frame))[Type.DISPLAYMATRIX]  # type: ignore[call-arg]  # not in its stub
    except KeyError:
        return 1
    except ValueError:  # PyAV has no name for some other data of the frame, EXIF for one: then it gives the angle at least
        return {90: 8, -90: 6, 270: 6, 180: 3, -180: 3}.get(round(frame.rotation), 1)
    a, b, _, c, d = (int(v) for v in np.frombuffer(data, np.int32, count=5))
    if abs(a) + abs(d) >= abs(b) + abs(c):
        return _STRAIGHT[a < 0, d < 0]
    return _SWAPPED[c < 0, b < 0]


class StreamShapes:
    """The shapes of the frames of a stream that is being decoded; `orientation` is that of all, if it is known."""

    def __init__(self, container: InputContainer, stream: VideoStream, orientation: int | None = None) -> None:
        self._stream, self._orientation = stream, orientation
        follows = bool(WITHOUT_ASPECT & set(container.format.name.split(",")))
        self._fixed = None if follows else _sane(stream.sample_aspect_ratio)
        self._seen: list[Fraction] = []
        self._gauges: dict[tuple[int, int, str], _AspectGauge] = {}

    def decoded(self) -> None:
        """To be called after every packet: take in what the decoder knows by now."""
        if self._fixed is None:
            aspect = _sane(self._stream.codec_context.sample_aspect_ratio)
            if aspect not in self._seen:
                self._seen.append(aspect)

    def of(self, frame: av.VideoFrame) -> Shape:
        """The shape of a frame that came out of the decoder."""
        orientation = orientation_of(frame) if self._orientation is None else self._orientation
        return Shape(frame.width, frame.height, self._aspect_of(frame), orientation)

    def _aspect_of(self, frame: av.VideoFrame) -> Fraction:
        """The value of the decoder may be ahead of the frames that it gives, so after a change every frame is measured."""
        if self._fixed is not None:
            return self._fixed
        self.decoded()
        if len(self._seen) == 1:
            return self._seen[0]
        key = frame.width, frame.height, frame.format.name
        if key not in self._gauges:
            self._gauges[key] = _AspectGauge(frame)
        measured = self._gauges[key].measure(frame)
        return min(self._seen, key=lambda aspect: abs(min(aspect, _AspectGauge.MOST) - measured))


class _AspectGauge:
    """Finds out the aspect ratio that a frame carries, which PyAV does not show: FFmpeg scales a few of its pixels by it."""

    MOST = Fraction(8)
    STEPS = 1000

    def __init__(self, frame: av.VideoFrame) -> None:
        self._graph = Graph()
        source = self._graph.add_buffer(
            width=frame.width, height=frame.height, format=frame.format, time_base=frame.time_base or Fraction(1, 1000)
        )
        width = f"max(2\\,min({self.MOST * self.STEPS}\\,round(sar*{self.STEPS})))"
        scale = self._graph.add("scale", f"w={width}:h=2:flags=neighbor:eval=frame")
        sink = self._graph.add("buffersink")
        source.link_to(scale)
        scale.link_to(sink)
        self._graph.configure()

    def measure(self, frame: av.VideoFrame) -> Fraction:
        """The ratio, to a thousandth; 1 where none is known."""
        self._graph.push(frame)
        scaled = cast(av.VideoFrame, self._graph.pull())
        return Fraction(scaled.width, self.STEPS)


def _sane(aspect: Fraction | None) -> Fraction:
    """A ratio as it is used: nothing and 0 stand for unknown, which players show as square."""
    return Fraction(aspect) if aspect and aspect > 0 else SQUARE
