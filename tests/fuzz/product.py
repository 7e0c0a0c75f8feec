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

from feelit.cli import COMMANDS, application, main
from tests.conftest import SerialEngine

# to put the parser together takes longer than most cases
_application, _command = functools.cache(application), functools.cache(typer.main.get_command)


class MisbehavedError(Exception):
    """The program did what it must never do; the message says what."""


@dataclass(frozen=True)
class Reported:
    """What a command ended with."""

    code: int
    out: str
    err: str


def feelit(*arguments: object) -> Reported:
    """Call the command as a user would, with segments run in this process and warnings as errors.

    Raises
    ------
    MisbehavedError
        if it says more than a line on standard error, or reports a bug of its own.
    Exception
        whatever the command lets through.
    """
    out, err = io.StringIO(), io.StringIO()
    with (
        patch.object(sys, "argv", ["feelit", *map(str, arguments)]),
        patch("feelit.run.pipeline.LocalEngine", SerialEngine),
        patch("signal.signal"),
        patch("feelit.cli.application", lambda names=COMMANDS: _application(tuple(names))),
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
    reported = Reported(code, out.getvalue(), err.getvalue())
    look_at(reported)
    return reported


def look_at(reported: Reported) -> None:
    """Raise a MisbehavedError where a command did what none may do."""
    lines = reported.err.splitlines()
    if "internal error" in reported.err or "Traceback" in reported.err:
        raise MisbehavedError(reported.err.strip())
    if reported.code == 0 and lines:
        raise MisbehavedError(f"all was well, and yet it said: {reported.err!r}")
    if reported.code == 1:
        raise MisbehavedError(f"exit code 1: {reported.err!r}")
    if reported.code and not (len(lines) == 1 and lines[0].startswith("feelit: ")) and not _of_click(reported):
        raise MisbehavedError(f"exit code {reported.code} with {len(lines)} lines: {reported.err!r}")
    if any(not c.isprintable() for line in lines for c in line):
        raise MisbehavedError(f"control characters on standard error: {reported.err!r}")


def _of_click(reported: Reported) -> bool:
    """A word that the parser of the command line refuses is reported in Typer's own form."""
    return reported.code == 2 and reported.err.startswith("Usage: ")


def nothing_but(folder: Path, names: set[str]) -> None:
    """Raise a MisbehavedError where a command left more in a folder, hidden files and folders included."""
    if more := {path.name for path in folder.iterdir()} - names:
        raise MisbehavedError(f"left behind: {sorted(more)}")
