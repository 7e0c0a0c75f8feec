"""Summaries of signals as CSV, JSON and Markdown, and the short form that people read."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence

from feelit.analysis.signals import HEADINGS, SignalSummary
from feelit.analysis.summary_text import clock, csv_of, escaped, rounded
from feelit.storage.names import one_line

SHORT_HEADINGS = (
    *("video", "person", "with signals", "blinks/min", "nods", "shakes", "at camera", "turned away", "mouth open", "smiling"),
    *("duchenne", "mutual smiles", "speaks", "listens"),
)
WORDS = 2
"""The headings of `short`, and how many of them are over text, not numbers."""


def signals_text(records: Sequence[SignalSummary], written: str) -> str:
    """One line or object a record; `written` is "csv", "json" or "md". What cannot be said is empty or null.

    CSV and JSON hold the mean probabilities while speaking and listening as well.
    """
    rows = [{name: rounded(value) for name, value in record.row().items()} for record in records]
    if written == "json":
        return json.dumps(rows, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    if written == "csv":
        return csv_of(HEADINGS, rows)
    names = [name for name in HEADINGS if not name.startswith("p_")]  # sixteen more would make lines of any page too long
    cells = [names, ["---"] * len(names), *([escaped(_cell(row[name])) for name in names] for row in rows)]
    return "".join("| " + " | ".join(line) + " |\n" for line in cells)


def short(record: SignalSummary) -> list[str]:
    """A summary as a few texts, see `SHORT_HEADINGS`; what cannot be said is a dash."""
    who = one_line(record.person or str(record.person_id))
    counts = [_number(record.blinks_per_min, ".1f"), _number(record.nods, ".0f"), _number(record.shakes, ".0f")]
    looks = [_number(record.camera_share, ".0%"), _number(record.away_share, ".0%"), _number(record.mouth_open, ".2f")]
    smiles = [_number(record.smile_share, ".0%"), _number(record.duchenne_share, ".0%"), _number(record.mutual_smiles, ".0f")]
    talk = ["-" if math.isnan(seconds) else clock(seconds) for seconds in (record.speaking_s, record.listening_s)]
    return [one_line(record.video), who, clock(record.signals_s), *counts, *looks, *smiles, *talk]


def _number(value: float, form: str) -> str:
    return "-" if math.isnan(value) else format(value, form).replace("%", " %")


def _cell(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.3g}" if isinstance(value, float) else one_line(str(value))
