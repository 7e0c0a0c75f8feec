"""Sizes that follow the size of the picture, so that a label reads the same at 360p and at 4K."""

from __future__ import annotations

from dataclasses import dataclass

SMALLEST_CAP_PX = 6
LEAST_WIDTH_PX, LEAST_HEIGHT_PX = 160, 90


@dataclass(frozen=True, slots=True)
class Style:
    """Everything derives from `cap_px`, the height of a capital letter; all lengths are even."""

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
