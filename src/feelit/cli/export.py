"""feelit export"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Format(StrEnum):
    """What timelines are written as."""

    csv = "csv"
    jsonl = "jsonl"
    elan = "elan"
    webvtt = "webvtt"
    srt = "srt"
    openface = "openface"
    pyfeat = "pyfeat"
    boris = "boris"
    textgrid = "textgrid"


def export(
    timelines: Annotated[
        list[str],
        typer.Argument(metavar="TIMELINE...", help="Files of `feelit analyze`, or folders of them.", show_default=False),
    ],
    format_: Annotated[
        Format | None, typer.Option("--format", help="What to write.", show_default="what the ending of --out says")
    ] = None,
    out: Annotated[Path, typer.Option(help="A file, or a folder with one file a video; - is standard output.")] = Path("-"),
    tracks: Annotated[str | None, typer.Option(help="Only these tracks, as in 1,3.", show_default="all")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace files that exist.")] = False,
) -> None:
    """Write timelines in the formats of other programs: annotation tools, players, statistics."""
    import sys

    from feelit.exports.run import ExportOptions, export_timelines, exported_text
    from feelit.storage.names import for_terminal
    from feelit.timeline.tracks import parse_tracks

    to_file = out != Path("-")
    options = ExportOptions(out if to_file else None, format_ and format_.value, parse_tracks(tracks), force)
    if to_file:
        export_timelines(timelines, options)
        return
    for text in exported_text(timelines, options):
        shown = for_terminal(text) if sys.stdout.isatty() else text
        typer.echo(shown.encode(), nl=False)  # bytes: UTF-8 and no other newlines, whatever the terminal speaks
