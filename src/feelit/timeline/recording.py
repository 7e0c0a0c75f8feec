"""Timelines, read: the videos of files, folders, buckets, data frames and tables, each with its rows unread.

Everything that reads timelines stands on this module: it alone knows where the rows of a video lie, and it refuses what no
timeline can be.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from os import PathLike
from typing import TYPE_CHECKING, Any, Self, TypeAlias, TypeVar

import pyarrow as pa

from feelit.errors import TimelineReadError, UsageError
from feelit.options.kinds import expanded
from feelit.storage.location import Location, Url, location
from feelit.timeline.counts import Counts
from feelit.timeline.file import TimelineFile, TimelineTable, find_timelines, from_frame
from feelit.timeline.index import Piece, Rows, Video, refuse_again, videos_in
from feelit.timeline.schema import KEEP_ATTRS, PEOPLE, SCHEMA

if TYPE_CHECKING:
    import pandas as pd

BATCH_ROWS = 1 << 16
"""Rows of a batch at most."""

_Stated = TypeVar("_Stated")

NAMED = 5
"""How many of the videos that there are a hint names."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Info:
    """The metadata of one video. None stands for values that are missing or impossible."""

    width_px: int | None  # of the upright picture
    height_px: int | None
    duration_s: float | None
    average_rate: str | None  # frames a second, a fraction
    codec: str | None
    size_bytes: int | None
    fingerprint: str | None
    counts: Counts | None
    feelit_version: str | None
    config: Mapping[str, Any]  # the settings of the analysis
    models: Mapping[str, Any]  # name and checksum, by role
    edits: tuple[Mapping[str, Any], ...]  # made by hand since


class Recording:
    """The timeline of one video, read lazily: rows are loaded when they are needed.

    Attributes
    ----------
    name : the video as it was given to the analysis, as in the column `video`
    path : the file that holds its rows; None if they are in memory
    source : where its rows come from, in words
    columns : the columns that there are
    groups : the optional groups of columns that it has, see `schema.GROUPS`
    tracks : ids of its tracks, in order
    track_rows : how many rows each track has
    row_count : how many rows there are
    in_order : whether the rows were stored in order, in which they are read in any case
    metadata : what the file says of the analysis and of its videos
    """

    def __init__(self, video: Video) -> None:
        self._video, self._rows, self.name = video, video.rows, video.name
        self.columns, self.metadata, self.in_order = self._rows.columns, self._rows.metadata, video.in_order
        self.path: Location | None = self._rows.path
        self.source, self.groups = self._rows.source, self._rows.groups
        self.tracks, self.track_rows = tuple(video.track_rows), video.track_rows
        self.row_count = sum(piece.end - piece.start for piece in video.pieces)

    @classmethod
    def of(cls, other: Recording) -> Self:
        """The same timeline as an object of this class."""
        return cls(other._video)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}: {self.row_count} rows, {len(self.tracks)} tracks>"

    @property
    def facts(self) -> Mapping[str, Any]:
        """The metadata of this video as they are stored; empty if there are none."""
        return _stated(self.metadata.get("videos", {}), self.name, dict) or {}

    @property
    def duration_s(self) -> float | None:
        """Length of the video; None where the metadata do not say."""
        length = self.facts.get("duration_s")
        return float(length) if isinstance(length, int | float) and math.isfinite(length) and length > 0 else None

    @property
    def is_photograph(self) -> bool:
        """Whether it is of a photograph: one frame, and no time."""
        return self.facts.get("photograph") is True

    @property
    def info(self) -> Info:
        """The metadata of the video and of its analysis."""
        facts, metadata = self.facts, self.metadata
        return Info(
            width_px=_stated(facts, "width_px", int),
            height_px=_stated(facts, "height_px", int),
            duration_s=self.duration_s,
            average_rate=_stated(facts, "average_rate", str),
            codec=_stated(facts, "codec", str),
            size_bytes=_stated(facts, "size_bytes", int),
            fingerprint=_stated(facts, "fingerprint", str),
            counts=Counts.stated(facts, faces=sum(self.track_rows.values())),
            feelit_version=_stated(metadata, "feelit_version", str),
            config=_stated(metadata, "config", dict) or {},
            models=_stated(metadata, "models", dict) or {},
            edits=tuple(_stated(facts, "edits", list) or ()),
        )

    @property
    def people(self) -> tuple[int, ...]:
        """Ids of the people, in order. Where tracks were not grouped, each track is one."""
        return tuple(self.person_rows())

    def person_rows(self) -> dict[int, int]:
        """How many rows each person has, by id in order."""
        if PEOPLE not in self.groups:
            return dict(self.track_rows)
        import pyarrow.compute as pc

        counts: Counter[int] = Counter()
        for batch in self.batches(["person_id"]):
            counts.update({count["values"]: count["counts"] for count in pc.value_counts(batch.column(0)).to_pylist()})
        return {person: counts[person] for person in sorted(counts.keys() - {None})}

    def person_name(self, person: int) -> str | None:
        """The name of a person, or None."""
        entries = [entry for entry in _stated(self.facts, "people", list) or () if isinstance(entry, Mapping)]
        return next((_stated(entry, "name", str) for entry in entries if entry.get("person_id") == person), None)

    def batches(
        self, columns: Sequence[str] = (), *, start_s: float = -math.inf, end_s: float = math.inf
    ) -> Iterator[pa.RecordBatch]:
        """The rows in order, a batch at a time.

        Parameters
        ----------
        columns : which ones; none means all that there are. Of an optional group that is not there, values are null, but each
            track is a person
        start_s, end_s : rows from `start_s` to before `end_s` only

        Raises
        ------
        TimelineReadError
            if the file is damaged, has changed, or holds what no timeline can; or if a column is missing.
        """
        import pyarrow.compute as pc

        names = list(columns) or list(self.columns)
        whole = start_s == -math.inf and end_s == math.inf
        wanted = names if whole or "time_s" in names else [*names, "time_s"]
        pieces = [piece for piece in self._video.pieces if piece.last_s >= start_s and piece.first_s < end_s]
        for table in _read_ahead(self._rows, pieces, wanted):
            if not whole:
                time_s = table.column("time_s")
                inside = pc.and_(pc.greater_equal(time_s, start_s), pc.less(time_s, end_s))
                table = table.filter(inside).select(names)
            yield from table.unify_dictionaries().combine_chunks().to_batches(max_chunksize=BATCH_ROWS)
        if self._video.ends_file:
            self._rows.close()

    def table(self, columns: Sequence[str] = (), *, start_s: float = -math.inf, end_s: float = math.inf) -> pa.Table:
        """The same rows at once, without metadata.

        Raises
        ------
        TimelineReadError
            as `batches`.
        """
        names = list(columns) or list(self.columns)
        tables = [pa.Table.from_batches([batch]) for batch in self.batches(names, start_s=start_s, end_s=end_s)]
        return pa.concat_tables(tables).unify_dictionaries() if tables else self._rows.empty_table(names)

    def to_pandas(self) -> pd.DataFrame:
        """All rows as a data frame; the metadata of the video and of its analysis are in `frame.attrs`."""
        return frame_of([self])

    def close(self) -> None:
        """Close the file. It is opened again when rows are read."""
        self._rows.close()


