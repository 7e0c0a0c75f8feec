"""The folder of a study: its tables as Parquet and CSV."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from feelit.options.study import StudyOptions
from feelit.storage.atomic import no_empty_folders, refuse_to_overwrite, whole_file
from feelit.storage.location import Location
from feelit.storage.names import FORMULAS, for_spreadsheet
from feelit.storage.stat import InputFiles

if TYPE_CHECKING:
    import pandas as pd

ROWS = 1 << 17
"""Rows that are written at a time."""


def names_of(tables: Mapping[str, object]) -> list[str]:
    """The files of tables."""
    return [f"{name}.{ending}" for name in tables for ending in ("csv", "parquet")]


def refuse_study_files(names: list[str], options: StudyOptions, inputs: InputFiles) -> None:
    """Refuse to replace files, or to write into what is no folder, before anything is measured.

    Raises
    ------
    OutputError, UsageError
        as `storage.atomic.refuse_to_overwrite`.
    """
    for name in names:
        refuse_to_overwrite(options.out / name, options.force, inputs)


def write_tables(tables: Mapping[str, pd.DataFrame], folder: Location) -> list[Location]:
    """Write every table as Parquet and as CSV (UTF-8, a comma between, a point in numbers, nothing for what is missing).

    Returns
    -------
    The files that were written.

    Raises
    ------
    OutputError
        if the folder cannot be written.
    """
    written: list[Location] = []
    with no_empty_folders(folder):
        for name, frame in tables.items():
            for ending, write in (("parquet", _write_parquet), ("csv", _write_csv)):
                target = folder / f"{name}.{ending}"
                with whole_file(target) as temporary:
                    write(frame, temporary)
                written.append(target)
    return written


def _parts(frame: pd.DataFrame) -> Any:
    """The frame as Arrow tables of one schema, piece by piece."""
    schema = pa.Schema.from_pandas(frame.head(0), preserve_index=False).remove_metadata()
    schema = pa.schema([_plain(field) for field in schema])
    for first in range(0, max(len(frame), 1), ROWS):
        table = pa.Table.from_pandas(frame.iloc[first : first + ROWS], preserve_index=False).replace_schema_metadata()
        yield table.cast(schema)


def _plain(field: pa.Field) -> pa.Field:
    """Texts as texts: not every reader knows codes, nor columns of nothing."""
    kind = field.type
    if pa.types.is_null(kind) or pa.types.is_dictionary(kind) or pa.types.is_large_string(kind):
        return pa.field(field.name, pa.string())
    return field


def _write_parquet(frame: pd.DataFrame, path: Path) -> None:
    writer = None
    for table in _parts(frame):
        writer = writer or pq.ParquetWriter(path, table.schema, compression="zstd")
        writer.write_table(table)
    assert writer is not None
    writer.close()


def _write_csv(frame: pd.DataFrame, path: Path) -> None:
    writer = None
    for table in _parts(frame):
        writer = writer or pyarrow.csv.CSVWriter(path, table.schema)
        writer.write_table(_harmless(table))
    assert writer is not None
    writer.close()


def _harmless(table: pa.Table) -> pa.Table:
    """Texts that a spreadsheet would take for formulas get an apostrophe; NaN and null are both empty cells."""
    for place, field in enumerate(table.schema):
        column = table.column(place)
        if pa.types.is_string(field.type):
            begin = pc.utf8_slice_codeunits(column, 0, 1)
            if pc.any(pc.is_in(begin, value_set=pa.array([*FORMULAS, "'"]))).as_py():
                column = pa.array([None if text is None else for_spreadsheet(text) for text in column.to_pylist()], pa.string())
        elif pa.types.is_floating(field.type):
            column = pc.if_else(pc.is_nan(column), pa.scalar(None, field.type), column)
        table = table.set_column(place, field, column)
    return table
