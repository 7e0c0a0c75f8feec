"""What is worth a clip: the strongest of what a timeline shows, and times that the user names."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from feelit.analysis.event import Kind, is_wanted
from feelit.analysis.events import bouts_of, events_of
from feelit.analysis.moments import MOMENTS, find_moments
from feelit.analysis.observations import TimelineSamples
from feelit.options.timelines import EventsOptions
from feelit.options.videos import CLIP_KINDS, MOMENT, ClipsOptions
from feelit.timeline.recording import Recording
from feelit.timeline.tracks import refuse_unknown

AT = "at"
"""A time that the user names."""

NAN = float("nan")


@dataclass(frozen=True, slots=True)
class Highlight:
    """Something that happens in a video. NaN and None stand for what a kind does not have."""

    kind: str  # one of CLIP_KINDS, or AT
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


def find_highlights(recording: Recording, options: ClipsOptions) -> list[Highlight]:
    """What is worth a clip in the timeline of one video, ordered by time.

    Raises
    ------
    TimelineReadError
        if the table lacks columns.
    UsageError
        if a track is asked for that there is not.
    """
    rows = TimelineSamples(recording)
    refuse_unknown(options.tracks or (), rows.track_id.tolist())
    found = [o for o in (*_moments(rows, options), *_events(rows, options)) if _is_wanted(o, options)]
    strongest = sorted(found, key=lambda o: o.order)[: options.most]
    named = [Highlight(AT, (), None, at, at, at, NAN, NAN) for at in dict.fromkeys(options.at_s)]
    return sorted([*strongest, *named], key=lambda o: (o.start_s, [*CLIP_KINDS, AT].index(o.kind), o.tracks, o.emotion or ""))


def _is_wanted(highlight: Highlight, options: ClipsOptions) -> bool:
    """Whether a highlight is of the emotions and tracks that are asked for; of several tracks one will do."""
    right = options.tracks is None or bool(set(options.tracks) & set(highlight.tracks))
    return right and (highlight.emotion is None or highlight.emotion in options.emotions)


def _moments(rows: TimelineSamples, options: ClipsOptions) -> Iterator[Highlight]:
    """The strongest moments of every track: as many as in a summary, and more only where there are few tracks, so that one
    face that smiles all the time does not displace the others."""
    count = len(rows.track_id)
    if MOMENT not in options.wanted or not count:
        return
    each = max(MOMENTS, math.ceil(options.most / count))
    for track in range(count):
        for m in find_moments(rows, [track], each, options.emotions):
            yield Highlight(MOMENT, (m.track_id,), m.emotion, m.time_s, m.time_s, m.time_s, m.confidence, NAN)


def _events(rows: TimelineSamples, options: ClipsOptions) -> Iterator[Highlight]:
    kinds = tuple(kind for kind in Kind if kind.value in options.wanted)
    if not kinds:
        return
    chosen = EventsOptions(kinds=tuple(kinds), max_p=options.max_p)
    for e in events_of(rows, bouts_of(rows), kinds):
        if is_wanted(e, chosen):
            yield Highlight(e.kind.value, e.tracks, e.emotion, e.start_s, e.end_s, e.peak_s, e.strength, e.p_value)
