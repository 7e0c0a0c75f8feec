"""feelit export"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import typer

import feelit
from feelit.cli.command import Timelines, with_options
from feelit.options.timelines import ExportOptions


@with_options
def export(timelines: Timelines, options: ExportOptions) -> None:
    """Write timelines in the formats of other programs: annotation tools, players, statistics."""
    import sys

    from feelit.api.timelines import exported_text
    from feelit.storage.names import for_terminal

    if options.out not in (None, Path("-")):
        feelit.export(timelines, options.out, options=options)
        return
    for text in exported_text(timelines, replace(options, out=None)):
        shown = for_terminal(text) if sys.stdout.isatty() else text
        typer.echo(shown.encode(), nl=False)  # bytes: UTF-8 and no other newlines, whatever the terminal speaks