def _read_ahead(rows: Rows, pieces: Sequence[Piece], columns: Sequence[str]) -> Iterator[pa.Table]:
    """The rows of some pieces, each read while the one before it is worked on."""

    def read(piece: Piece) -> pa.Table:
        return rows.read(piece.part, columns).slice(piece.start, piece.end - piece.start)

    if len(pieces) <= 1:
        yield from map(read, pieces)
        return
    with ThreadPoolExecutor(1) as thread:
        coming = thread.submit(read, pieces[0])
        for piece in pieces[1:]:
            table, coming = coming.result(), thread.submit(read, piece)
            yield table
        yield coming.result()


TimelineSource: TypeAlias = "str | PathLike[str] | Url | pd.DataFrame | pa.Table | Recording"
TimelineSources: TypeAlias = "TimelineSource | Iterable[TimelineSource]"


def open_timelines(sources: TimelineSources) -> list[Recording]:
    """Open timelines: files, folders of them, addresses in buckets, data frames, Arrow tables or recordings, one or several.
    Every video, those without rows included, in the order of the sources.

    Rows are read when they are asked for; which videos there are, and whether their rows follow one another as they must, is
    known at once. Raises TimelineReadError if one is missing, damaged, of a schema version that is not known, not in order, or
    holds rows twice; UsageError if two sources, or two parts of one, hold a video of the same name.
    """
    found: dict[str, Recording] = {}
    opened: set[Location] = set()
    for source in listed_sources(sources):
        for video in _videos(source, opened):
            if video.name in found:
                refuse_again(video.name, found[video.name].source, video.rows.source)
            found[video.name] = Recording(video)
    return list(found.values())


