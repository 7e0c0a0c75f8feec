"""Summaries of signals as CSV, JSON, Markdown, and columns of plain text."""

from __future__ import annotations

import json
from collections.abc import Sequence

from feelit.analysis.signals import HEADINGS, SignalSummary
from feelit.analysis.summary_text import csv_of, rounded
from feelit.storage.names import one_line


def signals_text(records: Sequence[SignalSummary], written: str) -> str:
    """One line or object a record; `written` is "csv", "json", "md" or "table". What cannot be said is empty or null.

    CSV and JSON hold the mean probabilities while speaking and listening as well.
    """
    rows = [{name: rounded(value) for name, value in record.row().items()} for record in records]
    if written == "json":
        return json.dumps(rows, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    if written == "csv":
        return csv_of(HEADINGS, rows)
    names = [name for name in HEADINGS if not name.startswith("p_")]  # sixteen more would make lines of any terminal too long
    cells = [names, *([_cell(row[name]) for name in names] for row in rows)]
    if written == "md":
        lines = ["| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in cells]
        return "\n".join([lines[0], "|" + "---|" * len(names), *lines[1:]]) + "\n"
    widths = [max(len(line[i]) for line in cells) for i in range(len(names))]
    return "".join("  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)).rstrip() + "\n" for line in cells)


def _cell(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.3g}" if isinstance(value, float) else one_line(str(value))
