"""The command line: one thin module per command, which parses, calls the API and prints."""

from __future__ import annotations

import codecs
import gc
import importlib
import io
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, NoReturn, TextIO

import typer

from feelit.cli.help import HelpfulCommand, HelpfulGroup
from feelit.errors import MEMORY_HINT, FeelitError, OutOfMemoryError, OutputError, is_out_of_memory
from feelit.run.interruption import Interruption, handle_signals, leave_signals
from feelit.storage.names import one_line

INTERRUPTED = 130

LEAST_ADDRESSES = 5 << 28  # the address space that libraries reserve at start; most of it is never used
COMMANDS = (
    *("analyze", "status", "merge", "summarize", "people", "events", "utterances", "agree", "study", "report", "plot"),
    *("annotate", "clips", "export", "explain", "live", "evaluate", "train", "models", "doctor"),
)
"""In the order of the help. Each has a module with its name, which holds a function or a group with that name."""


def application(names: Sequence[str] = COMMANDS) -> typer.Typer:
    """The command line with these commands: to declare all of them takes longer than to import NumPy."""
    app = typer.Typer(cls=HelpfulGroup, no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False)
    app.callback(invoke_without_command=True)(feelit)
    for name in names:
        command = getattr(importlib.import_module(f"{__name__}.{name}"), name)
        if isinstance(command, typer.Typer):
            app.add_typer(command, name=name)
        else:
            app.command(cls=HelpfulCommand)(command)
    return app


def feelit(version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False) -> None:
    """Batch video analytics: who is on screen when, and which emotion each face shows.

    What is measured is how a face looks, not what a person feels; docs/responsible-use.md says what that means.
    """
    if version:
        from feelit import __version__

        typer.echo(f"feelit {__version__}")
        raise typer.Exit
    if "--help" not in sys.argv:
        _refuse_little_memory()


def main() -> None:
    """Run a command; expected failures become a line on stderr and an exit code, here only."""
    repair_streams()
    # Arrow's own pools keep memory that was freed: a tenth of what a long timeline takes.
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    gc.set_threshold(50_000, 20, 20)  # a long timeline makes 100,000 records: a twentieth of the time goes into visiting them
    handle_signals()
    asked = sys.argv[1:2]
    try:
        application(asked if asked and asked[0] in COMMANDS else COMMANDS)()
    except Interruption:
        _fail("interrupted; run the same command again to resume", "", INTERRUPTED)
    except Exception as error:
        if not isinstance(error, OutOfMemoryError) and is_out_of_memory(error):
            _fail("memory ran out", MEMORY_HINT, OutOfMemoryError.exit_code)
        if isinstance(error, FeelitError):
            _fail(error.message, error.hint, error.exit_code)
        if isinstance(error, OSError):  # no room for standard output, for instance
            _fail(f"{error.filename or 'the system'}: {error.strerror or error}", "", OutputError.exit_code)
        raise


def _refuse_little_memory() -> None:
    """Raise OutOfMemoryError early: numeric libraries that get no memory while they load end the process."""
    if sys.platform == "win32":
        return
    import resource

    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit != resource.RLIM_INFINITY and limit < LEAST_ADDRESSES:
        message = f"{limit >> 20} MiB of address space are too little"
        raise OutOfMemoryError(message, f"at least {LEAST_ADDRESSES >> 20} MiB are needed: see ulimit -v")


def _fail(message: str, hint: str, code: int) -> NoReturn:
    leave_signals()
    typer.echo(one_line(f"feelit: {message}" + (f" ({hint})" if hint else "")), err=True)
    sys.exit(code)


ESCAPED = "feelit.escaped"
"""The error handler that writes characters outside the encoding of a stream as JSON escapes, so that JSON stays valid."""


def repair_streams() -> None:
    """Make the standard streams usable, also where the shell has closed them or their reader ends early."""
    codecs.register_error(ESCAPED, _escaped)
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:  # closed, as in `feelit ... >&-`
            setattr(sys, name, Path(os.devnull).open(mode))  # noqa: SIM115  # for the rest of the process
    if os.name != "nt":
        sys.stdout = _tolerant(sys.stdout, sys.__stdout__)
        sys.stderr = _tolerant(sys.stderr, sys.__stderr__)


def _escaped(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeEncodeError)
    return json.dumps(error.object[error.start : error.end])[1:-1], error.end


class _Downstream(io.FileIO):
    """Output whose reader may end early, as `head` does: what follows is dropped, and the run goes on.

    A full disk is reported once; Python would try to write the rest when it ends, and complain again.
    """

    _lost = False

    def write(self, data: Any) -> int:
        if self._lost:
            return memoryview(data).nbytes
        try:
            return super().write(data)
        except BrokenPipeError:
            self._lost = True
            return memoryview(data).nbytes
        except OSError as error:
            self._lost = True
            raise OutputError(f"standard output cannot be written: {error.strerror}", "send it elsewhere") from error


def _tolerant(stream: TextIO, original: TextIO | None) -> TextIO:
    if stream is not original or not isinstance(stream, io.TextIOWrapper):
        return stream  # somebody else took it over, a test for instance
    stream.flush()
    raw = io.BufferedWriter(_Downstream(stream.fileno(), "w", closefd=False))
    # "surrogateescape" is what Python chooses in the C locale: it knows what to do with bytes, and not with letters.
    errors = ESCAPED if stream.errors in ("strict", "surrogateescape") else stream.errors
    return io.TextIOWrapper(raw, stream.encoding, errors, line_buffering=stream.line_buffering)
