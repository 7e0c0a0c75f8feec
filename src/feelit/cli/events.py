"""feelit events"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from feelit.cli.command import with_options
from feelit.options.timelines import EventsOptions

if TYPE_CHECKING:
    from feelit.analysis.event import Event


class Format(StrEnum):
    """How events are written."""

    table = "table"
    json = "json"
    csv = "csv"


@with_options
def events(
    timelines: Annotated[
        list[str],
        typer.Argument(metavar="TIMELINE", help="Files of `feelit analyze`, or folders of them.", show_default=False),
    ],
    options: EventsOptions,
    format_: Annotated[
        Format | None,
        typer.Option("--format", help="How to write them.", show_default="table, or what the ending of --out says"),
    ] = None,
    out: Annotated[
        str | None, typer.Option(metavar="PATH", help="Write a file instead of standard output.", show_default=False)
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that exists.")] = False,
) -> None:
    """Find what happens: bouts, peaks, shifts that people share, long absences; each with a p-value or an interval."""
    from feelit.analysis.event import Kind, is_wanted
    from feelit.analysis.event_text import csv_text, json_text
    from feelit.analysis.events import find_events
    from feelit.cli import texts

    target = texts.place_of(out)
    written = texts.choose(Format, format_, target, force, timelines)
    kinds = [Kind(kind) for kind in options.kinds]
    every = find_events(timelines, kinds, by=options.by, people=options.people, tracks=options.tracks)
    found = [event for event in every if is_wanted(event, options)]
    if written is Format.table:
        _show(found)
    else:
        texts.write(json_text(found) if written is Format.json else csv_text(found), target)


def _show(found: list[Event]) -> None:
    from feelit.analysis.event_text import SHORT_HEADINGS, WORDS, short
    from feelit.console import make_table, print_table

    names, rows, words = list(SHORT_HEADINGS), [short(event) for event in found], WORDS
    title = f"{len(rows)} event{'' if len(rows) == 1 else 's'}"
    if len(videos := {row[0] for row in rows}) == 1:  # one name need not stand on every line
        title = f"{title} in {videos.pop()}"
        names, rows, words = names[1:], [row[1:] for row in rows], words - 1
    print_table(make_table(title, names, rows, words), expendable=("usually", "peak", "end"))
