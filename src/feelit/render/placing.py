"""Where the cards go: inside the picture, not on one another, and if possible not on another face.

Cards are calm. One that still fits where it was stays there, and one that had to be cut short grows again only when there is
room to spare, so that cards do not hop about while people move a little.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from feelit.render.canvas import Rect
from feelit.render.cards import Detail, card_size
from feelit.render.motion import Face
from feelit.render.style import Style

BESIDE = ("right", "left", "above", "below")  # a tall card hides hair or neck if it is put above or below
STACKED = ("above", "below", "right", "left", "inside")


@dataclass(frozen=True, slots=True)
class Placement:
    """One card: how much it shows, on which side of the face, and where."""

    detail: Detail
    side: str
    rect: Rect


class Placer:
    """Places the cards of consecutive frames of one size; it remembers where those of the last frame were."""

    def __init__(self, bounds: Rect, style: Style) -> None:
        self._bounds, self._style = bounds, style
        self._before: dict[int, Placement] = {}

    def place(self, faces: Sequence[tuple[Face, Detail]]) -> dict[int, Placement]:
        """Find room for the cards of one frame.

        Parameters
        ----------
        faces : each face with the most that its card may show

        Returns
        -------
        By `Face.who`. A card for which there is no room is missing; of two faces of one person only one gets a card.
        """
        boxes = [_rect(face) for face, _ in faces]
        placed: dict[int, Placement] = {}
        # Cards that have a place choose first, so that a newcomer cannot drive them away.
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
                rect = self._beside(_rect(face), size, side, gap)
                if self._fits(rect, avoid) and not (
                    grows and not self._fits(self._beside(_rect(face), size, side, spare), avoid)
                ):
                    return Placement(detail, side, rect)
        return None

    def _fits(self, rect: Rect, avoid: list[Rect]) -> bool:
        return rect.shared_with(self._bounds) == rect and not any(map(rect.meets, avoid))

    def _beside(self, box: Rect, size: tuple[int, int], side: str, gap: int) -> Rect:
        """A rectangle on one side of a box, `gap` off; along that side it slides to stay within the picture."""
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
