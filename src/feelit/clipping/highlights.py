"""What is worth a clip: the strongest of what a timeline shows, and times that the user names."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

from feelit.analysis.event import EventFilter, Kind, words
from feelit.analysis.events import bouts_of, events_of
from feelit.analysis.moments import MOMENTS, MOVED, find_moments
from feelit.analysis.observations import TimelineSamples
from feelit.errors import UsageError
from feelit.timeline.recording import Recording
from feelit.timeline.tracks import refuse_unknown
from feelit.times import parse_time
from feelit.types import EMOTIONS

MOMENT = "moment"
"""A sample of high confidence, as in summaries."""

AT = "at"
"""A time that the user names."""

KINDS = (MOMENT, *(kind.value for kind in Kind))

NAN = float("nan")


@dataclass(frozen=True, slots=True)
class Highlight:
    """Something that happens in a video. NaN and None stand for what a kind does not have."""

    kind: str  # one of KINDS, or AT
    tracks: tuple[int, ...]
    emotion: str | None
    start_s: float
    end_s: float
    peak_s: float  # when it is shown most
    strength: float  # smoothed probability of the emotion at that time, 0..1
    p_value: float  # of an event, see docs/events.md

    @property
    def order(self) -> tuple[float, float, float]:
        """Sorts the strongest first; what has no strength comes last, and the longest of it first."""
        return -self.strength if not math.isnan(self.strength) else 1.0, self.start_s - self.end_s, self.start_s


@dataclass(frozen=True, slots=True)
class ClipQuery:
    """Which highlights are asked for.

    What has no emotion passes every choice of `emotions`. `tracks` None means all; a highlight of several tracks needs one of
    them. At most `most` are taken, and all of `at_s` besides.

    Raises
    ------
    UsageError
        for a number that makes no sense.
    """

    kinds: tuple[str, ...] = (MOMENT,)
    emotions: tuple[str, ...] = MOVED
    tracks: tuple[int, ...] | None = None
    most: int = 10
    max_p: float = 1.0
    at_s: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if self.most < 1:
            raise UsageError(f"--most {self.most} leaves no clip", "give 1 or more")
        if not 0 <= self.max_p <= 1:
            raise UsageError(f"--max-p {self.max_p:g} is no probability", "give a number from 0 to 1, such as 0.05")

    @classmethod
    def parse(cls, kinds: str | None, emotions: str | None, tracks: tuple[int, ...] | None, at_s: str | None) -> Self:
        """Choices as they are written on the command line, with commas between. Without `kinds` moments are meant, or nothing
        but the times, if there are any.

        Raises
        ------
        UsageError
            for a name or a time that is none.
        """
        times = _times(at_s) if at_s is not None else ()
        given = words("--kind", kinds, [*KINDS, "all"]) if kinds is not None else ([] if times else [MOMENT])
        return cls(
            kinds=KINDS if "all" in given else tuple(given),
            emotions=MOVED if emotions is None else tuple(words("--emotion", emotions, EMOTIONS)),
            tracks=tracks,
            at_s=times,
        )

    def takes(self, highlight: Highlight) -> bool:
        """Whether a highlight is asked for."""
        right = self.tracks is None or bool(set(self.tracks) & set(highlight.tracks))
        return right and (highlight.emotion is None or highlight.emotion in self.emotions)


def find_highlights(recording: Recording, query: ClipQuery) -> list[Highlight]:
    """What is worth a clip in the timeline of one video, ordered by time.

    Raises
    ------
    TimelineReadError
        if the table lacks columns.
    UsageError
        if a track is asked for that there is not.
    """
    rows = TimelineSamples(recording)
    refuse_unknown(query.tracks or (), rows.track_id.tolist())
    found = [o for o in (*_moments(rows, query), *_events(rows, query)) if query.takes(o)]
    strongest = sorted(found, key=lambda o: o.order)[: query.most]
    named = [Highlight(AT, (), None, at, at, at, NAN, NAN) for at in dict.fromkeys(query.at_s)]
    return sorted([*strongest, *named], key=lambda o: (o.start_s, [*KINDS, AT].index(o.kind), o.tracks, o.emotion or ""))


def _moments(rows: TimelineSamples, query: ClipQuery) -> Iterator[Highlight]:
    """The strongest moments of every track: as many as in a summary, and more only where there are few tracks, so that one
    face that smiles all the time does not displace the others."""
    count = len(rows.track_id)
    if MOMENT not in query.kinds or not count:
        return
    each = max(MOMENTS, math.ceil(query.most / count))
    for track in range(count):
        for m in find_moments(rows, [track], each, query.emotions):
            yield Highlight(MOMENT, (m.track_id,), m.emotion, m.time_s, m.time_s, m.time_s, m.confidence, NAN)


def _events(rows: TimelineSamples, query: ClipQuery) -> Iterator[Highlight]:
    kinds = tuple(kind for kind in Kind if kind.value in query.kinds)
    if not kinds:
        return
    chosen = EventFilter(kinds, max_p=query.max_p)
    for e in events_of(rows, bouts_of(rows), kinds):
        if chosen.takes(e):
            yield Highlight(e.kind.value, e.tracks, e.emotion, e.start_s, e.end_s, e.peak_s, e.strength, e.p_value)


def _times(text: str) -> tuple[float, ...]:
    return tuple(parse_time(part, "--at") for part in text.split(","))
