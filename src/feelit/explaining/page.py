"""A white page in RGB to draw a figure on, with the letters of the annotated video."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

import cv2
import numpy as np

from feelit.render.canvas import Rect
from feelit.render.text import text_mask, text_width_px
from feelit.render.theme import Colour
from feelit.types import UInt8

WHITE, BLACK = Colour(255, 255, 255), Colour(24, 24, 24)
GREY, LIGHT = Colour(96, 96, 96), Colour(228, 228, 228)  # words that may be overlooked, and empty bars


@dataclass(frozen=True, slots=True, eq=False)
class Page:
    """Pixels that are drawn on in place."""

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
        """The same turned to the left, so that it reads upwards."""
        self._blend(np.rot90(text_mask(text, cap_px)), x_px, y_px, colour)

    def _blend(self, mask: UInt8, x_px: int, y_px: int, colour: Colour) -> None:
        part = self.pixels[y_px : y_px + mask.shape[0], x_px : x_px + mask.shape[1]]
        cover = mask[: part.shape[0], : part.shape[1], None].astype(np.int32)
        part[:] = part + (np.array(colour, np.int32) - part) * cover // 255


def ascii_of(text: str) -> str:
    """Text in the letters that there are: accents are left out, and what is no Latin letter becomes a question mark."""
    letters = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return letters.encode("ascii", "replace").decode("ascii")


def fitted(text: str, most_px: int, cap_px: int) -> str:
    """Text that is no wider than `most_px`; of a longer one the middle is left out."""
    if text_width_px(text, cap_px) <= most_px:
        return text
    for kept in range(len(text) - 3, 0, -1):
        short = text[: kept // 2] + "..." + text[len(text) - (kept - kept // 2) :]
        if text_width_px(short, cap_px) <= most_px:
            return short
    return "..."
