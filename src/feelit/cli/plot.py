"""feelit plot"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from feelit.cli.command import with_options
from feelit.options.timelines import PlotOptions


@with_options
def plot(
    timeline: Annotated[Path, typer.Argument(help="The Parquet file that `feelit analyze` wrote.", show_default=False)],
    options: PlotOptions,
) -> None:
    """Draw a timeline as a figure for a paper: what every track shows over time, with the probabilities."""
    import feelit.api as api

    api.plot(timeline, options.out, options=options)
