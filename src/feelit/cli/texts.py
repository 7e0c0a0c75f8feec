"""Writing text: in which format, and to which stream or file."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from feelit.api.tables import ResultTable
    from feelit.options.printing import PrintOptions
    from feelit.storage.location import Location


def choose(printed: PrintOptions, timelines: Sequence[str], *others: Location) -> str:
    """The format to write, named by --format or by the ending of --out; `timelines` and `others` are what the command reads.

    Raises
    ------
    UsageError
        if neither names one, or `out` is one of the files that are read.
    OutputError
        if `out` exists already and is not to be replaced.
    """
    from feelit.api.tables import files_of
    from feelit.errors import UsageError
    from feelit.options.declare import options_of
    from feelit.options.printing import TABLE
    from feelit.storage.atomic import refuse_to_overwrite
    from feelit.storage.stat import InputFiles

    chosen, out = printed.format, printed.out
    if out is None:
        return chosen or TABLE
    (choices,) = (option.values.choices for option in options_of(type(printed)) if option.name == "format")
    known = [word for word in choices if word != TABLE]
    if chosen is None and out.suffix[1:].lower() in known:
        chosen = out.suffix[1:].lower()
    if chosen is None or chosen == TABLE:
        raise UsageError(f"--out {out} does not say what to write", f"choose --format {', '.join(known)}, or end the name so")
    refuse_to_overwrite(out, printed.force, InputFiles([*files_of(timelines), *others]))
    return chosen


def write_table(found: ResultTable[Any], written: str, out: Location | None) -> None:
    """Print a table, or write it in another format, as `choose` gave it.

    Raises
    ------
    OutputError
        if the file cannot be written.
    """
    from feelit.console import print_table
    from feelit.options.printing import TABLE

    if written == TABLE:
        print_table(found.shown())
    else:
        write(found.texts[written](), out)


def note(*messages: str) -> None:
    """Write lines to standard error, with the name of the program before each."""
    from feelit.storage.names import one_line

    for message in messages:
        typer.echo(one_line(f"feelit: {message}"), err=True)


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
