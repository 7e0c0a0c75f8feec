"""feelit annotate"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from feelit.storage.location import Location


class Blur(StrEnum):
    """Whose faces are hidden."""

    none = "none"
    others = "others"
    all = "all"


def annotate(
    video: Annotated[Path, typer.Argument(help="The video that was analysed.", show_default=False)],
    timeline: Annotated[Path, typer.Argument(help="The Parquet file that `feelit analyze` wrote.", show_default=False)],
    out: Annotated[Path, typer.Option(help="The annotated video; ends in `.mp4`, `.m4v` or `.mov`.")] = Path("annotated.mp4"),
    blur: Annotated[Blur, typer.Option(help="Hide faces: all, or all others than --tracks.")] = Blur.none,
    tracks: Annotated[str | None, typer.Option(help="Draw only these tracks, as in 1,3.", show_default="all")] = None,
    codec: Annotated[str, typer.Option(help="By FFmpeg's name: `libx264`, `libx265` or `libvpx-vp9`.")] = "libx264",
    crf: Annotated[int | None, typer.Option(help="Constant rate factor.", show_default="the encoder's usual")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an output that exists.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress.")] = False,
) -> None:
    """Draw a timeline on its video: boxes, identities, emotions and a strip of the whole."""
    from feelit.render.annotate import AnnotateOptions
    from feelit.timeline.tracks import parse_tracks

    options = AnnotateOptions(out, codec, crf, blur.value, parse_tracks(tracks), force)
    draw(video, timeline, options, quiet)


def draw(video: Location, timeline: Location, options: object, quiet: bool) -> None:
    """Annotate one video, with a progress bar on a terminal."""
    from feelit.console import progress_bar
    from feelit.render.annotate import AnnotateOptions, annotate_video
    from feelit.render.rows import recording_of, rows_of

    assert isinstance(options, AnnotateOptions)
    rows, sampled_time_s = rows_of(recording_of(video, timeline))
    with progress_bar(f"annotating {video.name}", quiet) as advance:
        annotate_video(video, rows, sampled_time_s, options, advance)
