"""The timeline of one video, with the functions of the API as methods."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from os import PathLike
from typing import TYPE_CHECKING, Any, Literal

import pyarrow as pa

from feelit.api import timelines, videos
from feelit.options.expand import keywords
from feelit.options.kinds import located
from feelit.options.timelines import EventsOptions, ExportOptions, PlotOptions, ReportOptions
from feelit.options.transcripts import SayOptions, UtterancesOptions
from feelit.options.videos import AnnotateOptions, ClipsOptions
from feelit.storage.location import Location
from feelit.storage.names import one_line
from feelit.timeline import recording

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

MOST_ROWS = 20
"""The most people or videos that the display of an object in a notebook lists."""


class TimelineMethods:
    """The functions of the API that take timelines, as methods of recordings and datasets."""

    def summary(self: Any, by: Literal["person", "track", "video"] | None = None, *, baseline: str = "none") -> pd.DataFrame:
        """Time on screen, emotions and their bouts, strongest moments: one row per person, per track or of the video.

        See `feelit.summarize`.
        """
        return timelines.summarize(self, by=by, baseline=baseline)

    @keywords(kinds=timelines.EVERY_KIND)
    def events(self: Any, *, options: EventsOptions) -> pd.DataFrame:
        """Bouts, peaks, shifts that several people share, and long absences, one row each; see `feelit.events`."""
        return timelines.events(self, options=options)

    @keywords()
    def plot(self: Any, out: str | PathLike[str] | None = None, *, options: PlotOptions) -> Figure:
        """A figure of what everybody shows over time; see `feelit.plot`.

        Parameters
        ----------
        out : also write it to this .pdf, .svg or .png file
        """
        return timelines.plot(self, out, options=options)

    @keywords()
    def report(
        self: Any,
        out: str | PathLike[str],
        *,
        options: ReportOptions,
        progress: Callable[[float], None] | None = None,
    ) -> Location:
        """Write one HTML page; parts that are missing are warnings. See `feelit.report`.

        Parameters
        ----------
        out : the .html file to write
        progress : called with the share that is done, 0..1

        Returns
        -------
        Where the page is: a path, or an address in a bucket.
        """
        return written_report(self, out, options, progress)

    @keywords()
    def export(self: Any, out: str | PathLike[str], *, options: ExportOptions) -> list[Location]:
        """Write the rows in the format of another program; see `feelit.export`.

        Parameters
        ----------
        out : a file; or a folder, for formats that hold one video a file
        """
        return timelines.export(self, out, options=options)


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

    @keywords()
    def utterances(self, transcript: str | PathLike[str], *, options: UtterancesOptions) -> pd.DataFrame:
        """What faces showed while something was said, one row per utterance; see `feelit.utterances`.

        Parameters
        ----------
        transcript : WebVTT, SubRip, the JSON of whisperX, RTTM, or tiers of ELAN, Praat, BORIS or a table
        """
        return timelines.utterances(self, transcript, options=options)

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
        progress : called with the share that is done, 0..1

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
        progress : called with the share that is done, 0..1
        """
        return videos.clips(self.name if video is None else video, self, out, options=options, said=said, progress=progress)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {one_line(self.name)!r}: {', '.join(_facts(self))}>"

    def _repr_html_(self) -> str:
        people = _people(self)
        rows = [
            [
                person.name,
                f"{person.samples:,}",
                f"{person.readable / person.samples:.0%}",
                f"{person.emotion} {person.emotion_share:.0%}" if person.emotion else "-",
            ]
            for person in people[:MOST_ROWS]
        ]
        note = f"{len(people) - MOST_ROWS} more people" if len(people) > MOST_ROWS else ""
        title = f"<b>{escape(one_line(self.name))}</b>: {escape(', '.join(_facts(self)))}"
        return html_table(title, ["person", "samples", "readable", "shown most"], rows, note)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Person:
    """Counts of a person's samples, and the most frequent emotion with its share of the readable ones."""

    name: str
    samples: int
    readable: int
    emotion: str
    emotion_share: float


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


def _people(shown: recording.Recording) -> list[_Person]:
    """Everybody who is on screen, by id."""
    import pyarrow.compute as pc

    table = shown.table(["person_id", "readable", "emotion"])
    table = table.set_column(2, "emotion", table.column("emotion").cast(pa.string()))
    counts = table.filter(pc.is_valid(table.column("person_id"))).group_by(["person_id", "readable", "emotion"])
    found: dict[int, dict[str, int]] = {}
    samples: dict[int, int] = {}
    for row in counts.aggregate([([], "count_all")]).to_pylist():
        samples[row["person_id"]] = samples.get(row["person_id"], 0) + row["count_all"]
        mine = found.setdefault(row["person_id"], {})
        if row["readable"]:
            emotion = row["emotion"] or ""
            mine[emotion] = mine.get(emotion, 0) + row["count_all"]
    people = []
    for number, mine in sorted(found.items()):
        readable, best = sum(mine.values()), max(sorted(mine), key=mine.__getitem__, default="")
        people.append(
            _Person(
                name=shown.person_name(number) or str(number),
                samples=samples[number],
                readable=readable,
                emotion=best,
                emotion_share=mine[best] / readable if readable else 0.0,
            )
        )
    return people


def written_report(
    sources: recording.TimelineSources,
    out: str | PathLike[str],
    options: ReportOptions,
    progress: Callable[[float], None] | None,
) -> Location:
    """A report whose missing parts are warnings."""
    for note in timelines.report(sources, out, options=options, progress=progress):
        warnings.warn(note, stacklevel=4)  # where the method was called, above `keywords`
    return located(out)


def html_table(title: str, headings: list[str], rows: list[list[str]], note: str = "") -> str:
    """A table for a notebook; `title` is HTML, the rest is text."""
    head = "".join(f"<th>{escape(name)}</th>" for name in headings)
    body = "".join(f"<tr>{''.join(f'<td>{escape(one_line(cell))}</td>' for cell in row)}</tr>" for row in rows)
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>" if rows else ""
    return f"<div><p>{title}</p>{table}{f'<p>{escape(note)}</p>' if note else ''}</div>"
