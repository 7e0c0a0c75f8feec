"""The curves of one video as bytes: states and probabilities of every person at every sampled frame, or at coarser steps.

Layout, before compression by raw DEFLATE and base64: the times in units of 0.1 ms, as uint32 differences, least significant
bytes of all first; then for every person one byte a point, which of `STATES` it is in; one more, one of `SPEAKING`, if the
timeline says who speaks; and eight bytes a point, the smoothed probabilities in 1/255, one emotion after the other, as
differences from point to point modulo 256. At coarser steps these are means, and the lowest and the highest values follow in
the same way. Where there is no probability the last one is repeated, which costs nothing. A person has points from the first to
the last one only.
"""

from __future__ import annotations

import base64
import zlib
from dataclasses import dataclass, replace

import numpy as np

from feelit.analysis.observations import Samples
from feelit.analysis.track_series import TrackSeries
from feelit.types import EMOTIONS, Bool, Float64, Int32, Int64, UInt8

UNREADABLE, ABSENT = len(EMOTIONS), len(EMOTIONS) + 1
STATES = (*EMOTIONS, "unreadable", "absent")
"""The states of a person: an emotion, not readable, or absent."""

SPEAKING = ("no", "yes", "unknown")
NO, YES, UNKNOWN = range(3)

STEPS_S = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 60.0, 300.0)  # steps of curves that would be too large at full resolution

TICKS_A_SECOND = 10_000
LEVELS = 255

LEVEL = 6  # of DEFLATE: the highest takes three times as long and saves a hundredth

LEAST_PACKED = 1 / 6
"""Smoothed probabilities shrink to between a third and two thirds, counted in characters; nothing shrinks to less than this."""


@dataclass(frozen=True, slots=True, eq=False)
class PersonCurves:
    """The points of one person. Levels are smoothed probabilities in 1/LEVELS, 0 where the state is no emotion."""

    person_id: int
    first: int  # place of the first point among the times
    state: UInt8  # (K,) see STATES
    speaking: UInt8 | None  # (K,) see SPEAKING; None if the timeline does not say
    mean: UInt8  # (K, 8)
    low: UInt8  # (K, 8) the lowest value of the step; `mean` itself where every sampled frame has a point
    high: UInt8  # (K, 8)


@dataclass(frozen=True, slots=True, eq=False)
class Curves:
    """All people of a video over one time axis. `step_s` is None where every sampled frame has a point."""

    time_s: Float64  # (P,) rising
    people: list[PersonCurves]
    step_s: float | None = None

    @property
    def interval_s(self) -> float:
        """The usual time between points; 0 for a single one."""
        return float(np.median(np.diff(self.time_s))) if len(self.time_s) > 1 else 0.0

    @property
    def raw_bytes(self) -> int:
        """Size before compression."""
        return 4 * len(self.time_s) + sum(plane.size for person in self.people for plane in self.planes(person))

    def planes(self, person: PersonCurves) -> list[UInt8]:
        """What is stored of a person, in its order."""
        said = [] if person.speaking is None else [person.speaking]
        return [person.state, *said, *([person.mean] if self.step_s is None else [person.mean, person.low, person.high])]


def person_curves(person_id: int, samples: Samples, series: TrackSeries | None) -> PersonCurves:
    """The curves of one person at full resolution.

    Parameters
    ----------
    samples : all of the person; their frames are the places of the points
    series : the readable ones, smoothed; None if there are none
    """
    first, count = int(samples.frame[0]), int(samples.frame[-1] - samples.frame[0]) + 1
    place = samples.frame - first
    state, levels = np.full(count, ABSENT, np.uint8), np.zeros((count, len(EMOTIONS)), np.uint8)
    state[place] = np.where(samples.readable, samples.emotion, UNREADABLE)
    if series is not None:
        levels[series.samples.frame - first] = np.round(np.clip(np.nan_to_num(series.smoothed), 0, 1) * LEVELS)
    return PersonCurves(person_id, first, state, None, levels, levels, levels)


def with_speaking(person: PersonCurves, place: Int32, speaking: UInt8 | None) -> PersonCurves:
    """The same curves with speech, (F,) at some indices of the times; see `SPEAKING`."""
    says = np.full(len(person.state), UNKNOWN, np.uint8)
    if speaking is not None:
        says[place - person.first] = speaking
    return replace(person, speaking=says)


