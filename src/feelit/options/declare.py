"""How an option is declared: a field of a frozen record, with its help, unit, bounds and default."""

from __future__ import annotations

import inspect
import math
from collections.abc import Iterator
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from types import NoneType
from typing import Any, Literal, TypedDict, Unpack, get_args, get_origin, get_type_hints

from feelit.errors import UsageError
from feelit.options import kinds
from feelit.options.kinds import Kind


@dataclass(frozen=True, kw_only=True, slots=True)
class Bounds:
    """The least and the largest value, and what an error says of others: `complaint` follows the option and its value."""

    low: float = -math.inf
    high: float = math.inf
    above: bool = False  # whether `low` itself is too little
    complaint: str = "is out of range"
    hint: str = ""

    def refuse(self, flag: str, value: float) -> None:
        """Raise UsageError for a number that is out of bounds, NaN included."""
        if not self.low <= value <= self.high or (self.above and value == self.low):
            raise UsageError(f"{flag} {value:g} {self.complaint}", self.hint or f"give {self}")

    def __str__(self) -> str:
        if self.high < math.inf:
            return f"{self.low:,g} to {self.high:,g}"
        return f"more than {self.low:g}" if self.above else f"{self.low:g} or more"


@dataclass(frozen=True, kw_only=True, slots=True)
class Option:
    """One option of a record."""

    name: str = ""  # of the field, and of the keyword in Python
    flag: str = ""  # on the command line, as in --min-face; without its dashes it is the name in TOML files
    default: Any = None  # of the field
    help: str  # one sentence that says what it is for
    details: str = ""  # what the reference says besides
    default_text: str = ""  # describes a default that is no value, as in "one per core"
    kind: Kind | None = None  # what it may be
    bounds: Bounds | None = None  # likewise
    required: bool = False  # it has no default and must be given
    environment: str = ""  # the environment variable that gives it where the command line does not

    @property
    def values(self) -> Kind:
        """The kind of its values."""
        assert self.kind is not None
        return self.kind

    @property
    def shown_default(self) -> str:
        """The default as shown to people; empty without one."""
        if self.default_text or self.default is None:
            return self.default_text
        if isinstance(self.default, bool):
            return self.flag if self.default else "off"
        if isinstance(self.default, tuple):
            return ",".join(map(str, self.default))
        return f"{self.default:g}" if isinstance(self.default, float) else str(self.default)

    def checked(self, value: object) -> Any:
        """The value as the record holds it; None stands for the default. Raises UsageError if it is of another kind, or out of
        bounds.
        """
        if value is None:
            value = self.default
        if value is None:
            if self.required:
                raise UsageError(f"{self.flag} is missing", self.help)
            return None
        result = self.values.checked(self.flag, value)
        if self.bounds is not None:
            for number in result if isinstance(result, tuple) else (result,):
                self.bounds.refuse(self.flag, number)
        return result


class Declared(TypedDict, total=False):
    """The fields of `Option` that a declaration may give."""

    flag: str
    details: str
    default_text: str
    kind: Kind
    bounds: Bounds
    required: bool
    environment: str


def option(default: Any, help: str, **declared: Unpack[Declared]) -> Any:  # noqa: A002  # as the word is used everywhere
    """Declare a field of a record as an option.

    The flag follows from the name of the field and the kind from its type, unless they are given.
    """
    return field(default=default, metadata={"option": Option(default=default, help=help, **declared)})


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """A record of options. Values are converted and checked when it is made; None always stands for the default.

    Raises
    ------
    UsageError
        for a value that is of another kind or out of bounds, and for values that make no sense together.
    """

    def __post_init__(self) -> None:
        for declared in options_of(type(self)):
            object.__setattr__(self, declared.name, declared.checked(getattr(self, declared.name)))
        self.check()

    def check(self) -> None:
        """Refuse values that make no sense together."""


_DECLARED: dict[type[Options], tuple[Option, ...]] = {}


def options_of(record: type[Options]) -> tuple[Option, ...]:
    """The options of a record with names, flags and kinds filled in, in order: its own before those that it inherits."""
    if record not in _DECLARED:
        _DECLARED[record] = tuple(_declared(record))
    return _DECLARED[record]


def _declared(record: type[Options]) -> Iterator[Option]:
    hints = get_type_hints(record)
    owners = [inspect.get_annotations(owner) for owner in record.__mro__]
    for f in sorted(fields(record), key=lambda f: next(n for n, names in enumerate(owners) if f.name in names)):
        if declared := f.metadata.get("option"):
            flag = declared.flag or "--" + f.name.replace("_", "-")
            yield replace(declared, name=f.name, flag=flag, kind=declared.kind or _kind_of(hints[f.name]))


_KINDS: dict[object, Kind] = {bool: kinds.FLAG, int: kinds.WHOLE, float: kinds.NUMBER, str: kinds.TEXT, Path: kinds.PATH}


def _kind_of(hint: object) -> Kind:
    """The kind that belongs to the type of a field; None beside it says that there may be no value."""
    if get_origin(hint) is Literal:
        return kinds.choice(get_args(hint))
    if hint in _KINDS:
        return _KINDS[hint]
    (inner,) = (part for part in get_args(hint) if part is not NoneType)
    return _kind_of(inner)
