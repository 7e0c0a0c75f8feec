"""Columns as text, for formats that are lines of text."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from feelit.storage.names import for_spreadsheet
from feelit.types import Float32, Float64

_SPECIAL = re.compile(r'[",\t\r\n]')


def csv_cells(column: pa.Array) -> list[str]:
    """The values of a column as cells of CSV; nulls, and numbers that are none, are empty.

    Numbers have as many digits as distinguish them from their neighbours.
    """
    return _texts(column, quoted, "") if _is_text(column) else _numbers(column, "")


def json_cells(column: pa.Array) -> list[str]:
    """The same as JSON; nulls, and numbers that are none, are null."""
    return _texts(column, _json_text, "null") if _is_text(column) else _numbers(column, "null")


def fixed(values: Float32 | Float64, digits: int) -> list[str]:
    """Numbers with a fixed number of decimals; NaN is empty."""
    return ["" if value != value else f"{value:.{digits}f}" for value in values.tolist()]


def quoted(text: str) -> str:
    """A text as a cell of CSV, delimited by commas or tabs: in quotes where it needs them (RFC 4180), and no formula."""
    text = for_spreadsheet(text)
    return '"' + text.replace('"', '""') + '"' if _SPECIAL.search(text) else text


def csv_lines(rows: Iterable[Sequence[str]], delimiter: str = ",") -> str:
    """Rows of cells as lines."""
    return "".join(delimiter.join(row) + "\n" for row in rows)


def _is_text(column: pa.Array) -> bool:
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _texts(column: pa.Array, written: Callable[[str], str], missing: str) -> list[str]:
    texts = pc.cast(column, pa.string()).to_pylist()
    cells = {text: missing if text is None else written(text) for text in set(texts)}
    return [cells[text] for text in texts]


def _numbers(column: pa.Array, missing: str) -> list[str]:
    if pa.types.is_floating(column.type):
        column = pc.if_else(pc.is_finite(column), column, pa.scalar(None, column.type))
    cells: list[str] = pc.fill_null(pc.cast(column, pa.string()), missing).to_pylist()
    return cells


def _json_text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
