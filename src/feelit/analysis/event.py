"""Events of a timeline, with their intervals or p-values: as records, data frames, JSON and CSV."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from feelit.analysis.resampling import adjusted
from feelit.analysis.table import clock, csv_of, number, rounded
from feelit.labels import EventKind
from feelit.options.timelines import SURE, EventsOptions
from feelit.storage.names import one_line

if TYPE_CHECKING:
    import pandas as pd


Kind = EventKind


@dataclass(frozen=True, slots=True)
class Event:
    """An event of one video.

    Fields that do not apply to a kind are NaN or None: an absence has no emotion; bouts have an interval, not a p-value.
    """

    video: str
    kind: Kind
    tracks: tuple[int, ...]  # track ids; several only for events of several people
    emotion: str | None
    start_s: float
    end_s: float
    peak_s: float  # time of the maximum; for an absence, its middle
    strength: float = math.nan  # smoothed probability of the emotion at that time, 0..1; for other kinds see docs/events.md
    baseline: float = math.nan  # of that emotion for this track: median smoothed probability, or see the option `baseline`
    low: float = math.nan  # 95 % interval of the mean probability over the bout
    high: float = math.nan
    p_value: float = math.nan  # probability of such an event somewhere in the track, or in the video, by chance
    p_adjusted: float = math.nan  # the same, corrected for the number of events of its kind in the video
    people: tuple[int, ...] = ()  # person ids, for events found by person, which have no tracks
    names: tuple[str, ...] = ()  # of those people who have one

    @property
    def is_sure(self) -> bool:
        """Whether the corrected p-value is at most `SURE`. Events without a p-value are never sure."""
        return self.p_adjusted <= SURE


def is_wanted(event: Event, options: EventsOptions) -> bool:
    """Whether options select an event. An event without an emotion or p-value passes the filter on it."""
    likely = math.isnan(event.p_adjusted) or event.p_adjusted <= options.max_p
    return event.kind in options.kinds and (event.emotion is None or event.emotion in options.emotions) and likely


def in_order(events: Iterable[Event]) -> list[Event]:
    """By time, kind and track."""
    rank = {kind: place for place, kind in enumerate(Kind)}
    return sorted(events, key=lambda e: (e.start_s, rank[e.kind], e.tracks, e.emotion or ""))


def corrected(events: Sequence[Event]) -> list[Event]:
    """The events of one video, with p-values corrected for the number of events of the same kind only."""
    result = []
    for kind in Kind:
        mine = [event for event in events if event.kind is kind]
        values = adjusted(np.array([event.p_value for event in mine]))
        result += [replace(event, p_adjusted=value) for event, value in zip(mine, values.tolist(), strict=True)]
    return result


WHO = ("people", "names", "tracks")
HEADINGS = ("video", "kind", *WHO, *(f.name for f in fields(Event) if f.name not in ("video", "kind", *WHO)))

IN_DEGREES = (Kind.nod, Kind.shake, Kind.facing_away)  # kinds whose `strength` is an angle
P_DIGITS = 3  # significant digits of p-values as they are written: some are tiny
SHORT_HEADINGS = ("video", "event", "who", "shows", "start", "end", "peak", "strength", "usually", "p, or 95 %")
WORDS = 4  # how many of the headings of `short` are over text; the others are over numbers


def flat(event: Event) -> dict[str, Any]:
    """An event as one row; people, names and tracks are lists, undefined values None."""
    row = {name: rounded(getattr(event, name)) for name in HEADINGS}
    for name in ("p_value", "p_adjusted"):
        value = getattr(event, name)
        row[name] = None if math.isnan(value) else float(f"{value:.{P_DIGITS}g}")
    return row | {"kind": event.kind.value, **{name: list(getattr(event, name)) for name in WHO}}


def csv_text(events: Iterable[Event]) -> str:
    """A header line, then one line per event. Several numbers in a cell are separated by spaces, names by semicolons."""
    rows = []
    for event in events:
        numbers = {name: " ".join(map(str, getattr(event, name))) for name in ("people", "tracks")}
        rows.append(flat(event) | numbers | {"names": "; ".join(event.names)})
    return csv_of(HEADINGS, rows)


def event_frame(events: Sequence[Event]) -> pd.DataFrame:
    """Events as a data frame; people, names and tracks are tuples."""
    import pandas as pd

    columns: dict[str, Any] = {name: [getattr(event, name) for event in events] for name in HEADINGS}
    columns["kind"] = [event.kind.value for event in events]
    numbers = {f.name: "float64" for f in fields(Event) if f.type == "float"}
    return pd.DataFrame(columns, columns=list(HEADINGS)).astype(numbers)


def short(event: Event) -> list[str]:
    """The short form of an event, under SHORT_HEADINGS; a dash for undefined values."""
    times = [clock(event.start_s), clock(event.end_s), "-" if event.kind is Kind.absence else clock(event.peak_s)]
    strength = f"{event.strength:.0f}°" if event.kind in IN_DEGREES else number(event.strength, ".2f")
    sure = f"[{event.low:.2f}, {event.high:.2f}]" if event.kind is Kind.bout else p_text(event.p_adjusted)
    named = event.people and len(event.names) == len(event.people)  # else some would be missing
    who = one_line(", ".join(event.names)) if named else ", ".join(map(str, event.people or event.tracks))
    what = (one_line(event.video), event.kind.value, who, event.emotion or "-")
    return [*what, *times, strength, number(event.baseline, ".2f"), sure]


def p_text(p_value: float) -> str:
    """A p-value with three decimals, never 0."""
    return "< 0.001" if p_value < 0.0005 else number(p_value, ".3f")
