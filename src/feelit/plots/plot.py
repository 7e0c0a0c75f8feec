"""From a timeline file to the file of a figure."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import numpy as np

from feelit.analysis.observations import TimelineSamples
from feelit.errors import MissingExtraError, UsageError
from feelit.options.timelines import PlotOptions
from feelit.plots.bins import ABSENT, Content, binned
from feelit.plots.layout import data_mm
from feelit.storage.atomic import refuse_to_overwrite, whole_file
from feelit.storage.names import one_line
from feelit.storage.stat import InputFiles
from feelit.timeline.recording import Recording, TimelineSources, files_of, listed_sources, names_of, open_timelines, with_time
from feelit.timeline.tracks import refuse_unknown
from feelit.types import EMOTIONS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BINS_A_MM = 4
"""Finer than the eye sees in print, and than the smallest printed lines lie."""

MOST_TRACKS = 25
"""More do not fit on a page, and are left out unless they are asked for."""

MOST_TRACK_BINS = 12000
"""So many bins of all tracks together keep an SVG file below two megabytes."""


def plot_timeline(timelines: TimelineSources, options: PlotOptions) -> None:
    """Draw a timeline as a figure; the ending of `options.out` says in which format.

    The same timeline and options give the same bytes, with the same version of matplotlib.

    Raises
    ------
    TimelineReadError
        if the file is missing, damaged, or not a timeline.
    UsageError
        if a video or a track is asked for that there is not, or nothing is there to be drawn.
    OutputError
        if the output exists already and `options.force` is not set, or cannot be written.
    MissingExtraError
        if matplotlib is not installed.
    """
    sources = listed_sources(timelines)
    refuse_to_overwrite(options.out, options.force, InputFiles(files_of(sources)))
    content = content_of(sources, options)
    _require_matplotlib()
    from feelit.plots.figure import write

    with whole_file(options.out) as unfinished:
        write(content, options.width_mm, options.dpi, unfinished)


def figure_of(timelines: TimelineSources, options: PlotOptions) -> Figure:
    """The same as a figure of matplotlib, for a notebook or for changes by hand; `options.out` is not asked for.

    Raises
    ------
    TimelineReadError, UsageError, MissingExtraError
        as `plot_timeline`.
    """
    content = content_of(timelines, options)
    _require_matplotlib()
    from feelit.plots.figure import figure

    return figure(content, options.width_mm, options.dpi)


def _require_matplotlib() -> None:
    try:
        import matplotlib
    except ImportError as error:
        raise MissingExtraError("a plot needs matplotlib, which is not installed", "pip install 'feelit[plot]'") from error
    matplotlib.set_loglevel("error")  # it likes to talk of its caches


def content_of(timelines: TimelineSources, options: PlotOptions) -> Content:
    """What the figure is to show.

    Raises
    ------
    TimelineReadError, UsageError
        as `plot_timeline`.
    """
    rows = TimelineSamples(_one_of(with_time(open_timelines(timelines), "a plot"), options.video))
    refuse_unknown(options.tracks or (), rows.track_id.tolist())
    frames = rows.frames
    start_s = max(options.start_s, float(frames.time_s[0]) if len(frames) else 0.0)
    end_s = min(options.end_s, float(frames.time_s[-1] + frames.length_s[-1]) if len(frames) else 0.0)
    if start_s >= end_s:
        raise UsageError("there is nothing to plot: no frame was looked at in that time", "choose another --start and --end")
    count = min(len(rows.track_id), MOST_TRACKS) if options.tracks is None else len(set(options.tracks))
    bins = min(int(BINS_A_MM * data_mm(options.width_mm)), MOST_TRACK_BINS // max(count, 1))
    edges_s = np.linspace(start_s, end_s, 1 + max(bins, 1))
    tracks = binned(rows, edges_s)
    if options.tracks is not None:
        chosen = [track for track in tracks if track.track_id in options.tracks]
    else:
        chosen = sorted((t for t in tracks if t.seen), key=lambda t: (t.state == ABSENT).sum())[:MOST_TRACKS]
    if not chosen:
        raise UsageError("there is nothing to plot: nobody was seen in that time", "choose another --start and --end")
    more = sum(t.seen for t in tracks) - len(chosen) if options.tracks is None else 0
    emotions = [EMOTIONS.index(name) for name in EMOTIONS if name in options.emotions]
    return Content(sorted(chosen, key=lambda t: t.track_id), edges_s, emotions, more, one_line(options.title))


def _one_of(recordings: Sequence[Recording], video: str | None) -> Recording:
    """The video of that name, or of that last part of a name; without a name the only one."""
    source = ", ".join(dict.fromkeys(recording.source for recording in recordings)) or "the timeline"
    if not recordings:
        raise UsageError(f"{source} holds no video", "analyse one first")
    found = [r for r in recordings if video in (None, r.name)] or [r for r in recordings if PurePosixPath(r.name).name == video]
    if len(found) == 1:
        return found[0]
    if video is None:
        raise UsageError(f"{source} holds {len(recordings)} videos", f"choose one with --video: {names_of(recordings)}")
    what = "no video" if not found else f"{len(found)} videos"
    raise UsageError(f"{source} holds {what} named {video}", f"it holds {names_of(recordings)}")
