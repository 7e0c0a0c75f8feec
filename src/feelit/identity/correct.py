"""Applies corrections to the automatic result of one video, in order.

A correction finds its people by faces (`edits.Face`). If these faces now belong to several people, the majority decides.
Numbers are stable: merged people keep the lowest number, the second part of a split person gets a new one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from feelit.errors import UsageError
from feelit.geometry import iou
from feelit.identity.edits import AFTER, BEFORE, Edit
from feelit.identity.evidence import APART
from feelit.identity.group import Parts
from feelit.identity.seen import SeenFaces
from feelit.options.people import PeopleOptions
from feelit.types import Int64

NOBODY = -1
SHOWN = 12
"""A hint lists at most this many people."""


@dataclass(slots=True)
class _Part:
    """A track, or a part of one."""

    track: int
    start_s: float
    number: int  # of the track in the written rows
    person: int
    confidence: float
    by_hand: bool = False


class Grouping:
    """The people of one video while corrections are applied.

    Each person has an own number within the video, used internally, and may have a number shared across recordings. The shown
    number is the shared one if there is one, else the own one.

    Parameters
    ----------
    seen : the faces of the video
    """

    def __init__(self, seen: SeenFaces) -> None:
        self.seen = seen
        automatic = seen.automatic
        tracks = np.unique(seen.track).tolist()
        self._parts = [
            _Part(t, -np.inf, t, automatic.person.get(t, NOBODY), automatic.confidence.get(t, float("nan"))) for t in tracks
        ]
        self._part_of = np.searchsorted(np.array(tracks, np.int64), seen.track).astype(np.int64)
        self.names: dict[int, str] = {}  # given by edits, by own number
        self.across: dict[int, tuple[int, str | None]] = dict(automatic.across)  # shared numbers and names, by own number
        taken = [*automatic.person.values(), *(number for number, _ in self.across.values())]
        self._next_person = max(taken, default=0) + 1
        self._next_track = automatic.tracks + 1

    @property
    def _own_numbers(self) -> dict[int, int]:
        """The own numbers of the people by shown number, in order of the latter."""
        return dict(sorted((self.shown(part.person), part.person) for part in self._parts if part.person != NOBODY))

    @property
    def shown_names(self) -> dict[int, str]:
        """Names by shown number: from edits, else from another recording."""
        found = {number: name for number, name in self.across.values() if name}
        return found | {self.shown(person): name for person, name in self.names.items()}

    def shown(self, person: int) -> int:
        """The shown number of a person, by own number."""
        return self.across.get(person, (person, None))[0]

    def own(self, number: int) -> int | None:
        """The own number of a person, by shown number; None if there is no such person."""
        return self._own_numbers.get(number)

    def share(self, numbers: Mapping[int, tuple[int, str | None]]) -> None:
        """Set the shared numbers and names of people, by their present shown numbers."""
        people = self._own_numbers
        self.across = {people[number]: new for number, new in numbers.items() if number in people}

    def rows(self, person: int) -> Int64:
        """The faces of a person, by own number, in order of time."""
        mine = np.array([part.person == person for part in self._parts], bool)
        return np.flatnonzero(mine[self._part_of])

    def apply(self, edit: Edit) -> None:
        """Apply a correction.

        Raises
        ------
        UsageError
            if its people do not exist, or it is contradictory.
        """
        if edit.kind == "split":
            assert edit.at_s is not None
            before, after = (self._who(edit, side, edit.people[0]) for side in (BEFORE, AFTER))
            if before == after:  # else they are already two people
                self._split(before, edit.at_s)
            return
        people = sorted({self._who(edit, str(number), number) for number in edit.people}, key=self.shown)
        if edit.kind == "merge":
            self._merge(people)
        elif edit.kind == "not_a_face":
            self.names.pop(people[0], None)
            self._move(people[0], NOBODY)
        else:
            assert edit.name is not None
            self._name(people[0], edit.name)

    def edits_of(self, options: PeopleOptions, by: Mapping[int, str] | None = None) -> list[Edit]:
        """Convert command-line options to edits with faces, and apply each.

        All numbers are those before the first edit. `by` is the source of names not given by a human, by number.

        Raises
        ------
        UsageError
            as `apply`.
        """
        asked = [
            *(Edit(kind="split", people=(number,), at_s=at_s) for number, at_s in options.split),
            *(Edit(kind="merge", people=people) for people in options.merge),
            *(Edit(kind="not_a_face", people=(number,)) for number in options.not_a_face),
            *(Edit(kind="name", people=(n,), name=name, by=(by or {}).get(n, "")) for n, name in options.name if name),
        ]
        numbers = {number for edit in asked for number in edit.people} | {number for number, _ in options.name}
        before = {number: self.rows(self._known(number)) for number in sorted(numbers)}
        edits = []
        for edit in asked:
            edits.append(self.with_faces(edit, before))
            self.apply(edits[-1])
        return edits

    def with_faces(self, edit: Edit, before: Mapping[int, Int64] | None = None) -> Edit:
        """The correction with faces added if it has numbers only.

        Parameters
        ----------
        before : rows of people, by number, who may have been merged since

        Raises
        ------
        UsageError
            if there is no such person, or one side of a split would be empty.
        """
        if edit.faces:
            return edit
        gone = {number: rows for number, rows in (before or {}).items() if number not in self._own_numbers}
        rows_of = {str(n): gone[n] if n in gone else self.rows(self._known(n)) for n in edit.people}
        if edit.kind == "split":
            assert edit.at_s is not None
            (number,) = edit.people
            before_at, after_at = self._sides(self._known(number), rows_of[str(number)], edit.at_s)
            rows_of = {BEFORE: before_at, AFTER: after_at}
        return replace(edit, faces={key: self.seen.chosen(rows) for key, rows in rows_of.items()})

    def parts(self) -> tuple[Parts, Int64]:
        """The tracks and their parts, ordered by track and time, and the track number of each."""
        order = sorted(range(len(self._parts)), key=lambda i: (self._parts[i].track, self._parts[i].start_s))
        parts = [self._parts[i] for i in order]
        first = np.full(len(self._parts), np.inf)
        np.minimum.at(first, self._part_of, self.seen.time_s)
        found = Parts(
            track=np.array([p.track for p in parts], np.int64),
            start_s=np.array([p.start_s for p in parts], np.float64),
            first_s=first[order] if order else np.zeros(0, np.float64),
            person_id=np.array([p.person if p.person == NOBODY else self.shown(p.person) for p in parts], np.int32),
            confidence=np.array([1.0 if p.by_hand else p.confidence for p in parts], np.float32),
        )
        return found, np.array([p.number for p in parts], np.int64)

    def splits(self) -> list[dict[str, Any]]:
        """Tracks split off by hand, for the metadata."""
        return [
            {"track_id": p.number, "from": p.track, "start_s": round(p.start_s, 4)} for p in self._parts if p.number != p.track
        ]

    def _who(self, edit: Edit, key: str, number: int) -> int:
        """The person, by own number, that most of the faces of an edit show."""
        if not edit.faces:
            return self._known(number)
        faces = edit.faces.get(key, ())
        rows = [row for face in faces if (row := self.seen.row_of(face)) is not None]
        votes: Counter[int] = Counter(person for row in rows if (person := self._parts[self._part_of[row]].person) != NOBODY)
        if not votes:
            when = f" at {faces[0].time_s:g} s" if faces else ""
            hint = "delete this edit, or analyse with the settings of before"
            raise UsageError(f"no face{when} where person {number} was", hint)
        return votes.most_common(1)[0][0]

    def _known(self, number: int) -> int:
        """The own number of a person; raises UsageError if there is no such person."""
        people = self._own_numbers
        if number not in people:
            names = ", ".join(map(str, list(people)[:SHOWN])) + (", ..." if len(people) > SHOWN else "")
            raise UsageError(f"there is no person {number}", f"there are {names}" if people else "nobody was found")
        return people[number]

    def _merge(self, people: Sequence[int]) -> None:
        rows = {person: self.rows(person) for person in people}
        for i, one in enumerate(people):
            for other in people[i + 1 :]:
                self._refuse_together(one, other, rows)
        names = {self.names[person] for person in people if person in self.names}
        if len(names) > 1:
            raise UsageError(f"{' and '.join(sorted(names))} are two names for one person", "remove one of the names first")
        keep = people[0]
        for person in people[1:]:
            self._move(person, keep)
            self.names.pop(person, None)
        if names:
            self.names[keep] = names.pop()

    def _refuse_together(self, one: int, other: int, rows: Mapping[int, Int64]) -> None:
        """Refuse to merge people who share a frame, unless their boxes are around the same face."""
        time_s, box = self.seen.time_s, self.seen.box
        mine, theirs = rows[one], rows[other]
        mine = mine[np.isin(time_s[mine], time_s[theirs])]
        for row in mine.tolist():
            same = theirs[time_s[theirs] == time_s[row]]
            if (iou(box[row : row + 1], box[same])[0] < APART).all():
                both = f"persons {self.shown(one)} and {self.shown(other)}"
                message = f"{both} are both in the picture at {time_s[row]:.2f} s, so they are not one person"
                raise UsageError(message, "if one of them is two people, split it first")

    def _sides(self, person: int, rows: Int64, at_s: float) -> tuple[Int64, Int64]:
        time_s = self.seen.time_s[rows]
        before, after = rows[time_s < at_s], rows[time_s >= at_s]
        if not len(before) or not len(after):
            message = f"person {self.shown(person)} cannot be split at {at_s:g} s"
            raise UsageError(message, f"this person is seen from {time_s[0]:.2f} to {time_s[-1]:.2f} s")
        return before, after

    def _split(self, person: int, at_s: float) -> None:
        _, after = self._sides(person, self.rows(person), at_s)
        new, self._next_person = self._next_person, self._next_person + 1
        for place in np.unique(self._part_of[after]).tolist():
            part = self._parts[place]
            mine = np.flatnonzero(self._part_of == place)
            if (self.seen.time_s[mine] >= at_s).all():
                part.person, part.by_hand = new, True
                continue
            self._parts.append(replace(part, start_s=at_s, number=self._next_track, person=new, by_hand=True))
            self._next_track += 1
            self._part_of[mine[self.seen.time_s[mine] >= at_s]] = len(self._parts) - 1

    def _move(self, person: int, to: int) -> None:
        for part in self._parts:
            if part.person == person:
                part.person, part.by_hand = to, True

    def _name(self, person: int, name: str) -> None:
        if self.names.get(person, name) != name:
            message = f"{self.names[person]} and {name} are two names for person {self.shown(person)}"
            raise UsageError(message, "delete one of the two edits")
        holder = next((p for p, known in self.names.items() if known == name and p != person), None)
        if holder is not None:
            one, other = sorted((self.shown(holder), self.shown(person)))
            hint = f"if they are one person, use --merge {one},{other}"
            raise UsageError(f"{name} is already the name of person {self.shown(holder)}", hint)
        self.names[person] = name
