"""Where faces are made unrecognisable, at any moment. In doubt a place is covered.

A face is covered from a second before it was first seen until a second after it was last seen, farther on the way that it was
moving, and through gaps in which it was missed while it stayed where it was: whoever turns away is still there. There are two
exceptions, so that a face that is to stay recognisable is not covered by what was there before or comes after. Where it is seen
in the very place at the very time, nobody else is: two faces are never in one place. And nobody whom a cut took away is beside
it.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from feelit.geometry import iou
from feelit.render.blur import grown, pixelate
from feelit.render.canvas import Canvas
from feelit.render.choice import Choice
from feelit.render.motion import Motion
from feelit.render.rows import TimelineView
from feelit.types import Bool, Float32, Float64

HOLD_S = 1.0
"""A face is hidden for this long before it was first seen and after it was last seen."""

HOLD_PERIODS = 1.5
"""The same, where samples are far apart."""

BRIDGE_S = 10.0
"""A gap that is no longer is covered, if the faces on both sides of it overlap."""

ONE_PLACE = 0.3
"""Boxes that overlap by more than this are in one place; the boxes of two faces in one picture overlap by less."""

MOVES = 0.5
"""A face that moves by more of its size in a second was on its way somewhere when it was last seen."""

FARTHEST = 1.5
"""It is looked for on its way as far as this, in its sizes."""

HASTE = 1.5
"""And it may have become faster, by this factor."""


class Hiding:
    """Makes faces unrecognisable, at any moment of one video.

    Parameters
    ----------
    view : the timeline
    choice : which faces to hide
    """

    def __init__(self, view: TimelineView, choice: Choice) -> None:
        self._hidden = Motion(view.only(choice.hidden))
        self._plain = Motion(view.only(choice.plain))
        hold_s = max(HOLD_S, HOLD_PERIODS * self._hidden.period_s)
        self._from_s, self._to_s = _covered_times(self._hidden, hold_s)
        self._cut_s = cuts(Motion(view), view.sampled_time_s) if choice.plain.any() else np.zeros((0, 2))

    def draw(self, picture: Canvas, time_s: float) -> None:
        """Hide faces, in place."""
        for box in self.boxes_at(time_s):
            pixelate(picture, box)

    def boxes_at(self, time_s: float) -> Iterator[Float32]:
        """The (4,) boxes, in px, of the faces to be hidden at a moment."""
        seen = self._hidden.seen_at(time_s)
        runs = np.flatnonzero(self._plain.seen_at(time_s)).tolist()
        plain = np.array([self._plain.box_at(run, time_s) for run in runs], np.float32).reshape(-1, 4)
        for run in np.flatnonzero((self._from_s <= time_s) & (time_s <= self._to_s)).tolist():
            box = self._hidden.box_at(run, time_s)
            if seen[run]:
                yield box
            elif not self._is_somebody_else(run, box, plain, time_s):
                yield _with_way(box, self._way(run, box, time_s), plain)

    def _is_somebody_else(self, run: int, box: Float32, plain: Float32, time_s: float) -> bool:
        """Whether a face that is not seen at a moment cannot be where it would be covered, since `plain`, (P, 4), is there."""
        if (iou(box[None], plain) > ONE_PLACE).any():
            return True
        first_s, last_s = self._hidden.first_s[run], self._hidden.last_s[run]
        after = (last_s <= self._cut_s[:, 0]) & (self._cut_s[:, 1] <= time_s)
        before = (time_s <= self._cut_s[:, 0]) & (self._cut_s[:, 1] <= first_s)
        return bool((after | before).any() and (iou(grown(box)[None], plain) > 0).any())

    def _way(self, run: int, box: Float32, time_s: float) -> Float32:
        """(4,) px, how far the edges of a box may have moved since its face was seen, or will move until it is."""
        gone = time_s > self._hidden.last_s[run]
        speed = self._hidden.speed_at_end(run, last=bool(gone))
        size = np.float32((box[2:] - box[:2]).mean())
        if np.abs(speed).max() < MOVES * size:
            return np.zeros(4, np.float32)
        since_s = time_s - float((self._hidden.last_s if gone else self._hidden.first_s)[run])
        result: Float32 = np.clip(np.float32(HASTE * since_s) * speed, -FARTHEST * size, FARTHEST * size)
        return result


def cuts(motion: Motion, sampled_time_s: Float64) -> Float64:
    """Between which samples the picture was cut, as far as faces show it: somebody is somewhere else at once, or nobody stays.

    (C, 2) float64, the times of both samples
    """
    found = []
    place = np.searchsorted(sampled_time_s, motion.first_s)
    for start in np.unique(place[place > 0]).tolist():
        before_s, now_s = float(sampled_time_s[start - 1]), float(sampled_time_s[start])
        ended, began = np.flatnonzero(motion.last_s == before_s), np.flatnonzero(motion.first_s == now_s)
        moved = set(motion.who[ended].tolist()) & set(motion.who[began].tolist())
        if any(_is_elsewhere(motion, ended, began, who) for who in moved) or (len(ended) and _nobody_stays(motion, before_s)):
            found.append((before_s, now_s))
    return np.array(found, np.float64).reshape(-1, 2)


def _is_elsewhere(motion: Motion, ended: np.ndarray, began: np.ndarray, who: int) -> bool:
    last = [motion.box_at(run, motion.last_s[run]) for run in ended[motion.who[ended] == who].tolist()]
    first = [motion.box_at(run, motion.first_s[run]) for run in began[motion.who[began] == who].tolist()]
    return bool(who >= 0 and iou(np.stack(last), np.stack(first)).max() == 0)


def _nobody_stays(motion: Motion, time_s: float) -> bool:
    stays: Bool = (motion.first_s <= time_s) & (motion.last_s > time_s)
    return not stays.any()


def _with_way(box: Float32, way: Float32, plain: Float32) -> Float32:
    """A box with as much of the way of its face as does not reach a face that stays plain."""
    for share in (1, 0.75, 0.5, 0.25) if way.any() else ():
        both = np.stack([box, box + np.float32(share) * way])
        hull: Float32 = np.concatenate([both[:, :2].min(axis=0), both[:, 2:].max(axis=0)])
        if not (iou(grown(hull)[None], plain) > 0).any():
            return hull
    return box


def _covered_times(motion: Motion, hold_s: float) -> tuple[Float64, Float64]:
    """From when to when every run is covered: two arrays of (K,) float64."""
    from_s, to_s = motion.first_s - hold_s, motion.last_s + hold_s
    order = np.lexsort((motion.first_s, motion.who))
    for one, other in zip(order[:-1].tolist(), order[1:].tolist(), strict=True):
        gap_s = motion.first_s[other] - motion.last_s[one]
        if motion.who[one] == motion.who[other] and 2 * hold_s < gap_s <= BRIDGE_S:
            ends = motion.box_at(one, motion.last_s[one]), motion.box_at(other, motion.first_s[other])
            if iou(ends[0][None], ends[1][None])[0, 0] > 0:
                from_s[other] = to_s[one] = (motion.first_s[other] + motion.last_s[one]) / 2
    return from_s, to_s
