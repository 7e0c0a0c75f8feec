"""feelit people"""

from __future__ import annotations

from feelit.cli.command import Timelines, with_options
from feelit.cli.texts import note
from feelit.options.people import PeopleOptions
from feelit.options.printing import TABLE, JsonOptions, QuietOptions


@with_options
def people(timelines: Timelines, options: PeopleOptions, printed: JsonOptions, progress: QuietOptions) -> None:
    """List the people of timelines, show them on a page, correct them by hand, and recognise them in other recordings."""
    from feelit.api.people_changes import change_people
    from feelit.api.tables import people_table
    from feelit.cli import texts
    from feelit.console import progress_bar

    slow = options.sheet is not None or options.across or bool(options.enrol)
    with progress_bar("looking at faces", progress.quiet or not slow) as advance:
        notes, proposals = change_people(timelines, options, advance)
    note(*notes)
    if options.forget:
        return
    found = people_table(timelines)
    if printed.json:
        objects = [person.record() for person in found.records]
        texts.write_json({"people": objects, "proposals": proposals} if options.across else objects, indent=2)
    else:
        texts.write_table(found, TABLE, None)
