"""BORIS (Friard & Gamba 2016): its projects, and its two exports of events.

There is no library for them apart from BORIS itself, which needs Qt.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from feelit.imports.tiers import Annotation, Tiers, tiers_of

START, STOP, POINT = "START", "STOP", "POINT"


@dataclass(frozen=True, slots=True)
class _Event:
    """One line of a log. `kind` is START, STOP or POINT, or empty for a state that begins or ends here."""

    names: tuple[str, str, str]  # see `_names`
    code: str
    modifiers: str
    time_s: float
    kind: str


def boris_project(text: str) -> Tiers:
    """The events of a project by subject; by observation/subject where several observations have events, and by
    subject/category where behaviours of several categories were coded.

    Raises
    ------
    ValueError
        if it is none, or a state never ends.
    """
    record = json.loads(text)
    observations = record.get("observations") if isinstance(record, dict) else None
    if not isinstance(observations, dict):
        raise ValueError("it has no observations")
    kinds = record.get("behaviors_conf")
    entries = kinds.values() if isinstance(kinds, dict) else ()
    known = {str(entry.get("code")): entry for entry in entries if isinstance(entry, dict)}
    events: list[_Event] = []
    for name, observation in observations.items():
        if not isinstance(observation, dict):
            raise ValueError(f"the observation {name} is no object")
        offset_s = _seconds(observation.get("time offset") or 0)  # BORIS stores the sum
        for row in observation.get("events") or []:
            if not isinstance(row, list) or len(row) < 3:
                raise ValueError(f"an event of {name} is no list of time, subject and code")
            entry = known.get(str(row[2]), {})
            state = str(entry.get("type", "")).lower().startswith("state")
            modifiers = str(row[3]) if len(row) > 3 else ""
            names = _names(name, str(row[1] or ""), str(entry.get("category") or ""))
            events.append(_Event(names, str(row[2]), modifiers, _seconds(row[0]) - offset_s, "" if state else POINT))
    return tiers_of(_paired(events), always=1)


def _seconds(value: Any) -> float:
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        raise ValueError(f"{value} is no time") from None
    if not math.isfinite(seconds):
        raise ValueError("an event has no time: it was coded on pictures")
    return seconds


HEADINGS = {
    "observation": ("observation id",),
    "subject": ("subject",),
    "category": ("behavioral category",),
    "code": ("behavior",),
    "modifiers": ("modifiers", "modifier #1", "modifier 1"),
    "time": ("time",),
    "kind": ("status", "behavior type"),
    "offset": ("time offset (s)",),
    "start": ("start (s)",),
    "stop": ("stop (s)",),
}
"""The columns of the exports of events, in small letters. Older versions call the kind of an event its status."""

AGGREGATED = {"observation", "code", "start", "stop"}
"""The columns that only aggregated events have together: one row for each state."""


def tabular_columns(row: Sequence[str]) -> dict[str, int] | None:
    """The columns of tabular or of aggregated events, if this row is their heading."""
    heads = [cell.strip().lower() for cell in row]
    found = {name: heads.index(known) for name, names in HEADINGS.items() for known in names if known in heads}
    return found if {"code", "time", "kind"} <= found.keys() or found.keys() >= AGGREGATED else None


def boris_events(rows: Iterable[Sequence[str]], columns: Mapping[str, int]) -> Tiers:
    """Tabular events: one row when a behaviour starts, one when it stops, one for a point; or aggregated ones, a row for each.
    See `boris_project` for the tiers.

    Raises
    ------
    ValueError
        if a row is too short, or a state never ends.
    """

    def cell(row: Sequence[str], name: str) -> str:
        if name not in columns:
            return ""
        if columns[name] >= len(row):
            raise ValueError(f"a row ends before its {name}")
        return row[columns[name]].strip()

    def names(row: Sequence[str]) -> tuple[str, str, str]:
        return _names(*(cell(row, name) for name in ("observation", "subject", "category")))

    events: list[_Event] = []
    whole: list[tuple[tuple[str, ...], Annotation]] = []
    for row in rows:
        if any(part.strip() for part in row):
            offset_s = _seconds(cell(row, "offset") or 0) if cell(row, "offset").upper() != "NA" else 0.0
            if columns.keys() >= AGGREGATED:
                start_s, stop_s = (_seconds(cell(row, name)) - offset_s for name in ("start", "stop"))
                whole.append((names(row), Annotation(start_s, stop_s, cell(row, "code"))))
                continue
            kind = cell(row, "kind").upper()
            if kind not in (START, STOP, POINT):
                raise ValueError(f"{kind or 'an empty cell'} is none of START, STOP and POINT")
            time_s = _seconds(cell(row, "time")) - offset_s
            events.append(_Event(names(row), cell(row, "code"), cell(row, "modifiers"), time_s, kind))
    return tiers_of(whole or _paired(events), always=1)


def _names(observation: str, subject: str, category: str) -> tuple[str, str, str]:
    """The parts of the name of a tier."""
    return observation, "" if subject.lower() == "no focal subject" else subject, category


def _paired(events: Iterable[_Event]) -> Iterator[tuple[tuple[str, ...], Annotation]]:
    """Stretches of states, and points. BORIS writes beginnings and ends of a state in turn, by subject, behaviour and
    modifiers."""
    since: dict[tuple[str, ...], float] = {}
    for event in sorted(events, key=lambda event: event.time_s):
        key = (*event.names, event.code, event.modifiers)
        if event.kind == POINT:
            yield event.names, Annotation(event.time_s, event.time_s, event.code)
        elif event.kind != START and key in since:
            yield event.names, Annotation(since.pop(key), event.time_s, event.code)
        elif event.kind == STOP:
            raise ValueError(f"{event.code} stops at {event.time_s:g} s and never started")
        elif key in since:
            raise ValueError(f"{event.code} starts at {event.time_s:g} s, and again before it stopped")
        else:
            since[key] = event.time_s
    if since:
        lost, time_s = min(since.items(), key=lambda entry: entry[1])
        raise ValueError(f"{lost[-2]} starts at {time_s:g} s and never stops")
