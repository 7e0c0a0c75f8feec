"""The places of the rows of each video in a file or a table, and whether they are valid."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NoReturn, TypeAlias

import numpy as np
import pyarrow as pa

from feelit.errors import TimelineReadError, UsageError
from feelit.timeline.file import TimelineFile, TimelineTable
from feelit.timeline.validity import refuse_standing_times, video_numbers
from feelit.types import Float64, Int64

Rows: TypeAlias = TimelineFile | TimelineTable

ORDER = ("frame", "track_id", "time_s")
"""The columns that give rows their order."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Rows of one video that lie in one part of a file: start <= row < end."""

    part: int
    start: int
    end: int
    first_s: float  # the earliest and the latest time in them
    last_s: float


@dataclass(frozen=True, slots=True)
class Video:
    """One video of a file or a table, its rows ordered by frame and then by track."""

    rows: Rows
    name: str
    pieces: tuple[Piece, ...] = ()
    track_rows: Mapping[int, int] = field(default_factory=dict)  # how many rows each track has, by id, in order
    in_order: bool = True  # whether the rows were stored so
    ends_file: bool = False  # whether no other video comes after it


def videos_in(rows: Rows) -> Iterator[Video]:
    """The videos of a file or a table, then those that only its metadata name. Raises TimelineReadError if it is damaged, or
    holds what no timeline can: a row twice, or times that do not rise from frame to frame; UsageError if a video stands in it
    in two places."""
    current: _Reader | None = None
    seen: set[str] = set()
    for part in range(rows.parts):
        table = rows.read(part, ("video", *ORDER))
        number, names = video_numbers(table.column("video"))
        for start, end in pairwise(np.flatnonzero(np.diff(number, prepend=-1, append=-1)).tolist()):
            name = names[number[start]]
            if current is None or current.name != name:
                if current is not None:
                    yield current.finish(ends_file=False)
                if name in seen:
                    refuse_again(name, rows.source, rows.source)
                seen.add(name)
                current = _Reader(rows, name)
            current.add(part, start, table.slice(start, end - start))
    if current is not None:
        yield current.finish(ends_file=True)
    for name, facts in rows.metadata.get("videos", {}).items():
        if name not in seen and not facts.get("frames_sampled"):
            yield Video(rows, name)


def refuse_again(name: str, first: str, second: str) -> NoReturn:
    """Raise UsageError: a video is in two places."""
    raise UsageError(f"{name} is in {first} and again in {second}", "give every video once")


class _Reader:
    """Collects the pieces and tracks of one video while its rows are read."""

    def __init__(self, rows: Rows, name: str) -> None:
        self.rows, self.name = rows, name
        self._pieces: list[Piece] = []
        self._track_rows: dict[int, int] = {}
        self._in_order = True
        self._frame, self._track, self._time_s = -1, -2, -math.inf  # the row before, and the time of its frame

    def add(self, part: int, start: int, table: pa.Table) -> None:
        """The next rows."""
        frame, track, time_s = _columns(table)
        self._pieces.append(Piece(part, start, start + len(frame), float(time_s.min()), float(time_s.max())))
        for name, count in zip(*(a.tolist() for a in np.unique(track[track >= 0], return_counts=True)), strict=True):
            self._track_rows[name] = self._track_rows.get(name, 0) + count
        later = np.diff(frame, prepend=self._frame)
        self._in_order &= bool(((later > 0) | ((later == 0) & (np.diff(track, prepend=self._track) > 0))).all())
        if self._in_order:
            times = np.append(self._time_s, time_s[later > 0])
            refuse_standing_times(times, self.name)
            self._frame, self._track, self._time_s = int(frame[-1]), int(track[-1]), float(times[-1])

    def finish(self, ends_file: bool) -> Video:
        """The video, after all its rows. Rows that are not in order are sorted, in memory."""
        tracks = dict(sorted(self._track_rows.items()))
        if self._in_order:
            return Video(self.rows, self.name, tuple(self._pieces), tracks, ends_file=ends_file)
        names = self.rows.columns
        table = pa.concat_tables([self.rows.read(p.part, names).slice(p.start, p.end - p.start) for p in self._pieces])
        frame, track, time_s = _columns(table)
        order = np.lexsort((track, frame))
        frame, track, time_s = frame[order], track[order], time_s[order]
        if ((np.diff(frame) == 0) & (np.diff(track) == 0)).any():
            hint = "give every video once, under a name of its own"
            raise TimelineReadError(f"{self.name} is in {self.rows.source} twice", hint)
        refuse_standing_times(time_s[np.diff(frame, prepend=-1) > 0], self.name)
        sorted_rows = self.rows.in_memory(table.take(pa.array(order)))
        piece = Piece(0, 0, len(table), float(time_s.min()), float(time_s.max()))
        return Video(sorted_rows, self.name, (piece,), tracks, in_order=False)


def _columns(table: pa.Table) -> tuple[Int64, Int64, Float64]:
    """Frames, tracks and times; -1 for no track."""
    import pyarrow.compute as pc

    track = pc.fill_null(table.column("track_id").cast(pa.int64(), safe=False), -1)
    return (
        table.column("frame").to_numpy().astype(np.int64),
        track.to_numpy().astype(np.int64),
        table.column("time_s").to_numpy().astype(np.float64),
    )
