"""What `feelit people` changes and writes, one thing after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from os import PathLike
from typing import TYPE_CHECKING, Any

from feelit.errors import UsageError
from feelit.options.kinds import located
from feelit.options.people import PeopleOptions
from feelit.storage.location import Location

if TYPE_CHECKING:
    from feelit.timeline.recording import TimelineSource


MOST_NAMED = 20  # the most pairs that may be one person that are named, the most likely ones first


Changes = tuple[list[str], list[dict[str, Any]]]
"""What was done, a line each, and pairs of people of two videos who may be one, as `relate.Proposed`."""


def change_people(
    timelines: Sequence[TimelineSource], options: PeopleOptions, progress: Callable[[float], None] = lambda share: None
) -> Changes:
    """Forget, correct, name, number and show people, as far as options ask for it.

    Raises
    ------
    FeelitError
        of the kinds that docs/python.md lists.
    """
    places = _places(timelines)
    if places is None and (options.corrects or options.across or options.within or options.enrol or options.forget):
        raise UsageError("what is in memory cannot be corrected", "give the path of the timeline file")
    notes, proposals = ([], []) if places is None else _change(places, options, progress)
    if options.sheet is not None:
        from feelit.reports.people_sheet import write_sheet

        notes += write_sheet(timelines, options, progress)
    return notes, proposals


def _change(places: list[Location], options: PeopleOptions, progress: Callable[[float], None]) -> Changes:
    from feelit.identity.corrections import correct

    notes: list[str] = []
    proposals: list[dict[str, Any]] = []
    photographs = None
    if options.forget or options.across or options.within or options.enrol:
        from feelit.identity import relate
        from feelit.identity.embeddings import templates

        notes += relate.forget(places) if options.forget else []
        # a photograph that cannot be used is named before anything is changed
        photographs = templates(options.enrol) if options.enrol else None
    notes += correct(places, options)
    if photographs is not None:
        names, seen = relate.names_by_photographs(places, options, photographs, progress)
        notes += [*correct(places, PeopleOptions(edits=options.edits), names), *seen]
    if options.across:
        numbered, proposed = relate.number_across(places, options, progress)
        proposals = [asdict(proposal) for proposal in proposed]
        notes += [*numbered, *map(str, proposed[:MOST_NAMED])]
        if len(proposed) > MOST_NAMED:
            notes.append(f"{len(proposed) - MOST_NAMED} less likely pairs are not named; --json lists all")
    if options.within:
        notes += relate.number_within(places)
    return notes, proposals


def _places(timelines: Sequence[TimelineSource]) -> list[Location] | None:
    """The files and folders; None if something is in memory."""
    paths = [source for source in timelines if isinstance(source, str | PathLike)]
    return [located(path) for path in paths] if len(paths) == len(timelines) else None
