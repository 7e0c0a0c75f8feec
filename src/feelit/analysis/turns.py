"""Turns: when each person speaks, by the column `speaking`, and who speaks and listens in each sample."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from feelit.types import Bool, Float64

LEAST_SPEAKING = 0.5
"""A face speaks from this probability on."""

PAUSE_S = 0.5
"""Shorter pauses are within a turn; speech that is apart by less is one utterance to a listener (Heldner & Edlund 2010)."""

SHORTEST_S = 0.2
"""Shorter turns are left out."""

_TOUCH_S = 1e-6  # times are no binary fractions

MOST_STEP_S = 1.0
"""A person who was not sampled for longer was away: a turn ends there."""


def turns(time_s: Float64, length_s: Float64, probability: Float64) -> Float64:
    """(T, 2) float64: when every turn of a person begins and ends, in seconds.

    Parameters
    ----------
    time_s : (F,) float64, rising, of the samples of one person
    length_s : (F,) float64, what each stands for
    probability : (F,) float64, of speech; NaN where it is not known
    """
    speaks = np.nan_to_num(probability) >= LEAST_SPEAKING
    rows = np.flatnonzero(speaks)
    if not len(rows):
        return np.zeros((0, 2))
    end_s = time_s[rows] + np.minimum(length_s[rows], MOST_STEP_S)
    apart = time_s[rows[1:]] - end_s[:-1] > PAUSE_S + _TOUCH_S
    first, last = np.r_[True, apart], np.r_[apart, True]
    found = np.stack([time_s[rows[first]], end_s[last]], axis=1)
    result: Float64 = found[found[:, 1] - found[:, 0] >= SHORTEST_S - _TOUCH_S]
    return result


@dataclass(frozen=True, slots=True, eq=False)
class Roles:
    """Whether a person speaks or listens, in each of their samples."""

    known: Bool  # (F,) whether it is known if the person speaks
    speaks: Bool  # (F,)
    listens: Bool  # (F,) somebody else speaks, and the person does not


def roles(frame: Mapping[int, np.ndarray], probability: Mapping[int, Float64]) -> dict[int, Roles]:
    """The roles of each person.

    Parameters
    ----------
    frame : by person, (F,) whole numbers, the frames of their samples, rising
    probability : by person, (F,) float64, of speech; NaN where it is not known
    """
    talks = {who: np.nan_to_num(values) >= LEAST_SPEAKING for who, values in probability.items()}
    count = max((int(numbers.max(initial=-1)) for numbers in frame.values()), default=-1) + 1
    total = np.zeros(count, np.int64)
    for who, numbers in frame.items():
        total[numbers] += talks[who]
    found = {}
    for who, numbers in frame.items():
        known = ~np.isnan(probability[who])
        others = total[numbers] - talks[who]
        found[who] = Roles(known, talks[who], known & ~talks[who] & (others > 0))
    return found
