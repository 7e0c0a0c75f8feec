"""Who is meant by the words with which somebody asks for people, and what people are called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from feelit.errors import UsageError
from feelit.storage.names import one_line
from feelit.timeline.recording import Recording
from feelit.timeline.schema import PEOPLE

Series = Literal["person", "track"]

NAMED = 20
"""How many of the people that there are a hint names."""


def names_of_people(recording: Recording) -> dict[int, str | None]:
    """The people of a timeline by their numbers, in order, with the name that somebody gave them, or None."""
    return {person: recording.person_name(person) for person in recording.people}


def series_of(recording: Recording, by: Series | None, people: Sequence[str] | None, tracks: Sequence[int] | None) -> Series:
    """Whether people or tracks are shown: as `by` says; else as they are asked for; else people, where tracks were grouped."""
    if by is not None:
        return by
    if tracks is None and (people is not None or PEOPLE in recording.groups):
        return "person"
    return "track"


def people_meant(wanted: Sequence[str], names: Mapping[int, str | None]) -> tuple[int, ...]:
    """The numbers of the people that are asked for, each once.

    Parameters
    ----------
    wanted : names or numbers, as texts; a name comes before a number that reads the same
    names : as of `names_of_people`

    Raises
    ------
    UsageError
        if one is not there, or if several people have the name.
    """
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
    """The numbers of those of the people asked for who are in a video."""
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
    """People who are asked for have to be in one of the videos.

    Raises
    ------
    UsageError
        if one is in none.
    """
    found = {word for recording in recordings for word in people if people_among([word], recording)} if people else set()
    if strangers := [word for word in people if word not in found]:
        if len(recordings) == 1:
            people_meant(strangers, names_of_people(recordings[0]))
        raise UsageError(one_line(f"no person {strangers[0]} in these timelines"), "`feelit people` lists who is there")
