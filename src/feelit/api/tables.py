"""What analyses of timelines find, as the command line prints it; `timelines` gives the same as data frames."""

from __future__ import annotations

from functools import partial
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from feelit.analysis.table import ResultTable as ResultTable
from feelit.analysis.table import csv_of, json_of, rounded_row
from feelit.options.kinds import expanded
from feelit.timeline.recording import TimelineSources, open_timelines
from feelit.timeline.recording import files_of as files_of

if TYPE_CHECKING:
    from feelit.analysis.event import Event
    from feelit.analysis.people import Person
    from feelit.analysis.signals import SignalSummary
    from feelit.analysis.summary_text import Summary
    from feelit.analysis.utterances import UtteranceRow
    from feelit.options.timelines import EventsOptions, SummarizeOptions
    from feelit.options.transcripts import UtterancesOptions


def summary_table(timelines: TimelineSources, options: SummarizeOptions) -> ResultTable[Summary]:
    """See `timelines.summarize`."""
    from feelit.analysis import summary_text
    from feelit.analysis.summary import summaries, summary_frame, unit_of

    recordings = open_timelines(timelines)
    by = unit_of(recordings, options.by)
    records: list[Summary] = list(summaries(recordings, by, options.baseline))
    headings, words = summary_text.short_headings(by)
    return ResultTable(
        records=records,
        frame=lambda: summary_frame(records, by, options.baseline),
        texts={
            "json": lambda: summary_text.json_text(records),
            "csv": lambda: summary_text.csv_text(records, by),
            "md": lambda: summary_text.markdown_text(records, by),
        },
        unit=(by, {"person": "people", "track": "tracks", "video": "videos"}[by]),
        headings=headings,
        words=words,
        short=summary_text.short,
        expendable=("changes/min", "readable", "bouts", "events", "strongest"),
    )


def signal_table(timelines: TimelineSources) -> ResultTable[SignalSummary]:
    """See `timelines.summarize_signals`."""
    from feelit.analysis.signals import SHORT_HEADINGS, WORDS, short, signal_frame, signal_summaries, signals_text

    records = signal_summaries(timelines)
    return ResultTable(
        records=records,
        frame=lambda: signal_frame(records),
        texts={form: partial(signals_text, records, form) for form in ("json", "csv", "md")},
        unit=("person", "people"),
        headings=SHORT_HEADINGS,
        words=WORDS,
        short=short,
        expendable=("duchenne", "mouth open", "mutual smiles", "turned away", "shakes", "with signals", "nods", "smiling"),
    )


def event_table(timelines: TimelineSources, options: EventsOptions) -> ResultTable[Event]:
    """See `timelines.events`."""
    from feelit.analysis import event
    from feelit.analysis.events import wanted_events

    records = wanted_events(timelines, options)
    return ResultTable(
        records=records,
        frame=lambda: event.event_frame(records),
        texts={"json": lambda: json_of([event.flat(one) for one in records]), "csv": lambda: event.csv_text(records)},
        unit=("event", "events"),
        headings=event.SHORT_HEADINGS,
        words=event.WORDS,
        short=event.short,
        expendable=("usually", "peak", "end"),
    )


def utterance_table(
    timelines: TimelineSources, transcript: str | PathLike[str], options: UtterancesOptions
) -> ResultTable[UtteranceRow]:
    """See `timelines.utterances`."""
    from feelit.analysis import utterances as spoken
    from feelit.analysis.speakers import unmatched_text
    from feelit.analysis.utterances import spoken_in

    found = spoken_in(timelines, Path(expanded(transcript)), options)
    outside = f"{found.outside} of {len(found.rows)} utterances lie outside the video; --offset moves them"
    notes = (unmatched_text(found.matches), outside if found.outside else "")
    return ResultTable(
        records=found.rows,
        frame=lambda: spoken.utterance_frame(found),
        texts={
            "json": lambda: json_of([rounded_row(spoken.flat(row)) for row in found.rows]),
            "csv": lambda: csv_of(spoken.HEADINGS, (rounded_row(spoken.flat(row)) for row in found.rows)),
        },
        unit=(f"utterance in {found.recording.name}", f"utterances in {found.recording.name}"),
        headings=spoken.SHORT_HEADINGS,
        words=spoken.WORDS,
        short=spoken.short,
        expendable=("seconds",),
        notes=tuple(filter(None, notes)),
    )


def people_table(timelines: TimelineSources) -> ResultTable[Person]:
    """The people of timelines as they are; `people_changes` corrects them."""
    from feelit.analysis.people import SHORT_HEADINGS, WORDS, people_frame, people_of, short

    records = people_of(timelines)
    return ResultTable(
        records=records,
        frame=lambda: people_frame(records),
        texts={},
        unit=("person", "people"),
        headings=SHORT_HEADINGS,
        words=WORDS,
        short=short,
        expendable=("readable", "last", "first"),
    )
