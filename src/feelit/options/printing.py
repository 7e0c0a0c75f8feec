"""The options of commands that print a table, or write it to a file in another format."""

from __future__ import annotations

from dataclasses import dataclass

from feelit.options.declare import Options, option
from feelit.options.kinds import LOCATION, choice
from feelit.storage.location import Location

TABLE = "table"
"""The format for the terminal, which no file is written in."""

BY_ENDING = "table, or what the ending of --out says"


@dataclass(frozen=True, kw_only=True, slots=True)
class PrintOptions(Options):
    """How a table is written, and where."""

    format: str | None = option(None, "How to write it.", default_text=BY_ENDING, kind=choice((TABLE, "json", "csv")))
    out: Location | None = option(None, "Write a file instead of standard output.", kind=LOCATION)
    force: bool = option(False, "Replace a file that exists.")


@dataclass(frozen=True, kw_only=True, slots=True)
class PrintSummaryOptions(PrintOptions):
    """The same, with Markdown."""

    format: str | None = option(None, "How to write it.", default_text=BY_ENDING, kind=choice((TABLE, "json", "csv", "md")))
