"""What `feelit people` changes and writes, one thing after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from os import PathLike
from typing import TYPE_CHECKING, Any

from feelit.errors import UsageError
from feelit.options.kinds import located
from feelit.options.people import PeopleOptions
from feelit.storage.location import Location

if TYPE_CHECKING:
    from feelit.timeline.recording import TimelineSource


MOST_NAMED = 20
"""The most pairs that may be one person that are named, the most likely ones first."""


@dataclass(slots=True)
class PeopleChanges:
    """What was done.

    Attributes
    ----------
    notes : a line each
    proposals : pairs of people of two videos who may be one, as `relate.Proposed`
    """

    notes: list[str] = field(default_factory=list)
    proposals: list[dict[str, Any]] = field(default_factory=list)


def change_people(
    timelines: Sequence[TimelineSource], options: PeopleOptions, progress: Callable[[float], None] = lambda share: None
) -> PeopleChanges:
    """Forget, correct, name, number and show people, as far as options ask for it."""
    done = PeopleChanges()
    places = _places(timelines)
    if places is None:
        if options.corrects or options.across or options.within or options.enrol or options.forget:
            raise UsageError("what is in memory cannot be corrected", "give the path of the timeline file")
    else:
        _change(places, options, progress, done)
    if options.sheet is not None:
        from feelit.reports.people_sheet import write_sheet

        done.notes += write_sheet(timelines, options, progress)
    return done


def _change(places: list[Location], options: PeopleOptions, progress: Callable[[float], None], done: PeopleChanges) -> None:
    from feelit.identity.corrections import correct

    if options.forget or options.across or options.within or options.enrol:
        from feelit.identity import relate

        if options.forget:
            done.notes += relate.forget(places)
    photographs = None
    if options.enrol:
        from feelit.identity.embeddings import templates

        photographs = templates(options.enrol)  # one that cannot be used is named before anything is changed
    done.notes += correct(places, options)
    if photographs is not None:
        names, notes = relate.names_by_photographs(places, options, photographs, progress)
        done.notes += [*correct(places, PeopleOptions(edits=options.edits), names), *notes]
    if options.across:
        notes, proposals = relate.number_across(places, options, progress)
        done.notes += notes
        done.proposals = [asdict(proposal) for proposal in proposals]
        done.notes += [str(proposal) for proposal in proposals[:MOST_NAMED]]
        if len(proposals) > MOST_NAMED:
            done.notes.append(f"{len(proposals) - MOST_NAMED} less likely pairs are not named; --json lists all")
    if options.within:
        done.notes += relate.number_within(places)


def _places(timelines: Sequence[TimelineSource]) -> list[Location] | None:
    """The files and folders; None if something is in memory."""
    paths = [source for source in timelines if isinstance(source, str | PathLike)]
    return [located(path) for path in paths] if len(paths) == len(timelines) else None
