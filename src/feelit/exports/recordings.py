"""The videos that timeline files tell of, each with its rows unread: a file of ten hours is read row group by row group."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from feelit.analysis.observations import COLUMNS
from feelit.errors import TimelineReadError, UsageError
from feelit.storage.location import Location
from feelit.timeline.schema import SCHEMA
from feelit.timeline.tracks import refuse_unknown
from feelit.timeline.validity import refuse_impossible
from feelit.timeline.write import open_timeline


@dataclass(frozen=True, slots=True)
class Piece:
    """Rows of one video that lie in one row group: start <= row < end."""

    group: int
    start: int
    end: int


class RowGroups:
    """Reads row groups and keeps the last one, in which many short videos may lie."""

    def __init__(self) -> None:
        self._key: tuple[Location, int, tuple[str, ...]] | None = None
        self._table: pa.Table | None = None

    def read(self, path: Location, group: int, columns: tuple[str, ...]) -> pa.Table:
        """One row group of a timeline file.

        Raises
        ------
        TimelineReadError
            if it cannot be read, or holds what no timeline can.
        """
        if self._key != (path, group, columns):
            file, _ = open_timeline(path)
            with file:
                try:
                    self._table = file.read_row_group(group, columns=list(columns))
                except (OSError, ValueError, pa.ArrowException) as error:
                    raise TimelineReadError(f"{path} is damaged: {error}", "analyse the video again") from error
            refuse_impossible(self._table, str(path))
            self._key = (path, group, columns)
        return self._table


@dataclass(frozen=True, slots=True)
class Recording:
    """One video of a timeline file.

    Attributes
    ----------
    name : what the column `video` calls it
    facts : what the file's metadata say of it
    tracks : ids of its tracks, in order; only those that are wanted
    everything : whether all its rows are wanted, and not some tracks
    columns : names of the columns that the file has
    """

    path: Location
    name: str
    facts: dict[str, Any]
    tracks: tuple[int, ...] = ()
    everything: bool = True
    columns: tuple[str, ...] = tuple(SCHEMA.names)
    pieces: tuple[Piece, ...] = ()
    groups: RowGroups = field(default_factory=RowGroups)

    @property
    def duration_s(self) -> float | None:
        """Length of the video; None where the metadata do not say."""
        length = self.facts.get("duration_s")
        return float(length) if isinstance(length, int | float) and math.isfinite(length) and length > 0 else None

    def rows(self, columns: Sequence[str] = tuple(SCHEMA.names)) -> Iterator[pa.Table]:
        """The wanted rows in order, a part at a time."""
        wanted = pa.array(self.tracks, pa.int32())
        for table in self._parts(columns):
            yield table if self.everything else table.filter(pc.is_in(table.column("track_id"), value_set=wanted))

    def table(self) -> pa.Table:
        """All rows at once, of all tracks, as far as bouts and events need them: some 70 bytes a row."""
        parts = list(self._parts(COLUMNS))
        return pa.concat_tables(parts) if parts else SCHEMA.empty_table().select(list(COLUMNS))

    def of_tracks(self, wanted: Iterable[int]) -> Recording:
        """The same video with some of its tracks only."""
        chosen = set(wanted)
        return replace(self, tracks=tuple(t for t in self.tracks if t in chosen), everything=False)

    def _parts(self, columns: Sequence[str]) -> Iterator[pa.Table]:
        for piece in self.pieces:
            table = self.groups.read(self.path, piece.group, tuple(columns))
            yield table.slice(piece.start, piece.end - piece.start).replace_schema_metadata()


def find_recordings(paths: Sequence[Location], tracks: Sequence[int] | None = None) -> list[Recording]:
    """Every video of some timeline files, those without rows included, in the order of the files.

    Parameters
    ----------
    paths : timeline files
    tracks : the tracks that are wanted, of every video that has them; None means all

    Raises
    ------
    TimelineReadError
        if a file is missing, damaged, or not a timeline.
    UsageError
        if two files, or two parts of a file, hold a video of the same name; if no video has a track that is wanted.
    """
    groups, found = RowGroups(), dict[str, Recording]()
    for path in paths:
        for recording in _in_file(path, groups):
            if other := found.get(recording.name):
                message = f"{recording.name} is in {other.path} and again in {path}"
                raise UsageError(message, "give every video once")
            found[recording.name] = recording
    if tracks is None:
        return list(found.values())
    refuse_unknown(tracks, {track for recording in found.values() for track in recording.tracks})
    return [recording.of_tracks(tracks) for recording in found.values()]


def _in_file(path: Location, groups: RowGroups) -> Iterator[Recording]:
    file, metadata = open_timeline(path)
    with file:
        count, columns = file.num_row_groups, file.columns
    videos: dict[str, dict[str, Any]] = metadata.get("videos", {})
    current: Recording | None = None
    seen: set[str] = set()
    for group in range(count):
        for name, piece, tracks in _runs(groups.read(path, group, ("video", "track_id")), group):
            if current is None or current.name != name:
                if current is not None:
                    yield current
                current = Recording(path, name, videos.get(name, {}), columns=columns, groups=groups)
                seen.add(name)
            together = tuple(sorted({*current.tracks, *tracks}))
            current = replace(current, pieces=(*current.pieces, piece), tracks=together)
    if current is not None:
        yield current
    for name, facts in videos.items():
        if name not in seen and not facts.get("frames_sampled"):
            yield Recording(path, name, facts, columns=columns, groups=groups)


def _runs(table: pa.Table, group: int) -> Iterator[tuple[str, Piece, set[int]]]:
    """The stretches of a row group that belong to one video each, with the tracks in them."""
    if not len(table):
        return
    names = table.column("video").cast(pa.string()).combine_chunks().dictionary_encode()
    codes = names.indices.to_numpy()
    track = table.column("track_id").cast(pa.int64()).fill_null(-1).to_numpy()
    for start, end in pairwise(np.flatnonzero(np.diff(codes, prepend=-1, append=-1)).tolist()):
        tracks = {t for t in np.unique(track[start:end]).tolist() if t >= 0}
        yield names.dictionary[codes[start]].as_py(), Piece(group, start, end), tracks
