"""CSV files as dictionaries, with the number of the line, and errors that name it."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from feelit.encodings import marked_encoding
from feelit.errors import UsageError


def header_of(path: Path) -> tuple[str, ...]:
    """The names of the columns, in lower case and without spaces about them.

    Raises
    ------
    UsageError
        if the file cannot be read as a CSV file with a header.
    """
    return next(_lines(path))[1]


def rows_of(path: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """Every row of a CSV file: where it stands, as "NAME, line 7", and its cells by the names of their columns.

    Raises
    ------
    UsageError
        if the file cannot be read as a CSV file with a header, or a row is shorter than the header.
    """
    lines = _lines(path)
    _, header = next(lines)
    for number, cells in lines:
        if not cells:
            continue
        origin = f"{path.name}, line {number}"
        if len(cells) < len(header):
            raise UsageError(f"{origin}: {len(cells)} cells, but {len(header)} columns", "fix the line, or copy the file again")
        yield origin, dict(zip(header, cells, strict=False))


def column(header: tuple[str, ...], names: tuple[str, ...]) -> str | None:
    """The first of several names that a header has."""
    return next((name for name in names if name in header), None)


def _lines(path: Path) -> Iterator[tuple[int, tuple[str, ...]]]:
    """The header in lower case, then the lines, each with its number from 1."""
    try:
        with path.open("rb") as file:
            encoding = marked_encoding(file.read(4)) or "utf-8"
        with path.open(encoding=encoding, newline="") as file:
            reader = csv.reader(file)
            header = tuple(cell.strip().lower() for cell in next(reader, ()))
            if not header:
                raise UsageError(f"{path} is empty", "a CSV file with a header is expected")
            yield reader.line_num, header
            for cells in reader:
                yield reader.line_num, tuple(cells)
    except (OSError, UnicodeError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(
            f"{path} cannot be read: {reason}", "a CSV file in UTF-8, or UTF-16 with a mark, is expected"
        ) from error
