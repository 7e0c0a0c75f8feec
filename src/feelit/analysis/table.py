"""Results of an analysis as tables: data frames, text files, and the short form for terminals."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from feelit.storage.names import for_spreadsheet

if TYPE_CHECKING:
    import pandas as pd

Record = TypeVar("Record")

DIGITS = 4  # decimals of written numbers, as of the confidence in a timeline; for times, a tenth of a millisecond

_MARKUP = re.compile(r"[\\|<&`\[]")


@dataclass(frozen=True, slots=True)
class TextTable:
    """A table for the terminal: its first `words` columns hold words, the others numbers.

    `expendable` are headings of columns to leave out, the first one first, where the terminal is too narrow.
    """

    title: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    words: int = 1
    expendable: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class ResultTable(Generic[Record]):
    """Records, one per row, and the functions that convert them."""

    records: Sequence[Record]  # in the order of the rows
    frame: Callable[[], pd.DataFrame]  # returns a data frame with all columns
    texts: Mapping[str, Callable[[], str]]  # by format (csv, json, md), returns the text of a file
    unit: tuple[str, str]  # name of one row, singular and plural
    headings: Sequence[str]  # of the short form
    words: int  # how many of them are over text
    short: Callable[[Any], list[str]]  # returns a row of the short form
    expendable: tuple[str, ...] = ()  # headings of the short form to leave out first in a narrow terminal
    notes: tuple[str, ...] = ()  # additional lines to print

    def shown(self) -> TextTable:
        """The short form. If all rows are of one video, its name is in the title instead of in every row."""
        rows = [self.short(record) for record in self.records]
        one, several = self.unit
        title, names, words = f"{len(rows)} {one if len(rows) == 1 else several}", list(self.headings), self.words
        if names[0] == "video" and len(videos := {row[0] for row in rows}) == 1:
            title = videos.pop() if one == "video" else f"{title} in {videos.pop()}"
            names, rows, words = names[1:], [row[1:] for row in rows], words - 1
        return TextTable(title, names, rows, words, self.expendable)


def csv_of(names: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    """CSV text: a header line, then one line per row. Text that a spreadsheet would run as a formula is escaped."""
    lines = []
    for given in (names, *([row[name] for name in names] for row in rows)):
        cells = [for_spreadsheet(cell) if isinstance(cell, str) else cell for cell in given]
        line = io.StringIO()
        csv.writer(line, lineterminator="\r\n").writerow(cells)  # quotes \r as well as \n
        lines.append(line.getvalue().removesuffix("\r\n") + "\n")
    return "".join(lines)


def json_of(objects: Sequence[Mapping[str, Any]]) -> str:
    """A JSON array with one object per record; raises ValueError for NaN and infinity."""
    return json.dumps(objects, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def markdown_of(rows: Iterable[Sequence[str]]) -> str:
    """A table of GitHub Flavored Markdown, from its rows of cells: headings, rules, then data."""
    return "".join("| " + " | ".join(row) + " |\n" for row in rows)


def escaped(cell: str) -> str:
    """A text as a cell of Markdown: its special characters escaped, line breaks as commas."""
    return _MARKUP.sub(r"\\\g<0>", cell).replace("\n", ", ")


def rounded_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row whose values are as `rounded` gives them."""
    return {name: rounded(value) for name, value in row.items()}


def rounded(value: Any) -> Any:
    """A value for output: numbers with `DIGITS` decimals, NaN and infinity as None."""
    if not isinstance(value, float):
        return value
    return round(value, DIGITS) if math.isfinite(value) else None


def clock(time_s: float) -> str:
    """A time in a video: h:mm:ss.s or m:ss.s."""
    minutes, tenths = divmod(round(time_s * 10), 600)
    hours, minutes = divmod(minutes, 60)
    front = f"{hours}:{minutes:02d}" if hours else str(minutes)
    return f"{front}:{tenths // 10:02d}.{tenths % 10}"


def number(value: float, form: str) -> str:
    """A number as `format` writes it, with a space before a percent sign; a dash for NaN."""
    return "-" if math.isnan(value) else format(value, form).replace("%", " %")
