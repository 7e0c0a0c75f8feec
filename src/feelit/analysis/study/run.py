"""Runs a study: from its file to its tables, in memory and in a folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from feelit.analysis.coders import compare
from feelit.analysis.study.collect import Collected, collect
from feelit.analysis.study.contrasts import ContrastRow, contrasts_of
from feelit.analysis.study.curves import CurveCollection
from feelit.analysis.study.design import Design
from feelit.analysis.study.table import Table, quality_of, table_of
from feelit.errors import UsageError
from feelit.storage.atomic import no_empty_folders, whole_file
from feelit.storage.location import Location
from feelit.storage.names import FORMULAS, for_spreadsheet, one_line
from feelit.timeline.recording import Recording

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyTables:
    """The results of a study."""

    design: Design
    table: Table  # the measures
    curves: pd.DataFrame  # one row per level, emotion and time
    collection: CurveCollection  # the curves of participants, which `curves` averages
    quality: pd.DataFrame  # one row per participant
    contrasts: list[ContrastRow]  # one record per contrast and measure
    agreement: pd.DataFrame  # one row per participant and pair of coders
    seed: int  # of the random numbers


def run_study(design: Design, seed: int, progress: Callable[[float], None]) -> StudyTables:
    """Measure the timelines of a study.

    Parameters
    ----------
    design : with its measures written out, see `contrasts.resolved`
    seed : of the random numbers
    progress : called with the share done, 0..1

    Raises
    ------
    UsageError, TimelineReadError
        as `collect`, `contrasts_of` and `agreement_frame`.
    """
    found = collect(design, progress)
    table = table_of(design, found)
    return StudyTables(
        design=design,
        table=table,
        curves=found.curves.frame(seed),
        collection=found.curves,
        quality=quality_of(table),
        contrasts=contrasts_of(design, table, seed),
        agreement=agreement_frame(design, found, seed),
        seed=seed,
    )


COLUMNS = (
    *("participant", "recording", "coder_a", "coder_b", "units", "percent", "percent_low", "percent_high"),
    *("kappa", "kappa_low", "kappa_high", "alpha", "alpha_low", "alpha_high"),
)


def agreement_frame(design: Design, found: Collected, seed: int) -> pd.DataFrame:
    """One row per participant and pair of coders, with the timeline as one of the coders.

    Raises
    ------
    UsageError
        as `coders.compare`, if an annotation file cannot be read, or has labels that timelines do not have.
    """
    import pandas as pd

    rows: list[dict[str, Any]] = []
    options = replace(design.coding, seed=seed)
    for place, viewing in enumerate(design.viewings):
        if not viewing.coders or place not in found.people:
            continue
        recording, person = found.people[place]
        coders: list[str | tuple[Recording, int]] = [(recording, person), *viewing.coders]
        for pair in combinations(coders, 2):
            try:
                result = compare(pair, options)
            except UsageError as error:
                message = f"{design.source}: {viewing.participant}: {error.message}"
                hint = error.hint.replace("--map", "map, under [agreement],").replace("--gaps", "gaps, under [agreement],")
                raise UsageError(one_line(message), one_line(hint)) from None
            figures = result.agreement
            row: dict[str, Any] = {"participant": viewing.participant, "recording": recording.name}
            row |= {"coder_a": result.coders[0], "coder_b": result.coders[1], "units": figures.units}
            for name, estimate in (("percent", figures.percent), ("kappa", figures.cohen[0, 1]), ("alpha", figures.alpha)):
                row |= {name: estimate.value, f"{name}_low": estimate.low, f"{name}_high": estimate.high}
            rows.append(row)
    return pd.DataFrame(rows, columns=list(COLUMNS))


ROWS = 1 << 17  # rows written at a time


def write_tables(tables: Mapping[str, pd.DataFrame], folder: Location) -> list[Location]:
    """Write every table as Parquet and as CSV (UTF-8, commas, decimal points, empty cells for missing values).

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
            schema = pa.Schema.from_pandas(frame.head(0), preserve_index=False).remove_metadata()
            schema = pa.schema([_plain(field) for field in schema])
            parquet, csv = folder / f"{name}.parquet", folder / f"{name}.csv"
            with whole_file(parquet) as temporary, pq.ParquetWriter(temporary, schema, compression="zstd") as writer:
                for table in _parts(frame, schema):
                    writer.write_table(table)
            with whole_file(csv) as temporary, pyarrow.csv.CSVWriter(temporary, schema) as writer:
                for table in _parts(frame, schema):
                    writer.write_table(_harmless(table))
            written += [parquet, csv]
    return written


def _parts(frame: pd.DataFrame, schema: pa.Schema) -> Iterator[pa.Table]:
    """The frame as Arrow tables of at most ROWS rows, at least one."""
    for first in range(0, max(len(frame), 1), ROWS):
        table = pa.Table.from_pandas(frame.iloc[first : first + ROWS], preserve_index=False)
        yield table.replace_schema_metadata().cast(schema)


def _plain(field: pa.Field) -> pa.Field:
    """Dictionary-encoded, large and empty columns as plain text, as not every reader supports them."""
    kind = field.type
    if pa.types.is_null(kind) or pa.types.is_dictionary(kind) or pa.types.is_large_string(kind):
        return pa.field(field.name, pa.string())
    return field


def _harmless(table: pa.Table) -> pa.Table:
    """A table for CSV: an apostrophe before texts that a spreadsheet would run as formulas, NaN as empty cells."""
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
