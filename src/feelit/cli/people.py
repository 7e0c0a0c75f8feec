"""feelit people"""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from feelit.cli.command import Timelines, with_options
from feelit.options.people import PeopleOptions
from feelit.options.printing import JsonOptions, QuietOptions

if TYPE_CHECKING:
    from feelit.analysis.people import Person


@with_options
def people(
    timelines: Timelines,
    options: PeopleOptions,
    printed: JsonOptions,
    progress: QuietOptions,
) -> None:
    """List the people of timelines, show them on a page, correct them by hand, and know them again in other recordings."""
    from feelit.analysis.people import as_json, people_of
    from feelit.api.people_changes import change_people
    from feelit.cli import texts
    from feelit.console import progress_bar
    from feelit.storage.names import one_line

    slow = options.sheet is not None or options.across or bool(options.enrol)
    with progress_bar("looking at faces", progress.quiet or not slow) as advance:
        done = change_people(timelines, options, advance)
    for note in done.notes:
        typer.echo(one_line(f"feelit: {note}"), err=True)
    if options.forget:
        return
    found = people_of(timelines)
    if printed.json:
        objects = [as_json(person) for person in found]
        texts.write_json({"people": objects, "proposals": done.proposals} if options.across else objects, indent=2)
    else:
        _show(found)


def _show(found: list[Person]) -> None:
    from feelit.analysis.people_text import SHORT_HEADINGS, WORDS, short
    from feelit.console import make_table, print_table

    names, rows, words = list(SHORT_HEADINGS), [short(person) for person in found], WORDS
    title = f"{len(rows)} {'person' if len(rows) == 1 else 'people'}"
    if len(videos := {row[0] for row in rows}) == 1:  # one name need not stand on every line
        title = f"{title} in {videos.pop()}"
        names, rows, words = names[1:], [row[1:] for row in rows], words - 1
    print_table(make_table(title, names, rows, words), expendable=("readable", "last", "first"))
