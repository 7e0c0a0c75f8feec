"""Plots of timelines and studies: selection, binning, and the file of the figure."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import numpy as np

from feelit.analysis.observations import TimelineSamples
from feelit.errors import MissingExtraError, UsageError
from feelit.options.timelines import PlotOptions
from feelit.plots.bins import ABSENT, Content, Section, binned
from feelit.plots.layout import left_mm, shortened
from feelit.plots.study import StudyFigure, draw_study, read_figure, study_files
from feelit.storage.atomic import refuse_to_overwrite, whole_file
from feelit.storage.location import Location
from feelit.storage.names import one_line
from feelit.storage.stat import InputFiles
from feelit.timeline.people import names_of_people, people_meant, refuse_unknown
from feelit.timeline.recording import Recording, TimelineSources, files_of, listed_sources, names_of, open_timelines, with_time
from feelit.timeline.schema import PEOPLE
from feelit.types import EMOTIONS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from feelit.plots.figure import TimelineFigure

BINS_A_MM = 4  # bins per mm, finer than print resolution
MOST_PANELS = 25  # more do not fit on a page, and are left out unless they are selected
MOST_BINS = 12000  # the most bins of all panels together, which keeps an SVG file below two megabytes


def plot_timeline(timelines: TimelineSources, options: PlotOptions) -> Figure:
    """Draw timelines as a figure, or the folder of a study; the ending of `options.out` says in which format.

    The same timelines and options give the same bytes, with the same version of matplotlib.

    Returns
    -------
    The figure that was written.

    Raises
    ------
    TimelineReadError
        if a file is missing, damaged, or not a timeline.
    UsageError
        if a video, a person or a track does not exist, or there is nothing to draw.
    OutputError
        if the output exists already and `options.force` is not set, or cannot be written.
    MissingExtraError
        if matplotlib is not installed.
    """
    sources = listed_sources(timelines)
    inputs = study_files(sources) or files_of(sources)
    refuse_to_overwrite(options.out, options.force, InputFiles(inputs))
    figure = figure_of(sources, options)
    _write(figure, options.out)
    return figure


def figure_of(timelines: TimelineSources, options: PlotOptions) -> TimelineFigure:
    """The same as a matplotlib figure, for a notebook or for changes by hand; `options.out` is ignored.

    Raises
    ------
    TimelineReadError, UsageError, MissingExtraError
        as `plot_timeline`.
    """
    sources = listed_sources(timelines)
    if tables := study_files(sources):
        if options.baseline != "none":
            raise UsageError("a study has a baseline of its own", "name it in the file of the study, and leave --baseline out")
        study = read_figure(tables)
        _require_matplotlib()
        return draw_study(study, options)
    content = content_of(sources, options)
    _require_matplotlib()
    from feelit.plots.figure import figure

    return figure(content, options.width_mm, options.dpi)


def write_study_figure(content: StudyFigure, options: PlotOptions, out: Location | None) -> TimelineFigure:
    """The figure of a study, also written to `out` if that is given.

    Raises
    ------
    UsageError, OutputError, MissingExtraError
        as `plot_timeline`.
    """
    _require_matplotlib()
    figure = draw_study(content, options)
    if out is not None:
        refuse_to_overwrite(out, options.force, InputFiles([]))
        _write(figure, out)
    return figure


def _write(figure: TimelineFigure, out: Location) -> None:
    from feelit.plots.figure import write

    with whole_file(out) as unfinished:
        write(figure, unfinished)


def _require_matplotlib() -> None:
    try:
        import matplotlib
    except ImportError as error:
        raise MissingExtraError("a plot needs matplotlib, which is not installed", "pip install 'feelit[plot]'") from error
    matplotlib.set_loglevel("error")  # no messages about its caches


def content_of(timelines: TimelineSources, options: PlotOptions) -> Content:
    """The content of the figure.

    Raises
    ------
    TimelineReadError, UsageError
        as `plot_timeline`.
    """
    recordings = _chosen(with_time(open_timelines(timelines), "a plot"), options.video)
    several = len(recordings) > 1
    sections: list[Section] = []
    room, left_out, videos_left = MOST_PANELS, 0, 0
    for recording in recordings:
        if room <= 0:
            videos_left += 1
            continue
        section, more = _section(recording, options, room, several)
        if section is not None:
            sections.append(section)
            room -= len(section.panels) + 1  # for the name and the times of the next video
        left_out += more
    if not sections:
        raise UsageError("there is nothing to plot: nobody was seen in that time", "choose another --start and --end")
    emotions = [EMOTIONS.index(name) for name in EMOTIONS if name in options.emotions]
    units = ("track", "tracks") if _by_track(options) else ("person", "people")
    counts = ((left_out, units), (videos_left, ("video", "videos")))
    words = [f"+{number} more {one if number == 1 else several}" for number, (one, several) in counts if number]
    return Content(sections, emotions, " and ".join(words), one_line(options.title), options.baseline != "none")


def _by_track(options: PlotOptions) -> bool:
    return options.by == "track" or (options.by is None and options.tracks is not None)


def _section(recording: Recording, options: PlotOptions, room: int, several: bool) -> tuple[Section | None, int]:
    """The panels of one video, and the number of people or tracks without room. Of several videos, those without a face are
    left out."""
    by_track = _by_track(options)
    rows = TimelineSamples(recording, "track" if by_track else "person")
    names = {} if by_track else names_of_people(recording)
    asked = options.tracks if options.people is None else people_meant(options.people, names)
    if options.tracks is not None:
        refuse_unknown(options.tracks, rows.track_id.tolist())
    frames = rows.frames
    start_s = max(options.start_s, float(frames.time_s[0]) if len(frames) else 0.0)
    end_s = min(options.end_s, float(frames.time_s[-1] + frames.length_s[-1]) if len(frames) else 0.0)
    if start_s >= end_s:
        if several:
            return None, 0
        raise UsageError("there is nothing to plot: no frame was looked at in that time", "choose another --start and --end")
    count = min(len(rows.track_id), room) if asked is None else len(set(asked))
    fine = int(BINS_A_MM * (options.width_mm - left_mm([""])))
    edges_s = np.linspace(start_s, end_s, 1 + max(min(fine, MOST_BINS // max(count, MOST_PANELS if several else 1)), 1))
    everybody = binned(rows, edges_s, options.baseline)
    seen = [bins for bins in everybody if bins.seen]
    if asked is not None:
        chosen = [bins for bins in everybody if bins.number in asked]
    else:
        chosen = sorted(seen, key=lambda bins: (bins.state == ABSENT).sum())[:room]
    unit = "track" if by_track or PEOPLE not in recording.groups else "person"
    panels = [
        (shortened(one_line(names.get(bins.number) or f"{unit} {bins.number}")), bins)
        for bins in sorted(chosen, key=lambda bins: bins.number)
    ]
    heading = one_line(PurePosixPath(recording.name).name) if several else ""
    return Section(heading, panels, edges_s) if panels else None, len(seen) - len(chosen) if asked is None else 0


def _chosen(recordings: Sequence[Recording], video: str | None) -> Sequence[Recording]:
    """The video of that name, or of that last part of a name; without a name, all."""
    source = ", ".join(dict.fromkeys(recording.source for recording in recordings)) or "the timeline"
    if not recordings:
        raise UsageError(f"{source} holds no video", "analyse one first")
    if video is None:
        return recordings
    found = [r for r in recordings if video == r.name] or [r for r in recordings if PurePosixPath(r.name).name == video]
    if len(found) == 1:
        return found
    what = "no video" if not found else f"{len(found)} videos"
    raise UsageError(f"{source} holds {what} named {video}", f"it holds {names_of(recordings)}")
