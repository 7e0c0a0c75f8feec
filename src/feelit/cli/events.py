"""feelit events"""

from __future__ import annotations

from typing import TYPE_CHECKING

from feelit.cli.command import Timelines, with_options
from feelit.options.printing import PrintOptions
from feelit.options.timelines import EventsOptions

if TYPE_CHECKING:
    from feelit.analysis.event import Event


@with_options
def events(
    timelines: Timelines,
    options: EventsOptions,
    printed: PrintOptions,
) -> None:
    """Find what happens: bouts, peaks, shifts that people share, long absences; each with a p-value or an interval."""
    from feelit.analysis.event_text import csv_text, json_text
    from feelit.analysis.events import wanted_events
    from feelit.cli import texts

    target, written = printed.out, texts.choose(printed, timelines)
    found = wanted_events(timelines, options)
    if written == "table":
        _show(found)
    else:
        texts.write(json_text(found) if written == "json" else csv_text(found), target)


def _show(found: list[Event]) -> None:
    from feelit.analysis.event_text import SHORT_HEADINGS, WORDS, short
    from feelit.console import make_table, print_table

    names, rows, words = list(SHORT_HEADINGS), [short(event) for event in found], WORDS
    title = f"{len(rows)} event{'' if len(rows) == 1 else 's'}"
    if len(videos := {row[0] for row in rows}) == 1:  # one name need not stand on every line
        title = f"{title} in {videos.pop()}"
        names, rows, words = names[1:], [row[1:] for row in rows], words - 1
    print_table(make_table(title, names, rows, words), expendable=("usually", "peak", "end"))
