"""feelit events"""

from __future__ import annotations

from feelit.cli.command import Timelines, with_options
from feelit.options.printing import PrintOptions
from feelit.options.timelines import EventsOptions


@with_options
def events(timelines: Timelines, options: EventsOptions, printed: PrintOptions) -> None:
    """Detect events: bouts, peaks, shifts that people share, long absences; each with a p-value or an interval."""
    from feelit.api.tables import event_table
    from feelit.cli import texts

    written = texts.choose(printed, timelines)
    texts.write_table(event_table(timelines, options), written, printed.out)
