"""What an ELAN document shows: tiers of what people show, and of what happens to them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from feelit.analysis.event import Event, Kind
from feelit.analysis.event_text import p_text
from feelit.analysis.events import bouts_of, events_of
from feelit.analysis.observations import TimelineSamples
from feelit.exports.label_intervals import LabelIntervals, in_milliseconds, intervals_of
from feelit.options.timelines import SURE
from feelit.timeline.people import Series
from feelit.timeline.recording import Recording


@dataclass(frozen=True, slots=True)
class Mark:
    """An annotation from `start_ms` to before `end_ms`. Emotions have a confidence, events have it in their value."""

    start_ms: int
    end_ms: int
    value: str
    confidence: str | None = None


@dataclass(frozen=True, slots=True)
class Tier:
    """Marks that do not overlap, in order of time; `kind` is "emotion" or "event", `participant` who it is, if it is one."""

    name: str
    participant: str
    kind: str
    marks: list[Mark]


def tiers(recording: Recording, labels: Mapping[int, str], by: Series) -> list[Tier]:
    """A tier of emotions for everybody who is wanted, then those of peaks, absences and shared shifts that are hardly there by
    chance.

    Parameters
    ----------
    labels : what those who are wanted are called, by number
    by : whether they are persons or tracks
    """
    rows = TimelineSamples(recording, by)
    bouts = bouts_of(rows)
    shown = intervals_of(rows, bouts, recording.duration_s, labels)
    result = []
    for track, intervals in shown.tracks.items():
        marks = [Mark(s.start_ms, s.end_ms, s.emotion, f"{s.confidence:.2f}") for s in intervals]
        result.append(Tier(labels[track], labels[track], "emotion", marks))
    events = events_of(rows, bouts, _NAMES, max_p=SURE)
    others = {number for event in events for number in event.tracks if number not in labels}
    every = {**labels, **{number: f"{by} {number}" for number in others}}
    return [*result, *_event_tiers(events, shown, every)]


def _event_tiers(found: Iterable[Event], shown: LabelIntervals, labels: Mapping[int, str]) -> Iterator[Tier]:
    grouped: dict[tuple[str, str], list[Event]] = {}
    for event in found:
        if event.is_sure and not shown.tracks.keys().isdisjoint(event.tracks):
            participant = "" if event.kind is Kind.shared else labels[event.tracks[0]]
            grouped.setdefault((participant, _NAMES[event.kind]), []).append(event)
    for (participant, name), events in grouped.items():
        for number, lane in enumerate(_lanes(events), 1):
            times = in_milliseconds((e.start_s for e in lane), (e.end_s for e in lane))
            marks = [
                Mark(start_ms, max(start_ms + 1, min(end_ms, shown.end_ms)), _value(event, labels))
                for event, (start_ms, end_ms) in zip(lane, times, strict=True)
            ]
            yield Tier(f"{participant} {name} {number if number > 1 else ''}".strip(), participant, "event", marks)


def _lanes(events: Iterable[Event]) -> list[list[Event]]:
    """Events spread over as few tiers as it takes: annotations of a tier must not overlap."""
    lanes: list[list[Event]] = []
    for event in sorted(events, key=lambda e: e.start_s):
        free = next((lane for lane in lanes if lane[-1].end_s <= event.start_s), None)
        if free is None:
            lanes.append([event])
        else:
            free.append(event)
    return lanes


def _value(event: Event, labels: Mapping[int, str]) -> str:
    sure = p_text(event.p_adjusted)
    who = f" of {', '.join(labels[number] for number in event.tracks)}" if event.kind is Kind.shared else ""
    return f"{event.emotion or 'away'}{who}, p {sure if sure.startswith('<') else '= ' + sure}"


_NAMES = {Kind.peak: "peaks", Kind.absence: "absences", Kind.shared: "shared shifts"}
