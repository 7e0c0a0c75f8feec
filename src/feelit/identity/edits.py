"""Corrections of people by hand, as records and as a TOML file.

An edit refers to people by faces, each a time and a box in the picture: numbers of people and tracks may change when a video is
analysed again, faces do not. Numbers are written as well, for human readers, and are used if no faces are given.
"""

from __future__ import annotations

import json
import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from feelit.encodings import read_text
from feelit.errors import UsageError
from feelit.options.people import PeopleOptions, checked_name, person_number
from feelit.storage.atomic import whole_file

FILE_NAME = "people.toml"
MOST_BYTES = 64 << 20

Kind = Literal["name", "merge", "split", "not_a_face"]
KINDS: tuple[Kind, ...] = get_args(Kind)
SHORT = {key: key.replace("-", "_") for key in ("name", "merge", "split", "not_a_face", "not-a-face", "video")}
"""Keys of the short form: the options of the command line."""

BEFORE, AFTER = "before", "after"
"""The two sides of a split."""

HEADER = """\
# Corrections of people by hand. `feelit people` writes this file and applies it to the timelines beside it.
# To undo a correction, delete its [[edit]] and run `feelit people TIMELINE` again.
# `faces` say who is meant: time in seconds and box x0, y0, x1, y1 in px. The other numbers are those of when the edit was made.
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Face:
    """A face in a video: a time and a box."""

    time_s: float
    box: tuple[float, float, float, float]  # px


@dataclass(frozen=True, kw_only=True, slots=True)
class Edit:
    """One correction. `faces` are those of each person, by person id; for a split by `BEFORE` and `AFTER`. If empty, `people`
    counts.
    """

    kind: Kind
    people: tuple[int, ...]  # person ids when the edit was made: one person, or those that are merged
    video: str | None = None  # None if unknown
    fingerprint: str | None = None  # of the video
    name: str | None = None  # the person's name
    at_s: float | None = None  # time at which a person is split
    faces: Mapping[str, tuple[Face, ...]] = field(default_factory=dict)
    by: str = ""  # source of the name: empty for a human, else as in "photographs, probability 0.998"

    def as_dict(self) -> dict[str, Any]:
        """The edit as written to the file and to the metadata of a timeline."""
        faces = {key: [[face.time_s, *face.box] for face in faces] for key, faces in self.faces.items()}
        about: dict[str, Any] = {"edit": self.kind, "people": list(self.people), "name": self.name, "at_s": self.at_s}
        about |= {"by": self.by or None, "video": self.video, "fingerprint": self.fingerprint, "faces": faces or None}
        return {key: value for key, value in about.items() if value is not None}

    def __str__(self) -> str:
        people = " and ".join(map(str, self.people))
        if self.kind == "name":
            return f"person {people} is {self.name}"
        if self.kind == "split":
            return f"person {people} is another one from {self.at_s:g} s on"
        return f"{people} are one person" if self.kind == "merge" else f"person {people} is nobody"


@dataclass(frozen=True, kw_only=True, slots=True)
class EditsFile:
    """The content of a file of corrections: edits, and options in short form not yet converted to edits."""

    path: Path
    there: bool
    edits: tuple[Edit, ...] = ()
    short: PeopleOptions = field(default_factory=PeopleOptions)


def read_edits(path: Path) -> EditsFile:
    """Read a file of corrections; a missing file has none.

    Raises
    ------
    UsageError
        if it cannot be read, or has an invalid correction.
    """
    try:
        content = tomllib.loads(read_text(path, MOST_BYTES, "corrections of more people go to several folders"))
    except FileNotFoundError:
        return EditsFile(path=path, there=False)
    except (OSError, ValueError, RecursionError) as error:  # TOML's own errors are ValueErrors
        raise UsageError(f"{path} cannot be read: {error}", "correct it; docs/people.md shows an example") from error
    if unknown := sorted(set(content) - {"edit", *SHORT}):
        raise UsageError(f"{path} names {unknown[0]}, which is not known", "known: edit, name, merge, split, not-a-face")
    entries = content.get("edit", [])
    if not isinstance(entries, list):
        raise UsageError(f"{path}: edit is not a list of tables", "write [[edit]] above each")
    try:
        short = PeopleOptions(**{SHORT[key]: value for key, value in content.items() if key != "edit"})
    except UsageError as error:
        raise UsageError(f"{path}: {error.message}", error.hint) from None
    edits = tuple(_edit(entry, f"{path}, edit {n}") for n, entry in enumerate(entries, 1))
    return EditsFile(path=path, there=True, edits=edits, short=short)


def write_edits(path: Path, edits: Sequence[Edit]) -> None:
    """Write a file of corrections, whole or not at all.

    Raises
    ------
    OutputError
        if it cannot be written.
    """
    with whole_file(path) as temporary:
        temporary.write_text(HEADER + "".join(map(_toml, edits)), encoding="utf-8", newline="\n")


def edits_in(facts: Mapping[str, Any]) -> tuple[Edit, ...]:
    """The edits applied to a timeline, from its metadata; none if the metadata are invalid."""
    entries = facts.get("edits")
    try:
        return tuple(_edit(entry, "metadata") for entry in entries) if isinstance(entries, list) else ()
    except UsageError:
        return ()


def _edit(entry: Any, where: str) -> Edit:
    hint = "correct it, or delete this [[edit]]; docs/people.md shows an example"
    if not isinstance(entry, dict) or entry.get("edit") not in KINDS:
        raise UsageError(f"{where} is none of {', '.join(KINDS)}", hint)
    kind: Kind = entry["edit"]
    try:
        numbers = entry["people"]
        people = tuple(person_number(n) for n in (numbers if isinstance(numbers, list) else [numbers]))
        faces = {str(key): tuple(map(_face, found)) for key, found in entry.get("faces", {}).items()}
        name = checked_name(entry["name"]) if kind == "name" else None
        at_s = float(entry["at_s"]) if kind == "split" else None
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        missing = f"lacks {error.args[0]}" if isinstance(error, KeyError) else "has an invalid value"
        raise UsageError(f"{where} {missing}", hint) from None
    texts: dict[str, Any] = {key: entry.get(key) for key in ("video", "fingerprint", "by")}
    wrong_count = not people or (len(people) < 2 if kind == "merge" else len(people) != 1)
    if wrong_count or name == "" or (at_s is not None and not math.isfinite(at_s)):
        raise UsageError(f"{where} has an invalid value", hint)
    if any(text is not None and not isinstance(text, str) for text in texts.values()):
        raise UsageError(f"{where} has a value that should be a text", hint)
    return Edit(kind=kind, people=people, name=name, at_s=at_s, faces=faces, **texts | {"by": texts["by"] or ""})


def _face(values: Any) -> Face:
    time_s, *box = map(float, values)
    if len(box) != 4 or not all(map(math.isfinite, (time_s, *box))):
        raise ValueError
    return Face(time_s=time_s, box=(box[0], box[1], box[2], box[3]))


def _toml(edit: Edit) -> str:
    about = edit.as_dict()
    faces = about.pop("faces", {})
    lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in about.items()]  # a subset of TOML
    lines += [f"faces.{key} = {json.dumps(found)}" for key, found in faces.items()]
    return "\n[[edit]]\n" + "\n".join(lines) + "\n"
