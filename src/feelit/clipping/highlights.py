"""What is worth a clip: the strongest of what a timeline shows, and times that the user names."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from feelit.analysis.bouts import Bouts
from feelit.analysis.event import Kind, is_wanted
from feelit.analysis.events import bouts_of, events_of
from feelit.analysis.moments import DIGITS, find_moments
from feelit.analysis.observations import TimelineSamples
from feelit.options.timelines import EventsOptions
from feelit.options.videos import CLIP_KINDS, MOMENT, ClipsOptions
from feelit.timeline.people import Series, names_of_people, people_meant, series_of
from feelit.timeline.recording import Recording
from feelit.timeline.tracks import refuse_unknown

AT = "at"
"""A time that the user names."""

NAN = float("nan")


@dataclass(frozen=True, kw_only=True, slots=True)
class Highlight:
    """Something that happens in a video. NaN and None stand for what a kind does not have."""

    kind: str  # one of CLIP_KINDS, or AT
    who: tuple[int, ...] = ()  # persons, or tracks if it was looked for by track
    emotion: str | None = None
    start_s: float
    end_s: float
    peak_s: float  # when it is shown most
    strength: float = NAN  # smoothed probability of the emotion at that time, 0..1
    baseline: float = NAN  # what that probability usually is
    p_value: float = NAN  # of an event, see docs/events.md

    @property
    def order(self) -> tuple[float, float, float]:
        """Sorts the strongest first, by the rise above what is usual; of equal ones the longest. What has no strength comes
        last."""
        rise = self.strength - self.baseline
        return -round(rise, DIGITS) if not math.isnan(rise) else 1.0, self.start_s - self.end_s, self.start_s


def find_highlights(recording: Recording, options: ClipsOptions) -> list[Highlight]:
    """What is worth a clip in the timeline of one video, ordered by time.

    Raises
    ------
    TimelineReadError
        if the table lacks columns.
    UsageError
        if a person or a track is asked for that there is not.
    """
    series = series_of(recording, options.by, options.people, options.tracks)
    rows = TimelineSamples(recording, series)
    wanted = _wanted(recording, series, options)
    bouts = bouts_of(rows)
    tracks = [track for track, who in enumerate(rows.track_id.tolist()) if wanted is None or who in wanted]
    moments = list(_moments(rows, bouts, tracks, options))
    events = [o for o in _events(rows, bouts, options) if _is_wanted(o, wanted, options)]
    strongest = [*moments, *sorted(events, key=lambda o: o.order)]
    if moments and events:
        strongest = sorted(strongest, key=lambda o: o.order)
    named = [Highlight(kind=AT, start_s=at, end_s=at, peak_s=at) for at in dict.fromkeys(options.at_s)]
    chosen = [*strongest[: options.most], *named]
    return sorted(chosen, key=lambda o: (o.start_s, [*CLIP_KINDS, AT].index(o.kind), o.who, o.emotion or ""))


def _wanted(recording: Recording, series: Series, options: ClipsOptions) -> frozenset[int] | None:
    """The persons, or tracks, that are asked for; None for all."""
    if series == "person":
        people = options.people
        return None if people is None else frozenset(people_meant(people, names_of_people(recording)))
    refuse_unknown(options.tracks or (), recording.tracks)
    return None if options.tracks is None else frozenset(options.tracks)


def _is_wanted(highlight: Highlight, wanted: frozenset[int] | None, options: ClipsOptions) -> bool:
    """Whether a highlight is of the emotions and people that are asked for; of several people one will do."""
    right = wanted is None or not wanted.isdisjoint(highlight.who)
    return right and (highlight.emotion is None or highlight.emotion in options.emotions)


def _moments(
    rows: TimelineSamples, bouts: Sequence[Bouts], tracks: Sequence[int], options: ClipsOptions
) -> Iterator[Highlight]:
    """The moments that are most worth a look, of all together, so that they are spread over people, emotions and time."""
    if MOMENT in options.wanted:
        for m in find_moments(rows, tracks, bouts, options.most, options.emotions):
            yield Highlight(
                kind=MOMENT,
                who=(m.track_id,),
                emotion=m.emotion,
                start_s=m.time_s,
                end_s=m.time_s,
                peak_s=m.time_s,
                strength=m.confidence,
                baseline=m.baseline,
            )


def _events(rows: TimelineSamples, bouts: Sequence[Bouts], options: ClipsOptions) -> Iterator[Highlight]:
    kinds = tuple(kind for kind in Kind if kind.value in options.wanted)
    if not kinds:
        return
    chosen = EventsOptions(kinds=tuple(kinds), max_p=options.max_p)
    for e in events_of(rows, bouts, kinds):
        if is_wanted(e, chosen):
            yield Highlight(
                kind=e.kind.value,
                who=e.tracks,
                emotion=e.emotion,
                start_s=e.start_s,
                end_s=e.end_s,
                peak_s=e.peak_s,
                strength=e.strength,
                baseline=e.baseline,
                p_value=e.p_value,
            )
