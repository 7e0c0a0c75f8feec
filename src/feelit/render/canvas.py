"""Drawing: text, video frames as YUV planes (`Canvas`), and RGB pages for figures (`Page`).

Drawing on the planes of a decoder saves two colour conversions per frame and leaves untouched pixels exactly as they were. U
and V have half the size, so coordinates snap to even pixels, and edges stay crisp in all planes.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import cv2
import numpy as np

from feelit.render.theme import Colour
from feelit.types import Float64, UInt8

_OVERSAMPLE = 4
_FONT = cv2.FONT_HERSHEY_SIMPLEX
_ASCII_ONLY = int(cv2.__version__.partition(".")[0]) < 5
"""Before OpenCV 5 there were no other letters."""


@lru_cache(maxsize=4096)
def text_mask(text: str, cap_px: int) -> UInt8:
    """The coverage of every pixel by a line of text, drawn at four times its size and shrunk.

    Parameters
    ----------
    text : one line. With OpenCV 4, converted by `ascii_of`
    cap_px : height of a capital letter

    Returns
    -------
    (H, W) uint8, 0..255, read-only, with even sides; the baseline is at row `baseline(cap_px)`.
    """
    if _ASCII_ONLY:
        text = ascii_of(text)
    cap = cap_px * _OVERSAMPLE
    weight = max(2, round(cap / 10))
    scale = cap / _cap_height(weight)
    (width, _), _ = cv2.getTextSize(text, _FONT, scale, weight)
    columns, lines = _even_up(width / _OVERSAMPLE + 1), line_px(cap_px)
    large = np.zeros((lines * _OVERSAMPLE, columns * _OVERSAMPLE), np.uint8)
    cv2.putText(large, text, (0, baseline(cap_px) * _OVERSAMPLE), _FONT, scale, 255, weight, cv2.LINE_AA)
    mask = np.asarray(cv2.resize(large, (columns, lines), interpolation=cv2.INTER_AREA), np.uint8)
    mask.flags.writeable = False
    return mask


def ascii_of(text: str) -> str:
    """A text in ASCII: letters lose their accents, other characters become question marks."""
    letters = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return letters.encode("ascii", "replace").decode()


@lru_cache(maxsize=64)
def _cap_height(weight: int) -> float:
    """Height of an H at scale 1, px: measured, because OpenCV 4 and 5 draw different fonts under the same name."""
    sample = np.zeros((200, 200), np.uint8)
    cv2.putText(sample, "H", (50, 150), _FONT, 4.0, 255, weight, cv2.LINE_AA)
    return float(np.count_nonzero(sample.max(axis=1) > 127)) / 4


def text_width_px(text: str, cap_px: int) -> int:
    """Width of a line of text, even."""
    return int(text_mask(text, cap_px).shape[1])


def line_px(cap_px: int) -> int:
    """Height of a line with room for ascenders and descenders, even."""
    return _even_up(cap_px * 1.9)


def baseline(cap_px: int) -> int:
    """The row of a line on which the letters stand."""
    return round(cap_px * 1.42)


def _even_up(value: float) -> int:
    return -int(-value // 2) * 2


_SHIFT = 3
_PARTS = 1 << _SHIFT
_FARTHEST = 1 << 24
"""Lines are drawn to an eighth of a pixel."""

# Kr and Kb of ITU-R BT.601, BT.709 and BT.2020.
_LUMA_WEIGHTS = {"bt601": (0.299, 0.114), "bt709": (0.2126, 0.0722), "bt2020": (0.2627, 0.0593)}


class Rect(NamedTuple):
    """x0 y0 x1 y1 in whole px, x1 and y1 exclusive."""

    x0: int
    y0: int
    x1: int
    y1: int

    @property
    def width(self) -> int:
        return self.x1 - self.x0

    @property
    def height(self) -> int:
        return self.y1 - self.y0

    def grown(self, by_px: int) -> Rect:
        """Larger by `by_px` on all four sides."""
        return Rect(self.x0 - by_px, self.y0 - by_px, self.x1 + by_px, self.y1 + by_px)

    def shared_with(self, other: Rect) -> Rect:
        """What lies in both; without width or height where nothing does."""
        x0, y0 = max(self.x0, other.x0), max(self.y0, other.y0)
        return Rect(x0, y0, max(x0, min(self.x1, other.x1)), max(y0, min(self.y1, other.y1)))

    def meets(self, other: Rect) -> bool:
        """Whether the two share a pixel."""
        both = self.shared_with(other)
        return both.width > 0 and both.height > 0


@lru_cache(maxsize=256)
def yuv(colour: Colour, matrix: str) -> tuple[int, int, int]:
    """A colour as limited-range Y, U, V; `matrix` is "bt601", "bt709" or "bt2020"."""
    kr, kb = _LUMA_WEIGHTS[matrix]
    red, green, blue = (c / 255 for c in colour)
    luma = kr * red + (1 - kr - kb) * green + kb * blue
    return (
        round(16 + 219 * luma),
        round(128 + 112 * (blue - luma) / (1 - kb)),
        round(128 + 112 * (red - luma) / (1 - kr)),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Canvas:
    """YUV planes that are drawn on in place; drawing is clipped to them."""

    y: UInt8  # (H, W), both even
    u: UInt8  # (H/2, W/2)
    v: UInt8  # (H/2, W/2)
    matrix: str = "bt709"

    @classmethod
    def blank(cls, width_px: int, height_px: int, colour: Colour, matrix: str) -> Canvas:
        """A new canvas of one colour; both sides even."""
        y, u, v = yuv(colour, matrix)
        half = height_px // 2, width_px // 2
        full = np.full((height_px, width_px), y, np.uint8)
        return cls(full, np.full(half, u, np.uint8), np.full(half, v, np.uint8), matrix)

    @property
    def bounds(self) -> Rect:
        return Rect(0, 0, self.y.shape[1], self.y.shape[0])

    def band(self, top_px: int, bottom_px: int) -> Canvas:
        """The rows from `top_px` to before `bottom_px`, both even, as a canvas of their own on the same memory."""
        half = slice(top_px // 2, bottom_px // 2)
        return Canvas(self.y[top_px:bottom_px], self.u[half], self.v[half], self.matrix)

    def paste(self, other: Canvas) -> None:
        """Overwrite everything by a canvas of the same size."""
        self.y[:], self.u[:], self.v[:] = other.y, other.u, other.v

    def fill(self, rect: Rect, colour: Colour) -> None:
        """A solid rectangle."""
        x0, y0, x1, y1 = self._snap(rect)
        for plane, value, k in self._planes(colour):
            plane[y0 // k : y1 // k, x0 // k : x1 // k] = value

    def shade(self, rect: Rect, colour: Colour, opacity: float) -> None:
        """A translucent rectangle."""
        x0, y0, x1, y1 = self._snap(rect)
        amount = np.uint16(round(256 * opacity))
        for plane, value, k in self._planes(colour):
            part = plane[y0 // k : y1 // k, x0 // k : x1 // k]
            part[:] = (part * (256 - amount) + np.uint16(value) * amount) >> 8

    def outline(self, rect: Rect, line_px: int, colour: Colour) -> None:
        """The edge of a rectangle, `line_px` (even) wide, growing inwards."""
        x0, y0, x1, y1 = (v // 2 * 2 for v in rect)
        line_px = min(line_px, max(2, min(x1 - x0, y1 - y0) // 4 * 2))
        self.fill(Rect(x0, y0, x1, y0 + line_px), colour)
        self.fill(Rect(x0, y1 - line_px, x1, y1), colour)
        self.fill(Rect(x0, y0, x0 + line_px, y1), colour)
        self.fill(Rect(x1 - line_px, y0, x1, y1), colour)

    def line(self, points: Sequence[Float64] | Float64, line_px: int, colour: Colour) -> None:
        """A line through points, (K, 2) px, with soft edges."""
        for plane, value, k in self._planes(colour):
            places = np.round(np.asarray(points) * (_PARTS / k)).clip(-_FARTHEST, _FARTHEST).astype(np.int32)
            drawn = np.ascontiguousarray(plane)
            cv2.polylines(drawn, [places[:, None]], False, (value,), max(1, line_px // k), cv2.LINE_AA, _SHIFT)
            if drawn is not plane:
                plane[:] = drawn

    def write(self, text: str, x_px: int, y_px: int, cap_px: int, colour: Colour) -> None:
        """One line of text, the top left of its line box at (x_px, y_px)."""
        mask = text_mask(text, cap_px)
        x, y = x_px // 2 * 2, y_px // 2 * 2
        x0, y0, x1, y1 = self._snap(Rect(x, y, x + mask.shape[1], y + mask.shape[0]))
        cover = mask[y0 - y : y1 - y, x0 - x : x1 - x].astype(np.int32)
        if cover.size == 0:
            return
        coarse = (cover[::2, ::2] + cover[1::2, ::2] + cover[::2, 1::2] + cover[1::2, 1::2]) // 4
        for plane, value, k in self._planes(colour):
            part = plane[y0 // k : y1 // k, x0 // k : x1 // k]
            part[:] = part + (value - part.astype(np.int32)) * (cover if k == 1 else coarse) // 255

    def _planes(self, colour: Colour) -> Iterator[tuple[UInt8, int, int]]:
        """Each plane, the value of a colour in it, and how much smaller it is than the picture."""
        yield from zip((self.y, self.u, self.v), yuv(colour, self.matrix), (1, 2, 2), strict=True)

    def _snap(self, rect: Rect) -> Rect:
        """Even, and within the canvas."""
        return Rect(*(v // 2 * 2 for v in rect)).shared_with(self.bounds)


WHITE, BLACK = Colour(255, 255, 255), Colour(24, 24, 24)
GREY, LIGHT = Colour(96, 96, 96), Colour(228, 228, 228)  # words that may be overlooked, and empty bars


@dataclass(frozen=True, slots=True, eq=False)
class Page:
    """An RGB picture that is drawn on in place."""

    pixels: UInt8  # (H, W, 3) RGB

    @classmethod
    def blank(cls, width_px: int, height_px: int) -> Page:
        """A white page."""
        return cls(np.full((height_px, width_px, 3), 255, np.uint8))

    def fill(self, rect: Rect, colour: Colour) -> None:
        """A solid rectangle."""
        self.pixels[rect.y0 : rect.y1, rect.x0 : rect.x1] = colour

    def outline(self, rect: Rect, colour: Colour, line_px: int = 2) -> None:
        """The edge of a rectangle, growing outwards."""
        cv2.rectangle(self.pixels, (rect.x0 - 1, rect.y0 - 1), (rect.x1, rect.y1), colour, line_px)

    def paste(self, picture: UInt8, x_px: int, y_px: int) -> None:
        """A picture (h, w, 3), its top left at (x_px, y_px)."""
        self.pixels[y_px : y_px + picture.shape[0], x_px : x_px + picture.shape[1]] = picture

    def write(self, text: str, x_px: int, y_px: int, cap_px: int, colour: Colour = BLACK) -> None:
        """A line of text in ASCII, the top left of its line box at (x_px, y_px)."""
        self._blend(text_mask(text, cap_px), x_px, y_px, colour)

    def write_upwards(self, text: str, x_px: int, y_px: int, cap_px: int, colour: Colour = BLACK) -> None:
        """The same, rotated to read upwards."""
        self._blend(np.rot90(text_mask(text, cap_px)), x_px, y_px, colour)

    def _blend(self, mask: UInt8, x_px: int, y_px: int, colour: Colour) -> None:
        part = self.pixels[y_px : y_px + mask.shape[0], x_px : x_px + mask.shape[1]]
        cover = mask[: part.shape[0], : part.shape[1], None].astype(np.int32)
        part[:] = part + (np.array(colour, np.int32) - part) * cover // 255


def fitted(text: str, most_px: int, cap_px: int) -> str:
    """Text no wider than `most_px`; longer text is shortened in the middle."""
    if text_width_px(text, cap_px) <= most_px:
        return text
    for kept in range(len(text) - 3, 0, -1):
        short = text[: kept // 2] + "..." + text[len(text) - (kept - kept // 2) :]
        if text_width_px(short, cap_px) <= most_px:
            return short
    return "..."
