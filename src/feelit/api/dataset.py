"""Timelines of several videos."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from os import PathLike
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, overload

from feelit.api.recording import MOST_ROWS, Recording, TimelineMethods, html_table
from feelit.errors import FeelitError, UsageError
from feelit.storage.location import Url
from feelit.timeline import recording

if TYPE_CHECKING:
    import pandas as pd

    from feelit.run.job import VideoReport
    from feelit.run.manifest import Entry


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """A video that could not be analysed.

    Attributes
    ----------
    video : its name
    message, hint : what went wrong, and what to do about it
    kind : the name of the exception, as in "VideoReadError"
    exit_code : of that exception
    """

    video: str
    message: str
    hint: str
    kind: str
    exit_code: int

    @classmethod
    def of(cls, found: VideoReport | Entry) -> Failure:
        """The failure that a report or a row of a manifest states."""
        kind = found.error_kind or FeelitError.__name__
        return cls(video=found.video, message=found.error or "", hint=found.hint or "", kind=kind, exit_code=found.exit_code)


class Dataset(TimelineMethods, Sequence[Recording]):
    """Timelines of several videos: a sequence of recordings, by number or by name. Files are opened on first access.

    Parameters
    ----------
    sources : see `feelit.open_timelines`
    failures : videos without a timeline; None looks for them in the manifests of folders among the sources
    """

    def __init__(self, sources: recording.TimelineSources, failures: Sequence[Failure] | None = None) -> None:
        self._sources, self._failures = sources, failures

    @cached_property
    def _recordings(self) -> tuple[Recording, ...]:
        return tuple(map(Recording.of, recording.open_timelines(self._sources)))

    @cached_property
    def failures(self) -> tuple[Failure, ...]:
        """The videos that have no timeline because something is wrong with them."""
        return tuple(_noted_failures(self._sources) if self._failures is None else self._failures)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the videos."""
        return tuple(one.name for one in self._recordings)

    def __len__(self) -> int:
        return len(self._recordings)

    def __iter__(self) -> Iterator[Recording]:
        return iter(self._recordings)

    @overload
    def __getitem__(self, which: int | str) -> Recording: ...

    @overload
    def __getitem__(self, which: slice) -> Dataset: ...

    def __getitem__(self, which: int | str | slice) -> Recording | Dataset:
        if isinstance(which, slice):
            return Dataset(self._recordings[which], ())
        if isinstance(which, str):
            return self._named(which)
        return self._recordings[which]

    def to_pandas(self) -> pd.DataFrame:
        """The rows of all videos as one frame; the metadata of videos and analyses are in `frame.attrs`."""
        return recording.frame_of(self._recordings)

    def _named(self, name: str) -> Recording:
        """The recording of that name, or of that last part of a name."""
        found = [one for one in self if one.name == name] or [one for one in self if PurePosixPath(one.name).name == name]
        if len(found) != 1:
            what = f"{len(found)} videos" if found else "no video"
            raise UsageError(f"there is {what} named {name}", f"there are {recording.names_of(self)}")
        return found[0]

    def __repr__(self) -> str:
        failed = f", {len(self.failures)} failed" if self.failures else ""
        return f"<{type(self).__name__}: {_counted(len(self))}{failed}>"

    def _repr_html_(self) -> str:
        rows = []
        for one in self[:MOST_ROWS]:
            length, people = one.duration_s, one.facts.get("people")
            persons = str(len(people)) if isinstance(people, list) else "-"
            duration = "-" if length is None else f"{length:.1f} s"
            rows.append([one.name, duration, persons, str(len(one.tracks)), f"{one.row_count:,}"])
        rows += [[failure.video, "failed", "-", "-", "-"] for failure in self.failures[: max(0, MOST_ROWS - len(rows))]]
        hidden = len(self) + len(self.failures) - len(rows)
        headings = ["video", "duration", "people", "tracks", "rows"]
        return html_table(_counted(len(self)), headings, rows, f"{hidden} more videos" if hidden else "")


def open_timelines(sources: recording.TimelineSources) -> Dataset:
    """Open timelines: `feelit.open_timelines("results.parquet")[0]` is the recording of the first video.

    Parameters
    ----------
    sources : timeline files, folders of them, addresses in buckets, data frames, Arrow tables or recordings: one or several

    Returns
    -------
    A sequence of recordings, in the order of the sources.

    Raises
    ------
    TimelineReadError
        if one is missing, damaged, or not a timeline.
    UsageError
        if a video stands in two of them.
    """
    dataset = Dataset(list(sources) if isinstance(sources, Iterator) else sources)
    len(dataset)  # opens them: what is wrong is said now
    return dataset


def _noted_failures(sources: Any) -> list[Failure]:
    """The videos that failed according to the manifests of folders among the sources."""
    from feelit.run.status import status_of_each

    several = [sources] if isinstance(sources, str | PathLike | Url) else sources if isinstance(sources, list | tuple) else []
    paths = [source for source in several if isinstance(source, str | PathLike | Url)]
    return [Failure.of(entry) for found in status_of_each(paths) for entry in found.failures]


def _counted(videos: int) -> str:
    return f"{videos:,} video{'' if videos == 1 else 's'}"
