"""Text that a command writes: in which format, and where to."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from feelit.storage.location import Location

Format = TypeVar("Format", bound=StrEnum)

TABLE = "table"
"""The format for the terminal, which no file is written in."""


def place_of(out: str | None) -> Location | None:
    """The place that `--out` names; None is standard output."""
    from feelit.options.kinds import expanded
    from feelit.storage.location import location

    return None if out is None else location(expanded(out))


def choose(formats: type[Format], chosen: Format | None, out: Location | None, force: bool, timelines: Sequence[str]) -> Format:
    """The format to write, named by --format or by the ending of --out; `timelines` are what the command reads.

    Raises
    ------
    UsageError
        if neither tells, or `out` is one of the timelines.
    OutputError
        if `out` exists already and is not to be replaced.
    """
    from feelit.errors import UsageError
    from feelit.storage.atomic import refuse_to_overwrite
    from feelit.storage.stat import InputFiles
    from feelit.timeline.recording import files_of

    if out is None:
        return chosen or formats(TABLE)
    known = [f.value for f in formats if f.value != TABLE]
    if chosen is None and out.suffix[1:].lower() in known:
        chosen = formats(out.suffix[1:].lower())
    if chosen is None or chosen.value == TABLE:
        raise UsageError(f"--out {out} does not say what to write", f"choose --format {', '.join(known)}, or end the name so")
    refuse_to_overwrite(out, force, InputFiles(files_of(timelines)))
    return chosen


def write_json(content: object, indent: int | None = None) -> None:
    """Write an object to standard output, on one line or indented."""
    import json

    write(json.dumps(content, indent=indent, ensure_ascii=False) + "\n", None)


def write(text: str, out: Location | None) -> None:
    """Write text to a file, whole or not at all, or to standard output: as it is, but nothing commands a terminal.

    Raises
    ------
    OutputError
        if the file cannot be written.
    """
    from feelit.storage.atomic import whole_file
    from feelit.storage.names import for_terminal

    if out is None:
        sys.stdout.write(for_terminal(text) if sys.stdout.isatty() else text)  # typer.echo would change what it sends to pipes
        sys.stdout.flush()  # who reads a pipe may wait for this line
        return
    with whole_file(out) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")
