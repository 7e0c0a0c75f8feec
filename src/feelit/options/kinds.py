"""Kinds of values of options, and their conversion from text, TOML and Python objects."""

from __future__ import annotations

import operator
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, SupportsFloat, SupportsIndex

from feelit.errors import UsageError
from feelit.storage.location import Location, Url, location
from feelit.times import parse_time


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind:
    """A kind of values."""

    name: str  # what a value is called in an error, as in "a whole number"
    metavar: str  # what stands for the value in `--help`
    convert: Callable[[Any], Any]  # makes a value of any other; TypeError and ValueError mean that it cannot be one
    toml: tuple[type, ...] = (str, int, float)  # the types that a TOML file may give
    hint: str = ""  # how to write a value
    native: type = str  # the type that the command line converts to by itself, with its own error messages
    repeated: bool = False  # the command line takes the option several times
    choices: tuple[str, ...] = ()  # the words that are allowed, empty where other values are
    python: str = "str"  # the type of a value in Python, as text

    def checked(self, flag: str, value: object) -> Any:
        """The value as the record holds it.

        Raises
        ------
        UsageError
            if it cannot be of this kind.
        """
        try:
            return self.convert(value)
        except UsageError as error:
            complete = error.message.startswith(flag)
            raise error if complete else UsageError(f"{flag} {error.message.strip()}", error.hint) from None
        except (TypeError, ValueError, OverflowError):
            what = f"no {self.name[2:]}" if self.name.startswith("a ") else f"not {self.name}"
            raise UsageError(f"{flag} {value if isinstance(value, str) else repr(value)} is {what}", self.hint) from None


