"""feelit plot"""

from __future__ import annotations

import feelit
from feelit.cli.command import Timelines, with_options
from feelit.options.timelines import PlotOptions


@with_options
def plot(timelines: Timelines, options: PlotOptions) -> None:
    """Draw timelines as a figure for a paper: what everybody shows over time, with the probabilities."""
    feelit.plot(timelines, options.out, options=options)
