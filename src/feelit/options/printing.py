"""What commands print: tables, JSON, progress, and in which format a table is written to a file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from feelit.options.declare import Options, option
from feelit.options.kinds import CONFIG, LOCATION, choice
from feelit.storage.location import Location

TABLE = "table"  # the format for the terminal, which no file is written in
BY_ENDING = "table, or by the ending of --out"


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


@dataclass(frozen=True, kw_only=True, slots=True)
class JsonOptions(Options):
    """Whether a table or JSON is printed."""

    json: bool = option(False, "Print JSON.")


@dataclass(frozen=True, kw_only=True, slots=True)
class QuietOptions(Options):
    """Whether progress is shown."""

    quiet: bool = option(False, "No progress.")


@dataclass(frozen=True, kw_only=True, slots=True)
class AnalyzePrintOptions(Options):
    """What an analysis prints, and whether it only lists its plan."""

    json: bool = option(False, "Print one JSON object per finished video.")
    quiet: bool = option(False, "No progress and no table; failures are still printed.")
    dry_run: bool = option(False, "List what would be done, and do nothing.")
    config: Path | None = option(None, "A TOML file with any of these options.", kind=CONFIG)


@dataclass(frozen=True, kw_only=True, slots=True)
class PullPrintOptions(QuietOptions):
    """What is printed while a model is fetched."""

    quiet: bool = option(False, "No progress, and no notice about the licence.")


@dataclass(frozen=True, kw_only=True, slots=True)
class StatusPrintOptions(JsonOptions):
    """What is printed besides the counts."""

    failed: bool = option(False, "List the videos that failed, and why.")
    stale: bool = option(False, "List the timelines that an earlier version of feelit or of a model made.")


@dataclass(frozen=True, kw_only=True, slots=True)
class LivePrintOptions(JsonOptions):
    """How a page is announced."""

    open: bool = option(False, "Open the page in the browser.")
    json: bool = option(False, "Print two JSON objects: the address, and at the end a report like that of `feelit analyze`.")
