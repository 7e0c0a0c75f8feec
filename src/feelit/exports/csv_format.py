"""A timeline's own columns as CSV and as JSON Lines, and the cells of all formats that are tables of text."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc

from feelit.exports.selection import Selection
from feelit.storage.names import for_spreadsheet
from feelit.timeline.schema import FULL_SCHEMA, SCHEMA
from feelit.types import Float32, Float64

_SPECIAL = re.compile(r'[",\t\r\n]')


def csv_cells(column: pa.Array) -> list[str]:
    """The values of a column as cells of CSV; nulls, NaN and infinity are empty.

    Numbers have the fewest digits that read back as the same number.
    """
    return _cells(column, quoted, "")


def json_cells(column: pa.Array) -> list[str]:
    """The values of a column as JSON; nulls, NaN and infinity are null."""
    return _cells(column, partial(json.dumps, ensure_ascii=False), "null")


def fixed(values: Float32 | Float64, digits: int) -> list[str]:
    """Numbers with a fixed number of decimals; NaN is empty."""
    return ["" if value != value else f"{value:.{digits}f}" for value in values.tolist()]


def quoted(text: str) -> str:
    """A text as a cell of comma- or tab-separated text: in quotes where necessary (RFC 4180), never a formula."""
    text = for_spreadsheet(text)
    return '"' + text.replace('"', '""') + '"' if _SPECIAL.search(text) else text


def csv_lines(rows: Iterable[Sequence[str]], delimiter: str = ",") -> str:
    """Rows of cells as lines."""
    return "".join(delimiter.join(row) + "\n" for row in rows)


def _cells(column: pa.Array, written: Callable[[str], str], missing: str) -> list[str]:
    if pa.types.is_floating(column.type):
        column = pc.if_else(pc.is_finite(column), column, pa.scalar(None, column.type))
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    is_text = pa.types.is_string(kind) or pa.types.is_large_string(kind)
    texts: list[str | None] = pc.cast(column, pa.string()).to_pylist()
    if not is_text:
        return [missing if text is None else text for text in texts]
    cells = {text: missing if text is None else written(text) for text in set(texts)}
    return [cells[text] for text in texts]


def csv_text(selection: Selection) -> Iterator[str]:
    """A line of headings, then one line per row."""
    names = _columns(selection)
    yield csv_lines([names])
    for recording in selection.recordings:
        for batch in selection.rows(recording, names):
            yield csv_lines(zip(*(csv_cells(batch.column(name)) for name in names), strict=True))


def jsonl_text(selection: Selection) -> Iterator[str]:
    """One JSON object per row."""
    names = _columns(selection)
    for recording in selection.recordings:
        for batch in selection.rows(recording, names):
            named = [[f'"{name}": {cell}' for cell in json_cells(batch.column(name))] for name in names]
            yield "".join(f"{{{', '.join(row)}}}\n" for row in zip(*named, strict=True))


def _columns(selection: Selection) -> list[str]:
    """The columns that every timeline has, and the optional ones that at least one of these has."""
    there = {*SCHEMA.names}.union(*(recording.columns for recording in selection.recordings))
    return [name for name in FULL_SCHEMA.names if name in there]
