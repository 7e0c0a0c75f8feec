"""Colours, shared by annotated videos, reports and plots; and sizes that follow the size of the picture.

Emotions take the eight colours of Okabe and Ito (2008, "Color Universal Design"), which people with any of the common
colour-vision deficiencies can distinguish; their black is a light grey here, which shows on dark plates, and which unlike a
mid grey cannot be taken for the purple or the green by people who lack green cones. On paper it wants an edge.
People take Paul Tol's "light" scheme (2021, "Colour schemes"), made for cells with dark text in them: a person's colour only
ever appears behind the name or number, so that it cannot be mistaken for an emotion.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from feelit.types import EMOTIONS


class Colour(NamedTuple):
    """sRGB, 0..255 each."""

    red: int
    green: int
    blue: int

    @property
    def hex(self) -> str:
        """As in HTML: #rrggbb."""
        return f"#{self.red:02x}{self.green:02x}{self.blue:02x}"


def _colour(code: str) -> Colour:
    return Colour(*bytes.fromhex(code))


EMOTION_COLOUR: dict[str, Colour] = {
    "neutral": _colour("c4c4c4"),
    "happiness": _colour("f0e442"),
    "surprise": _colour("e69f00"),
    "sadness": _colour("0072b2"),
    "anger": _colour("d55e00"),
    "disgust": _colour("009e73"),
    "fear": _colour("cc79a7"),
    "contempt": _colour("56b4e9"),
}
"""One colour an emotion, in the order of EMOTIONS."""

_TOL = ("77aadd", "ee8866", "eedd88", "ffaabb", "99ddff", "44bb99", "bbcc33", "aaaa00")
_FARTHER = ("c3ff00", "78ffd2", "a587ff", "b4b4ff", "78d287", "5ad2d2", "ff5ac3", "4ba5b4")
TRACK_COLOURS = tuple(map(_colour, _TOL + _FARTHER))
"""The second eight were chosen one by one, each the farthest from all before, in the eyes of people with and without
colour-vision deficiencies, of colours on which black text has a contrast of 7."""

LEVEL_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#5b6470")
"""The levels of a study: Okabe and Ito, without the colours that are too pale on paper."""

INK = _colour("ffffff")  # text on plates
DIM_INK = _colour("b4b4b4")  # text that may be overlooked
PLATE = _colour("16181c")  # behind text and bars
GROOVE = _colour("343842")  # an empty bar, an empty lane
HALO = _colour("000000")  # around lines, so that they show on any picture
UNREADABLE = _colour("858585")  # a face whose expression cannot be read


def emotion_colour(index: int) -> Colour:
    """The colour of an emotion by its place in EMOTIONS; of none (-1), the grey of what cannot be read."""
    return EMOTION_COLOUR[EMOTIONS[index]] if index >= 0 else UNREADABLE


def person_colour(who: int) -> Colour:
    """The colour behind the name or number of a person; repeats after sixteen. Tracks without a person (below 0) are grey."""
    return TRACK_COLOURS[who % len(TRACK_COLOURS)] if who >= 0 else UNREADABLE


SMALLEST_CAP_PX = 6
LEAST_WIDTH_PX, LEAST_HEIGHT_PX = 160, 90


@dataclass(frozen=True, slots=True)
class Style:
    """Sizes for a picture, derived from `cap_px`, the height of a capital letter; all lengths are even."""

    cap_px: int
    line_px: int  # width of a box's edge
    thin_px: int  # width of the finest lines and gaps
    pad_px: int
    legible: bool  # whether the picture is large enough for letters at all

    @classmethod
    def of(cls, width_px: int, height_px: int) -> Style:
        """The style for a picture: letters of an eightieth of its height, or of 9/16 of its width if that is less."""
        reference = min(height_px, width_px * 9 / 16 if width_px >= height_px else width_px)
        cap = max(SMALLEST_CAP_PX, round(reference / 80))
        legible = width_px >= LEAST_WIDTH_PX and height_px >= LEAST_HEIGHT_PX
        return cls(cap, _even(reference / 200), _even(reference / 450), max(4, _even(cap * 0.6)), legible)

    def even(self, caps: float) -> int:
        """A length of so many capital heights, rounded to even."""
        return _even(caps * self.cap_px)


def _even(value: float) -> int:
    return max(2, round(value / 2) * 2)
