"""Cards beside faces, with the person, the emotion and its probabilities; and their placement.

Cards stay inside the picture and off one another and, if possible, off other faces. A card stays where it was while it fits,
and one that was reduced grows again only when there is room to spare, so that cards do not jump while people move a little.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from feelit.labels import claimed
from feelit.render.canvas import Canvas, Rect, line_px, text_width_px
from feelit.render.motion import Face
from feelit.render.theme import (
    DIM_INK,
    EMOTION_COLOUR,
    GROOVE,
    HALO,
    INK,
    PLATE,
    SMALLEST_CAP_PX,
    UNREADABLE,
    Style,
    emotion_colour,
    person_colour,
)
from feelit.types import EMOTIONS

PLATE_OPACITY = 0.84
BARS_CAPS = 3.5  # height of the bars, in capital letters
LETTERS = tuple(name[:2].capitalize() for name in EMOTIONS)  # labels of the bars


class Detail(IntEnum):
    """How much a card shows."""

    NAME = 0
    TITLE = 1  # also the emotion with its probability
    BARS = 2  # also a labelled bar for each of the eight emotions


def most_detail(face_height_px: float, style: Style) -> Detail:
    """The most that a card may show beside a face of this size."""
    if not style.legible or face_height_px < 3.5 * style.cap_px:
        return Detail.NAME
    return Detail.TITLE if face_height_px < 8 * style.cap_px else Detail.BARS


def card_size(face: Face, detail: Detail, style: Style) -> tuple[int, int]:
    """Width and height of a card, px, even, independent of the percentage."""
    chip, row = chip_size(face.label, style)
    if face.emotion < 0:
        return chip, row
    if detail is Detail.NAME:
        return chip, row + style.line_px
    title = text_width_px(f"{EMOTIONS[face.emotion]} 100%", style.cap_px)
    width = chip + title + 2 * style.pad_px
    if detail is Detail.TITLE:
        return width, row
    bar = max(style.even(1.4), *(text_width_px(letters, _letter_cap(style)) for letters in LETTERS))
    bars = 2 * style.pad_px + 8 * bar + 7 * style.thin_px
    return max(width, bars), row + style.even(BARS_CAPS) + line_px(_letter_cap(style)) + style.pad_px // 2


def draw_card(canvas: Canvas, place: Rect, face: Face, detail: Detail, style: Style) -> None:
    """Draw a card at `place`, which has the size that `card_size` gives."""
    width, height = chip_size(face.label, style)
    chip = Rect(place.x0, place.y0, place.x0 + width, place.y0 + height)
    if face.emotion < 0:
        draw_chip(canvas, chip, face.who, face.label, style, readable=False)
        return
    if detail is Detail.NAME:
        canvas.fill(Rect(place.x0, chip.y1, place.x1, place.y1), emotion_colour(face.emotion))
    else:
        canvas.shade(place, PLATE, PLATE_OPACITY)
        top = chip.y0 + (chip.height - line_px(style.cap_px)) // 2
        caption = claimed(EMOTIONS[face.emotion], face.confidence)
        canvas.write(caption, chip.x1 + style.pad_px, top, style.cap_px, INK)
    draw_chip(canvas, chip, face.who, face.label, style)
    if detail is Detail.BARS:
        area = Rect(place.x0 + style.pad_px, chip.y1, place.x1 - style.pad_px, chip.y1 + style.even(BARS_CAPS))
        _draw_bars(canvas, area, face, style)


def draw_box(canvas: Canvas, face: Face, style: Style) -> None:
    """Draw the outline of a face: in the colour of its emotion, or thin and grey without one."""
    rect = _rect(face)
    if face.emotion < 0:
        canvas.outline(rect, style.thin_px, UNREADABLE)
        return
    if style.legible:
        canvas.outline(rect.grown(style.thin_px), style.thin_px, HALO)
    canvas.outline(rect, style.line_px, emotion_colour(face.emotion))


def draw_chip(canvas: Canvas, area: Rect, who: int, label: str, style: Style, *, readable: bool = True) -> None:
    """Draw a name on the colour of the person, or on a plate where the face is not readable."""
    canvas.fill(area, person_colour(who) if readable else PLATE)
    top = area.y0 + (area.height - line_px(style.cap_px)) // 2
    canvas.write(label, area.x0 + style.pad_px, top, style.cap_px, HALO if readable else DIM_INK)


def chip_size(label: str, style: Style) -> tuple[int, int]:
    """Width and height of what `draw_chip` draws, px, even."""
    return text_width_px(label, style.cap_px) + 2 * style.pad_px, line_px(style.cap_px) + style.even(0.5)


def _draw_bars(canvas: Canvas, area: Rect, face: Face, style: Style) -> None:
    """Draw eight bars in the order of EMOTIONS with their labels."""
    gap = style.thin_px
    step = (area.width + gap) // 16 * 2
    left = area.x0 + (area.width + gap - 8 * step) // 2
    cap = _letter_cap(style)
    for i, colour in enumerate(EMOTION_COLOUR.values()):
        x0, x1 = left + i * step, left + (i + 1) * step - gap
        share = min(max(float(face.probability[i]), 0.0), 1.0)
        level = area.y1 - max(gap, round(share * area.height / 2) * 2)
        canvas.fill(Rect(x0, area.y0, x1, level), GROOVE)
        canvas.fill(Rect(x0, level, x1, area.y1), colour)
        spare = x1 - x0 - text_width_px(LETTERS[i], cap)
        canvas.write(LETTERS[i], x0 + spare // 2, area.y1, cap, INK if i == face.emotion else DIM_INK)


def _letter_cap(style: Style) -> int:
    return max(SMALLEST_CAP_PX, round(0.8 * style.cap_px))


BESIDE = ("right", "left", "above", "below")  # a tall card hides hair or neck if it is put above or below
STACKED = ("above", "below", "right", "left", "inside")


@dataclass(frozen=True, slots=True)
class Placement:
    """One card: how much it shows, on which side of the face, and where."""

    detail: Detail
    side: str
    rect: Rect


class Placer:
    """Places the cards of consecutive frames of one size; its state is the placement in the last frame."""

    def __init__(self, bounds: Rect, style: Style) -> None:
        self._bounds, self._style = bounds, style
        self._before: dict[int, Placement] = {}

    def place(self, faces: Sequence[tuple[Face, Detail]]) -> dict[int, Placement]:
        """Place the cards of one frame.

        Parameters
        ----------
        faces : each face with the most that its card may show

        Returns
        -------
        By `Face.who`. Cards without room are left out; of two faces of one person only one gets a card.
        """
        boxes = [_rect(face) for face, _ in faces]
        placed: dict[int, Placement] = {}
        # Cards of the last frame are placed first, so that new ones do not displace them.
        for i in sorted(range(len(faces)), key=lambda i: faces[i][0].who not in self._before):
            if faces[i][0].who in placed:
                continue
            taken = [p.rect for p in placed.values()]
            others = taken + [box for j, box in enumerate(boxes) if j != i]
            found = self._first_fit(*faces[i], others) or self._first_fit(*faces[i], taken)
            if found:
                placed[faces[i][0].who] = found
        self._before = placed
        return placed

    def _first_fit(self, face: Face, most: Detail, avoid: list[Rect]) -> Placement | None:
        last = self._before.get(face.who)
        gap = self._style.thin_px
        spare = gap + 2 * self._style.pad_px
        for detail in [Detail.NAME] if face.emotion < 0 else list(Detail)[most::-1]:
            size = card_size(face, detail, self._style)
            sides = BESIDE if detail is Detail.BARS else STACKED
            if last and last.detail is detail:
                sides = (last.side, *sides)
            grows = last is not None and detail > last.detail
            for side in sides:
                rect, roomier = (self._beside(_rect(face), size, side, px) for px in (gap, spare))
                if self._fits(rect, avoid) and (not grows or self._fits(roomier, avoid)):
                    return Placement(detail, side, rect)
        return None

    def _fits(self, rect: Rect, avoid: list[Rect]) -> bool:
        return rect.shared_with(self._bounds) == rect and not any(map(rect.meets, avoid))

    def _beside(self, box: Rect, size: tuple[int, int], side: str, gap: int) -> Rect:
        """A rectangle on one side of a box, at a distance of `gap`, moved along that side to stay within the picture."""
        (width, height), bounds = size, self._bounds
        if side in ("right", "left"):
            x = box.x1 + gap if side == "right" else box.x0 - gap - width
            y = max(min(box.y0, bounds.y1 - height), bounds.y0)
        else:
            x = max(min(box.x0, bounds.x1 - width), bounds.x0)
            y = {"above": box.y0 - gap - height, "below": box.y1 + gap, "inside": max(box.y0, bounds.y0) + gap}[side]
        return Rect(x, y, x + width, y + height)


def _rect(face: Face) -> Rect:
    return Rect(*(int(v) // 2 * 2 for v in face.box))
