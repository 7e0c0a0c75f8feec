"""Several timeline files as one stream of tables, each of whole videos, so that memory is bounded by the longest video."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from feelit.errors import TimelineReadError, UsageError
from feelit.storage import objects
from feelit.storage.location import Location, Url
from feelit.timeline.validity import refuse_impossible, video_numbers
from feelit.timeline.write import TimelineFile, open_timeline


def find_timelines(inputs: Iterable[Location]) -> list[Location]:
    """Files and objects as they are, and the .parquet files of folders in alphabetical order, without the manifest and what is
    hidden.

    Raises
    ------
    TimelineReadError
        if a folder holds none.
    """
    found: dict[Location, None] = {}
    for given in inputs:
        files = _in_bucket(given) if isinstance(given, Url) else _on_disk(given)
        if not files:
            raise TimelineReadError(f"{given} holds no timelines", "run `feelit analyze` first")
        found |= dict.fromkeys(files)
    return list(found)


def _on_disk(given: Path) -> Sequence[Location]:
    if not given.is_dir():
        return [given]
    return sorted(p for p in given.rglob("*.parquet") if _visible(p.relative_to(given).as_posix()))


def _in_bucket(given: Url) -> Sequence[Location]:
    if given.suffix == ".parquet":
        return [given]
    found = objects.find(given, TimelineReadError)
    return [url for url in found if url.suffix == ".parquet" and _visible(url.place(given))]


def read_videos(paths: Sequence[Location], columns: Sequence[str]) -> Iterator[pa.Table]:
    """The rows of timeline files, a table at a time. Every table holds all rows of one or more videos; the last one of a file
    may be empty and has the file's metadata, which name the videos that have no rows.

    Raises
    ------
    TimelineReadError
        if a file is missing, damaged, or not a timeline.
    UsageError
        if two files, or two parts of a file, hold a video of the same name.
    """
    places: dict[str, Location] = {}
    for path in paths:
        file, _ = open_timeline(path)
        with file:
            for table in _whole_videos(file, path, columns):
                _claim(table, path, places)
                yield table.replace_schema_metadata()
            empty = file.empty_table(columns)
        yield empty


def _whole_videos(file: TimelineFile, path: Location, columns: Sequence[str]) -> Iterator[pa.Table]:
    waiting: list[pa.Table] = []
    for group in range(file.num_row_groups):
        try:
            table = file.read_row_group(group, columns=list(columns))
        except (OSError, ValueError, pa.ArrowException) as error:
            raise TimelineReadError(f"{path} is damaged: {error}", "analyse the video again") from error
        if not len(table):
            continue
        refuse_impossible(table, str(path))
        number, names = video_numbers(table.column("video"))
        changes = np.flatnonzero(np.diff(number))
        last = len(table) - 1 - int(changes[-1]) if len(changes) else len(table)
        first_goes_on = bool(waiting) and waiting[-1].column("video")[-1].as_py() == names[0]
        if waiting and not first_goes_on:
            yield pa.concat_tables(waiting)
            waiting = []
        if last < len(table):
            yield pa.concat_tables([*waiting, table.slice(0, len(table) - last)])
            waiting = []
        waiting.append(table.slice(len(table) - last))
    if waiting:
        yield pa.concat_tables(waiting)


def _claim(table: pa.Table, path: Location, places: dict[str, Location]) -> None:
    """Remember where the videos of a table are."""
    for name in video_numbers(table.column("video"))[1]:
        if name in places:
            raise UsageError(f"{name} is in {places[name]} and again in {path}", "give every video once")
        places[name] = path


def _visible(inside: str) -> bool:
    return not any(part.startswith((".", "_")) for part in inside.split("/"))
