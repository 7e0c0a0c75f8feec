"""Nods, shakes, blinks and facing away of one person, and mutual smiles of several people, from signal columns.

A nod is an oscillation of pitch, a shake one of yaw. Head movements in conversation are slow (0.2 to 1.8 Hz), ordinary (1.8
to 3.7 Hz) or rapid (Hadar, Steiner, Grant & Clifford Rose 1983); nods of listeners have a few cycles of falling amplitude
(Hadar, Steiner & Clifford Rose 1985). Here a bout is at least three turns, down, up and down, or left, right and left, each
of 0.125 to 1 s (0.5 to 4 Hz) and at least `LEAST_TURN_DEG`.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from feelit.analysis.bouts import stretches
from feelit.types import Bool, Float64, Int64

Axis = Literal["pitch", "yaw"]

LEAST_TURN_DEG = {"pitch": 3.0, "yaw": 5.0}  # from extreme to extreme: more than twice the noise of the pose between samples
MOST_TURN_DEG = 45.0  # larger turns mean looking from one side to the other
SLOWEST_TURN_S, FASTEST_TURN_S = 1.0, 0.125  # half a cycle of 0.5 Hz and of 4 Hz; slower turns mean looking at something else
LEAST_TURNS = 3
EDGE = 0.1  # a turn is timed without the first and last tenth of its angle
WITHIN = 0.59  # the share of half a sine cycle that remains then
GAP_S = 0.5  # longer times without a sample end a movement
LEAST_RATE_HZ = 9.0  # with fewer samples, blinks are missed and head turns alias; at 10 Hz, nods of up to 3 Hz are found
BASELINE_S = 3.0  # closure is compared with the person's median over this time on either side: narrow eyes are not a blink
RISE, FALL = 0.2, 0.1  # a blink is a stretch with a closure of at least `FALL` above the median that somewhere exceeds `RISE`
LONGEST_BLINK_S = 0.6  # blinks last 0.1 to 0.4 s (Schiffman 2001); longer ones are closed eyes
AWAY_DEG = 45.0
LEAST_AWAY_S = 1.0


@dataclass(frozen=True, slots=True)
class HeadBout:
    """A bout of nodding or shaking."""

    start_s: float  # the first extreme
    end_s: float  # the last one
    peak_s: float  # where the largest turn ends
    amplitude_deg: float  # of the largest turn, from extreme to extreme


def is_dense(time_s: Float64) -> bool:
    """Whether there are enough samples per second for blinks and head turns. Times without a face are not counted."""
    steps = np.diff(time_s)
    steps = steps[steps <= GAP_S]
    return len(steps) > 0 and float(steps.mean()) <= 1 / LEAST_RATE_HZ


def find_head_bouts(time_s: Float64, pitch_deg: Float64, yaw_deg: Float64, axis: Axis) -> list[HeadBout]:
    """Nods, with `axis` "pitch", or shakes, with "yaw", in order.

    In a bout the head must turn more about this axis than about the other.

    Parameters
    ----------
    time_s : (N,) float64, rising
    pitch_deg, yaw_deg : (N,) float64
    """
    own, other = (pitch_deg, yaw_deg) if axis == "pitch" else (yaw_deg, pitch_deg)
    found = []
    for part in _without_gaps(time_s):
        extremes = _extremes(own[part], LEAST_TURN_DEG[axis]) + part.start
        times = np.array([_turn(time_s, own, a, b) for a, b in itertools.pairwise(extremes)]).reshape(-1, 2)
        length_s = np.diff(times, axis=1)[:, 0] / WITHIN
        fits = (length_s >= FASTEST_TURN_S) & (length_s <= SLOWEST_TURN_S)
        fits &= np.abs(np.diff(own[extremes])) <= MOST_TURN_DEG
        for first, stop in _runs(fits):
            if stop - first < LEAST_TURNS:
                continue
            places = extremes[first : stop + 1]
            turns = np.abs(np.diff(own[places]))
            start_s, end_s = float(times[first, 0]), float(times[stop - 1, 1])
            meanwhile = other[slice(*np.searchsorted(time_s, [start_s, end_s]).tolist())]
            if not len(meanwhile) or np.median(turns) > np.ptp(meanwhile):
                largest = int(turns.argmax())
                found.append(HeadBout(start_s, end_s, float(time_s[places[largest + 1]]), float(turns[largest])))
    return found


def _without_gaps(time_s: Float64) -> list[slice]:
    edges = [0, *(np.flatnonzero(np.diff(time_s) > GAP_S) + 1).tolist(), len(time_s)]
    return [slice(a, b) for a, b in itertools.pairwise(edges) if b > a]


def _extremes(value: Float64, least: float) -> Int64:
    """(K,) int64, rows of alternating maxima and minima; all but the last differ by at least `least` from the one before."""
    found: list[int] = []
    high = low = 0
    sense = 0  # 1 on the way up, -1 on the way down, 0 before the first turn
    for i, v in enumerate(value.tolist()):
        if sense >= 0:
            high = i if v > value[high] else high
        if sense <= 0:
            low = i if v < value[low] else low
        if sense >= 0 and value[high] - v >= least:
            found.append(high)
            sense, low = -1, i
        elif sense <= 0 and v - value[low] >= least:
            found.append(low)
            sense, high = 1, i
    if found:
        found.append(low if sense < 0 else high)
    return np.array(found, np.int64)


def _turn(time_s: Float64, value: Float64, start: int, stop: int) -> tuple[float, float]:
    """When a turn between two extremes leaves the first tenth of its angle and reaches the last: resting before or after does
    not make it slower."""
    share = (value[start : stop + 1] - value[start]) / (value[stop] - value[start])
    begin = int(np.flatnonzero(share <= EDGE)[-1])
    end = begin + int(np.flatnonzero(share[begin:] >= 1 - EDGE)[0])
    times = time_s[start : stop + 1]

    def crossing(level: float, after: int) -> float:
        low, high = share[after - 1], share[after]
        return float(times[after - 1] + (times[after] - times[after - 1]) * (level - low) / (high - low))

    return crossing(EDGE, begin + 1), crossing(1 - EDGE, end)


def find_blinks(time_s: Float64, blink: Float64) -> Float64:
    """The times of blinks.

    Parameters
    ----------
    time_s : (N,) float64, rising
    blink : (N,) float64, how far both eyes are closed, 0..1

    Returns
    -------
    (K, 2) float64: the first and the last sample of each blink, s
    """
    import pandas as pd

    around = pd.Series(blink, index=pd.to_timedelta(time_s, unit="s"))
    usual = around.rolling(pd.Timedelta(seconds=2 * BASELINE_S), center=True, closed="both", min_periods=1).median()
    above = blink - usual.to_numpy(np.float64)
    found, begun = [], -1
    for i in range(len(time_s)):
        if begun >= 0 and (above[i] < FALL or time_s[i] - time_s[i - 1] > LONGEST_BLINK_S):
            if above[begun:i].max() > RISE and time_s[i - 1] - time_s[begun] <= LONGEST_BLINK_S:
                found.append((time_s[begun], time_s[i - 1]))
            begun = -1
        if begun < 0 and above[i] >= FALL:
            begun = i
    return np.array(found, np.float64).reshape(-1, 2)


def find_away(time_s: Float64, length_s: Float64, yaw_deg: Float64) -> list[tuple[float, float]]:
    """Starts and ends, s, of times of at least LEAST_AWAY_S with the head turned aside by more than AWAY_DEG."""
    found = []
    for a, b in _runs(np.abs(yaw_deg) > AWAY_DEG):
        for part in _without_gaps(time_s[a:b]):
            start, end = float(time_s[a + part.start]), float(time_s[a + part.stop - 1] + length_s[a + part.stop - 1])
            if end - start >= LEAST_AWAY_S:
                found.append((start, end))
    return found


SMILE = 0.4  # the value of the column `smile` (AU12) above which a person smiles
LEAST_MUTUAL_S = 0.5
BRIDGED_S = 0.3  # gaps up to this length do not end a mutual smile
MOST_DRAWN, LEAST_DRAWN = 999, 99
WORK = 20_000_000  # the most samples to rotate, to limit the time for long videos; at least LEAST_DRAWN rotations are made


@dataclass(frozen=True, slots=True)
class MutualSmile:
    """At least two people smile at once."""

    people: tuple[int, ...]  # rows of `smile`
    start_s: float
    end_s: float
    peak_s: float  # time of the highest mean smile of those who smile
    strength: float  # that mean
    p_value: float


def find_mutual_smiles(
    time_s: Float64, length_s: Float64, smile: Float64, rng: np.random.Generator | None
) -> list[MutualSmile]:
    """Stretches of time in which two or more people smile, in order.

    The p-value is the probability that two independent people smile together for so long somewhere in the video. Each person's
    smiles are rotated in time by a random amount, which keeps their rhythm (circular-shift surrogates: Lancaster et al. 2018).

    Parameters
    ----------
    time_s, length_s : (N,) float64, times of the sampled frames, and the time that each represents
    smile : (P, N) float64, one row per person; NaN where unknown
    rng : None for no p-values, which take most of the time
    """
    end_s, smiles = time_s + length_s, np.nan_to_num(smile)
    smiling: Bool = smiles > SMILE
    together = smiling.sum(axis=0) >= 2
    first, stop = stretches(together, time_s, end_s, BRIDGED_S, LEAST_MUTUAL_S)
    chance = _longest_by_chance(smiling, rng) if len(first) and rng is not None else np.zeros(0, np.int64)
    found = []
    for a, b in zip(first.tolist(), stop.tolist(), strict=True):
        here = smiling[:, a:b]
        shown = np.where(here, smiles[:, a:b], 0).sum(axis=0) / np.maximum(here.sum(axis=0), 1)
        best = int(shown.argmax())
        who = tuple(np.flatnonzero((here & together[a:b]).any(axis=1)).tolist())  # those who smile while another person does
        times = float(time_s[a]), float(end_s[b - 1]), float(time_s[a + best])
        as_long = (chance >= _longest(together[a:b])).sum()
        p_value = math.nan if rng is None else float((1 + as_long) / (1 + len(chance)))
        found.append(MutualSmile(who, *times, float(shown[best]), p_value))
    return found


def _runs(where: Bool) -> list[tuple[int, int]]:
    """The first row, and the row after the last, of each run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], where, [False]]).astype(np.int8)))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def _longest(where: Bool) -> int:
    return max((b - a for a, b in _runs(where)), default=0)


def _longest_by_chance(smiling: Bool, rng: np.random.Generator) -> Int64:
    """(D,) length, in samples, of the longest time in which two people smile, in each random rotation."""
    drawn = int(np.clip(WORK // max(1, smiling.size), LEAST_DRAWN, MOST_DRAWN))
    people = [row for row in smiling if row.any()]
    result = np.zeros(drawn, np.int64)
    for i in range(drawn):
        together = np.zeros(smiling.shape[1], np.uint8)
        for row in people:
            shift = int(rng.integers(len(row)))
            together[shift:] += row[: len(row) - shift]
            together[:shift] += row[len(row) - shift :]
        result[i] = _longest(together >= 2)
    return result
