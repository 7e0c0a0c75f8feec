"""The tables of a study file, read key by key with checks of types and of unknown keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from feelit.errors import UsageError
from feelit.storage.names import one_line
from feelit.times import parse_time

DOCS = "docs/study.md lists the keys"


class Fields:
    """One table. Read its values one by one, then call `finish`, which refuses unknown keys, also of the tables in it.

    Parameters
    ----------
    where : its name in errors, as in "study.toml: recording 3"
    """

    def __init__(self, where: str, content: object) -> None:
        self.where = where
        if not isinstance(content, Mapping):
            raise UsageError(f"{where} is {_shown(content)}, but has to be a table", DOCS)
        self._content: dict[str, Any] = {str(key): value for key, value in content.items()}
        self._asked: set[str] = set()
        self._tables: list[Fields] = []  # in this one

    def wrong(self, key: str, value: object, what: str) -> UsageError:
        """The error for an invalid value."""
        return UsageError(one_line(f"{self.where}: {key} is {_shown(value)}, but has to be {what}"), DOCS)

    def has(self, key: str) -> bool:
        """Whether there is such a key."""
        return key in self._content

    def any(self, key: str) -> Any:
        """A value of any type; None if there is none, or an empty text."""
        self._asked.add(key)
        value = self._content.get(key)
        return None if value == "" else value

    def text(self, key: str) -> str | None:
        """A text; numbers are accepted, as names are often numbers."""
        value = self.any(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise self.wrong(key, value, "a text")
        text = str(value).strip()
        if text != one_line(text):
            raise self.wrong(key, value, "a text on one line")
        return text or None

    def needed(self, key: str) -> str:
        """A required text."""
        value = self.text(key)
        if value is None:
            raise UsageError(f"{self.where} has no {key}", f"every one needs a {key}")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts, or one text."""
        value = self.any(key)
        if value is None:
            return ()
        given = value if isinstance(value, list | tuple) else [value]
        if not all(isinstance(item, str | int) and not isinstance(item, bool) for item in given):
            raise self.wrong(key, value, "a list of texts")
        return tuple(str(item).strip() for item in given)

    def words(self, key: str, known: Sequence[str], default: tuple[str, ...]) -> tuple[str, ...]:
        """A list of known words."""
        given = self.texts(key) if self.has(key) else default
        for word in given:
            if word not in known:
                hint = f"choose from {', '.join(known)}"
                raise UsageError(one_line(f"{self.where}: {key} names {word}, which is not known"), hint)
        return given

    def choice(self, key: str, known: Sequence[str], default: str | None) -> Any:
        """One of the known words."""
        value = self.text(key)
        if value is not None and value not in known:
            raise self.wrong(key, value, f"one of {', '.join(known)}")
        return default if value is None else value

    def flag(self, key: str) -> bool | None:
        """True or false."""
        value = self.any(key)
        if value is not None and not isinstance(value, bool):
            raise self.wrong(key, value, "true or false")
        return value

    def number(self, key: str, default: float, low: float = float("-inf"), high: float = float("inf")) -> float:
        """A number within bounds, both included."""
        value = self.any(key)
        if value is None:
            return default
        try:
            number = float(value) if not isinstance(value, bool) else float("nan")
        except (TypeError, ValueError):
            number = float("nan")
        if not low <= number <= high or abs(number) == float("inf"):
            bounds = f" from {low:g} to {high:g}" if high < float("inf") else f" of {low:g} or more" if low > -1e300 else ""
            raise self.wrong(key, value, f"a number{bounds}")
        return number

    def time(self, key: str, *, signed: bool = False) -> float | None:
        """A time in seconds, in any form that `times.parse_time` accepts; a `signed` one may be negative."""
        value = self.any(key)
        return None if value is None else seconds(f"{self.where}: {key}", value, signed=signed)

    def rows(self, key: str) -> list[Fields]:
        """A list of tables."""
        value = self.any(key)
        if value is None:
            return []
        if not isinstance(value, list | tuple):
            raise self.wrong(key, value, f"a list of tables, as in [[{key}]]")
        found = [Fields(f"{self.where}: {key.removesuffix('s')} {n}", item) for n, item in enumerate(value, 1)]
        self._tables += found
        return found

    def table(self, key: str) -> Fields:
        """A table; an empty one if there is none."""
        value = self.any(key)
        self._tables.append(Fields(f"{self.where}: [{key}]", {} if value is None else value))
        return self._tables[-1]

    def items(self) -> list[tuple[str, Any]]:
        """All keys with their values, for tables that allow any key."""
        self._asked |= set(self._content)
        return list(self._content.items())

    def finish(self) -> None:
        """Refuse unknown keys.

        Raises
        ------
        UsageError
            naming the first, and the known key most like it.
        """
        for table in self._tables:
            table.finish()
        for key in self._content:
            if key not in self._asked:
                near = get_close_matches(key, self._asked, 1, 0.7)
                hint = f"is {near[0]} meant?" if near else f"known: {', '.join(sorted(self._asked))}"
                raise UsageError(one_line(f"{self.where} has an unknown key: {key}"), hint)


def seconds(where: str, value: object, *, signed: bool = False) -> float:
    """A time of a study file.

    Raises
    ------
    UsageError
        if it is not a time.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = f"{value:.9f}"
    if not isinstance(value, str):
        raise UsageError(one_line(f"{where} is {_shown(value)}, but has to be a time"), "write seconds, or 1:30")
    text = value.strip()
    minus = signed and text.startswith("-")
    return -parse_time(text[1:], where) if minus else parse_time(text, where)


def _shown(value: object) -> str:
    return value if isinstance(value, str) else repr(value)
