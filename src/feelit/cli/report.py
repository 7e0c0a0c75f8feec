"""feelit report"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def report(
    timelines: Annotated[
        list[str],
        typer.Argument(metavar="TIMELINE...", help="Files of `feelit analyze`, or folders of them.", show_default=False),
    ],
    out: Annotated[Path, typer.Option(help="The page, an .html file.")] = Path("report.html"),
    video: Annotated[
        list[Path] | None,
        typer.Option(help="Where the videos are, for pictures and a player; may be repeated.", show_default=False),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an output that exists.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress.")] = False,
) -> None:
    """Show timelines on one HTML page: who shows what when, events, data quality, an audit; it works without a network."""
    from feelit.console import progress_bar
    from feelit.reports.write import ReportOptions, write_report
    from feelit.storage.names import one_line

    with progress_bar(f"writing {out.name}", quiet) as advance:
        notes = write_report(timelines, ReportOptions(out, tuple(video or ()), force), advance)
    for note in notes:
        typer.echo(one_line(f"feelit: {note}"), err=True)
