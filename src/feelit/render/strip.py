"""The strip below the picture: the emotions of everybody over the whole video, a cursor, the time and a legend.

Each person has a lane with the name before it. Everything but the cursor and the time is drawn once.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np

from feelit.labels import STARRED, starred
from feelit.render.canvas import Canvas, Rect, line_px, text_width_px
from feelit.render.cards import chip_size, draw_chip
from feelit.render.motion import ABSENT, BLANK, Motion
from feelit.render.theme import DIM_INK, EMOTION_COLOUR, GROOVE, HALO, INK, PLATE, UNREADABLE, Style, emotion_colour
from feelit.types import EMOTIONS, Int32

MAX_LANES = 8
MAX_SHARE = 0.3  # of the picture's height, for all lanes together
MAX_LOOKS = 32  # at one column, of a long video


@dataclass(frozen=True, slots=True, eq=False)
class Lanes:
    """The content of the strip, independent of its size."""

    motion: Motion
    duration_s: float

    def longest(self, limit: int) -> list[int]:
        """The people with a lane, in order of first appearance; of more than `limit`, those with the longest screen time."""
        shown_s = self.motion.screen_time_s
        chosen = set(sorted(shown_s, key=lambda who: -shown_s[who])[:limit])
        return [who for who in shown_s if who in chosen]

    def states(self, who: int, columns: int) -> Int32:
        """The most frequent state of somebody in each of `columns` equal parts of the video: (columns,) int32, see
        `Motion.states`."""
        width_s = self.duration_s / columns
        looks = int(np.clip(width_s / self.motion.period_s, 1, MAX_LOOKS))
        at_s = np.arange(0.5, columns * looks, dtype=np.float64) * (width_s / looks)
        votes = np.zeros((columns, len(EMOTIONS) + 2), np.int32)
        np.add.at(votes, (np.arange(columns * looks) // looks, self.motion.states(who, at_s) - ABSENT), 1)
        result: Int32 = (votes.argmax(axis=1) + ABSENT).astype(np.int32)
        return result


class Strip:
    """The strip for a picture of an even size. `height_px` is even, and 0 where letters would not be legible."""

    def __init__(self, lanes: Lanes, size_px: tuple[int, int], style: Style) -> None:
        self._lanes, self._width, self._style = lanes, size_px[0], style
        self._lane_px = chip_size("", style)[1]
        self._step_px = self._lane_px + style.even(0.45)
        self._people = lanes.longest(min(MAX_LANES, max(1, int(MAX_SHARE * size_px[1] / self._step_px))))
        pad, self._line_px = style.pad_px, line_px(style.cap_px) + 2
        whole = clock(lanes.duration_s)
        self._moving_px = text_width_px("".join("0" if c.isdigit() else c for c in whole), style.cap_px)  # room for the time
        self._whole = f"/ {whole}"  # the text behind it
        self._chip_px = max((chip_size(lanes.motion.label(who), style)[0] for who in self._people), default=-pad)
        self._left = 2 * pad + self._chip_px
        self._right = self._width - pad
        self._foot = pad + max(1, len(self._people)) * self._step_px
        self._legend = self._lay_legend()
        lines = max((y for y, *_ in self._legend), default=0) // self._line_px + 1
        self.height_px = self._foot + lines * self._line_px + pad if style.legible else 0
        self._base = lru_cache(maxsize=4)(self._draw_base)

    def draw(self, canvas: Canvas, time_s: float) -> None:
        """Draw the strip at a moment on a canvas of its size."""
        if self.height_px == 0:
            return
        canvas.paste(self._base(canvas.matrix))
        share = min(max(time_s / self._lanes.duration_s, 0.0), 1.0)
        thin = self._style.thin_px
        x = self._left + round(share * (self._right - self._left - thin)) // 2 * 2
        top, bottom = self._style.pad_px - 2, self._foot - self._step_px + self._lane_px + 2
        canvas.fill(Rect(x - thin, top, x + 2 * thin, bottom), HALO)
        canvas.fill(Rect(x, top - 2, x + thin, bottom + 2), INK)
        canvas.write(clock(time_s), self._style.pad_px, self._foot, self._style.cap_px, INK)

    def _lay_legend(self) -> list[tuple[int, int, str, int]]:
        """Legend entries as (y below the foot, x, word, state), wrapped to the width of the strip."""
        rest: list[tuple[str, int]] = []
        if any(BLANK in self._lanes.states(who, 512) for who in self._people):
            rest.append(("not readable", BLANK))
        if hidden := len(self._lanes.motion.screen_time_s) - len(self._people):
            rest.append((f"+{hidden} more", ABSENT))
        names = [(starred(name), i) for i, name in enumerate(EMOTION_COLOUR)]
        laid = self._wrap([*names, (STARRED, ABSENT), *rest])
        # A picture too narrow for the emotions' names has only the other entries: the cards show the names.
        return laid if laid[-1][0] <= self._line_px else self._wrap(rest)

    def _wrap(self, words: list[tuple[str, int]]) -> list[tuple[int, int, str, int]]:
        style = self._style
        start = self._moving_px + text_width_px(self._whole, style.cap_px) + 5 * style.pad_px
        laid, x, y = [], start, 0
        for word, state in words:
            width = text_width_px(word, style.cap_px) + (0 if state == ABSENT else style.cap_px * 5 // 8 * 2 + style.pad_px)
            if x > start and x + width > self._right:
                x, y = start, y + self._line_px
            laid.append((y, x, word, state))
            x += width + 3 * style.pad_px
        return laid

    def _draw_base(self, matrix: str) -> Canvas:
        canvas = Canvas.blank(self._width, self.height_px, PLATE, matrix)
        pad = self._style.pad_px
        for i, who in enumerate(self._people):
            top = pad + i * self._step_px
            area = Rect(self._left, top, self._right, top + self._lane_px)
            self._draw_states(canvas, who, area)
            chip = Rect(pad, top, pad + self._chip_px, area.y1)
            draw_chip(canvas, chip, who, self._lanes.motion.label(who), self._style)
        if not self._people:
            canvas.fill(Rect(self._left, pad, self._right, pad + self._lane_px), GROOVE)
        self._draw_foot(canvas)
        return canvas

    def _draw_states(self, canvas: Canvas, who: int, area: Rect) -> None:
        thin = area.height // 6 * 2
        canvas.fill(Rect(area.x0, area.y0 + thin, area.x1, area.y1 - thin), GROOVE)
        states = self._lanes.states(who, max(1, area.width // 2))
        edges = [0, *(np.flatnonzero(np.diff(states)) + 1).tolist(), len(states)]
        for a, b in pairwise(edges):
            state, x0, x1 = int(states[a]), area.x0 + 2 * a, area.x0 + 2 * b
            if state == BLANK:
                canvas.fill(Rect(x0, area.y0 + thin, x1, area.y1 - thin), UNREADABLE)
            elif state != ABSENT:
                canvas.fill(Rect(x0, area.y0, x1, area.y1), emotion_colour(state))

    def _draw_foot(self, canvas: Canvas) -> None:
        style, cap = self._style, self._style.cap_px
        canvas.write(self._whole, 2 * style.pad_px + self._moving_px, self._foot, cap, DIM_INK)
        for y, x, word, state in self._legend:
            top = self._foot + y
            if state != ABSENT:
                side = cap * 5 // 8 * 2
                square = top + (line_px(cap) - side) // 2
                thin = side // 6 * 2 if state == BLANK else 0
                canvas.fill(Rect(x, square + thin, x + side, square + side - thin), emotion_colour(state))
                x += side + style.pad_px
            canvas.write(word, x, top, cap, DIM_INK)


def clock(time_s: float) -> str:
    """m:ss, or h:mm:ss from an hour on."""
    whole = int(max(time_s, 0))
    hours, minutes, seconds = whole // 3600, whole // 60 % 60, whole % 60
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
