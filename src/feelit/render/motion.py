"""Interpolation of faces between samples: positions and emotions at any moment.

A track is split into runs. Within a run the box is interpolated from sample to sample; between runs the face was away, or the
camera cut, and the box disappears and appears.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from feelit.render.rows import TimelineRows, TimelineView
from feelit.types import Bool, Float32, Float64, Int32, Int64

GAP_S = 0.6  # a longer gap ends a run
GAP_PERIODS = 2.5  # the same in sampling periods, where samples are far apart
CAPTION_S = 0.5  # a percentage stays the same for this long, so that it can be read
SLACK = 0.01
GROWTH = 1.8  # a larger change of a box's size between two samples is another face, or another shot

BLANK, ABSENT = -1, -2  # a face without an emotion; no face


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """One face at one moment."""

    who: int  # as in `TimelineRows`
    label: str  # the name or number
    track_id: int
    box: Float32  # (4,) px
    emotion: int  # a place in EMOTIONS, or BLANK
    confidence: float  # 0..1
    probability: Float32  # (8,)
    marks: Float32  # (18,) as `marks.COLUMNS`; NaN where there are no signals


def interpolate(time_s: Float64, values: Float32, at_s: float) -> Float32:
    """Linear interpolation between samples; the first and the last value hold outside.

    Parameters
    ----------
    time_s : (K,) float64, increasing, K >= 1
    values : (K, D) float32
    at_s : the moment

    Returns
    -------
    (D,) float32, never outside the values of the two neighbouring samples.
    """
    right = int(np.searchsorted(time_s, at_s))
    last = len(time_s) - 1
    if right in (0, last + 1):
        nearest: Float32 = values[min(right, last)]
        return nearest
    share = np.float32((at_s - time_s[right - 1]) / (time_s[right] - time_s[right - 1]))
    low, high = values[right - 1], values[right]
    result: Float32 = np.clip(low + share * (high - low), np.minimum(low, high), np.maximum(low, high))
    return result


def smooth(values: Float32, times: int = 2) -> Float32:
    """Smooth the values of one run, (K, D) float32, one row a sample; both ends stay fixed.

    Twice by binomial weights 1 2 1 makes 1 4 6 4 1: against the jitter of the detector's boxes. Once is enough for marks, as
    lids are fast. If some values are NaN, all stay as they are.
    """
    for _ in range(times if np.isfinite(values).all() else 0):
        values = np.concatenate([values[:1], (values[:-2] + 2 * values[1:-1] + values[2:]) / 4, values[-1:]])[: len(values)]
    return values


def settle(box: Float32) -> Float32:
    """Keep the boxes of one run still while their face is: an edge follows only motion beyond SLACK of the box's size, and
    stays that much behind.

    Parameters
    ----------
    box : (K, 4) float32 px, one row a sample

    Returns
    -------
    (K, 4) float32, nowhere farther from `box` than the slack.
    """
    slack = SLACK * (box[:, 2:] - box[:, :2]).mean(axis=1, keepdims=True)
    low, high = box - slack, box + slack
    settled = box.copy()
    for i in range(1, len(box)):
        settled[i] = np.minimum(np.maximum(settled[i - 1], low[i]), high[i])
    return settled


class Motion:
    """The runs of all tracks.

    Parameters
    ----------
    view : the timeline; its rows may be in any order
    """

    def __init__(self, view: TimelineView) -> None:
        self.label = view.label
        time_s = view.sampled_time_s
        between_s = np.diff(time_s)
        self.period_s = float(np.median(between_s)) if len(between_s) else 0.1  # the usual one between two sampled frames
        self._rows = rows = view.rows.rows(np.lexsort((view.rows.time_s, view.rows.track_id)))
        begins = _begins_run(rows, time_s, self.period_s)
        start = np.flatnonzero(begins)
        stop = np.append(start[1:], len(rows))[: len(start)]
        self._runs = runs = [slice(a, b) for a, b in zip(start.tolist(), stop.tolist(), strict=True)]
        self.who = rows.who[start]  # (K,) who each run shows, as in `TimelineRows`
        self.first_s, self.last_s = rows.time_s[start], rows.time_s[stop - 1]  # (K,) times of the first and last sample of each
        self._shown_from_s, self._shown_to_s = self._shown(rows.track_id[start])
        self._box = np.concatenate([settle(smooth(rows.box[run])) for run in runs]) if runs else rows.box
        self._marks = np.concatenate([smooth(rows.marks[run], 1) for run in runs]) if runs else rows.marks
        run = np.cumsum(begins, dtype=np.int64)
        source = _calm(rows.readable & (rows.emotion >= 0), run)
        self._emotion = np.where(source >= 0, rows.emotion[source], BLANK)
        self._confidence = _steady(rows.confidence[source], run, self._emotion, rows.time_s)

    @cached_property
    def screen_time_s(self) -> dict[int, float]:
        """Screen time of everybody, by `TimelineRows.who`, in order of first appearance."""
        shown_s = self._shown_to_s - self._shown_from_s
        order = np.argsort(self._shown_from_s, kind="stable")
        return {who: float(shown_s[self.who == who].sum()) for who in dict.fromkeys(self.who[order].tolist())}

    def faces_at(self, time_s: float) -> list[Face]:
        """The faces to draw at a moment, by track; a face stays for half a sampling period at both ends of a run."""
        shown = np.flatnonzero((self._shown_from_s <= time_s) & (time_s < self._shown_to_s))
        return [self._face(run, time_s) for run in shown.tolist()]

    def seen_at(self, time_s: float) -> Bool:
        """(K,) bool, runs with samples before and after a moment, or just then."""
        result: Bool = (self.first_s <= time_s) & (time_s <= self.last_s)
        return result

    def box_at(self, run: int, time_s: float) -> Float32:
        """(4,) px, the box of a run; before its first and after its last sample, that of the sample."""
        return interpolate(self._rows.time_s[self._runs[run]], self._box[self._runs[run]], time_s)

    def speed_at_end(self, run: int, *, last: bool) -> Float32:
        """(4,) px/s, how the edges of a box move between the two samples at one end of a run; 0 where it has one only."""
        one = max(self._runs[run].stop - 2, self._runs[run].start) if last else self._runs[run].start
        if one + 1 == self._runs[run].stop:
            return np.zeros(4, np.float32)
        step = self._rows.time_s[one + 1] - self._rows.time_s[one]
        result: Float32 = (self._box[one + 1] - self._box[one]) / np.float32(step)
        return result

    def states(self, who: int, at_s: Float64) -> Int32:
        """The states of somebody at many moments, as they are drawn.

        Parameters
        ----------
        who : as in `TimelineRows`
        at_s : (M,) float64, increasing

        Returns
        -------
        (M,) int32: a place in EMOTIONS, BLANK or ABSENT.
        """
        state = np.full(len(at_s), ABSENT, np.int32)
        for run in np.flatnonzero(self.who == who):
            part = self._runs[run]
            shown = slice(*np.searchsorted(at_s, [self._shown_from_s[run], self._shown_to_s[run]]))
            time_s = self._rows.time_s[part]
            nearest = np.searchsorted((time_s[1:] + time_s[:-1]) / 2, at_s[shown])
            state[shown] = self._emotion[part][nearest]
        return state

    def _face(self, run: int, time_s: float) -> Face:
        part, who = self._runs[run], int(self.who[run])
        nearest = int(part.start + np.abs(self._rows.time_s[part] - time_s).argmin())
        return Face(
            who=who,
            label=self.label(who),
            track_id=int(self._rows.track_id[nearest]),
            box=self.box_at(run, time_s),
            emotion=int(self._emotion[nearest]),
            confidence=float(self._confidence[nearest]),
            probability=interpolate(self._rows.time_s[part], self._rows.probability[part], time_s),
            marks=interpolate(self._rows.time_s[part], self._marks[part], time_s),
        )

    def _shown(self, track_id: Int32) -> tuple[Float64, Float64]:
        """The times from and to which each run is drawn; consecutive runs of one track never overlap."""
        gap = self.first_s[1:] - self.last_s[:-1]
        gap[track_id[1:] != track_id[:-1]] = np.inf
        hold = np.minimum(self.period_s, gap) / 2
        half = np.array([self.period_s / 2])[: len(self.first_s)]
        return self.first_s - np.concatenate([half, hold]), self.last_s + np.concatenate([hold, half])


def _begins_run(rows: TimelineRows, sampled_time_s: Float64, period_s: float) -> Bool:
    """Which rows, ordered by track and time, do not continue the row before: (R,) bool."""
    if len(rows) == 0:
        return np.zeros(0, bool)
    other = (np.diff(rows.track_id) != 0) | (np.diff(rows.who) != 0)
    gap_s = np.diff(rows.time_s)
    # Sampled frames strictly between two rows did not show the face. Without any, the video itself stood still.
    missed = np.searchsorted(sampled_time_s, rows.time_s[1:]) - np.searchsorted(sampled_time_s, rows.time_s[:-1], "right") > 0
    away = missed & (gap_s > max(GAP_S, GAP_PERIODS * period_s))
    return np.concatenate([[True], other | away | _jumps(rows.box)])


def _jumps(box: Float32) -> Bool:
    """Between which rows a box moves by more than its own size, or changes that size at once: (R-1,) bool."""
    centre, size = (box[:, :2] + box[:, 2:]) / 2, np.maximum(box[:, 2:] - box[:, :2], 1)
    moved = np.abs(np.diff(centre, axis=0)) > (size[1:] + size[:-1]) / 2
    grown = np.abs(np.diff(np.log(size), axis=0)) > np.log(GROWTH)
    result: Bool = (moved | grown).any(axis=1)
    return result


def _calm(readable: Bool, run: Int64) -> Int64:
    """The row whose emotion is shown at each row: (R,) int64, -1 for none.

    Readability may change with every sample while a face turns away. Against flicker, the majority of five samples decides; a
    row without an emotion takes that of the nearest row that has one.
    """
    count = len(readable)
    votes = np.zeros(count, np.int64)
    for shift in range(-2, 3):
        other = np.clip(np.arange(count) + shift, 0, max(count - 1, 0))
        votes += np.where(run[other] == run, readable[other], readable)
    known = np.flatnonzero(readable)
    if len(known) == 0:
        return np.full(count, -1, np.int64)
    nearest = known[np.searchsorted((known[1:] + known[:-1]) / 2, np.arange(count))]
    return np.where((votes >= 3) & (run[nearest] == run), nearest, -1)


def _steady(confidence: Float32, run: Int64, emotion: Int64, time_s: Float64) -> Float32:
    """The mean confidence of each caption: the rows of one run and one emotion within one half second."""
    if len(run) == 0:
        return confidence
    key = np.stack([run, emotion, np.floor(time_s / CAPTION_S).astype(np.int64)], axis=1)
    group = np.unique(key, axis=0, return_inverse=True)[1].ravel()
    mean = np.bincount(group, confidence) / np.bincount(group)
    return mean[group].astype(np.float32)
