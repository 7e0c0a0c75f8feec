"""The timeline of one video, with the functions of the API as methods."""

from __future__ import annotations

import functools
import inspect
import re
import warnings
from collections.abc import Callable
from html import escape
from os import PathLike
from typing import TYPE_CHECKING, Any, TypeVar

from feelit.api import timelines, videos
from feelit.options.expand import keywords
from feelit.options.kinds import located
from feelit.options.timelines import ReportOptions
from feelit.options.transcripts import SayOptions
from feelit.options.videos import AnnotateOptions, ClipsOptions
from feelit.storage.location import Location
from feelit.storage.names import one_line
from feelit.timeline import recording

if TYPE_CHECKING:
    import pandas as pd

Result = TypeVar("Result")

MOST_ROWS = 20  # the most people or videos that the display of an object in a notebook lists


def method(function: Callable[..., Result]) -> Callable[..., Result]:
    """A function of the API as a method of what it takes first."""
    first, *others = inspect.signature(function).parameters.values()

    @functools.wraps(function)
    def call(self: Any, *positional: Any, **given: Any) -> Result:
        return function(self, *positional, **given)

    own = first.replace(name="self", annotation=first.empty)
    call.__signature__ = inspect.signature(function).replace(parameters=[own, *others])  # type: ignore[attr-defined]  # for help()
    call.__doc__ = re.sub(rf"^{first.name} : .*\n", "", inspect.getdoc(function) or "", flags=re.MULTILINE)
    return call


class TimelineMethods:
    """The functions of the API that take timelines, as methods of recordings and datasets."""

    summary = method(timelines.summarize)
    events = method(timelines.events)
    plot = method(timelines.plot)
    export = method(timelines.export)

    @keywords()
    def report(
        self: Any, out: str | PathLike[str], *, options: ReportOptions, progress: Callable[[float], None] | None = None
    ) -> Location:
        """Write one HTML page; parts that are missing are warnings. See `feelit.report`.

        Parameters
        ----------
        out : the .html file to write

        Returns
        -------
        Where the page is: a path, or an address in a bucket.
        """
        for note in timelines.report(self, out, options=options, progress=progress):
            warnings.warn(note, stacklevel=3)  # where the method was called, above `keywords`
        return located(out)


class Recording(TimelineMethods, recording.Recording):
    """The timeline of one video: read lazily from its file, or held in memory.

    `feelit.analyze` and `feelit.open_timelines` give recordings, and every function that reads timelines takes them.

    Attributes
    ----------
    name : the video as it was given to the analysis
    path : the file that holds the rows; None if they are in memory
    info : what is known of the video and its analysis: size, duration, counts, settings, models
    people, tracks : their ids, in order
    columns, row_count : of the rows
    """

    utterances = method(timelines.utterances)

    @keywords()
    def annotate(
        self,
        out: str | PathLike[str],
        video: str | PathLike[str] | None = None,
        *,
        options: AnnotateOptions,
        progress: Callable[[float], None] | None = None,
    ) -> Location:
        """Draw the timeline on its video; streams that the file cannot hold are warnings. See `feelit.annotate`.

        Parameters
        ----------
        out : the annotated video to write
        video : where the video is; None looks for it under its name

        Returns
        -------
        Where the annotated video is: a path, or an address in a bucket.
        """
        place = self.name if video is None else video
        for note in videos.annotate(place, self, out, options=options, progress=progress):
            warnings.warn(f"{located(out).name} cannot hold {note}; it is left out", stacklevel=3)
        return located(out)

    @keywords()
    def clips(
        self,
        out: str | PathLike[str],
        video: str | PathLike[str] | None = None,
        *,
        options: ClipsOptions,
        said: SayOptions,
        progress: Callable[[float], None] | None = None,
    ) -> pd.DataFrame:
        """Cut the strongest moments, or what was said, out of the video into a folder; see `feelit.clips`.

        Parameters
        ----------
        out : the folder for the clips
        video : where the video is; None looks for it under its name
        """
        return videos.clips(self.name if video is None else video, self, out, options=options, said=said, progress=progress)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {one_line(self.name)!r}: {', '.join(_facts(self))}>"

    def _repr_html_(self) -> str:
        rows = _person_rows(self)
        note = f"{len(rows) - MOST_ROWS} more people" if len(rows) > MOST_ROWS else ""
        title = f"<b>{escape(one_line(self.name))}</b>: {escape(', '.join(_facts(self)))}"
        return html_table(title, ["person", "samples", "readable", "shown most"], rows[:MOST_ROWS], note)


def _facts(shown: recording.Recording) -> list[str]:
    """Facts about a recording, in a few words each."""
    info, people = shown.info, shown.facts.get("people")
    found = [f"{info.duration_s:.1f} s"] if info.duration_s is not None else []
    if info.width_px and info.height_px:
        found.append(f"{info.width_px} × {info.height_px} px")
    if info.counts is not None:
        found.append(f"{info.counts.sampled:,} samples")
    if isinstance(people, list):
        found.append(f"{len(people)} {'person' if len(people) == 1 else 'people'}")
    found.append(f"{len(shown.tracks)} track{'' if len(shown.tracks) == 1 else 's'}")
    return [*found, f"{shown.row_count:,} rows"]


def _person_rows(shown: recording.Recording) -> list[list[str]]:
    """Everybody on screen, by id: name, samples, share of readable ones, and the most frequent emotion of these."""
    rows = []
    for number, mine in shown.table(["person_id", "readable", "emotion"]).to_pandas().groupby("person_id"):
        emotions = mine.loc[mine["readable"], "emotion"].astype(object).fillna("").value_counts().sort_index()
        most = emotions.idxmax() if len(emotions) else ""
        readable = emotions.sum()
        shown_most = f"{most} {emotions[most] / readable:.0%}" if most else "-"
        name = shown.person_name(int(number)) or str(int(number))
        rows.append([name, f"{len(mine):,}", f"{readable / len(mine):.0%}", shown_most])
    return rows


def html_table(title: str, headings: list[str], rows: list[list[str]], note: str = "") -> str:
    """A table for a notebook; `title` is HTML, the rest is text."""
    head = "".join(f"<th>{escape(name)}</th>" for name in headings)
    body = "".join(f"<tr>{''.join(f'<td>{escape(one_line(cell))}</td>' for cell in row)}</tr>" for row in rows)
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>" if rows else ""
    return f"<div><p>{title}</p>{table}{f'<p>{escape(note)}</p>' if note else ''}</div>"
