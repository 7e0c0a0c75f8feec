"""Events as JSON and CSV, and the short form that people read."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from feelit.analysis.event import Event, Kind
from feelit.analysis.summary_text import clock, csv_of, rounded
from feelit.storage.names import one_line

if TYPE_CHECKING:
    import pandas as pd

HEADINGS = tuple(f.name for f in fields(Event))

SHORT_HEADINGS = ("video", "event", "tracks", "shows", "start", "end", "peak", "strength", "usually", "p, or 95 %")
WORDS = 4
"""The headings of `short`; the first `WORDS` of them are over text, the others over numbers."""


def flat(event: Event) -> dict[str, Any]:
    """An event as one row of columns; its tracks are a list of numbers. What there is not is None."""
    row = {name: rounded(getattr(event, name)) for name in HEADINGS}
    return row | {"kind": event.kind.value, "tracks": list(event.tracks)}


def json_text(events: Iterable[Event]) -> str:
    """A list of objects."""
    return json.dumps([flat(event) for event in events], indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def csv_text(events: Iterable[Event]) -> str:
    """One line an event under a line of headings; tracks with spaces between, what there is not is empty."""
    return csv_of(HEADINGS, (flat(event) | {"tracks": _tracks(event, " ")} for event in events))


def event_frame(events: Sequence[Event]) -> pd.DataFrame:
    """The same as a frame; tracks are tuples."""
    import pandas as pd

    columns: dict[str, Any] = {name: [getattr(event, name) for event in events] for name in HEADINGS}
    columns["kind"] = [event.kind.value for event in events]
    numbers = {f.name: "float64" for f in fields(Event) if f.type == "float"}
    return pd.DataFrame(columns, columns=list(HEADINGS)).astype(numbers)


def short(event: Event) -> list[str]:
    """An event as a few texts; what there is not is a dash."""
    absent = event.kind is Kind.absence
    times = [clock(event.start_s), clock(event.end_s), "-" if absent else clock(event.peak_s)]
    sure = f"[{event.low:.2f}, {event.high:.2f}]" if event.kind is Kind.bout else _decimals(event.p_value, 3)
    shows = event.emotion or "-"
    return [
        *(one_line(event.video), event.kind.value, _tracks(event, ", "), shows),
        *(*times, _decimals(event.strength, 2), _decimals(event.baseline, 2), sure),
    ]


def _tracks(event: Event, between: str) -> str:
    return between.join(map(str, event.tracks))


def _decimals(value: float, digits: int) -> str:
    return "-" if math.isnan(value) else f"{value:.{digits}f}"
