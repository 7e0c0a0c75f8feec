"""feelit plot"""

from __future__ import annotations

from typing import Annotated

import typer

from feelit.cli.command import with_options
from feelit.options.timelines import PlotOptions


@with_options
def plot(
    timelines: Annotated[
        list[str],
        typer.Argument(metavar="TIMELINE", help="Files of `feelit analyze`, or folders of them.", show_default=False),
    ],
    options: PlotOptions,
) -> None:
    """Draw timelines as a figure for a paper: what everybody shows over time, with the probabilities."""
    import feelit.api as api

    api.plot(timelines, str(options.out), options=options)
