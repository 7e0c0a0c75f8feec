"""Where the cards go: inside the picture, not on one another, and if possible not on another face.

A card that still fits where it was stays there, so that cards do not hop about while people move a little.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from feelit.render.canvas import Rect
from feelit.render.cards import Detail, card_size
from feelit.render.motion import Face
from feelit.render.style import Style

BESIDE = ("right", "left", "above", "below")  # a tall card hides hair or neck if it is put above or below
STACKED = ("above", "below", "right", "left", "inside")


@dataclass(frozen=True, slots=True)
class Placement:
    """One card: how much it tells, on which side of the face, and where."""

    detail: Detail
    side: str
    rect: Rect


def place_cards(
    faces: Sequence[tuple[Face, Detail]], bounds: Rect, style: Style, before: dict[int, Placement]
) -> dict[int, Placement]:
    """Find room for the card of every face.

    Parameters
    ----------
    faces : each face with the most that its card may tell
    bounds : the picture
    style : sizes
    before : where the cards of the last frame were, by track

    Returns
    -------
    By track; a card for which there is no room is missing.
    """
    boxes = [_rect(face) for face, _ in faces]
    placed: dict[int, Placement] = {}
    # Cards that have a place choose first, so that a newcomer cannot drive them away.
    for i in sorted(range(len(faces)), key=lambda i: faces[i][0].track_id not in before):
        face, detail = faces[i]
        taken = [p.rect for p in placed.values()]
        others = taken + [box for j, box in enumerate(boxes) if j != i]
        for avoid in (others, taken):
            fits = (p for p in _candidates(face, detail, bounds, style, before) if not any(map(p.rect.meets, avoid)))
            if best := next(fits, None):
                placed[face.track_id] = best
                break
    return placed


def _rect(face: Face) -> Rect:
    return Rect(*(int(v) // 2 * 2 for v in face.box))


def _candidates(face: Face, most: Detail, bounds: Rect, style: Style, before: dict[int, Placement]) -> Iterator[Placement]:
    """All places within the picture, that of the last frame first and then from the best to the worst."""
    details = [Detail.NUMBER] if face.emotion < 0 else list(Detail)[most::-1]
    choices = [(detail, side) for detail in details for side in (BESIDE if detail is Detail.BARS else STACKED)]
    last = before.get(face.track_id)
    if last and (last.detail, last.side) in choices:
        choices.insert(0, (last.detail, last.side))
    for detail, side in choices:
        rect = _beside(_rect(face), *card_size(face, detail, style), side, bounds, style.thin_px)
        if rect.shared_with(bounds) == rect:
            yield Placement(detail, side, rect)


def _beside(box: Rect, width: int, height: int, side: str, bounds: Rect, gap: int) -> Rect:
    """A rectangle on one side of a box, `gap` off; along that side it slides to stay within the picture."""
    if side in ("right", "left"):
        x = box.x1 + gap if side == "right" else box.x0 - gap - width
        y = max(min(box.y0, bounds.y1 - height), bounds.y0)
    else:
        x = max(min(box.x0, bounds.x1 - width), bounds.x0)
        y = {"above": box.y0 - gap - height, "below": box.y1 + gap, "inside": max(box.y0, bounds.y0) + gap}[side]
    return Rect(x, y, x + width, y + height)
