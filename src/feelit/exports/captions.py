"""What all visible tracks show, as cues that follow one another: the common ground of caption formats.

A cue lasts until any track changes what it shows. Tracks change at sampled frames only, and bouts are never shorter than 0.2 s
where they can help it, so cues do not flicker; a time at which nothing is shown has no cue.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

from feelit.exports.label_intervals import LabelInterval


@dataclass(frozen=True, slots=True)
class Cue:
    """From `start_ms` to before `end_ms`, `intervals` hold; at least one, by track."""

    start_ms: int
    end_ms: int
    intervals: tuple[LabelInterval, ...]


def cues(tracks: Iterable[Iterable[LabelInterval]]) -> Iterator[Cue]:
    """The cues of a video in order of time, without overlap."""
    intervals = [interval for track in tracks for interval in track]
    changes = [(s.start_ms, s) for s in intervals] + [(s.end_ms, s) for s in intervals]
    current: dict[int, LabelInterval] = {}
    before_ms = 0
    for now_ms, those in groupby(sorted(changes, key=lambda change: change[0]), key=lambda change: change[0]):
        if current:
            yield Cue(before_ms, now_ms, tuple(current[track] for track in sorted(current)))
        changed = [interval for _, interval in those]
        for interval in changed:
            if interval.end_ms == now_ms:
                del current[interval.track]
        for interval in changed:
            if interval.start_ms == now_ms:
                current[interval.track] = interval
        before_ms = now_ms


def clock(time_ms: int, mark: str) -> str:
    """hh:mm:ss and milliseconds behind `mark`; hours may have more than two digits."""
    seconds, ms = divmod(time_ms, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{seconds:02d}{mark}{ms:03d}"
