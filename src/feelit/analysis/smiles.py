"""Smiles of several people at the same time, and how likely so long a one is by chance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from feelit.types import Bool, Float64, Int64

SMILE = 0.4
"""A smile, on the scale of the column `smile`, which is AU12."""

LEAST_MUTUAL_S = 0.5
BRIDGED_S = 0.3
"""Gaps of so many seconds do not end one."""

MOST_DRAWN, LEAST_DRAWN = 999, 99
WORK = 20_000_000
"""So many samples are rotated at most, for the sake of long videos; but LEAST_DRAWN times all of them."""


@dataclass(frozen=True, slots=True)
class MutualSmile:
    """At least two people smile at once."""

    people: tuple[int, ...]  # places in the rows of `smile`
    start_s: float
    end_s: float
    peak_s: float  # when those who smile do it most, on average
    strength: float  # that average
    p_value: float


def find_mutual_smiles(time_s: Float64, length_s: Float64, smile: Float64, rng: np.random.Generator) -> list[MutualSmile]:
    """Stretches of time in which two people or more smile, in order.

    The p-value answers: if the people had nothing to do with one another, how often would two of them smile together for so
    long somewhere in the video? The smiles of everybody are rotated in time by a random amount, which keeps each one's
    rhythm (circular-shift surrogates: Lancaster et al. 2018).

    Parameters
    ----------
    time_s, length_s : (N,) float64, the sampled frames, and what each stands for
    smile : (P, N) float64 a person; NaN where there is none
    """
    smiling: Bool = np.nan_to_num(smile) > SMILE
    found = []
    kept = _together(smiling, time_s, length_s)
    chance = _longest_by_chance(smiling, rng) if kept else np.zeros(0, np.int64)
    for a, b in kept:
        people = _those(smiling[:, a:b])
        count = np.maximum(smiling[:, a:b].sum(axis=0), 1)
        shown = np.where(smiling[:, a:b], np.nan_to_num(smile[:, a:b]), 0).sum(axis=0) / count
        best = int(shown.argmax())
        longest = max((y - x for x, y in _runs(smiling[:, a:b].sum(axis=0) >= 2)), default=0)
        found.append(
            MutualSmile(
                people=people,
                start_s=float(time_s[a]),
                end_s=_end(b, time_s, length_s),
                peak_s=float(time_s[a + best]),
                strength=float(shown[best]),
                p_value=float((1 + (chance >= longest).sum()) / (1 + len(chance))),
            )
        )
    return found


def mutual_smile_times(time_s: Float64, length_s: Float64, smile: Float64) -> list[tuple[tuple[int, ...], float, float]]:
    """Who smiles together, from when to when: as `find_mutual_smiles`, without the p-values."""
    smiling: Bool = np.nan_to_num(smile) > SMILE
    return [
        (_those(smiling[:, a:b]), float(time_s[a]), _end(b, time_s, length_s)) for a, b in _together(smiling, time_s, length_s)
    ]


def _together(smiling: Bool, time_s: Float64, length_s: Float64) -> list[tuple[int, int]]:
    """From which to before which frame at least two smile, for long enough."""
    runs = _bridged(_runs(smiling.sum(axis=0) >= 2), time_s, length_s)
    return [(a, b) for a, b in runs if _end(b, time_s, length_s) - time_s[a] >= LEAST_MUTUAL_S]


def _those(smiling: Bool) -> tuple[int, ...]:
    """Who of (P, K) smiles while another one does."""
    return tuple(np.flatnonzero((smiling & (smiling.sum(axis=0) >= 2)).any(axis=1)).tolist())


def _end(stop: int, time_s: Float64, length_s: Float64) -> float:
    return float(time_s[stop - 1] + length_s[stop - 1])


def _runs(where: Bool) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], where, [False]]).astype(np.int8)))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def _bridged(runs: list[tuple[int, int]], time_s: Float64, length_s: Float64) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for a, b in runs:
        if joined and time_s[a] - _end(joined[-1][1], time_s, length_s) <= BRIDGED_S:
            joined[-1] = (joined[-1][0], b)
        else:
            joined.append((a, b))
    return joined


def _longest_by_chance(smiling: Bool, rng: np.random.Generator) -> Int64:
    """(D,) samples of the longest time in which two smile, in random rotations of everybody."""
    drawn = int(np.clip(WORK // max(1, smiling.size), LEAST_DRAWN, MOST_DRAWN))
    people = [row for row in smiling if row.any()]
    result = np.zeros(drawn, np.int64)
    for i in range(drawn):
        together = np.zeros(smiling.shape[1], np.uint8)
        for row in people:
            shift = int(rng.integers(len(row)))
            together[shift:] += row[: len(row) - shift]
            together[:shift] += row[len(row) - shift :]
        result[i] = max((b - a for a, b in _runs(together >= 2)), default=0)
    return result
