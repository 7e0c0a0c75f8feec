"""Anonymisation: which faces are made unrecognisable, where, and how. In doubt a place is covered.

A face is covered from a second before it is first seen until a second after it is last seen, farther along its motion, and
through gaps in which it is missed at one place: whoever turns away is still there. Two exceptions keep a face recognisable that
is not to be hidden: where it is seen, nobody else is covered in the same place, and nobody who disappeared with a cut is
covered beside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from feelit.errors import UsageError
from feelit.geometry import iou
from feelit.options.videos import Blur
from feelit.render.canvas import Canvas, Rect
from feelit.render.motion import Motion
from feelit.render.rows import TimelineView
from feelit.timeline.people import people_meant, refuse_unknown
from feelit.types import Bool, Float32, Float64

CERTAIN = 0.95  # the least `person_confidence` with which a face stays recognisable as a named person


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Choice:
    """Which rows of a timeline are drawn or hidden. All are (R,) bool."""

    drawn: Bool  # get a box and a card
    hidden: Bool  # are made unrecognisable
    plain: Bool  # belong, with certainty, to the people who stay recognisable while the others are hidden
    doubtful: Bool  # may belong to them, but are hidden because the identity is uncertain


def choose(view: TimelineView, blur: Blur, people: Sequence[str] | None, tracks: Sequence[int] | None) -> Choice:
    """Choose which faces are drawn and which are hidden.

    Parameters
    ----------
    blur : whose faces are hidden
    people, tracks : who is selected; both None stand for everybody. Where the others are hidden, only those rows of a person
        count whose identity is certain

    Raises
    ------
    UsageError
        if a person or a track does not exist, or `blur` is "others" without a selection.
    """
    rows = view.rows
    if blur == "others" and not (people or tracks):
        raise UsageError("blurring the others needs to know whom not to blur", "name them: --people 1,P02")
    refuse_unknown(tracks or (), np.unique(rows.track_id[rows.track_id >= 0]).tolist())
    person: Bool = np.isin(rows.who, people_meant(people or (), view.names))
    track: Bool = np.isin(rows.track_id, tracks or ())
    everybody = people is None and tracks is None
    plain = track | (person & (rows.certainty >= CERTAIN))
    hidden = {"none": np.zeros(len(rows), bool), "all": np.ones(len(rows), bool), "others": ~plain}[blur]
    others = blur == "others"
    return Choice(
        drawn=(rows.track_id >= 0) & (plain if others else person | track | everybody),
        hidden=hidden,
        plain=plain & others,
        doubtful=person & ~plain & others,
    )


def in_doubt(view: TimelineView, choice: Choice) -> tuple[str, ...]:
    """A line for every selected person who is hidden at times because the identity is uncertain."""
    lines = []
    for who in np.unique(view.rows.who[choice.doubtful]).tolist():
        mine = view.rows.who == who
        hidden = view.rows.rows(mine & choice.doubtful)
        share = f"{len(np.unique(hidden.time_s))} of {len(np.unique(view.rows.time_s[mine]))} sampled frames"
        hint = f"--tracks {','.join(map(str, np.unique(hidden.track_id).tolist()))} shows what was hidden"
        lines.append(f"{view.label(who)} is hidden in {share}, where it may be somebody else; {hint}")
    return tuple(lines)


CELLS = (5, 6)  # across and down the covered area, about 3 x 4 of them on the face itself
MARGIN = (0.25, 0.35, 0.25, 0.2)  # left, top (hair), right, bottom: shares of the face's width and height


def covered(box: Float32, bounds: Rect) -> Rect:
    """The area that is made unrecognisable for a face box (4,) px, within the picture."""
    x0, y0, x1, y1 = (float(v) for v in np.nan_to_num(grown(box)))
    return Rect(*(int(v) // 2 * 2 for v in (x0, y0, x1 + 2, y1 + 2))).shared_with(bounds)


def grown(box: Float32) -> Float32:
    """A face box (4,) px with its surroundings, (4,) px."""
    size = np.tile(np.maximum(box[2:] - box[:2], 0), 2)
    result: Float32 = box + np.array([-1, -1, 1, 1], np.float32) * np.array(MARGIN, np.float32) * size
    return result


def pixelate(canvas: Canvas, box: Float32) -> None:
    """Replace a face and its surroundings by flat cells, in place.

    The number of cells does not grow with the face, which bounds the information left. A blur could partly be undone.

    Parameters
    ----------
    canvas : the picture
    box : (4,) float32, px; clipped to the picture
    """
    x0, y0, x1, y1 = covered(box, canvas.bounds)
    if x1 - x0 < 2 or y1 - y0 < 2:
        return
    for plane, k in ((canvas.y, 1), (canvas.u, 2), (canvas.v, 2)):
        part = plane[y0 // k : y1 // k, x0 // k : x1 // k]
        height, width = part.shape
        across, down = min(CELLS[0], max(1, width // 4)), min(CELLS[1], max(1, height // 4))
        mean = cv2.resize(np.ascontiguousarray(part), (across, down), interpolation=cv2.INTER_AREA)
        part[:] = cv2.resize(mean, (width, height), interpolation=cv2.INTER_NEAREST)


HOLD_S = 1.0  # how long a face is covered before it is first seen and after it is last seen
HOLD_PERIODS = 1.5  # the same in sampling periods, where samples are far apart
BRIDGE_S = 10.0  # the longest gap that is covered, if the faces on both sides of it overlap
ONE_PLACE = 0.3  # boxes with a larger IoU are in one place; the boxes of two faces in one picture overlap by less
MOVES = 0.5  # the least speed of a moving face, in face sizes per second
FARTHEST = 1.5  # the most by which the motion of a face is extrapolated, in face sizes
HASTE = 1.5  # the factor by which its speed may have grown


class Hiding:
    """Makes the chosen faces of one video unrecognisable.

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
        """Whether a face that is not seen at a moment cannot be in a box, because a recognisable face, (P, 4), is there."""
        if (iou(box[None], plain) > ONE_PLACE).any():
            return True
        before_s, now_s = self._cut_s.T
        after = (self._hidden.last_s[run] <= before_s) & (now_s <= time_s)
        before = (time_s <= before_s) & (now_s <= self._hidden.first_s[run])
        return bool((after | before).any() and (iou(grown(box)[None], plain) > 0).any())

    def _way(self, run: int, box: Float32, time_s: float) -> Float32:
        """(4,) px, the extrapolated motion of a box's edges since its face was last seen, or until it is first seen."""
        gone = time_s > self._hidden.last_s[run]
        speed = self._hidden.speed_at_end(run, last=bool(gone))
        size = np.float32((box[2:] - box[:2]).mean())
        if np.abs(speed).max() < MOVES * size:
            return np.zeros(4, np.float32)
        since_s = time_s - float((self._hidden.last_s if gone else self._hidden.first_s)[run])
        result: Float32 = np.clip(np.float32(HASTE * since_s) * speed, -FARTHEST * size, FARTHEST * size)
        return result


