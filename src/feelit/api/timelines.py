"""Functions of timelines. Each takes files, folders, recordings, data frames or tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from os import PathLike, fspath
from typing import TYPE_CHECKING, Literal

from feelit.api.tables import event_table, people_table, signal_table, summary_table, utterance_table
from feelit.options.agree import AgreeOptions
from feelit.options.expand import keywords
from feelit.options.kinds import listed, located
from feelit.options.people import PeopleOptions
from feelit.options.timelines import EventsOptions, ExportOptions, MergeOptions, PlotOptions, ReportOptions, SummarizeOptions
from feelit.options.transcripts import UtterancesOptions
from feelit.storage.location import Location
from feelit.timeline.recording import TimelineSources, frame_of, listed_sources, open_timelines

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from feelit.analysis.coders import Comparison
    from feelit.analysis.ratings import Ratings

Paths = str | PathLike[str] | Sequence[str | PathLike[str]]

EVERY_KIND = ("bout", "peak", "shared", "absence")
"""The default in Python is all events; a table on the terminal leaves out the many bouts."""


def read_timeline(path: TimelineSources) -> pd.DataFrame:
    """One or more timelines as one data frame; metadata of videos and models are in `frame.attrs`.

    Parameters
    ----------
    path : see `open_timelines`, which reads rows only when they are needed

    Raises
    ------
    TimelineReadError
        if it is missing, damaged, or not a timeline.
    """
    return frame_of(open_timelines(path))


def read_manifest(folder: str | PathLike[str]) -> pd.DataFrame:
    """The state of each video of a folder of timelines, one row each; docs/schema.md describes the columns.

    Raises
    ------
    TimelineReadError
        if the folder has no manifest, or it is damaged.
    """
    from feelit.run.manifest import manifest_table

    frame: pd.DataFrame = manifest_table(located(folder)).to_pandas()
    return frame


@keywords()
def merge(timelines: TimelineSources, out: str | PathLike[str], *, options: MergeOptions) -> None:
    """Join timelines into the table of a single run over all their videos.

    Parameters
    ----------
    out : the Parquet file to write
    """
    from feelit.timeline.merge import merge_files

    merge_files(timelines, located(out), options.force)


def summarize(
    timelines: TimelineSources, by: Literal["person", "track", "video"] | None = None, *, baseline: str = "none"
) -> pd.DataFrame:
    """Time on screen, shares of time, bouts, transitions and strongest moments.

    Parameters
    ----------
    timelines : timeline files, folders of them, recordings, data frames or Arrow tables: one or several
    by : "person", "track" or "video", for one row per each; None for people, or for tracks where they were not grouped. In a
        mixture, tracks of recordings without people are people
    baseline : whether columns `usual_*` and `above_*` say what a person usually shows, and how far mean probabilities lie above
        it: "auto" for medians over all readable time, a stretch such as "0:10-0:40" for means over it, or "none"

    Raises
    ------
    TimelineReadError
        if the file is missing, damaged, or not a timeline.
    """
    return summary_table(timelines, SummarizeOptions(by=by, baseline=baseline)).frame()


def summarize_signals(timelines: TimelineSources) -> pd.DataFrame:
    """Blinks, nods, looking at the camera, smiles: one row per person. docs/signals.md describes the columns.

    Parameters
    ----------
    timelines : see `summarize`; analysed with `signals="basic"` or `"all"`

    Raises
    ------
    TimelineReadError
        as `summarize`, and if a timeline has no signals.
    """
    return signal_table(timelines).frame()


@keywords()
def utterances(timelines: TimelineSources, transcript: str | PathLike[str], *, options: UtterancesOptions) -> pd.DataFrame:
    """Expressions during each utterance, one row per utterance; docs/transcripts.md describes the columns.

    Parameters
    ----------
    timelines : the timeline of one video
    transcript : WebVTT, SubRip, the JSON of whisperX, RTTM, or tiers of ELAN, Praat, BORIS or a table

    Returns
    -------
    One row per utterance. `frame.attrs["speakers"]` has one record per speaker: the person, what says so, and how many
    utterances there are.
    """
    return utterance_table(timelines, transcript, options).frame()


@keywords()
def people(
    timelines: TimelineSources, *, options: PeopleOptions, progress: Callable[[float], None] | None = None
) -> pd.DataFrame:
    """The people of timelines, one row per person. Corrections are kept in a file and applied to the timelines.

    Parameters
    ----------
    timelines : timeline files or folders of them; to list people only, recordings, data frames or Arrow tables as well

    Returns
    -------
    One row per person; docs/people.md describes the columns. `frame.attrs` has `notes`, what was done, a line each, and with
    `across` `proposals`: pairs of people who may be one.

    Raises
    ------
    FeelitError
        of the kinds that this page lists. Nothing is changed if a correction cannot be.
    """
    from feelit.api.people_changes import change_people

    sources = listed_sources(timelines)
    notes, proposals = change_people(sources, options, progress or (lambda share: None))
    frame = people_table(sources).frame()
    frame.attrs = {"notes": notes} | ({"proposals": proposals} if options.across else {})
    return frame


@keywords(kinds=EVERY_KIND)
def events(timelines: TimelineSources, *, options: EventsOptions) -> pd.DataFrame:
    """Bouts, peaks, shifts that several people share, and long absences, one row each; docs/events.md describes the columns.

    Raises
    ------
    TimelineReadError
        if the file is missing, damaged, or not a timeline.
    """
    return event_table(timelines, options).frame()


@keywords()
def export(timelines: TimelineSources, out: str | PathLike[str], *, options: ExportOptions) -> list[Location]:
    """Write timelines in the formats of other programs; docs/export.md describes each.

    Parameters
    ----------
    out : a file; or a folder, for formats that hold one video a file

    Returns
    -------
    The files that were written.
    """
    from feelit.exports.run import export_timelines

    return export_timelines(timelines, replace(options, out=located(out)))


def exported_text(timelines: TimelineSources, options: ExportOptions) -> Iterator[str]:
    """What `export` would write into one file, in pieces."""
    from feelit.exports.run import exported_text

    return exported_text(timelines, options)


@keywords()
def report(
    timelines: TimelineSources,
    out: str | PathLike[str],
    *,
    options: ReportOptions,
    progress: Callable[[float], None] | None = None,
) -> list[str]:
    """Show timelines on one HTML page, which a browser opens without a network.

    Parameters
    ----------
    out : the .html file to write

    Returns
    -------
    what is missing from the page, a line each: videos that were not found, or that changed since
    """
    from feelit.reports.write import write_report

    return write_report(timelines, replace(options, out=located(out)), progress or (lambda share: None))


@keywords()
def plot(timelines: TimelineSources, out: str | PathLike[str] | None = None, *, options: PlotOptions) -> Figure:
    """Draw a timeline as a figure for a paper: what everybody shows over time, with the probabilities.

    Parameters
    ----------
    out : also write it to this .pdf, .svg or .png file

    Returns
    -------
    The figure, which a notebook shows and matplotlib can change.

    Raises
    ------
    FeelitError
        of the kinds that docs/python.md lists; MissingExtraError without matplotlib.
    """
    from feelit.plots.plot import figure_of, plot_timeline

    if out is None:
        return figure_of(timelines, options)
    return plot_timeline(timelines, replace(options, out=located(out)))


@keywords()
def agree(sources: Sequence[str | PathLike[str]], *, options: AgreeOptions) -> Comparison | Ratings:
    """Compare coders of one recording: timelines, and annotations that people made; docs/agreement.md describes the figures.

    Parameters
    ----------
    sources : two or more timelines and files of annotations, in the formats of docs/agreement.md; `FILE@NAME` names the person
        of a timeline or the tier of a file

    Returns
    -------
    Coders, labels, and percent agreement, Cohen's and Fleiss' kappa, Krippendorff's alpha and confusion in `agreement`, with
    95 % intervals; with `icc` intraclass correlations in `intraclass` instead. `record()` gives all of it as JSON can hold it.
    """
    from feelit.analysis.coders import compare
    from feelit.analysis.ratings import compare_values

    paths = [fspath(source) for source in listed(sources)]
    return compare_values(paths, options) if options.icc else compare(paths, options)
