"""Writes timelines to Parquet files, row group by row group."""

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

    `metadata` goes into the schema. `groups` are the optional columns that all rows have, see `schema.GROUPS`.
    """

    def __init__(self, path: Path, metadata: dict[str, Any] | None = None, groups: Collection[str] = ()) -> None:
        schema, self._signals = schema_of(groups), signal_columns(groups)
        self._classified = CLASSIFIED in groups
        self.path = path
        self._schema = schema.with_metadata(pack_metadata(metadata)) if metadata is not None else schema
        self._sink: pa.OSFile | None = None
        self._file: pq.ParquetWriter | None = None
        self._waiting: list[pa.Table] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if error is None:
            self.close()
        elif self._sink is not None and self._file is not None:
            with self._sink, suppress(OSError, pa.ArrowException):  # what went wrong first is what is reported
                self._file.close()

    def close(self) -> None:
        """Write the remaining rows, and the footer."""
        file = self._opened()
        assert self._sink is not None
        with self._sink:
            self._flush()
            file.close()

    def write(self, rows: Timeline, video: str) -> None:
        """Append rows of one video, in order."""
        if len(rows):
            self.append(to_arrow(rows, video, self._signals, self._classified))

    def copy(self, spool: Spool, change: Callable[[Iterator[pa.Table]], Iterator[pa.Table]] | None = None) -> None:
        """Append all rows of a spool; `change` makes other rows of them, a part at a time."""
        tables = spool.tables()
        for table in tables if change is None else change(tables):
            self.append(table)

    def append(self, table: pa.Table) -> None:
        """Append rows that are in Arrow already."""
        self._waiting.append(table.replace_schema_metadata())
        if sum(t.num_rows for t in self._waiting) >= ROW_GROUP:
            self._flush()

    def _opened(self) -> pq.ParquetWriter:
        if self._file is None:
            texts = [field.name for field in self._schema if pa.types.is_dictionary(field.type)]
            self._sink = pa.OSFile(str(self.path), "wb")  # ours, and closed even where a full disk keeps Arrow from it
            try:
                self._file = pq.ParquetWriter(self._sink, self._schema, compression="zstd", use_dictionary=texts)
            except BaseException:
                self._sink.close()
                raise
        return self._file

    def _flush(self) -> None:
        if self._waiting:
            self._opened().write_table(self._joined().replace_schema_metadata(self._schema.metadata))
            self._waiting = []

    def _joined(self) -> pa.Table:
        return pa.concat_tables(self._waiting).unify_dictionaries().combine_chunks()


class Spool(TimelineWriter):
    """Rows of one video that wait for what is known only after the last one, as counts and people are.

    Up to a row group of them is kept in memory, more in a file at `path`, whose folder is made.
    """

    def tables(self) -> Iterator[pa.Table]:
        """All rows, a row group at a time, once there are no more to come."""
        if self._file is None:
            if self._waiting:
                yield self._joined()
            return
        self.close()
        with pq.ParquetFile(self.path) as file:
            for group in range(file.num_row_groups):
                yield file.read_row_group(group)

    def close(self) -> None:
        """Complete the file, if there is one."""
        if self._file is not None and self._sink is not None and not self._sink.closed:
            super().close()

    def to_file(self) -> None:
        """Write all rows to the file, so that none is kept in memory."""
        self._opened()
        self.close()

    def _opened(self) -> pq.ParquetWriter:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        return super()._opened()
