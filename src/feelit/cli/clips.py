"""feelit clips"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from feelit.cli.annotate import Blur


def clips(
    video: Annotated[Path, typer.Argument(help="The video that was analysed.", show_default=False)],
    timeline: Annotated[Path, typer.Argument(help="The Parquet file that `feelit analyze` wrote.", show_default=False)],
    out: Annotated[Path, typer.Option(help="The folder for the clips.")] = Path("clips"),
    kind: Annotated[
        str | None,
        typer.Option(help="Of what, as in moment,shared: moment, bout, peak, shared, absence, or all.", show_default="moment"),
    ] = None,
    emotion: Annotated[
        str | None, typer.Option(help="Only of these emotions, as in happiness,surprise.", show_default="all but neutral")
    ] = None,
    tracks: Annotated[str | None, typer.Option(help="Only of these tracks, as in 1,3.", show_default="all")] = None,
    max_p: Annotated[float, typer.Option(help="Only where the p-value is no larger.", show_default="all")] = 1.0,
    most: Annotated[int, typer.Option(help="At most so many clips, the strongest.")] = 10,
    at: Annotated[str | None, typer.Option(help="Cut about these times too, in seconds, as in 12.5,33.")] = None,
    before: Annotated[float, typer.Option(help="Begin so many seconds before the event.")] = 1.0,
    after: Annotated[float, typer.Option(help="End so many seconds after it.")] = 1.0,
    annotated: Annotated[bool, typer.Option("--annotated", help="Draw the timeline on the clips.")] = False,
    blur: Annotated[Blur, typer.Option(help="Hide faces: all, or all others than --tracks.")] = Blur.none,
    codec: Annotated[str, typer.Option(help="Video encoder, by FFmpeg's name.")] = "libx264",
    crf: Annotated[int | None, typer.Option(help="Constant rate factor.", show_default="the encoder's usual")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the clips that the folder holds.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress.")] = False,
    json_lines: Annotated[bool, typer.Option("--json", help="Print one JSON object a clip.")] = False,
) -> None:
    """Cut the strongest moments out of a video, exact to the frame and with sound, into a folder of clips."""
    from dataclasses import replace

    from feelit.cli.texts import write_json
    from feelit.clipping.cut import ClipOptions, cut_clips
    from feelit.clipping.highlights import ClipQuery
    from feelit.clipping.index import flat
    from feelit.console import progress_bar
    from feelit.storage.names import one_line
    from feelit.timeline.tracks import parse_tracks
    from feelit.video.writer import Encoding

    query = replace(ClipQuery.parse(kind, emotion, parse_tracks(tracks), at), most=most, max_p=max_p)
    options = ClipOptions(out, query, before, after, annotated, blur.value, Encoding(codec, crf), force)
    with progress_bar(f"cutting {video.name}", quiet) as advance:
        cut = cut_clips(video, timeline, options, advance)
    if not cut:
        typer.echo(one_line(f"feelit: {timeline} has no such event; there are no clips"), err=True)
    if json_lines:
        for clip in cut:
            write_json(flat(clip))
