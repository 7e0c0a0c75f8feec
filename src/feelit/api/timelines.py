"""What can be done with timelines."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from feelit.options.kinds import expanded, listed
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


def summarize(timeline: pd.DataFrame | str | PathLike[str], by: Literal["track", "video"] = "track") -> pd.DataFrame:
    """Time on screen, shares of time, bouts, transitions and strongest moments.

    Parameters
    ----------
    timeline : what `analyze` or `read_timeline` gave, or the path of a timeline file
    by : one row a track, or one row a video

    Raises
    ------
    TimelineReadError
        if the file is missing, damaged, or not a timeline.
    """
    from feelit.analysis import summary

    return summary.summarize(timeline, by)


def events(timeline: pd.DataFrame | str | PathLike[str]) -> pd.DataFrame:
    """Bouts, peaks, shifts that several tracks share, and long absences, one row each; docs/events.md describes the columns.

    Parameters
    ----------
    timeline : what `analyze` or `read_timeline` gave, or the path of a timeline file

    Raises
    ------
    TimelineReadError
        if the file is missing, damaged, or not a timeline.
    """
    from feelit.analysis.event_text import event_frame
    from feelit.analysis.events import find_events

    return event_frame(find_events(timeline))


def export(
    timelines: Paths,
    out: str | PathLike[str],
    *,
    format: str | None = None,  # noqa: A002  # as --format of the command line
    tracks: Sequence[int] | None = None,
    force: bool = False,
) -> list[Path]:
    """Write timelines in the formats of other programs; docs/export.md describes each.

    Parameters
    ----------
    timelines : a timeline file, a folder of them, or a list of either
    out : a file; or a folder, for formats that hold one video a file
    format : "csv", "jsonl", "elan", "webvtt", "srt", "openface", "pyfeat", "boris" or "textgrid"; None leaves it to the ending
        of `out`
    tracks : write only these; None means all
    force : replace files that exist

    Returns
    -------
    The files that were written.

    Raises
    ------
    FeelitError
        of the kinds in errors.py.
    """
    from feelit.exports.run import ExportOptions, export_timelines

    wanted = tuple(tracks) if tracks is not None else None
    return export_timelines(timelines, ExportOptions(Path(out), format, wanted, force))


def report(
    timelines: Paths,
    out: str | PathLike[str],
    *,
    video: Paths = (),
    force: bool = False,
) -> list[str]:
    """Show timelines on one HTML page, which a browser opens without a network.

    Parameters
    ----------
    timelines : a timeline file, a folder of them, or a list of either
    out : the .html file to write
    video : where the videos are, files or folders; for pictures of faces and a player
    force : replace `out` if it exists

    Returns
    -------
    what is missing from the page, a line each: videos that were not found, or that changed since

    Raises
    ------
    FeelitError
        of the kinds in errors.py.
    """
    from feelit.reports.write import ReportOptions, write_report

    return write_report(timelines, ReportOptions(Path(out), tuple(_listed(video)), force))


def plot(
    timeline: str | PathLike[str],
    out: str | PathLike[str],
    *,
    video: str | None = None,
    tracks: Sequence[int] | None = None,
    emotions: Sequence[str] | None = None,
    start_s: float = 0.0,
    end_s: float = float("inf"),
    title: str = "",
    width_mm: float = 180.0,
    dpi: int = 300,
    force: bool = False,
) -> None:
    """Draw a timeline as a figure for a paper: what every track shows over time, with the probabilities.

    Parameters
    ----------
    timeline : the Parquet file of `feelit analyze`
    out : a .pdf, .svg or .png file
    video : of which video, where the timeline holds several
    tracks, emotions : only these; None means all
    start_s, end_s : the part to show, in seconds
    title : a line above the figure
    width_mm, dpi : width of the figure, and the resolution of a .png file
    force : replace `out` if it exists

    Raises
    ------
    FeelitError
        of the kinds in errors.py; MissingExtraError without matplotlib.
    """
    from feelit.analysis.event import words
    from feelit.plots.plot import PlotOptions, plot_timeline
    from feelit.types import EMOTIONS

    shown = EMOTIONS if emotions is None else tuple(words("emotions:", ",".join(emotions), EMOTIONS))
    wanted = tuple(tracks) if tracks is not None else None
    plot_timeline(timeline, PlotOptions(Path(out), video, wanted, shown, start_s, end_s, title, width_mm, dpi, force))


def _listed(paths: Paths) -> list[Path]:
    return [Path(path) for path in listed(paths)]
