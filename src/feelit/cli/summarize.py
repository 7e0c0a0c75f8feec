"""feelit summarize"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from feelit.cli.command import with_options
from feelit.options.timelines import SummarizeOptions

if TYPE_CHECKING:
    from feelit.analysis.summary import By
    from feelit.analysis.summary_text import Summary


class Format(StrEnum):
    """How a summary is written."""

    table = "table"
    json = "json"
    csv = "csv"
    md = "md"


@with_options
def summarize(
    timelines: Annotated[
        list[str],
        typer.Argument(metavar="TIMELINE", help="Files of `feelit analyze`, or folders of them.", show_default=False),
    ],
    options: SummarizeOptions,
    format_: Annotated[
        Format | None,
        typer.Option("--format", help="How to write it.", show_default="table, or what the ending of --out says"),
    ] = None,
    out: Annotated[
        str | None, typer.Option(metavar="PATH", help="Write a file instead of standard output.", show_default=False)
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that exists.")] = False,
) -> None:
    """Sum up timelines: time on screen, emotions and their bouts, strongest moments."""
    from feelit.analysis.summary import summaries, unit_of
    from feelit.cli import texts
    from feelit.timeline.recording import open_timelines

    target = texts.place_of(out)
    written = texts.choose(Format, format_, target, force, timelines)
    if options.signals:
        from feelit.analysis.signals import signal_summaries
        from feelit.analysis.signals_text import signals_text

        texts.write(signals_text(signal_summaries(timelines), written.value), target)
        return
    recordings = open_timelines(timelines)
    by = unit_of(recordings, options.by)
    records: list[Summary] = list(summaries(recordings, by))
    if written is Format.table:
        _show(records, by)
    else:
        texts.write(_text(records, by, written), target)


def _text(records: list[Summary], by: By, written: Format) -> str:
    from feelit.analysis.summary_text import csv_text, json_text, markdown_text

    if written is Format.json:
        return json_text(records)
    return csv_text(records, by) if written is Format.csv else markdown_text(records, by)


def _show(records: list[Summary], by: By) -> None:
    from feelit.analysis.summary_text import short, short_headings
    from feelit.console import make_table, print_table

    names, words = short_headings(by)
    rows = [short(record) for record in records]
    plural = {"person": "people", "track": "tracks", "video": "videos"}
    title = f"{len(rows)} {by if len(rows) == 1 else plural[by]}"
    if len(videos := {row[0] for row in rows}) == 1:  # one name need not stand on every line
        title = videos.pop() if by == "video" else f"{title} in {videos.pop()}"
        names, rows, words = names[1:], [row[1:] for row in rows], words - 1
    print_table(make_table(title, names, rows, words), expendable=("changes/min", "readable", "bouts", "events", "strongest"))
