"""Selecting people and tracks: by name or number, and the names of people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from feelit.errors import UsageError
from feelit.storage.names import one_line
from feelit.timeline.recording import Recording
from feelit.timeline.schema import PEOPLE

Series = Literal["person", "track"]

NAMED = 20
"""The most people, or tracks, that a hint names."""


def names_of_people(recording: Recording) -> dict[int, str | None]:
    """The people of a timeline: number -> given name, or None; in the order of the numbers."""
    return {person: recording.person_name(person) for person in recording.people}


def series_of(recording: Recording, by: Series | None, people: Sequence[str] | None, tracks: Sequence[int] | None) -> Series:
    """Whether people or tracks are shown: `by` if given, else what is selected, else people if tracks were grouped."""
    if by is not None:
        return by
    if tracks is None and (people is not None or PEOPLE in recording.groups):
        return "person"
    return "track"


def people_meant(wanted: Sequence[str], names: Mapping[int, str | None]) -> tuple[int, ...]:
    """The numbers of selected people, each once; names are those of `names_of_people`. Raises UsageError if one is not there,
    or if several people have the name. A name comes before a number that reads the same."""
    return tuple(dict.fromkeys(_person_meant(word.strip(), names) for word in wanted))


def _person_meant(word: str, names: Mapping[int, str | None]) -> int:
    called = [person for person, name in names.items() if name == word]
    if len(called) > 1:
        hint = f"give the number of the one who is meant: {', '.join(map(str, called))}"
        raise UsageError(one_line(f"{word} is the name of several people"), hint)
    if called:
        return called[0]
    number = word.removeprefix("#")
    if number.isascii() and number.isdigit() and int(number) in names:
        return int(number)
    there = ", ".join(name or str(person) for person, name in list(names.items())[:NAMED]) or "nobody"
    raise UsageError(one_line(f"no person {word} in this timeline"), one_line(f"its people: {there}"))


def people_among(wanted: Sequence[str], recording: Recording) -> tuple[int, ...]:
    """The numbers of selected people, without those who are not in this video."""
    names = names_of_people(recording)
    found: list[int] = []
    for word in wanted:
        try:
            found += people_meant([word], names)
        except UsageError:
            if sum(name == word for name in names.values()) > 1:
                raise
    return tuple(dict.fromkeys(found))


def refuse_strangers(people: Sequence[str], recordings: Sequence[Recording]) -> None:
    """Raise UsageError if a selected person is in none of the videos."""
    found = {word for recording in recordings for word in people if people_among([word], recording)} if people else set()
    if strangers := [word for word in people if word not in found]:
        if len(recordings) == 1:
            people_meant(strangers, names_of_people(recordings[0]))
        raise UsageError(one_line(f"no person {strangers[0]} in these timelines"), "`feelit people` lists who is there")


def refuse_unknown(wanted: Iterable[int], known: Iterable[int]) -> None:
    """Raise UsageError if a selected track does not exist; its hint names those that do."""
    there = set(known)
    if unknown := sorted(set(wanted) - there):
        have = ", ".join(map(str, sorted(there)[:NAMED])) or "none"
        raise UsageError(f"no track {', '.join(map(str, unknown))} in this timeline", f"its tracks: {have}")
