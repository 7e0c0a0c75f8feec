"""The card beside a face: its number, what it shows, and how likely each emotion is."""

from __future__ import annotations

from enum import IntEnum

from feelit.render.canvas import Canvas, Rect
from feelit.render.motion import Face
from feelit.render.style import Style
from feelit.render.text import line_px, text_width_px
from feelit.render.theme import DIM_INK, EMOTION_COLOUR, GROOVE, HALO, INK, PLATE, UNREADABLE, emotion_colour, track_colour
from feelit.types import EMOTIONS

PLATE_OPACITY = 0.84


class Detail(IntEnum):
    """How much a card shows."""

    NUMBER = 0
    TITLE = 1  # and the emotion with its probability
    BARS = 2  # and a bar for each of the eight emotions, in the order of EMOTIONS


def most_detail(face_height_px: float, style: Style) -> Detail:
    """What a card may show beside a face of this size without dwarfing it."""
    if not style.legible or face_height_px < 3.5 * style.cap_px:
        return Detail.NUMBER
    return Detail.TITLE if face_height_px < 8 * style.cap_px else Detail.BARS


def card_size(face: Face, detail: Detail, style: Style) -> tuple[int, int]:
    """Width and height of a card, px, even. The width does not depend on the percentage, so that it stands still."""
    chip, row = _chip_width(face.track_id, style), _row_height(style)
    if face.emotion < 0:
        return chip, row
    if detail is Detail.NUMBER:
        return chip, row + style.line_px
    title = text_width_px(f"{EMOTIONS[face.emotion]} 100%", style.cap_px)
    width = chip + title + 2 * style.pad_px
    if detail is Detail.TITLE:
        return width, row
    return max(width, 2 * style.pad_px + 8 * style.even(1.4) + 7 * style.thin_px), row + _bars_height(style) + style.pad_px


def draw_card(canvas: Canvas, place: Rect, face: Face, detail: Detail, style: Style) -> None:
    """Draw a card where `place`, of the size that `card_size` gives, says."""
    chip = Rect(place.x0, place.y0, place.x0 + _chip_width(face.track_id, style), place.y0 + _row_height(style))
    if face.emotion < 0:
        _draw_chip(canvas, chip, face.track_id, style, readable=False)
        return
    if detail is Detail.NUMBER:
        canvas.fill(Rect(place.x0, chip.y1, place.x1, place.y1), emotion_colour(face.emotion))
    else:
        canvas.shade(place, PLATE, PLATE_OPACITY)
        top = chip.y0 + (chip.height - line_px(style.cap_px)) // 2
        caption = f"{EMOTIONS[face.emotion]} {100 * face.confidence:.0f}%"
        canvas.write(caption, chip.x1 + style.pad_px, top, style.cap_px, INK)
    _draw_chip(canvas, chip, face.track_id, style, readable=True)
    if detail is Detail.BARS:
        pad = style.pad_px
        _draw_bars(
            canvas, Rect(place.x0 + pad, place.y1 - pad - _bars_height(style), place.x1 - pad, place.y1 - pad), face, style
        )


def draw_box(canvas: Canvas, face: Face, style: Style) -> None:
    """The outline of a face: in the colour of its emotion, or thin and grey where none is claimed."""
    rect = Rect(*(int(v) // 2 * 2 for v in face.box))
    if face.emotion < 0:
        canvas.outline(rect, style.thin_px, UNREADABLE)
        return
    if style.legible:
        canvas.outline(rect.grown(style.thin_px), style.thin_px, HALO)
    canvas.outline(rect, style.line_px, emotion_colour(face.emotion))


def draw_number(canvas: Canvas, chip: Rect, track_id: int, style: Style) -> None:
    """A track's number on its colour."""
    _draw_chip(canvas, chip, track_id, style, readable=True)


def chip_size(track_id: int, style: Style) -> tuple[int, int]:
    """Width and height of what `draw_number` draws, px, even."""
    return _chip_width(track_id, style), _row_height(style)


def _draw_chip(canvas: Canvas, chip: Rect, track_id: int, style: Style, *, readable: bool) -> None:
    canvas.fill(chip, track_colour(track_id) if readable else PLATE)
    top = chip.y0 + (chip.height - line_px(style.cap_px)) // 2
    canvas.write(f"#{track_id}", chip.x0 + style.pad_px, top, style.cap_px, HALO if readable else DIM_INK)


def _draw_bars(canvas: Canvas, area: Rect, face: Face, style: Style) -> None:
    """Eight upright bars, always in the same order and place, so that nothing jumps while they grow and shrink."""
    gap = style.thin_px
    step = (area.width + gap) // 16 * 2
    left = area.x0 + (area.width + gap - 8 * step) // 2
    for i, colour in enumerate(EMOTION_COLOUR.values()):
        x0, x1 = left + i * step, left + (i + 1) * step - gap
        share = min(max(float(face.probability[i]), 0.0), 1.0)
        level = area.y1 - max(gap, round(share * area.height / 2) * 2)
        canvas.fill(Rect(x0, area.y0, x1, level), GROOVE)
        canvas.fill(Rect(x0, level, x1, area.y1), colour)


def _chip_width(track_id: int, style: Style) -> int:
    return text_width_px(f"#{track_id}", style.cap_px) + 2 * style.pad_px


def _row_height(style: Style) -> int:
    return line_px(style.cap_px) + style.even(0.5)


def _bars_height(style: Style) -> int:
    return style.even(3.5)
