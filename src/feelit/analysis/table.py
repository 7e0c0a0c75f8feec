"""What an analysis found, as a table: for programs, for files, and for people."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    import pandas as pd

Record = TypeVar("Record")


@dataclass(frozen=True, kw_only=True, slots=True)
class ResultTable(Generic[Record]):
    """Records, one per row, and the forms that they have outside of this program.

    Attributes
    ----------
    records : in the order of the rows
    frame : makes a data frame with all columns
    texts : makes the text of a file with all columns, by format: csv, json, md
    unit : what one row is, and what several are
    headings, words : of the short form, and how many of them are over text, not numbers
    short : makes a row of the short form
    expendable : headings of the short form that a narrow terminal leaves out first
    notes : what else there is to say, a line each
    """

    records: Sequence[Record]
    frame: Callable[[], pd.DataFrame]
    texts: Mapping[str, Callable[[], str]]
    unit: tuple[str, str]
    headings: Sequence[str]
    words: int
    short: Callable[[Any], list[str]]
    expendable: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def shown(self) -> tuple[str, list[str], list[list[str]], int]:
        """Title, headings, rows, and how many columns are text, as `console.make_table` takes them.

        The name of a video need not stand on every line: where all rows have the same, it stands in the title.
        """
        rows = [self.short(record) for record in self.records]
        one, several = self.unit
        title, names, words = f"{len(rows)} {one if len(rows) == 1 else several}", list(self.headings), self.words
        if names[0] == "video" and len(videos := {row[0] for row in rows}) == 1:
            title = videos.pop() if one == "video" else f"{title} in {videos.pop()}"
            names, rows, words = names[1:], [row[1:] for row in rows], words - 1
        return title, names, rows, words
