"""The timeline's own columns as CSV and as lines of JSON."""

from __future__ import annotations

from collections.abc import Iterator

from feelit.exports.cells import csv_cells, csv_lines, json_cells
from feelit.exports.part import Part
from feelit.timeline.schema import SCHEMA


def csv_text(part: Part) -> Iterator[str]:
    """A line a row under a line of headings; nulls are empty."""
    yield csv_lines([SCHEMA.names])
    for recording in part.recordings:
        for table in recording.rows():
            yield csv_lines(zip(*(csv_cells(table.column(name)) for name in SCHEMA.names), strict=True))


def jsonl_text(part: Part) -> Iterator[str]:
    """One object a row."""
    for recording in part.recordings:
        for table in recording.rows():
            named = [[f'"{name}": {cell}' for cell in json_cells(table.column(name))] for name in SCHEMA.names]
            yield "".join(f"{{{', '.join(row)}}}\n" for row in zip(*named, strict=True))
