"""Text files of other programs: UTF-8, or what their byte order mark says."""

from __future__ import annotations

import codecs

MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (codecs.BOM_UTF8, "utf-8-sig"),
)
"""Byte order marks, and the codecs of Python that take them off."""


def marked_encoding(content: bytes) -> str | None:
    """The encoding that a text's first bytes name, four of which are enough; None where they name none."""
    return next((encoding for mark, encoding in MARKS if content.startswith(mark)), None)


def text_of(content: bytes) -> str:
    """A text in UTF-8, or in what its byte order mark says; the mark is no part of it.

    Raises
    ------
    UnicodeDecodeError
        if it is not.
    """
    return content.decode(marked_encoding(content) or "utf-8")
