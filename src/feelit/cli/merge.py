"""feelit merge"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def merge(
    timelines: Annotated[
        list[Path],
        typer.Argument(metavar="TIMELINE...", help="Files of `feelit analyze`, or folders of them.", show_default=False),
    ],
    out: Annotated[Path, typer.Option(help="The .parquet file to write.", show_default=False)],
    force: Annotated[bool, typer.Option("--force", help="Replace a file that exists.")] = False,
) -> None:
    """Join timelines into one table, with the rows of a single run over all their videos."""
    from feelit.timeline.merge import merge_files

    merge_files(timelines, out, force)
    for given in timelines:
        _tell_what_is_left_out(given)


def _tell_what_is_left_out(given: Path) -> None:
    """A folder may hold fewer timelines than videos were planned."""
    from feelit.manifest import has_manifest
    from feelit.names import one_line
    from feelit.status import status_of

    if not given.is_dir() or not has_manifest(given):
        return
    found = status_of(given)
    if lacking := found.failed + found.remaining:
        text = f"feelit: {lacking} of {found.videos} videos of {given} are not in it (feelit status {given} tells more)"
        typer.echo(one_line(text), err=True)
