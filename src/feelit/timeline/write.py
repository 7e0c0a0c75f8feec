"""Timelines into Parquet files, row group by row group."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pyarrow as pa
import pyarrow.parquet as pq

from feelit.signals.columns import signal_columns
from feelit.timeline.schema import CLASSIFIED, pack_metadata, schema_of, to_arrow
from feelit.types import Timeline

ROW_GROUP = 1 << 14
"""Rows a row group: small enough that hours of video never lie in memory, large enough to compress."""


class TimelineWriter:
    """Writes one Parquet file; a context manager, so that the file is closed whatever happens.

    `metadata` goes into the schema. What is known only after the last row, as counts are, cannot be in there: such rows are
    written to a file without metadata first and copied. `groups` are the optional columns that all rows have, see
    `schema.GROUPS`.
    """

    def __init__(self, path: Path, metadata: dict[str, Any] | None = None, groups: Collection[str] = ()) -> None:
        schema, self._signals = schema_of(groups), signal_columns(groups)
        self._classified = CLASSIFIED in groups
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
        with self._sink, suppress(OSError, pa.ArrowException):  # what went wrong first is what is reported
            self._file.close()

    def close(self) -> None:
        """Write what is left, and the footer."""
        with self._sink:
            self._flush()
            self._file.close()

    def write(self, rows: Timeline, video: str) -> None:
        """Append rows of one video, in order."""
        if len(rows):
            self.append(to_arrow(rows, video, self._signals, self._classified))

    def copy(self, path: Path, change: Callable[[Iterator[pa.Table]], Iterator[pa.Table]] | None = None) -> None:
        """Append all rows of another file that this class wrote; `change` makes other rows of them, a part at a time."""
        with pq.ParquetFile(path) as file:
            tables = (file.read_row_group(group) for group in range(file.num_row_groups))
            for table in tables if change is None else change(tables):
                self.append(table)

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
