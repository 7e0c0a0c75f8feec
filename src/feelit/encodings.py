"""Text files of people and other programs: UTF-8, or the encoding of their byte order mark."""

from __future__ import annotations

import codecs
from pathlib import Path

from feelit.errors import UsageError

MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (codecs.BOM_UTF8, "utf-8-sig"),
)
"""Byte order marks, and the codecs of Python that remove them."""


def marked_encoding(content: bytes) -> str | None:
    """The encoding of the byte order mark, by the first four bytes of a text; None without one."""
    return next((encoding for mark, encoding in MARKS if content.startswith(mark)), None)


def text_of(content: bytes) -> str:
    """Decode UTF-8, or the encoding of the byte order mark, without the mark. Raises UnicodeDecodeError if it is not."""
    return content.decode(marked_encoding(content) or "utf-8")


def read_text(path: Path, most_bytes: int, hint: str, name: str | None = None) -> str:
    """The text of a file that people or other programs wrote; `name` is how errors call it, by default its path.

    Raises
    ------
    UsageError
        if it is larger than `most_bytes`, with this hint.
    OSError, UnicodeDecodeError
        if it cannot be read, or is no text.
    """
    with path.open("rb") as file:
        content = file.read(most_bytes + 1)
    if len(content) > most_bytes:
        raise UsageError(f"{name or path} is larger than {most_bytes >> 20} MiB", hint)
    return text_of(content)
