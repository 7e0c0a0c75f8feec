"""feelit summarize"""

from __future__ import annotations

from typing import TYPE_CHECKING

from feelit.cli.command import Timelines, with_options
from feelit.options.printing import PrintSummaryOptions
from feelit.options.timelines import SummarizeOptions

if TYPE_CHECKING:
    from feelit.analysis.signals import SignalSummary
    from feelit.analysis.summary import By
    from feelit.analysis.summary_text import Summary


@with_options
def summarize(
    timelines: Timelines,
    options: SummarizeOptions,
    printed: PrintSummaryOptions,
) -> None:
    """Sum up timelines: time on screen, emotions and their bouts, strongest moments."""
    from feelit.analysis.summary import summaries, unit_of
    from feelit.cli import texts
    from feelit.timeline.recording import open_timelines

    target, written = printed.out, texts.choose(printed, timelines)
    if options.signals:
        from feelit.analysis.signals import signal_summaries
        from feelit.analysis.signals_text import signals_text

        found = signal_summaries(timelines)
        if written == "table":
            _show_signals(found)
        else:
            texts.write(signals_text(found, written), target)
        return
    recordings = open_timelines(timelines)
    by = unit_of(recordings, options.by)
    records: list[Summary] = list(summaries(recordings, by, options.baseline))
    if written == "table":
        _show(records, by)
    else:
        texts.write(_text(records, by, written), target)


def _text(records: list[Summary], by: By, written: str) -> str:
    from feelit.analysis.summary_text import csv_text, json_text, markdown_text

    if written == "json":
        return json_text(records)
    return csv_text(records, by) if written == "csv" else markdown_text(records, by)


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


def _show_signals(records: list[SignalSummary]) -> None:
    from feelit.analysis.signals_text import SHORT_HEADINGS, WORDS, short
    from feelit.console import make_table, print_table

    names, rows, words = list(SHORT_HEADINGS), [short(record) for record in records], WORDS
    title = f"{len(rows)} {'person' if len(rows) == 1 else 'people'}"
    if len(videos := {row[0] for row in rows}) == 1:
        title, names, rows, words = f"{title} in {videos.pop()}", names[1:], [row[1:] for row in rows], words - 1
    expendable = ("duchenne", "mouth open", "mutual smiles", "turned away", "shakes", "with signals", "nods", "smiling")
    print_table(make_table(title, names, rows, words), expendable)
