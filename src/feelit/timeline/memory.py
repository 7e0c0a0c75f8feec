"""Timelines in memory: Arrow tables and pandas frames, filtered or joined as anybody likes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from feelit.errors import TimelineReadError
from feelit.timeline.schema import FULL_SCHEMA, METADATA_KEY, as_stored, completed, groups_of, lacking, misfits, unpack_metadata
from feelit.timeline.validity import refuse_impossible, video_numbers

if TYPE_CHECKING:
    import pandas as pd

    from feelit.storage.location import Location


class TimelineTable:
    """Rows of one or more videos in memory, in any order; columns that nobody asks for may be missing.

    Attributes are those of `file.TimelineFile`; there is one part; `path` is None unless
    the rows were read from a file.

    Raises
    ------
    TimelineReadError
        if there is no column `video`, or a column holds what it cannot.
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
        known = [name for name in FULL_SCHEMA.names if name in table.column_names]
        self.columns, self.groups = tuple(known), groups_of(table.schema)
        self._table = _by_video(as_stored(table.select(known).replace_schema_metadata(), source), source)
        self._checked: set[str] = set()

    def read(self, part: int, columns: Sequence[str]) -> pa.Table:
        """The rows; `part` is 0.

        Raises
        ------
        TimelineReadError
            if a column is missing, or holds what no timeline can.
        """
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
    """A pandas frame, with what its `attrs` say of the analysis, if they do.

    Raises
    ------
    TimelineReadError
        as `TimelineTable`.
    """
    source = "the data frame"
    try:
        table = pa.Table.from_pandas(frame[[name for name in FULL_SCHEMA.names if name in frame.columns]], preserve_index=False)
    except (pa.ArrowException, TypeError, ValueError, KeyError) as error:
        raise TimelineReadError(
            f"{source} has a column that cannot be read: {error}", "give a timeline that feelit wrote"
        ) from error
    videos = frame.attrs.get("videos", {})
    sound = isinstance(videos, dict) and all(isinstance(facts, dict) for facts in videos.values())
    return TimelineTable(table, source, {str(key): value for key, value in frame.attrs.items()} if sound else {})


def _by_video(table: pa.Table, source: str) -> pa.Table:
    """The rows, those of each video together: joined frames may mix them."""
    if "video" not in table.column_names:
        return table
    refuse_impossible(table.select(["video"]), source)
    number, _ = video_numbers(table.column("video"))
    return table if (np.diff(number) >= 0).all() else table.take(pa.array(np.argsort(number, kind="stable")))
