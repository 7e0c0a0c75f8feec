"""The command line in this process, and what it must keep to whatever it is given."""

from __future__ import annotations

import contextlib
import functools
import io
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

import typer.main

from feelit.cli import main
from tests.conftest import SerialEngine

_command = functools.cache(typer.main.get_command)  # to put the parser together takes longer than most cases


class MisbehavedError(Exception):
    """The program did what it must never do; the message tells what."""


@dataclass(frozen=True)
class Told:
    """What a command ended with."""

    code: int
    out: str
    err: str


def feelit(*arguments: object) -> Told:
    """Call the command as a user would, with segments run in this process and warnings as errors.

    Raises
    ------
    MisbehavedError
        if it says more than a line on standard error, or tells of a bug of its own.
    Exception
        whatever the command lets through.
    """
    out, err = io.StringIO(), io.StringIO()
    with (
        patch.object(sys, "argv", ["feelit", *map(str, arguments)]),
        patch("feelit.run.pipeline.LocalEngine", SerialEngine),
        patch("signal.signal"),
        patch("typer.main.get_command", _command),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("error")
        try:
            main()
            code = 0
        except SystemExit as done:
            code = int(done.code or 0)
    told = Told(code, out.getvalue(), err.getvalue())
    look_at(told)
    return told


def look_at(told: Told) -> None:
    """Raise a MisbehavedError where a command did what none may do."""
    lines = told.err.splitlines()
    if "internal error" in told.err or "Traceback" in told.err:
        raise MisbehavedError(told.err.strip())
    if told.code == 0 and lines:
        raise MisbehavedError(f"all was well, and yet it said: {told.err!r}")
    if told.code == 1:
        raise MisbehavedError(f"exit code 1: {told.err!r}")
    if told.code and not (len(lines) == 1 and lines[0].startswith("feelit: ")) and not _of_click(told):
        raise MisbehavedError(f"exit code {told.code} with {len(lines)} lines: {told.err!r}")
    if any(not c.isprintable() for line in lines for c in line):
        raise MisbehavedError(f"control characters on standard error: {told.err!r}")


def _of_click(told: Told) -> bool:
    """A word that the parser of the command line refuses is told in Typer's own form."""
    return told.code == 2 and told.err.startswith("Usage: ")


def nothing_but(folder: Path, names: set[str]) -> None:
    """Raise a MisbehavedError where a command left more in a folder, hidden files and folders included."""
    if more := {path.name for path in folder.iterdir()} - names:
        raise MisbehavedError(f"left behind: {sorted(more)}")
