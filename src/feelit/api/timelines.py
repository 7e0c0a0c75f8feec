"""What can be done with timelines."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from feelit.options.expand import keywords
from feelit.options.kinds import expanded, listed
from feelit.options.people import PeopleOptions
from feelit.options.timelines import EventsOptions, ExportOptions, PlotOptions, ReportOptions, SummarizeOptions
from feelit.storage.location import Location, location
from feelit.timeline.recording import frame_of, open_timelines

if TYPE_CHECKING:
    import pandas as pd

Paths = str | PathLike[str] | Sequence[str | PathLike[str]]


def read_timeline(path: str | PathLike[str]) -> pd.DataFrame:
    """A timeline file as a frame. What feelit noted about videos and models is in `frame.attrs`.

    Raises
    ------
    TimelineReadError
        if it is missing, damaged, or not a timeline.
    """
    return frame_of(open_timelines(path))


def read_manifest(folder: str | PathLike[str]) -> pd.DataFrame:
    """What became of every video of a folder of timelines, one row each; docs/schema.md describes the columns.

    Raises
    ------
    TimelineReadError
        if the folder has no manifest, or it is damaged.
    """
    return manifest_of(location(expanded(folder)))


def manifest_of(folder: Location) -> pd.DataFrame:
    """See `read_manifest`."""
    from feelit.run.manifest import manifest_table

    frame: pd.DataFrame = manifest_table(folder).to_pandas()
    return frame


def merge(timelines: Paths, out: str | PathLike[str], *, force: bool = False) -> None:
    """Join timelines into the table of a single run over all their videos.

    Parameters
    ----------
    timelines : a timeline file, a folder of them, or a list of either
    out : the Parquet file to write
    force : replace `out` if it exists

    Raises
    ------
    FeelitError
        of the kinds in errors.py.
    """
    from feelit.timeline.merge import merge_files

    merge_files(timelines, location(out), force)


def summarize(timeline: pd.DataFrame | str | PathLike[str], by: Literal["person", "track", "video"] = "person") -> pd.DataFrame:
    """Time on screen, shares of time, bouts, transitions and strongest moments.

    Parameters
    ----------
    timeline : what `analyze` or `read_timeline` gave, or the path of a timeline file
    by : "person", "track" or "video", for one row per each; where tracks were not grouped, each is a person

    Raises
    ------
    TimelineReadError
        if the file is missing, damaged, or not a timeline.
    """
    from feelit.analysis import summary

    return summary.summarize(timeline, SummarizeOptions(by=by).by)


@keywords()
def people(timelines: Paths | pd.DataFrame, *, options: PeopleOptions) -> pd.DataFrame:
    """Who is in timelines: one row per person. Corrections are kept in a file and applied to the timelines.

    Parameters
    ----------
    timelines : a timeline file, a folder of them, or a list of either; without corrections, what `analyze` gave as well

    Returns
    -------
    One row per person; docs/people.md describes the columns.

    Raises
    ------
    FeelitError
        of the kinds that this page lists. Nothing is changed if a correction cannot be.
    """
    from feelit.analysis.people import people_frame, people_of

    if isinstance(timelines, str | PathLike) or (isinstance(timelines, Iterable) and not hasattr(timelines, "dtypes")):
        correct_people(timelines, options)
    elif options.corrects:
        from feelit.errors import UsageError

        raise UsageError("a frame cannot be corrected", "give the path of the timeline file")
    if options.sheet is not None:
        write_people_sheet(timelines, options)
    return people_frame(people_of(timelines))


def write_people_sheet(
    timelines: Paths | pd.DataFrame, options: PeopleOptions, progress: Callable[[float], None] = lambda share: None
) -> list[str]:
    """Write the contact sheet.

    Returns
    -------
    what is missing from it, a line each
    """
    from feelit.reports.people_sheet import write_sheet

    return write_sheet(timelines, options, progress)


def correct_people(timelines: Paths, options: PeopleOptions) -> list[str]:
    """Apply corrections, given and kept.

    Returns
    -------
    what was done, a line each
    """
    from feelit.identity.corrections import correct

    return correct([location(expanded(path)) for path in listed(timelines)], options)


@keywords(kinds=("bout", "peak", "shared", "absence"))
def events(timeline: pd.DataFrame | str | PathLike[str], *, options: EventsOptions) -> pd.DataFrame:
    """Bouts, peaks, shifts that several tracks share, and long absences, one row each; docs/events.md describes the columns.

    Parameters
    ----------
    timeline : what `analyze` or `read_timeline` gave, or the path of a timeline file

    Raises
    ------
    TimelineReadError
        if the file is missing, damaged, or not a timeline.
    """
    from feelit.analysis.event import Kind, is_wanted
    from feelit.analysis.event_text import event_frame
    from feelit.analysis.events import find_events

    return event_frame(
        [event for event in find_events(timeline, [Kind(kind) for kind in options.kinds]) if is_wanted(event, options)]
    )


@keywords()
def export(timelines: Paths, out: str | PathLike[str], *, options: ExportOptions) -> list[Path]:
    """Write timelines in the formats of other programs; docs/export.md describes each.

    Parameters
    ----------
    timelines : a timeline file, a folder of them, or a list of either
    out : a file; or a folder, for formats that hold one video a file

    Returns
    -------
    The files that were written.

    Raises
    ------
    FeelitError
        of the kinds that docs/python.md lists.
    """
    from feelit.exports.run import export_timelines

    return export_timelines(timelines, replace(options, out=Path(expanded(out))))


@keywords()
def report(
    timelines: Paths,
    out: str | PathLike[str],
    *,
    options: ReportOptions,
    progress: Callable[[float], None] | None = None,
) -> list[str]:
    """Show timelines on one HTML page, which a browser opens without a network.

    Parameters
    ----------
    timelines : a timeline file, a folder of them, or a list of either
    out : the .html file to write
    progress : called with the share that is done, 0..1

    Returns
    -------
    what is missing from the page, a line each: videos that were not found, or that changed since

    Raises
    ------
    FeelitError
        of the kinds that docs/python.md lists.
    """
    from feelit.reports.write import write_report

    return write_report(timelines, replace(options, out=Path(expanded(out))), progress or (lambda share: None))


@keywords()
def plot(timeline: str | PathLike[str], out: str | PathLike[str], *, options: PlotOptions) -> None:
    """Draw a timeline as a figure for a paper: what every track shows over time, with the probabilities.

    Parameters
    ----------
    timeline : the Parquet file of `feelit analyze`
    out : a .pdf, .svg or .png file

    Raises
    ------
    FeelitError
        of the kinds that docs/python.md lists; MissingExtraError without matplotlib.
    """
    from feelit.plots.plot import plot_timeline

    plot_timeline(timeline, replace(options, out=Path(expanded(out))))
