"""feelit summarize"""

from __future__ import annotations

from feelit.cli.command import Timelines, with_options
from feelit.options.printing import PrintSummaryOptions
from feelit.options.timelines import SummarizeOptions


@with_options
def summarize(timelines: Timelines, options: SummarizeOptions, printed: PrintSummaryOptions) -> None:
    """Summarize timelines: time on screen, emotions and their bouts, strongest moments."""
    from feelit.api.tables import signal_table, summary_table
    from feelit.cli import texts

    written = texts.choose(printed, timelines)
    found = signal_table(timelines) if options.signals else summary_table(timelines, options)
    texts.write_table(found, written, printed.out)