def _flag(value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise TypeError


def _whole(value: SupportsIndex | str) -> int:
    if isinstance(value, bool):
        raise TypeError
    return int(value) if isinstance(value, str) else operator.index(value)


def number(value: SupportsFloat | str) -> float:
    """A number. Raises TypeError or ValueError for what is none."""
    if isinstance(value, bool | bytes):
        raise TypeError
    return float(value)


def _text(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise TypeError
    return str(value)


def expanded(path: str | bytes | os.PathLike[str]) -> str:
    """A path with the user's folder in place of a leading `~`; an address stays unchanged. Raises UsageError if it is bytes, or
    no path at all.
    """
    text: object = os.fspath(path) if isinstance(path, os.PathLike) else path
    if isinstance(text, bytes):  # a PathLike may be bytes, too
        raise UsageError(f"{text!r} is bytes, not a path", "decode it with os.fsdecode")
    if not isinstance(text, str):
        raise UsageError(f"{path!r} is no path", "give a text or a pathlib.Path")
    return os.path.expanduser(text) if text.startswith("~") else text  # noqa: PTH111  # an unknown user stays as it is


def listed(paths: object) -> list[str]:
    """A path, or several, as a list; see `expanded`. Raises UsageError for what is no path."""
    several = [paths] if isinstance(paths, str | bytes | os.PathLike) else paths
    if not hasattr(several, "__iter__"):
        raise UsageError(f"{paths!r} is no path", "give a text, a pathlib.Path, or a list of them")
    return [expanded(path) for path in several]


def located(path: str | os.PathLike[str] | Url) -> Location:
    """A path as `expanded` gives it, or an object in a bucket."""
    return path if isinstance(path, Url) else location(expanded(path))


def _locations(value: Any) -> tuple[Location, ...]:
    given = [value] if isinstance(value, Url) else value if isinstance(value, tuple) else listed(value)
    return tuple(map(located, given))


def _seconds(value: SupportsFloat | str) -> float:
    """Seconds as a number. Negative numbers and NaN pass: the bounds of the option refuse them in words of its own."""
    if not isinstance(value, str):
        return number(value)
    return float("inf") if value.strip().lower() == "inf" else parse_time(value, "")


def several(item: Callable[[Any], Any], *, name: str, hint: str, metavar: str, python: str = "Sequence[str]") -> Kind:
    """A list: a text with commas between, or any Python sequence; a tuple in the record."""

    def convert(value: object) -> tuple[Any, ...]:
        if isinstance(value, str):
            return tuple(item(part.strip()) for part in value.split(","))
        if hasattr(value, "__iter__"):
            return tuple(item(part) for part in value)
        return (item(value),)

    return Kind(name=name, metavar=metavar, convert=convert, hint=hint, python=python)


def repeated(item: Callable[[Any], Any], *, name: str, hint: str, metavar: str, python: str) -> Kind:
    """A list whose items are given one by one on the command line: a text is one item, and a mapping gives pairs.

    Parameters
    ----------
    item : makes an item of a text or a Python object; TypeError and ValueError mean that it cannot be one
    name : what an item is called in an error, as in "a name of a person"
    """

    def one(part: Any) -> Any:
        try:
            return item(part)
        except (TypeError, ValueError, OverflowError):
            raise UsageError(f" {part} is no {name[2:]}", hint) from None

    def convert(value: Any) -> tuple[Any, ...]:
        if isinstance(value, str):
            return (one(value),)
        return tuple(one(part) for part in (value.items() if isinstance(value, Mapping) else value))

    return Kind(name=name, metavar=metavar, convert=convert, hint=hint, repeated=True, python=python)


def first_repeated(names: Sequence[str]) -> str | None:
    """The first of some names that is given more than once; None if there is none."""
    return next((name for name in names if names.count(name) > 1), None)


def words(known: Sequence[str], *, everything: str = "") -> Kind:
    """A list of known words; `everything`, if it is among those given, stands for all the others."""
    allowed = (*known, everything) if everything else tuple(known)
    split = several(_text, name="a list of words", hint="", metavar="WORD,...")

    def convert(value: object) -> tuple[str, ...]:
        given = split.convert(value)
        if unknown := [word for word in given if word not in allowed]:
            raise UsageError(f"{', '.join(unknown)} is not known", f"choose from {', '.join(allowed)}")
        return tuple(known) if everything in given else given

    return Kind(name="a list of words", metavar="WORD,...", convert=convert, python="Sequence[str]")


def choice(allowed: Sequence[str]) -> Kind:
    """One of a few words."""

    def convert(value: object) -> str:
        if value not in allowed:
            raise UsageError(f"{value} is not known", f"choose from {', '.join(allowed)}")
        return str(value)

    python = f"Literal[{', '.join(map(repr, allowed))}]"
    return Kind(name="a text in quotes", metavar="", convert=convert, toml=(str,), choices=tuple(allowed), python=python)


FLAG = Kind(name="true or false", metavar="", convert=_flag, toml=(bool,), native=bool, python="bool")
WHOLE = Kind(name="a whole number", metavar="N", convert=_whole, toml=(int,), native=int, python="int")
NUMBER = Kind(name="a number", metavar="NUMBER", convert=number, toml=(int, float), native=float, python="float")
TEXT = Kind(name="a text or a number", metavar="TEXT", convert=_text)
PATH = Kind(
    name="a text in quotes",
    metavar="PATH",
    convert=lambda value: Path(expanded(value)),
    toml=(str,),
    python="str | PathLike[str]",
)
CONFIG = replace(PATH)  # a file with values of options; it is read before the others, so a command gives it a callback
LOCATION = replace(PATH, convert=located)
SECONDS = Kind(name="a time", metavar="TIME", convert=_seconds, python="float | str")
COLUMNS_MM = {"single": 88.0, "double": 180.0}  # widths of figures: of one column of a journal, and of a page


def _width(value: SupportsFloat | str) -> float:
    return COLUMNS_MM[value] if isinstance(value, str) and value in COLUMNS_MM else number(value)


WIDTH = Kind(
    name="a width",
    metavar="MM",
    convert=_width,
    hint="give single, double, or millimetres",
    python='float | Literal["single", "double"]',
)
TIMES = several(
    lambda value: parse_time(value, "") if isinstance(value, str) else number(value),
    name="a list of times",
    hint="give seconds with commas between, as in 12.5,33",
    metavar="TIME,...",
    python="Sequence[float | str]",
)
TRACKS = several(
    _whole,
    name="a list of track ids",
    hint="give numbers with commas between, as in 1,3",
    metavar="N,...",
    python="Sequence[int]",
)
PEOPLE = several(
    lambda value: str(_whole(value)) if not isinstance(value, str) else value,
    name="a list of people",
    hint="give numbers or names with commas between, as in 1,P02",
    metavar="WHO,...",
    python="Sequence[int | str]",
)
PATHS = Kind(
    name="a path, or a list of paths",
    metavar="PATH",
    convert=_locations,
    repeated=True,
    python="str | PathLike[str] | Sequence[str | PathLike[str]]",
)
FILES = replace(PATHS, convert=lambda value: tuple(map(Path, listed(value))))  # as `PATHS`, of files on this computer only
CHANGES = Kind(
    name="a list of texts",
    metavar="NAME=VALUE",
    convert=lambda value: (value,) if isinstance(value, str) else tuple(map(_text, value)),
    repeated=True,
    python="str | Sequence[str]",
)
