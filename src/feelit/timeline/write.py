"""Timelines in Parquet files: written row group by row group, read whole."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pyarrow as pa
import pyarrow.parquet as pq

from feelit.errors import TimelineReadError
from feelit.storage.location import Location
from feelit.storage.names import as_text
from feelit.storage.stat import readable
from feelit.timeline.schema import (
    FULL_SCHEMA,
    completed,
    groups_of,
    misfits,
    pack_metadata,
    schema_of,
    to_arrow,
    unpack_metadata,
)
from feelit.timeline.validity import refuse_impossible
from feelit.types import Timeline

ROW_GROUP = 1 << 14
"""Rows a row group: small enough that hours of video never lie in memory, large enough to compress."""

MOST_GROUP_BYTES = 1 << 30
"""Row groups of other writers may be larger, but a small file does not make this program take all memory."""


class TimelineWriter:
    """Writes one Parquet file; a context manager, so that the file is closed whatever happens.

    `metadata` goes into the schema. What is known only after the last row, as counts are, cannot be in there: such rows are
    written to a file without metadata first and copied. `groups` are the optional columns that all rows have, see
    `schema.GROUPS`.
    """

    def __init__(self, path: Path, metadata: dict[str, Any] | None = None, groups: Collection[str] = ()) -> None:
        schema = schema_of(groups)
        schema = schema.with_metadata(pack_metadata(metadata)) if metadata is not None else schema
        texts = [field.name for field in schema if pa.types.is_dictionary(field.type)]
        self._sink = pa.OSFile(str(path), "wb")  # ours, so that it is closed also where a full disk keeps Arrow from it
        try:
            self._file = pq.ParquetWriter(self._sink, schema, compression="zstd", use_dictionary=texts)
        except BaseException:
            self._sink.close()
            raise
        self._waiting: list[pa.Table] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if error is None:
            self.close()
            return
        with self._sink, suppress(OSError, pa.ArrowException):  # what went wrong first is what is told
            self._file.close()

    def close(self) -> None:
        """Write what is left, and the footer."""
        with self._sink:
            self._flush()
            self._file.close()

    def write(self, rows: Timeline, video: str) -> None:
        """Append rows of one video, in order."""
        if len(rows):
            self.append(to_arrow(rows, video))

    def copy(self, path: Path) -> None:
        """Append all rows of another file that this class wrote."""
        with pq.ParquetFile(path) as file:
            for group in range(file.num_row_groups):
                self.append(file.read_row_group(group))

    def append(self, table: pa.Table) -> None:
        """Append rows that are in Arrow already."""
        self._waiting.append(table.replace_schema_metadata())
        if sum(t.num_rows for t in self._waiting) >= ROW_GROUP:
            self._flush()

    def _flush(self) -> None:
        if self._waiting:
            table = pa.concat_tables(self._waiting).unify_dictionaries().combine_chunks()
            self._file.write_table(table.replace_schema_metadata(self._file.schema.metadata))
            self._waiting = []


class TimelineFile:
    """An open timeline file, of any schema version that is known; a context manager.

    Columns that an optional group would have can be asked for whether they are there or not: see `schema.completed`.

    Attributes
    ----------
    columns : the names of the columns that are in it, in their order
    num_row_groups : how many parts its rows are in
    """

    def __init__(self, file: pq.ParquetFile) -> None:
        self._file = file
        there = set(file.schema_arrow.names)
        self.columns = tuple(name for name in FULL_SCHEMA.names if name in there)
        self.groups = groups_of(file.schema_arrow)
        self.num_row_groups: int = file.num_row_groups

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def read(self, columns: Sequence[str] | None = None) -> pa.Table:
        """All rows; None stands for all columns that there are, unknown ones included."""
        return self._read(self._file.read, columns)

    def read_row_group(self, group: int, columns: Sequence[str] | None = None) -> pa.Table:
        """The rows of one part."""
        return self._read(partial(self._file.read_row_group, group), columns)

    def empty_table(self, columns: Sequence[str]) -> pa.Table:
        """No rows, with the file's metadata."""
        table = self._file.schema_arrow.empty_table()
        return completed(table, columns)

    def _read(self, read: Callable[..., pa.Table], columns: Sequence[str] | None) -> pa.Table:
        if columns is None:
            return read()
        stored = [name for name in columns if name in self.columns]
        if "person_id" in columns and "person_id" not in self.columns and "track_id" not in stored:
            stored.append("track_id")
        return completed(read(columns=stored or ["frame"]), columns)


def open_timeline(path: Location) -> tuple[TimelineFile, dict[str, Any]]:
    """A timeline file and its metadata, rows unread.

    Raises
    ------
    TimelineReadError
        if it is missing, is no Parquet file, is damaged, or is not a feelit timeline of a known version.
    """
    try:
        source = readable(path)
        file = pq.ParquetFile(source)
        size_bytes = source.stat().st_size if isinstance(source, Path) else source.size
    except FileNotFoundError:
        raise TimelineReadError(f"{path} does not exist", "run `feelit analyze` first") from None
    except UnicodeEncodeError as error:
        raise TimelineReadError(
            f"the name {as_text(path)} is not UTF-8", "rename it: Parquet files need a name that is text"
        ) from error
    except (OSError, ValueError, pa.ArrowException) as error:
        raise TimelineReadError(f"{path} is not a readable Parquet file", "give a file that `feelit analyze` wrote") from error
    try:
        metadata = unpack_metadata(file.schema_arrow, str(path))
        if wrong := [*misfits(file.schema_arrow), *_bombs(file.metadata, size_bytes)]:
            raise TimelineReadError(f"{path} {' and '.join(wrong)}", "analyse the video again")
    except TimelineReadError:
        file.close()
        raise
    return TimelineFile(file), metadata


def read_table(path: Location, columns: list[str] | None = None) -> tuple[pa.Table, dict[str, Any]]:
    """All rows of a timeline file as an Arrow table, and its metadata.

    Raises
    ------
    TimelineReadError
        as `open_timeline`.
    """
    file, metadata = open_timeline(path)
    with file:
        try:
            table = file.read(columns=columns)
        except (OSError, ValueError, pa.ArrowException) as error:
            raise TimelineReadError(f"{path} is damaged: {error}", "analyse the video again") from error
    refuse_impossible(table, str(path))
    return table, metadata


def _bombs(about: pq.FileMetaData, size_bytes: int) -> list[str]:
    """What a file claims to hold that cannot be in it, or is not to be unpacked."""
    found = []
    if about.num_rows > size_bytes:
        found.append(f"claims {about.num_rows} rows in {size_bytes} bytes")
    if any(about.row_group(i).total_byte_size > MOST_GROUP_BYTES for i in range(about.num_row_groups)):
        found.append(f"has a row group of more than {MOST_GROUP_BYTES >> 20} MiB")
    return found
