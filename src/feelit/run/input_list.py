"""Lists of inputs, as other programs write them to standard input."""

from __future__ import annotations

import os

from feelit.encodings import marked_encoding
from feelit.errors import UsageError

ACCEPTED = "one name a line, or names that each end in NUL, in UTF-8, or in UTF-16 with a byte order mark"


def read_list(content: bytes) -> list[str]:
    r"""The names of a list: separated by NUL if there is one in it, else by newlines. Empty lines, and the \r before a newline,
    are no part of it; everything else is, blanks, quotes and # as well.

    Parameters
    ----------
    content : decoded as its byte order mark says, else as file names are, not all of which are text

    Raises
    ------
    UsageError
        if it is text of another encoding: its letters are no names.
    """
    encoding = marked_encoding(content)
    try:
        text = os.fsdecode(content) if encoding is None else content.decode(encoding)
    except UnicodeDecodeError as error:
        raise UsageError(f"the list of inputs is no {encoding}, as its first bytes say: {error.reason}", ACCEPTED) from error
    if "\0" not in text:
        return [line for line in (line.removesuffix("\r") for line in text.split("\n")) if line]
    names = text.removesuffix("\0").split("\0")
    if "" in names or _are_letters(names):
        raise UsageError("the list of inputs has NUL characters within its names", ACCEPTED)
    return names


def _are_letters(names: list[str]) -> bool:
    """Whether these are the letters of a text in UTF-16 without a mark, rather than names: most are one character long."""
    return len(names) > 1 and sum(len(name) == 1 for name in names) > len(names) / 2
