"""File names as text. They may hold newlines, escape sequences, and bytes that are no text in any encoding."""

from __future__ import annotations

import os
from pathlib import Path

from feelit.storage.location import Location

HIDING = {"_": "%5F", ".": "%2E"}
"""First characters that hide a file, and how they are written instead."""


def as_text(place: Location) -> str:
    r"""A path with forward slashes, or an address, as Unicode that can be stored: bytes that are not UTF-8 become \xff."""
    return os.fsencode(place.as_posix() if isinstance(place, Path) else str(place)).decode("utf-8", "backslashreplace")


def in_dataset(text: str) -> str:
    """A relative path that readers of a dataset neither pass over nor take for more than a path.

    What begins with an underscore or a dot is hidden from Arrow and Spark, and a folder named `key=value` becomes a column.
    """
    *folders, name = (HIDING.get(part[:1], part[:1]) + part[1:] for part in text.split("/"))
    return "/".join([*(folder.replace("=", "%3D") for folder in folders), name])


def for_terminal(text: str) -> str:
    """Text of several lines as it can be shown on a terminal."""
    return "\n".join(map(one_line, text.split("\n")))


def one_line(text: str) -> str:
    r"""Text as it can be shown on a terminal: newlines as \n, and no character that commands the terminal."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""With these, full-width ones included, a cell begins that a spreadsheet may take for a formula (OWASP, "CSV Injection")."""


def for_spreadsheet(text: str) -> str:
    """Text for a cell of CSV: with an apostrophe before it where a spreadsheet might take it for a formula, and before a text
    that has one already. Without one leading apostrophe, where there is one, it is the text again."""
    return f"'{text}" if text.startswith((*FORMULAS, "'")) else text


def mirrored(path: Path) -> Path:
    """Where a file named by itself is mirrored: its path below the working folder, else its whole path."""
    whole = Path(os.path.normpath(Path.cwd() / path))
    here = Path.cwd()
    return whole.relative_to(here) if whole.is_relative_to(here) else whole.relative_to(whole.anchor)
