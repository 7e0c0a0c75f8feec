"""Surprise and fear that come and go with the mouth of somebody who talks.

One frame of an open mouth looks like surprise, or like fear. Talking opens and closes the mouth two to seven times a second
(Chandrasekaran et al. 2009), so their probability swings up and down; that of a surprised face rises, stays and falls. Where it
swings, only what is left of it between the swings counts.
"""

from __future__ import annotations

import numpy as np

from feelit.types import EMOTIONS, Float32, Float64, Int64

STARTLED = [EMOTIONS.index("surprise"), EMOTIONS.index("fear")]
"""Taken together: without the one, what swings would be said to be the other."""

SWING = 0.2
"""How far the probability has to go in one direction to count as a swing."""

SWINGS = 4
"""So many swings within SWING_REACH_S to both sides are two cycles or more in two seconds: an onset and an end are two."""

SWING_REACH_S = 1.0

BETWEEN_REACH_S = 0.5
"""The least probability so near is what counts of surprise where it swings."""


def without_talking(time_s: Float64, probability: Float32) -> Float32:
    """The probabilities of one face over time, less what swings; the other labels get its share in proportion.

    Parameters
    ----------
    time_s : (F,) float64, rising
    probability : (F, C) float32, in the order of EMOTIONS

    Returns
    -------
    (F, C) float32. Each row depends on the rows up to SWING_REACH_S away from it, and on no others.
    """
    if probability.shape[1] <= max(STARTLED):
        return probability
    startled = probability[:, STARTLED[0]] + probability[:, STARTLED[1]]
    doubtful = np.flatnonzero(startled >= SWING)
    doubtful = doubtful[_swings(time_s, startled, time_s[doubtful]) >= SWINGS]
    if not len(doubtful):
        return probability
    before, left = startled[doubtful], _least(time_s, startled, time_s[doubtful])
    others = 1 - before
    shared = others > 0  # otherwise there is no label to which it could go
    result = probability.copy()
    result[doubtful] *= np.where(shared, (1 - left) / np.where(shared, others, 1), 1).astype(np.float32)[:, None]
    kept = np.where(shared, left / before, 1).astype(np.float32)
    for label in STARTLED:
        result[doubtful, label] = probability[doubtful, label] * kept
    return result


def _swings(time_s: Float64, value: Float32, at_s: Float64) -> Int64:
    """(K,) how often a value turns within reach of some times: moves of SWING or more in the other direction than before."""
    low = np.searchsorted(time_s, at_s - SWING_REACH_S, side="left")
    high = np.searchsorted(time_s, at_s + SWING_REACH_S, side="right")
    top = value[low].copy() if len(low) else np.zeros(0, np.float32)  # since the last swing
    bottom = top.copy()
    direction, count = np.zeros((2, len(at_s)), np.int64)
    for step in range(1, int((high - low).max(initial=0))):
        here = low + step < high
        now = value[np.minimum(low + step, len(value) - 1)]
        up = here & (direction <= 0) & (now - bottom >= np.float32(SWING))
        down = here & (direction >= 0) & (top - now >= np.float32(SWING)) & ~up
        turned = up | down
        count += turned
        direction = np.where(up, 1, np.where(down, -1, direction))
        top = np.where(turned, now, np.where(here, np.maximum(top, now), top))
        bottom = np.where(turned, now, np.where(here, np.minimum(bottom, now), bottom))
    return count


def _least(time_s: Float64, value: Float32, at_s: Float64) -> Float32:
    """(K,) the least value within BETWEEN_REACH_S of some times."""
    low = np.searchsorted(time_s, at_s - BETWEEN_REACH_S, side="left")
    high = np.searchsorted(time_s, at_s + BETWEEN_REACH_S, side="right")
    least = value[low].copy()
    for step in range(1, int((high - low).max(initial=0))):
        near = np.minimum(low + step, high - 1)
        least = np.minimum(least, value[near])
    return least
