"""The timeline's own columns as CSV and as lines of JSON."""

from __future__ import annotations

from collections.abc import Iterator

from feelit.exports.cells import csv_cells, csv_lines, json_cells
from feelit.exports.part import Part
from feelit.timeline.schema import FULL_SCHEMA, SCHEMA


def csv_text(part: Part) -> Iterator[str]:
    """A line a row under a line of headings; nulls are empty."""
    names = _columns(part)
    yield csv_lines([names])
    for recording in part.recordings:
        for batch in part.rows(recording, names):
            yield csv_lines(zip(*(csv_cells(batch.column(name)) for name in names), strict=True))


def jsonl_text(part: Part) -> Iterator[str]:
    """One object a row."""
    names = _columns(part)
    for recording in part.recordings:
        for batch in part.rows(recording, names):
            named = [[f'"{name}": {cell}' for cell in json_cells(batch.column(name))] for name in names]
            yield "".join(f"{{{', '.join(row)}}}\n" for row in zip(*named, strict=True))


def _columns(part: Part) -> list[str]:
    """Those that every timeline has, and those of optional groups that one of these has."""
    there = {*SCHEMA.names}.union(*(recording.columns for recording in part.recordings))
    return [name for name in FULL_SCHEMA.names if name in there]
