"""feelit annotate"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Annotated

import typer

from feelit.cli.command import with_options
from feelit.options.videos import AnnotateOptions


@with_options
def annotate(
    video: Annotated[str, typer.Argument(help="The video that was analysed.", show_default=False)],
    timeline: Annotated[str, typer.Argument(help="The Parquet file that `feelit analyze` wrote.", show_default=False)],
    options: AnnotateOptions,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress.")] = False,
) -> None:
    """Draw a timeline on its video: boxes, identities, emotions and a strip of the whole."""
    import feelit.api as api
    from feelit.console import progress_bar
    from feelit.storage.names import one_line

    with progress_bar(f"annotating {PurePosixPath(video).name}", quiet) as advance:
        notes = api.annotate(video, timeline, str(options.out), options=options, progress=advance)
    for note in notes:
        typer.echo(one_line(f"feelit: {note}"), err=True)
