"""feelit report"""

from __future__ import annotations

import feelit
from feelit.cli.command import Timelines, with_options
from feelit.cli.texts import note
from feelit.options.printing import QuietOptions
from feelit.options.timelines import ReportOptions


@with_options
def report(timelines: Timelines, options: ReportOptions, printed: QuietOptions) -> None:
    """Show timelines on one HTML page: who shows what when, events, data quality, an audit; it works without a network."""
    from feelit.console import progress_bar

    with progress_bar(f"writing {options.out.name}", printed.quiet) as advance:
        notes = feelit.report(timelines, options.out, options=options, progress=advance)
    note(*notes)
