"""Bouts: stretches of samples with one emotion."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from feelit.analysis.observations import Samples
from feelit.types import EMOTIONS, Bool, Columns, Float64, Int64

LEAST_BOUT_S = 0.2
"""Shorter bouts are treated as noise: people need about 0.2 s to recognise an expression, too (Shen, Wu & Fu 2012)."""

_TOLERANCE_S = 1e-6  # intervals are differences of floating-point times


@dataclass(frozen=True, slots=True, eq=False)
class Bouts(Columns):
    """Stretches of time over which a track shows one emotion, ordered by track and time."""

    track: Int64  # (B,)
    emotion: Int64  # (B,)
    start_s: Float64  # (B,)
    length_s: Float64  # (B,)
    is_transition: Bool  # (B,) the track showed another emotion in the bout before, and was not absent in between


def find_bouts(samples: Samples) -> Bouts:
    """Join consecutive samples of one emotion.

    A bout ends where the emotion changes, the face cannot be read, or the track is absent. A bout shorter than `LEAST_BOUT_S`
    is then merged into the nearest long bout before it, else into the one after it, never across an absence or unreadable
    time. If no bout between two such breaks is long enough, all become one bout of the emotion shown longest.
    """
    seen = samples.rows(samples.readable)
    if not len(seen):
        return _table(seen, np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.int64))
    # one number per presence, a time without absence; and one per time without absence or unreadable samples, from 0
    here = np.cumsum(~_follows(samples), dtype=np.int64)[samples.readable]
    stretch = np.cumsum(~_follows(seen), dtype=np.int64) - 1
    start = _starts(stretch, seen.emotion)
    length_s = np.add.reduceat(seen.length_s, start)
    emotion = _merged(stretch[start], seen.emotion[start], length_s)
    kept = _starts(stretch[start], emotion)
    return _table(seen, start[kept], emotion[kept], here[start[kept]])


def transition_counts(bouts: Bouts) -> Int64:
    """(8, 8) int64, number of transitions from the emotion of the row to that of the column."""
    to = np.flatnonzero(bouts.is_transition)
    pairs = bouts.emotion[to - 1] * len(EMOTIONS) + bouts.emotion[to]
    return np.bincount(pairs, minlength=len(EMOTIONS) ** 2).reshape(len(EMOTIONS), len(EMOTIONS)).astype(np.int64)


def stretches(where: Bool, begin_s: Float64, end_s: Float64, gap_s: float, least_s: float) -> tuple[Int64, Int64]:
    """First rows, and rows after the last, of the stretches of time in which a condition holds.

    Parameters
    ----------
    where : (F,) bool, the rows in which it holds
    begin_s, end_s : (F,) float64, rising, the time that each row represents
    gap_s : stretches up to this far apart are joined
    least_s : shorter ones are then left out
    """
    rows = np.flatnonzero(where)
    apart = begin_s[rows[1:]] - end_s[rows[:-1]] > gap_s
    first, last = rows[np.append(True, apart)[: len(rows)]], rows[np.append(apart, True)[: len(rows)]]
    lasting = end_s[last] - begin_s[first] >= least_s
    return first[lasting], last[lasting] + 1


def _merged(stretch: Int64, emotion: Int64, length_s: Float64) -> Int64:
    """(B,) the emotions of bouts after merging short ones into their neighbours."""
    place = np.arange(len(stretch))
    lasting = length_s >= LEAST_BOUT_S - _TOLERANCE_S
    before = np.maximum.accumulate(np.where(lasting, place, -1))
    after = np.minimum.accumulate(np.where(lasting, place, len(place))[::-1])[::-1]
    has_before = (before >= 0) & (stretch[before] == stretch)
    has_after = (after < len(place)) & (stretch[np.minimum(after, len(place) - 1)] == stretch)
    shown_s = np.bincount(stretch * len(EMOTIONS) + emotion, length_s, (stretch[-1] + 1) * len(EMOTIONS))
    longest = shown_s.reshape(-1, len(EMOTIONS)).argmax(axis=1)[stretch]
    donor = np.where(has_before, before, np.where(has_after, after, 0))
    return np.where(has_before | has_after, emotion[donor], longest)


def _table(seen: Samples, start: Int64, emotion: Int64, here: Int64) -> Bouts:
    """Bouts that begin at the rows `start` of the readable samples; `here` is the number of each one's presence."""
    first = seen.rows(start)
    same = np.diff(here, prepend=-1) == 0
    return Bouts(
        track=first.track,
        emotion=emotion,
        start_s=first.time_s,
        length_s=np.add.reduceat(seen.length_s, start) if len(start) else np.zeros(0, np.float64),
        is_transition=same & (np.diff(emotion, prepend=-1) != 0),
    )


def _follows(samples: Samples) -> Bool:
    """(F,) whether a row continues the row before: same track, next sampled frame."""
    result: Bool = (np.diff(samples.track, prepend=-1) == 0) & (np.diff(samples.frame, prepend=-2) == 1)
    return result


def _starts(stretch: Int64, emotion: Int64) -> Int64:
    """The rows at which a new stretch or emotion begins."""
    return np.flatnonzero((np.diff(stretch, prepend=-1) != 0) | (np.diff(emotion, prepend=-2) != 0))
