"""Timeline files joined into one table: the rows, in the order, of a single run over all their videos."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from feelit.errors import TimelineReadError, UsageError
from feelit.storage.atomic import refuse_to_overwrite, whole_file
from feelit.storage.location import Location
from feelit.timeline.gather import find_timelines
from feelit.timeline.schema import schema_of
from feelit.timeline.write import TimelineWriter, open_timeline

Record = dict[str, Any]


def merge_files(inputs: Iterable[Location], out: Location, force: bool) -> int:
    """Join timelines, files or folders of them, into one file. No more than a row group of each lies in memory.

    Returns
    -------
    how many videos the file holds

    Raises
    ------
    TimelineReadError
        if a file is missing, damaged, or not a timeline.
    UsageError
        if two files hold a video of the same name or were made with different settings, or `out` is not called .parquet.
    OutputError
        if `out` exists already and is not to be replaced, or cannot be written.
    """
    if out.suffix != ".parquet":
        raise UsageError(f"--out {out} does not end in .parquet", "that is what is written")
    refuse_to_overwrite(out, force)
    paths = find_timelines(inputs)
    record, videos, places, groups = _survey(paths)
    names = sorted(places)
    record |= {"videos": {name: videos[name] for name in names}}
    schema = schema_of(groups)
    last = {path: name for name, path in sorted(places.items())}
    with whole_file(out) as temporary, TimelineWriter(temporary, record, groups) as writer:
        open_files: dict[Location, _Rows] = {}
        try:
            for name in names:
                path = places[name]
                rows = open_files.get(path) or open_files.setdefault(path, _Rows(path, schema))
                for table in rows.of(name):
                    writer.append(table)
                if last[path] == name:
                    open_files.pop(path).finish()
        finally:
            for rows in open_files.values():
                rows.close()
    return len(names)


def _survey(paths: Sequence[Location]) -> tuple[Record, Record, dict[str, Location], tuple[str, ...]]:
    """What all files say of settings and models, what they say of their videos, which file holds which, and the optional
    columns that any of them has."""
    common: Record | None = None
    groups: set[str] = set()
    videos: Record = {}
    places: dict[str, Location] = {}
    for path in paths:
        file, record = open_timeline(path)
        file.close()
        groups |= set(file.groups)
        held = record.pop("videos", None)
        record.pop("schema_version", None)  # the older ones are read as the newest
        if not isinstance(held, dict):
            raise TimelineReadError(f"{path} does not say which videos it holds", "analyse them again")
        common = record if common is None else common
        if record != common:
            message = f"{path} was made with other settings than {paths[0]}: {_difference(record, common)}"
            raise UsageError(message, "analyse one of them again, or leave it out")
        for name in held:
            if name in places:
                raise UsageError(f"{name} is in {places[name]} and again in {path}", "give every video once")
            places[name] = path
        videos |= held
    return common or {}, videos, places, tuple(groups)


def _difference(one: Record, other: Record) -> str:
    """The first thing that two records tell differently."""
    for key in sorted({*one, *other}):
        mine, theirs = one.get(key), other.get(key)
        if isinstance(mine, dict) and isinstance(theirs, dict) and mine != theirs:
            return f"{key}: {_difference(mine, theirs)}"
        if mine != theirs:
            return f"{key} is {mine}, not {theirs}"
    return "nothing"


class _Rows:
    """The rows of a timeline file, video by video, in the order of their names."""

    def __init__(self, path: Location, schema: pa.Schema) -> None:
        self._path, self._schema = path, schema
        self._file, _ = open_timeline(path)
        self._pieces = self._read()
        self._next = next(self._pieces, None)

    def of(self, name: str) -> Iterator[pa.Table]:
        """Those of one video."""
        while self._next is not None and self._next[0] == name:
            yield self._next[1]
            self._next = next(self._pieces, None)

    def finish(self) -> None:
        """All videos of the file were asked for.

        Raises
        ------
        TimelineReadError
            if there are rows left.
        """
        self.close()
        if self._next is not None:
            message = f"{self._path} has rows of {self._next[0]} in another order than its videos, or does not name it"
            raise TimelineReadError(message, "give the file as `feelit analyze` wrote it")

    def close(self) -> None:
        self._file.close()

    def _read(self) -> Iterator[tuple[str, pa.Table]]:
        for group in range(self._file.num_row_groups):
            try:
                table = self._file.read_row_group(group, columns=self._schema.names).cast(self._schema)
            except (OSError, ValueError, pa.ArrowException) as error:
                raise TimelineReadError(f"{self._path} is damaged: {error}", "analyse the video again") from error
            yield from _by_video(table)


def _by_video(table: pa.Table) -> Iterator[tuple[str, pa.Table]]:
    """Stretches of rows of one video."""
    names = table.column("video").cast(pa.string())
    changes = pc.indices_nonzero(pc.not_equal(names[1:], names[:-1])).to_pylist() if len(table) else []
    starts = [0, *(change + 1 for change in changes)]
    for start, end in zip(starts, [*starts[1:], len(table)], strict=True):
        if end > start:
            yield names[start].as_py(), table.slice(start, end - start)
