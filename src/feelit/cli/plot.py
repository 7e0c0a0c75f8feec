"""feelit plot"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def plot(
    timeline: Annotated[Path, typer.Argument(help="The Parquet file that `feelit analyze` wrote.", show_default=False)],
    out: Annotated[Path, typer.Option(help="The figure: a .pdf, .svg or .png file.")] = Path("timeline.pdf"),
    video: Annotated[
        str | None, typer.Option(help="Of which video, where the timeline holds several.", show_default="the only one")
    ] = None,
    tracks: Annotated[str | None, typer.Option(help="Only these tracks, as in 1,3.", show_default="all")] = None,
    emotion: Annotated[
        str | None, typer.Option(help="Only these emotions, as in happiness,surprise.", show_default="all")
    ] = None,
    start: Annotated[float, typer.Option(help="Begin here, in seconds.")] = 0.0,
    end: Annotated[float, typer.Option(help="End before this, in seconds.", show_default="its end")] = float("inf"),
    title: Annotated[str, typer.Option(help="A line above the figure.", show_default="none")] = "",
    width_mm: Annotated[float, typer.Option(help="Width of the figure, in millimetres.")] = 180.0,
    dpi: Annotated[int, typer.Option(help="Resolution of a .png file.")] = 300,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that exists.")] = False,
) -> None:
    """Draw a timeline as a figure for a paper: what every track shows over time, with the probabilities."""
    from feelit.analysis.event import words
    from feelit.plots.plot import PlotOptions, plot_timeline
    from feelit.timeline.tracks import parse_tracks
    from feelit.types import EMOTIONS

    emotions = EMOTIONS if emotion is None else tuple(words("--emotion", emotion, EMOTIONS))
    plot_timeline(timeline, PlotOptions(out, video, parse_tracks(tracks), emotions, start, end, title, width_mm, dpi, force))
