"""Highlights of a timeline that become clips: its strongest moments and events, and times and words given by the user."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from feelit.analysis.bouts import Bouts
from feelit.analysis.event import Kind, is_wanted
from feelit.analysis.events import bouts_of, events_of
from feelit.analysis.moments import DIGITS, find_moments
from feelit.analysis.observations import TimelineSamples
from feelit.analysis.signal_events import signal_events
from feelit.analysis.speakers import match_speakers
from feelit.errors import UsageError
from feelit.imports.transcript import has_phrase, read_transcript, refuse_another, spoken_at
from feelit.labels import EMOTIONS
from feelit.options.timelines import SURE, EventsOptions
from feelit.options.transcripts import SayOptions
from feelit.options.videos import CLIP_KINDS, MOMENT, ClipsOptions
from feelit.timeline.people import Series, names_of_people, people_meant, refuse_unknown, series_of
from feelit.timeline.recording import Recording

AT = "at"  # a time given by the user
SAY = "say"  # an utterance with a phrase given by the user

NAN = float("nan")


@dataclass(frozen=True, kw_only=True, slots=True)
class Highlight:
    """A stretch of a video that is worth a clip. NaN and None stand for values that a kind lacks."""

    kind: str  # one of CLIP_KINDS, AT or SAY
    who: tuple[int, ...] = ()  # persons, or tracks
    emotion: str | None = None
    start_s: float
    end_s: float
    peak_s: float  # when it is shown most
    strength: float = NAN  # smoothed probability of the emotion at that time, 0..1
    baseline: float = NAN  # what that probability usually is
    p_value: float = NAN  # of an event, see docs/events.md
    text: str = ""  # what is said

    @property
    def order(self) -> tuple[float, float, float]:
        """Sort key: the strongest rise above the baseline first, of equal ones the longest; those without a strength last."""
        rise = self.strength - self.baseline
        return -round(rise, DIGITS) if not math.isnan(rise) else 1.0, self.start_s - self.end_s, self.start_s


def find_highlights(recording: Recording, options: ClipsOptions, said: SayOptions | None = None) -> list[Highlight]:
    """The highlights of the timeline of one video, ordered by time.

    Parameters
    ----------
    said : phrases to search for in a transcript; without `kinds`, the only highlights

    Raises
    ------
    TimelineReadError
        if the table lacks columns.
    UsageError
        if a person, a track or a speaker does not exist, or the transcript is damaged or of another video.
    """
    if said is not None and said.say and options.kinds is None:
        options = replace(options, kinds=())
    if options.before_s + options.after_s == 0 and (MOMENT in options.wanted or options.at_s):
        raise UsageError("a moment lasts no time by itself", "give it some --before or --after")
    series = series_of(recording, options.by, options.people, options.tracks)
    rows = TimelineSamples(recording, series)
    wanted: frozenset[int] | None = None
    if series == "person" and options.people is not None:
        wanted = frozenset(people_meant(options.people, names_of_people(recording)))
    elif series == "track" and options.tracks is not None:
        refuse_unknown(options.tracks, recording.tracks)
        wanted = frozenset(options.tracks)
    bouts = bouts_of(rows)
    tracks = [track for track, who in enumerate(rows.track_id.tolist()) if wanted is None or who in wanted]

    def events(asked: ClipsOptions) -> Iterator[Highlight]:
        """Those of selected emotions that involve a selected person."""
        kinds = tuple(kind for kind in Kind if kind.value in asked.wanted)
        chosen = EventsOptions(kinds=kinds, max_p=asked.max_p)
        same = ("emotion", "start_s", "end_s", "peak_s", "strength", "baseline", "p_value")
        found = [*events_of(rows, bouts, kinds, max_p=asked.max_p), *signal_events(recording, series, kinds)] if kinds else []
        for e in found:
            selected = wanted is None or not wanted.isdisjoint(e.tracks)
            if is_wanted(e, chosen) and selected and (e.emotion is None or e.emotion in options.emotions):
                yield Highlight(kind=e.kind.value, who=e.tracks, **{name: getattr(e, name) for name in same})

    moments = list(_moments(rows, bouts, tracks, options))
    if options.kinds is None and MOMENT in options.wanted:  # an emotion may rise far above the usual and never be the label
        sure = replace(options, kinds=(Kind.peak.value,), max_p=min(options.max_p, SURE))
        number = {who: track for track, who in enumerate(rows.track_id.tolist())}
        apart = [peak for peak in events(sure) if not _is_label(peak, bouts[number[peak.who[0]]])]
        # The order of moments is kept: each peak comes before the first moment with a smaller rise.
        moments = list(heapq.merge(moments, sorted(apart, key=lambda o: o.order), key=lambda o: o.order))
    happened = sorted(events(options), key=lambda o: o.order)
    strongest = [*moments, *happened]
    if moments and happened:
        strongest = sorted(strongest, key=lambda o: o.order)
    named = [Highlight(kind=AT, start_s=at, end_s=at, peak_s=at) for at in dict.fromkeys(options.at_s)]
    spoken = [] if said is None else _spoken(recording, said, series, wanted)
    chosen = [*strongest[: options.most], *named, *spoken]
    return sorted(chosen, key=lambda o: (o.start_s, [*CLIP_KINDS, AT, SAY].index(o.kind), o.who, o.emotion or ""))


def _spoken(recording: Recording, options: SayOptions, series: Series, wanted: frozenset[int] | None) -> Iterator[Highlight]:
    """The utterances with one of the phrases, of the selected people, who are matched to speakers."""
    if not options.say or options.transcript is None:
        return
    said = read_transcript(options.transcript, options)
    refuse_another(options.transcript, said, recording.duration_s, recording.name)
    people = {match.speaker: match.person_id for match in match_speakers(recording, said, dict(options.speakers))}
    for one in said:
        found = [phrase for phrase in options.say if has_phrase(one.text, phrase)]
        who = people[one.speaker] if series == "person" else None
        if found and (wanted is None or who in wanted):
            at_s = min(spoken_at(one, phrase) for phrase in found)
            shown = () if who is None else (who,)
            yield Highlight(kind=SAY, who=shown, start_s=one.start_s, end_s=one.end_s, peak_s=at_s, text=one.text)


def _moments(
    rows: TimelineSamples, bouts: Sequence[Bouts], tracks: Sequence[int], options: ClipsOptions
) -> Iterator[Highlight]:
    """The moments that are most worth a look, of all together, so that they are spread over people, emotions and time."""
    if MOMENT in options.wanted:
        for m in find_moments(rows, tracks, bouts, options.most, options.emotions):
            times: dict[str, Any] = dict.fromkeys(("start_s", "end_s", "peak_s"), m.time_s)
            shown: dict[str, Any] = {"emotion": m.emotion, "strength": m.confidence, "baseline": m.baseline}
            yield Highlight(kind=MOMENT, who=(m.track_id,), **times, **shown)


def _is_label(peak: Highlight, bouts: Bouts) -> bool:
    """Whether the emotion of a peak is the label of its person at some time of it: a moment may show that."""
    same = bouts.emotion == EMOTIONS.index(peak.emotion or "")
    return bool((same & (bouts.start_s < peak.end_s) & (bouts.start_s + bouts.length_s > peak.start_s)).any())