def listed_sources(sources: TimelineSources) -> list[TimelineSource]:
    """The same sources as a list, which can be read more than once; anything but a list is a single source."""
    single = isinstance(sources, str | bytes | PathLike | pa.Table | Recording) or hasattr(sources, "dtypes")  # or a data frame
    return list(sources) if isinstance(sources, Iterable) and not single else [sources]


def files_of(sources: Iterable[TimelineSource]) -> Iterator[Location]:
    """The files and objects that `open_timelines` would read. Raises TimelineReadError if a folder holds none."""
    for source in sources:
        if isinstance(source, Recording):
            yield from [source.path] if source.path is not None else []
        elif isinstance(source, str | PathLike | Url):
            yield from find_timelines([_place(source)])


def load_timelines(path: Location) -> list[Recording]:
    """The same of one file, with all rows in memory: the file may go away. Raises what `open_timelines` does."""
    with closing(TimelineFile(path)) as file:
        tables = [file.read(part, file.columns) for part in range(file.parts)] or [file.empty_table(file.columns)]
        rows = TimelineTable(pa.concat_tables(tables), "memory", file.metadata)
    return [Recording(video) for video in videos_in(rows)]


def with_time(recordings: Sequence[Recording], what: str) -> list[Recording]:
    """Those that are of videos: `what` is asked for needs time, which photographs have not. Raises UsageError if all are of
    photographs."""
    videos = [recording for recording in recordings if not recording.is_photograph]
    if recordings and not videos:
        message = f"{recordings[0].source} holds photographs, which have no time, and {what} shows time"
        raise UsageError(message, "summarize, people and export to csv, jsonl, openface or pyfeat read photographs")
    return videos


def frame_of(recordings: Sequence[Recording]) -> pd.DataFrame:
    """The rows of several recordings as one frame; in its `attrs`, what their timelines say, of every video and in common."""
    columns = [name for name in recordings[0].columns if all(name in r.columns for r in recordings)] if recordings else []
    tables = [recording.table(columns) for recording in recordings]
    frame: pd.DataFrame = (pa.concat_tables(tables).unify_dictionaries() if tables else SCHEMA.empty_table()).to_pandas()
    for recording in recordings:
        rest = {key: value for key, value in recording.metadata.items() if key != "videos"}
        frame.attrs |= {key: value for key, value in rest.items() if frame.attrs.setdefault(key, value) == value}
        if recording.facts:
            frame.attrs.setdefault("videos", {})[recording.name] = dict(recording.facts)
    return frame


def one_video(recordings: Sequence[Recording], fingerprint: str, video: str) -> Recording:
    """The timeline of a video that is known by its content. Raises TimelineReadError if there is none of it, as it is now."""
    for recording in recordings:
        if recording.facts.get("fingerprint") == fingerprint:
            return recording
    sources = ", ".join(dict.fromkeys(recording.source for recording in recordings)) or "the timeline"
    if recordings and not any(recording.facts for recording in recordings):
        message = f"{sources} does not say of which files its videos are: its metadata are missing"
        raise TimelineReadError(message, KEEP_ATTRS)
    hint = f"it holds {names_of(recordings)}; if the video changed since, analyse it again"
    raise TimelineReadError(f"{sources} has no rows for {video}", hint)


def names_of(recordings: Sequence[Recording]) -> str:
    """Their names, for a hint: the first few."""
    names = [recording.name for recording in recordings]
    return ", ".join(names[:NAMED]) + (", ..." if len(names) > NAMED else "") or "no video"


def _stated(record: Mapping[str, Any], name: str, kind: type[_Stated]) -> _Stated | None:
    value = record.get(name)
    return value if isinstance(value, kind) else None


def _place(source: str | PathLike[str] | Url) -> Location:
    return source if isinstance(source, Url) else location(expanded(source))


def _videos(source: Any, opened: set[Location]) -> Iterator[Video]:
    """The videos of one source; a file that was opened already, as a folder and a file in it may be given, is passed over."""
    if isinstance(source, Recording):
        yield source._video
    elif isinstance(source, pa.Table):
        yield from videos_in(TimelineTable(source, "the table"))
    elif hasattr(source, "dtypes"):
        yield from videos_in(from_frame(source))
    elif isinstance(source, str | PathLike | Url):
        for path in find_timelines([_place(source)]):
            if path in opened:
                continue
            opened.add(path)
            with closing(TimelineFile(path)) as rows:
                yield from videos_in(rows)
    else:
        if isinstance(source, bytes):
            expanded(source)  # refuses it
        hint = "give paths, addresses, pandas data frames, Arrow tables or recordings"
        raise UsageError(f"{type(source).__name__} is no timeline", hint)
