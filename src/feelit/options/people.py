"""The options of `feelit people`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from feelit.errors import UsageError
from feelit.options.declare import Options, option
from feelit.options.kinds import LOCATION, PATHS, Kind, first_repeated, listed, repeated
from feelit.storage.location import Location
from feelit.times import parse_time

PAGES = (".html", ".htm")

MOST_NAME = 100  # characters of a person's name


def person_number(value: Any) -> int:
    """The number of a person. Raises ValueError if it is none."""
    if isinstance(value, bool | float):
        raise ValueError
    number = int(value)
    if not 0 < number < 1 << 31:
        raise ValueError
    return number


def checked_name(text: str) -> str:
    """The name of a person. Raises UsageError if it holds line breaks or the like, or is long."""
    name = text.strip()
    if len(name) > MOST_NAME or not name.isprintable():
        raise UsageError(f"{name[:MOST_NAME]!r} is no name", f"give up to {MOST_NAME} characters on one line")
    return name


def _pair(value: Any, sign: str) -> list[Any]:
    """The two parts of a text with a sign between, without the blanks around them, or of any other pair."""
    if not isinstance(value, str):
        first, second = value
        return [first, second]
    if sign not in value:
        raise ValueError
    return [part.strip() for part in value.split(sign, 1)]


def _name(value: Any) -> tuple[int, str]:
    number, name = _pair(value, "=")
    return person_number(number), checked_name(name)


def _merge(value: Any) -> tuple[int, ...]:
    numbers = tuple(person_number(part) for part in (value.split(",") if isinstance(value, str) else value))
    if len(set(numbers)) < 2:
        raise ValueError
    return tuple(dict.fromkeys(numbers))


def _split(value: Any) -> tuple[int, float]:
    number, time = _pair(value, "@")
    return person_number(number), parse_time(time, "") if isinstance(time, str) else float(time)


def _numbers(value: Any) -> tuple[int, ...]:
    given = re.split(r"[,\s]+", value.strip()) if isinstance(value, str) else value
    parts = [given] if isinstance(given, int) else given
    found: list[int] = []
    for part in parts:
        try:
            found += _numbers(part) if isinstance(part, str) and "," in part else [person_number(part)]
        except (TypeError, ValueError):
            raise UsageError(f" {part} is no number of a person", "write 12, or 12,13") from None
    return tuple(dict.fromkeys(found))


NAMES = repeated(
    _name, name="a name of a person", hint="write 1=P01", metavar="PERSON=NAME", python="Mapping[int, str] | Sequence[str]"
)
MERGES = repeated(
    _merge, name="a list of people", hint="write 3,7", metavar="PERSON,PERSON", python="Sequence[Sequence[int] | str]"
)
SPLITS = repeated(
    _split, name="a person and a time", hint="write 5@12.5", metavar="PERSON@TIME", python="Sequence[tuple[int, float] | str]"
)


def _enrolment(value: Any) -> tuple[str, tuple[Path, ...]]:
    name, files = _pair(value, "=")
    if isinstance(value, str):
        files = [part.strip() for part in files.split(",")] if files else ()
    found = tuple(map(Path, listed(files)))
    if not (known := checked_name(name)) or not found:
        raise ValueError
    return known, found


ENROLMENTS = repeated(
    _enrolment,
    name="a name and photographs",
    hint="write P01=a.jpg,b.jpg",
    metavar="NAME=FILE,...",
    python="Mapping[str, Sequence[str | PathLike[str]]] | Sequence[str]",
)
NUMBERS = Kind(
    name="a list of people",
    metavar="PERSON",
    convert=_numbers,
    hint="write 12, or 12,13",
    repeated=True,
    python="Sequence[int]",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class PeopleOptions(Options):
    """Corrections of people by hand, people of several recordings, and the page that shows people."""

    name: tuple[tuple[int, str], ...] = option(
        (), "Name a person, as in 1=P01; may be repeated.", details="1= removes the name.", kind=NAMES
    )
    merge: tuple[tuple[int, ...], ...] = option(
        (), "These are one person, as in 3,7; may be repeated.", details="The lowest number stays.", kind=MERGES
    )
    split: tuple[tuple[int, float], ...] = option(
        (),
        "This person is another one from a time on, as in 5@12.5; may be repeated.",
        details="The second one gets a new number.",
        kind=SPLITS,
    )
    not_a_face: tuple[int, ...] = option((), "This is not a face but a false detection; may be repeated.", kind=NUMBERS)
    video: str | None = option(
        None, "Which video, if the timelines hold several: its name, or the last part of it.", default_text="the only one"
    )
    edits: Path | None = option(
        None,
        "The file that keeps the corrections.",
        details="See [people.md](people.md#corrections-by-hand).",
        default_text="people.toml beside each timeline",
    )
    across: bool = option(
        False,
        "Give one person one number in all files.",
        details="People of two files are joined at a probability of 0.99 or more; others are proposed. It needs the videos, or"
        " embeddings that were kept.",
    )
    within: bool = option(False, "Undo `--across`: every video has its own numbers again.")
    enrol: tuple[tuple[str, tuple[Path, ...]], ...] = option(
        (),
        "Name a person by photographs, as in P01=a.jpg,b.jpg; may be repeated.",
        details="Each shows one face.",
        kind=ENROLMENTS,
    )
    keep_identity: bool = option(
        False,
        "Keep embeddings for the next `--across` or `--enrol`, in `_identity.parquet` beside the timelines.",
        details="They are biometric data; only the owner of the file may read it.",
    )
    forget: bool = option(False, "Say which embeddings are kept, and delete them.")
    sheet: Location | None = option(
        None,
        "Write a contact sheet, a .html page: faces of every person, and the most doubtful pairs and persons.",
        details="It needs the videos.",
        kind=LOCATION,
    )
    videos: tuple[Location, ...] = option(
        (),
        "Where the videos are, files or folders; may be repeated.",
        details="A folder is searched through all its subfolders.",
        default_text="where they were analysed, or beside the timelines",
        kind=PATHS,
    )
    force: bool = option(False, "Replace a contact sheet that exists.")

    def check(self) -> None:
        if self.sheet is not None and self.sheet.suffix.lower() not in PAGES:
            raise UsageError(f"--sheet {self.sheet} is not a name for a page", f"it has to end in {' or '.join(PAGES)}")
        if self.across and self.within:
            raise UsageError("--across and --within exclude one another", "leave one of them out")
        if self.forget and (self.across or self.enrol or self.keep_identity):
            raise UsageError("--forget deletes what --across, --enrol and --keep-identity use", "run it by itself")
        if self.keep_identity and not (self.across or self.enrol):
            raise UsageError("--keep-identity keeps what --across or --enrol computes", "give one of them")
        if twice := first_repeated([name for name, _ in self.enrol]):
            raise UsageError(f"--enrol gives {twice} twice", "put all photographs of a person behind one name")
        named: dict[int, str] = {}
        for number, name in self.name:
            if named.setdefault(number, name) != name:
                raise UsageError(f"--name gives person {number} two names, {named[number]} and {name}", "choose one")
        if twice := first_repeated([name for name in named.values() if name]):
            both = [str(number) for number, name in named.items() if name == twice]
            raise UsageError(
                f"--name calls {len(both)} people {twice}", f"if they are one person, use --merge {','.join(both)}"
            )
        merged = {number for group in self.merge for number in group}
        gone = set(self.not_a_face)
        if both_ways := sorted(gone & (merged | {number for number, _ in self.split} | {n for n, t in self.name if t})):
            raise UsageError(f"person {both_ways[0]} is to be nobody and somebody at once", "leave one of the options out")

    @property
    def corrects(self) -> bool:
        """Whether anything is to be changed."""
        return bool(self.name or self.merge or self.split or self.not_a_face)
