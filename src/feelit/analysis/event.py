"""The record of an event: something that a timeline shows between two times, with a figure that says how sure that is."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from feelit.analysis.resampling import adjusted
from feelit.labels import EventKind
from feelit.options.timelines import SURE, EventsOptions

Kind = EventKind


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened in one video.

    NaN and None stand for what a kind of event does not have: an absence shows no emotion, and only bouts have an interval in
    place of a p-value.
    """

    video: str
    kind: Kind
    tracks: tuple[int, ...]  # track ids; one, but for shared events
    emotion: str | None
    start_s: float
    end_s: float
    peak_s: float  # when it is shown most; of an absence, its middle
    strength: float  # smoothed probability of the emotion at that time, 0..1; docs/events.md says what it is of other kinds
    baseline: float  # what the smoothed probability of that emotion usually is for this track: its median
    low: float  # 95 % interval of the mean probability over the bout
    high: float
    p_value: float  # of finding such an event somewhere in the track, or in the video, by chance
    p_adjusted: float  # the same, corrected for the number of events of its kind in the video
    people: tuple[int, ...] = ()  # numbers of persons, where it was looked for by person; there are no tracks then
    names: tuple[str, ...] = ()  # theirs, of those who have one

    @property
    def duration_s(self) -> float:
        """How long it lasts."""
        return self.end_s - self.start_s

    @property
    def is_sure(self) -> bool:
        """Whether it is worth a look: chance hardly explains it. Bouts have an interval in place of a p-value, and are not."""
        return self.p_adjusted <= SURE


def is_wanted(event: Event, options: EventsOptions) -> bool:
    """Whether an event is asked for. What has no emotion passes every choice of emotions, what has no p-value every limit."""
    likely = math.isnan(event.p_adjusted) or event.p_adjusted <= options.max_p
    return event.kind in options.kinds and (event.emotion is None or event.emotion in options.emotions) and likely


def in_order(events: Iterable[Event]) -> list[Event]:
    """By time, kind and track."""
    rank = {kind: place for place, kind in enumerate(Kind)}
    return sorted(events, key=lambda e: (e.start_s, rank[e.kind], e.tracks, e.emotion or ""))


def corrected(events: Sequence[Event]) -> list[Event]:
    """Events of one video with p-values that are corrected for the number of events of their kind: who asks for other kinds as
    well gets the same figures."""
    result = []
    for kind in Kind:
        mine = [event for event in events if event.kind is kind]
        values = adjusted(np.array([event.p_value for event in mine]))
        result += [replace(event, p_adjusted=value) for event, value in zip(mine, values.tolist(), strict=True)]
    return result