def cuts(motion: Motion, sampled_time_s: Float64) -> Float64:
    """Cuts as far as faces show them: somebody is suddenly elsewhere, or nobody stays. (C, 2) float64, times of the samples
    before and after.
    """
    found = []
    place = np.searchsorted(sampled_time_s, motion.first_s)
    for start in np.unique(place[place > 0]).tolist():
        before_s, now_s = float(sampled_time_s[start - 1]), float(sampled_time_s[start])
        ended, began = np.flatnonzero(motion.last_s == before_s), np.flatnonzero(motion.first_s == now_s)
        elsewhere = False
        for who in np.intersect1d(motion.who[ended], motion.who[began]).tolist():
            last = [motion.box_at(run, before_s) for run in ended[motion.who[ended] == who].tolist()]
            first = [motion.box_at(run, now_s) for run in began[motion.who[began] == who].tolist()]
            elsewhere |= bool(who >= 0 and iou(np.stack(last), np.stack(first)).max() == 0)
        stays: Bool = (motion.first_s <= before_s) & (motion.last_s > before_s)
        if elsewhere or (len(ended) and not stays.any()):
            found.append((before_s, now_s))
    return np.array(found, np.float64).reshape(-1, 2)


def _with_way(box: Float32, way: Float32, plain: Float32) -> Float32:
    """A box extended along the motion of its face, as far as it does not reach a recognisable face."""
    for share in (1, 0.75, 0.5, 0.25) if way.any() else ():
        both = np.stack([box, box + np.float32(share) * way])
        hull: Float32 = np.concatenate([both[:, :2].min(axis=0), both[:, 2:].max(axis=0)])
        if not (iou(grown(hull)[None], plain) > 0).any():
            return hull
    return box


def _covered_times(motion: Motion, hold_s: float) -> tuple[Float64, Float64]:
    """The times from and to which every run is covered: two arrays of (K,) float64."""
    from_s, to_s = motion.first_s - hold_s, motion.last_s + hold_s
    order = np.lexsort((motion.first_s, motion.who))
    for one, other in zip(order[:-1].tolist(), order[1:].tolist(), strict=True):
        gap_s = motion.first_s[other] - motion.last_s[one]
        if motion.who[one] == motion.who[other] and 2 * hold_s < gap_s <= BRIDGE_S:
            ends = motion.box_at(one, motion.last_s[one]), motion.box_at(other, motion.first_s[other])
            if iou(ends[0][None], ends[1][None])[0, 0] > 0:
                from_s[other] = to_s[one] = (motion.first_s[other] + motion.last_s[one]) / 2
    return from_s, to_s
