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

WHO = ("people", "names", "tracks")
HEADINGS = ("video", "kind", *WHO, *(f.name for f in fields(Event) if f.name not in ("video", "kind", *WHO)))

IN_DEGREES = (Kind.nod, Kind.shake, Kind.facing_away)
"""Of these `strength` is an angle."""

P_VALUES = ("p_value", "p_adjusted")
P_DIGITS = 3
"""Significant digits of p-values as they are written: some are tiny."""

SHORT_HEADINGS = ("video", "event", "who", "shows", "start", "end", "peak", "strength", "usually", "p, or 95 %")
WORDS = 4
"""The headings of `short`; the first `WORDS` of them are over text, the others over numbers."""


def flat(event: Event) -> dict[str, Any]:
    """An event as one row of columns; people, names and tracks are lists. What there is not is None."""
    row = {name: rounded(getattr(event, name)) for name in HEADINGS}
    row |= {name: _significant(getattr(event, name)) for name in P_VALUES}
    return row | {"kind": event.kind.value, **{name: list(getattr(event, name)) for name in WHO}}


def json_text(events: Iterable[Event]) -> str:
    """A list of objects."""
    return json.dumps([flat(event) for event in events], indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def csv_text(events: Iterable[Event]) -> str:
    """One line an event under a line of headings; numbers with spaces between, names with semicolons; empty is what there is
    not."""
    return csv_of(HEADINGS, (flat(event) | _joined(event) for event in events))


def _joined(event: Event) -> dict[str, str]:
    numbers = {name: " ".join(map(str, getattr(event, name))) for name in ("people", "tracks")}
    return {**numbers, "names": "; ".join(event.names)}


def event_frame(events: Sequence[Event]) -> pd.DataFrame:
    """The same as a frame; people, names and tracks are tuples."""
    import pandas as pd

    columns: dict[str, Any] = {name: [getattr(event, name) for event in events] for name in HEADINGS}
    columns["kind"] = [event.kind.value for event in events]
    numbers = {f.name: "float64" for f in fields(Event) if f.type == "float"}
    return pd.DataFrame(columns, columns=list(HEADINGS)).astype(numbers)


def short(event: Event) -> list[str]:
    """An event as a few texts; what there is not is a dash."""
    absent = event.kind is Kind.absence
    times = [clock(event.start_s), clock(event.end_s), "-" if absent else clock(event.peak_s)]
    sure = f"[{event.low:.2f}, {event.high:.2f}]" if event.kind is Kind.bout else p_text(event.p_adjusted)
    shows = event.emotion or "-"
    return [
        *(one_line(event.video), event.kind.value, _who(event), shows),
        *(*times, _strength(event), _decimals(event.baseline, 2), sure),
    ]


def _strength(event: Event) -> str:
    return f"{event.strength:.0f}°" if event.kind in IN_DEGREES else _decimals(event.strength, 2)


def _who(event: Event) -> str:
    """Names where all have one, else numbers."""
    if event.people and len(event.names) == len(event.people):
        return one_line(", ".join(event.names))
    return ", ".join(map(str, event.people or event.tracks))


def p_text(p_value: float) -> str:
    """A p-value as people read it: with three decimals, and no zero."""
    return "< 0.001" if p_value < 0.0005 else _decimals(p_value, 3)


def _significant(p_value: float) -> float | None:
    return None if math.isnan(p_value) else float(f"{p_value:.{P_DIGITS}g}")


def _decimals(value: float, digits: int) -> str:
    return "-" if math.isnan(value) else f"{value:.{digits}f}"
