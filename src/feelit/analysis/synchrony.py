"""Shared shifts: several tracks begin to show the same emotion at about the same time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from feelit.analysis.bouts import Bouts
from feelit.analysis.resampling import crowd_p_values, crowds
from feelit.types import EMOTIONS, Float64, Int64

WITHIN_S = 2.0  # shifts of several tracks within this time are one shared shift


@dataclass(frozen=True, slots=True)
class SynchronousShift:
    """Two or more tracks that begin to show the same emotion."""

    emotion: int
    tracks: tuple[int, ...]  # numbers of the tracks, as in `Bouts`, in the order in which they shift
    start_s: float  # the first shift
    end_s: float  # the last one
    p_value: float


def find_shared(
    bouts: Bouts, presence_s: dict[int, tuple[float, float]], rng: np.random.Generator
) -> Iterator[SynchronousShift]:
    """The shared shifts of one video, by emotion and then by time. Shifts to neutral are ignored.

    Parameters
    ----------
    bouts : of one video
    presence_s : when every track is first and last readable, by number
    """
    for emotion in range(1, len(EMOTIONS)):
        mine = bouts.rows(bouts.is_transition & (bouts.emotion == emotion))
        tracks = [int(t) for t in np.unique(mine.track)]
        onsets = [_apart(np.sort(mine.start_s[mine.track == t])) for t in tracks]
        groups = list(_groups(tracks, onsets))
        if groups:
            chance = crowd_p_values(onsets, [presence_s[t] for t in tracks], WITHIN_S, [len(who) for who, _ in groups], rng)
            yield from (
                SynchronousShift(emotion, tuple(who), float(when[0]), float(when[-1]), chance[len(who)]) for who, when in groups
            )


def _apart(onset_s: Float64) -> Float64:
    """Onsets of one track without those within `WITHIN_S` of the previous kept one, compared by the same sum as in `crowds`."""
    kept: list[float] = []
    for time_s in onset_s.tolist():
        if not kept or time_s > kept[-1] + WITHIN_S:
            kept.append(time_s)
    return np.array(kept)


def _groups(tracks: Sequence[int], onsets: Sequence[Float64]) -> Iterator[tuple[list[int], Float64]]:
    """Disjoint groups of onsets, chosen from the largest down, in order of time. Every group has a track at most once."""
    if not onsets:
        return
    owner = np.concatenate([np.full(len(t), track, np.int64) for track, t in zip(tracks, onsets, strict=True)])
    onset_s = np.concatenate(onsets)
    order = np.argsort(onset_s, kind="stable")
    owner, onset_s = owner[order], onset_s[order]
    size = crowds(onset_s, WITHIN_S)
    free = np.ones(len(onset_s), bool)
    found: list[Int64] = []
    for first in np.argsort(-size, kind="stable").tolist():
        members = np.arange(first, first + size[first])[free[first : first + size[first]]]
        if len(members) >= 2:
            free[members] = False
            found.append(members)
    for members in sorted(found, key=lambda m: int(m[0])):
        yield owner[members].tolist(), onset_s[members]