def coarser(curves: Curves, step_s: float) -> Curves:
    """Curves at coarser steps, from those at full resolution: per step with a sampled frame, the most frequent state, and mean,
    least and largest probabilities."""
    steps, place = np.unique(np.floor(curves.time_s / step_s + 1e-6).astype(np.int64), return_inverse=True)
    people = [_coarser_person(person, place[person.first : person.first + len(person.state)]) for person in curves.people]
    return Curves((steps + 0.5).astype(np.float64) * step_s, people, step_s)


def pack(curves: Curves) -> str:
    """The curves in base64, see the layout above."""
    ticks = np.round(curves.time_s * TICKS_A_SECOND).astype(np.int64)
    gaps = np.clip(np.diff(ticks, prepend=0), 0, 2**32 - 1).astype("<u4")
    deflater = zlib.compressobj(LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    packed = [deflater.compress(gaps.view(np.uint8).reshape(-1, 4).T.tobytes())]
    for person in curves.people:
        valid = person.state < UNREADABLE
        for plane in curves.planes(person):
            stored = plane if plane.ndim == 1 else np.diff(_held(plane, valid), axis=0, prepend=np.zeros((1, 8), np.uint8)).T
            packed.append(deflater.compress(stored.tobytes()))
    return base64.b64encode(b"".join(packed) + deflater.flush()).decode("ascii")


def pack_within(curves: Curves, most_bytes: int) -> tuple[Curves, str]:
    """The finest curves that fit into so many characters, packed; the coarsest if none do."""
    steps_s = [step_s for step_s in STEPS_S if step_s > 1.5 * curves.interval_s]
    candidate, shrink = curves, LEAST_PACKED
    for step_s in steps_s:
        if candidate.raw_bytes * shrink <= most_bytes:  # else it is far too large
            packed = pack(candidate)
            if len(packed) <= most_bytes:
                return candidate, packed
            shrink = max(shrink, 0.8 * len(packed) / candidate.raw_bytes)
        candidate = coarser(curves, step_s)
    return candidate, pack(candidate)


def _coarser_person(person: PersonCurves, place: Int64) -> PersonCurves:
    first, count = int(place[0]), int(place[-1] - place[0]) + 1
    place = place - first
    state = _most_frequent(place, person.state, count, len(STATES))
    shows = np.flatnonzero(person.state < UNREADABLE)
    level, where = person.mean[shows], place[shows]
    begins = np.flatnonzero(np.diff(where, prepend=-1))
    there = where[begins]
    mean, low, high = (np.zeros((count, len(EMOTIONS)), np.uint8) for _ in range(3))
    if len(shows):
        points = np.diff(begins, append=len(where))
        mean[there] = np.round(np.add.reduceat(level.astype(np.float64), begins, axis=0) / points[:, None])
        low[there], high[there] = np.minimum.reduceat(level, begins, axis=0), np.maximum.reduceat(level, begins, axis=0)
    shown = (state < UNREADABLE)[:, None]
    mean, low, high = (np.where(shown, values, 0).astype(np.uint8) for values in (mean, low, high))
    says = None if person.speaking is None else _most_frequent(place, person.speaking, count, len(SPEAKING))
    return PersonCurves(person.person_id, first, state, says, mean, low, high)


def _most_frequent(place: Int64, kind: UInt8, count: int, kinds: int) -> UInt8:
    """(count,) the most frequent kind of every place; where there is none, the last kind: absent, or unknown."""
    votes = np.bincount(place * kinds + kind, minlength=count * kinds).reshape(count, kinds)
    return np.where(votes.any(axis=1), votes.argmax(axis=1), kinds - 1).astype(np.uint8)


def _held(level: UInt8, valid: Bool) -> UInt8:
    """(K, 8) the levels, with those that are not valid replaced by the last valid ones."""
    last = np.maximum.accumulate(np.where(valid, np.arange(len(level)), -1))
    return np.where(last[:, None] >= 0, level[np.maximum(last, 0)], 0).astype(np.uint8)
