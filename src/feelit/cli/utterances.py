"""feelit utterances"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from feelit.cli.command import Timeline, with_options
from feelit.options.printing import PrintOptions
from feelit.options.utterances import UtterancesOptions

if TYPE_CHECKING:
    from feelit.analysis.utterances import Table


@with_options
def utterances(
    timeline: Timeline,
    transcript: Annotated[
        str,
        typer.Argument(help="Who said what when: .vtt, .srt, .json of whisperX, .rttm, or annotations.", show_default=False),
    ],
    options: UtterancesOptions,
    printed: PrintOptions,
) -> None:
    """List what faces showed while something was said: the speaker's expression and the listeners', one row per utterance."""
    from pathlib import Path

    from feelit.analysis.speakers import unmatched_text
    from feelit.analysis.utterance_text import csv_text, json_text
    from feelit.analysis.utterances import utterance_table
    from feelit.cli import texts
    from feelit.options.kinds import expanded
    from feelit.storage.atomic import refuse_to_overwrite
    from feelit.storage.stat import InputFiles

    target, written = printed.out, texts.choose(printed, [timeline])
    said = Path(expanded(transcript))
    if target is not None:
        refuse_to_overwrite(target, printed.force, InputFiles([said]))
    found = utterance_table(expanded(timeline), said, options)
    if written == "table":
        _show(found)
    else:
        texts.write(json_text(found.rows) if written == "json" else csv_text(found.rows), target)
    for note in (unmatched_text(found.matches), _outside(found)):
        if note:
            typer.echo(f"feelit: {note}", err=True)


def _outside(found: Table) -> str:
    if not found.outside:
        return ""
    return f"{found.outside} of {len(found.rows)} utterances lie outside the video; --offset moves them"


def _show(found: Table) -> None:
    from feelit.analysis.utterance_text import SHORT_HEADINGS, WORDS, short
    from feelit.console import make_table, print_table

    rows = [short(row) for row in found.rows]
    plural = "" if len(rows) == 1 else "s"
    title = f"{len(rows)} utterance{plural} in {found.recording.name}"
    print_table(make_table(title, list(SHORT_HEADINGS), rows, WORDS), expendable=("seconds",))
