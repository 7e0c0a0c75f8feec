"""The rows of timelines: files, read row group by row group, and Arrow tables and pandas frames in memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from feelit.errors import TimelineReadError
from feelit.storage import objects
from feelit.storage.location import Location, Url
from feelit.storage.names import as_text
from feelit.storage.stat import readable
from feelit.timeline.schema import FULL_SCHEMA, METADATA_KEY, as_stored, completed, groups_of, lacking, misfits, unpack_metadata
from feelit.timeline.validity import refuse_impossible, video_numbers

if TYPE_CHECKING:
    import pandas as pd


class TimelineTable:
    """Rows of one or more videos in memory, in any order; columns that are not read may be missing.

    Attributes are those of `file.TimelineFile`; there is one part; `path` is None unless the rows were read from a file. Raises
    TimelineReadError if there is no column `video`, or a column holds what it cannot.
    """

    parts = 1

    def __init__(
        self, table: pa.Table, source: str, metadata: dict[str, Any] | None = None, path: Location | None = None
    ) -> None:
        self.source, self.path = source, path
        if wrong := misfits(table.schema, partial=True):
            raise TimelineReadError(f"{source} {' and '.join(wrong)}", "give a timeline that feelit wrote")
        if metadata is None:
            metadata = unpack_metadata(table.schema, source) if METADATA_KEY in (table.schema.metadata or {}) else {}
        self.metadata = metadata
        self.columns = tuple(name for name in FULL_SCHEMA.names if name in table.column_names)
        self.groups = groups_of(table.schema)
        table = as_stored(table.select(self.columns).replace_schema_metadata(), source)
        if "video" in self.columns:
            refuse_impossible(table.select(["video"]), source)
            number, _ = video_numbers(table.column("video"))
            if (np.diff(number) < 0).any():  # joined frames may mix videos
                table = table.take(pa.array(np.argsort(number, kind="stable")))
        self._table = table
        self._checked: set[str] = set()

    def read(self, part: int, columns: Sequence[str]) -> pa.Table:
        """The rows; `part` is 0. Raises TimelineReadError if a column is missing, or holds what no timeline can."""
        if missing := lacking(columns, self.columns):
            hint = "give a timeline that feelit wrote; of a frame, keep these columns when you select some"
            raise TimelineReadError(f"{self.source} lacks the columns {', '.join(missing)}", hint)
        new = [name for name in columns if name in self.columns and name not in self._checked]
        refuse_impossible(self._table.select(new), self.source)
        self._checked |= set(new)
        return completed(self._table, columns)

    def in_memory(self, table: pa.Table) -> TimelineTable:
        """Rows of it in another order."""
        return TimelineTable(table, self.source, self.metadata, self.path)

    def empty_table(self, columns: Sequence[str]) -> pa.Table:
        """No rows."""
        return completed(FULL_SCHEMA.empty_table(), columns)

    def close(self) -> None:
        """Nothing is open."""


def from_frame(frame: pd.DataFrame) -> TimelineTable:
    """A pandas frame, with what its `attrs` say of the analysis, if they do. Raises what `TimelineTable` does."""
    source = "the data frame"
    try:
        table = pa.Table.from_pandas(frame[[name for name in FULL_SCHEMA.names if name in frame.columns]], preserve_index=False)
    except (pa.ArrowException, TypeError, ValueError, KeyError) as error:
        message = f"{source} has a column that cannot be read: {error}"
        raise TimelineReadError(message, "give a timeline that feelit wrote") from error
    videos = frame.attrs.get("videos", {})
    sound = isinstance(videos, dict) and all(isinstance(facts, dict) for facts in videos.values())
    return TimelineTable(table, source, {str(key): value for key, value in frame.attrs.items()} if sound else {})


MOST_GROUP_BYTES = 1 << 30
"""Row groups of other writers may be larger, but a small file does not make this program take all memory."""


class TimelineFile:
    """A timeline file of any schema version that is known. It is opened when rows are read, and stays open until `close`.
    Several threads may read it.

    Columns that an optional group would have can be asked for whether they are there or not: see `schema.completed`. Raises
    TimelineReadError if it is missing, is no Parquet file, is damaged, or is not a feelit timeline of a known version.

    Attributes
    ----------
    source : how errors call it
    metadata : what stands under the key `feelit`
    columns : the names of the columns that are in it, in their order
    groups : the optional groups that it has
    parts : how many row groups it has
    """

    def __init__(self, path: Location) -> None:
        self.path, self.source = path, as_text(path)
        self._file: pq.ParquetFile | None = None
        self._last: tuple[tuple[int, tuple[str, ...]], pa.Table] | None = None
        self._checked: set[tuple[int, str]] = set()
        self._one_at_a_time = RLock()
        file, size_bytes = _opened(path)
        try:
            schema = file.schema_arrow  # every access builds it again
            self.metadata: dict[str, Any] = unpack_metadata(schema, str(path))
            if wrong := [*misfits(schema), *_bombs(file.metadata, size_bytes)]:
                raise TimelineReadError(f"{path} {' and '.join(wrong)}", "analyse the video again")
        except TimelineReadError:
            file.close()
            raise
        self.columns = tuple(name for name in FULL_SCHEMA.names if name in schema.names)
        self.groups = groups_of(schema)
        self.parts: int = file.num_row_groups
        self._empty, self._rows = schema.empty_table(), int(file.metadata.num_rows)
        self._file = file

    def close(self) -> None:
        """Close the file, and forget the part that was read last. The next reader opens it again."""
        with self._one_at_a_time:
            if self._file is not None:
                self._file.close()
            self._file = self._last = None

    def read(self, part: int, columns: Sequence[str]) -> pa.Table:
        """The rows of one part. The last part that was read is kept, for many short videos may lie in it. Raises
        TimelineReadError if it cannot be read, or holds what no timeline can."""
        key = (part, tuple(columns))
        with self._one_at_a_time:
            if self._last is None or self._last[0] != key:
                self._last = None  # two parts at a time need not be in memory
                self._last = (key, self._read(part, columns))
            return self._last[1]

    def in_memory(self, table: pa.Table) -> TimelineTable:
        """Rows of it in another order."""
        return TimelineTable(table, self.source, self.metadata, self.path)

    def empty_table(self, columns: Sequence[str]) -> pa.Table:
        """No rows."""
        return completed(self._empty, columns).replace_schema_metadata()

    def _read(self, part: int, columns: Sequence[str]) -> pa.Table:
        if self._file is None:
            self._file, _ = _opened(self.path)
            if (self._file.num_row_groups, self._file.metadata.num_rows) != (self.parts, self._rows):
                raise TimelineReadError(f"{self.path} changed while it was read", "try again")
        stored = [name for name in columns if name in self.columns]
        if "person_id" in columns and "person_id" not in self.columns and "track_id" not in stored:
            stored.append("track_id")
        try:
            table = self._file.read_row_group(part, columns=stored or ["frame"])
        except (OSError, ValueError, pa.ArrowException) as error:
            raise TimelineReadError.damaged(self.path, f": {error}") from error
        table = as_stored(table, str(self.path))
        new = [name for name in stored if (part, name) not in self._checked]
        refuse_impossible(table.select(new), str(self.path))
        self._checked |= {(part, name) for name in new}
        return completed(table, columns).replace_schema_metadata()


def find_timelines(inputs: Iterable[Location]) -> list[Location]:
    """Files and objects as they are, and the .parquet files of folders in alphabetical order, without the manifest and what is
    hidden. Raises TimelineReadError if a folder holds none."""
    found: dict[Location, None] = {}
    for given in inputs:
        inside: dict[Location, str] = {given: ""}
        if isinstance(given, Url) and given.suffix != ".parquet":
            inside = {url: url.place(given) for url in objects.find(given, TimelineReadError) if url.suffix == ".parquet"}
        elif isinstance(given, Path) and given.is_dir():
            inside = {path: path.relative_to(given).as_posix() for path in sorted(given.rglob("*.parquet"))}
        files = [place for place, name in inside.items() if not any(part.startswith((".", "_")) for part in name.split("/"))]
        if not files:
            raise TimelineReadError(f"{given} holds no timelines", "run `feelit analyze` first")
        found |= dict.fromkeys(files)
    return list(found)


def _opened(path: Location) -> tuple[pq.ParquetFile, int]:
    """A Parquet file, and its size in bytes."""
    try:
        source = readable(path)
        return pq.ParquetFile(source), source.stat().st_size if isinstance(source, Path) else source.size
    except FileNotFoundError:
        raise TimelineReadError(f"{path} does not exist", "run `feelit analyze` first") from None
    except UnicodeEncodeError as error:
        hint = "rename it: Parquet files need a name that is text"
        raise TimelineReadError(f"the name {as_text(path)} is not UTF-8", hint) from error
    except (OSError, ValueError, pa.ArrowException) as error:
        raise TimelineReadError(f"{path} is not a readable Parquet file", "give a file that `feelit analyze` wrote") from error


def _bombs(about: pq.FileMetaData, size_bytes: int) -> list[str]:
    """Impossible or dangerous claims of a file about its size."""
    found = []
    if about.num_rows > size_bytes:
        found.append(f"claims {about.num_rows} rows in {size_bytes} bytes")
    if any(about.row_group(i).total_byte_size > MOST_GROUP_BYTES for i in range(about.num_row_groups)):
        found.append(f"has a row group of more than {MOST_GROUP_BYTES >> 20} MiB")
    return found
