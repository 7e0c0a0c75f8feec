"""The command line: one thin module a command. Parse, call one function, print."""

from __future__ import annotations

import gc
import importlib
import os
import signal
import sys
from collections.abc import Sequence
from types import FrameType
from typing import Annotated, NoReturn

import typer

from feelit.cli.help import HelpfulCommand, HelpfulGroup
from feelit.cli.streams import repair_streams
from feelit.errors import MEMORY_HINT, FeelitError, OutOfMemoryError, OutputError, is_out_of_memory
from feelit.storage.names import one_line

INTERRUPTED = 130

ENDING = [signal.SIGINT, signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else [])]
"""Ctrl-C, a polite end, and a terminal that was closed; `nohup` has the last one ignored, and so it stays."""

LEAST_ADDRESSES = 5 << 28
"""What libraries take of the address space before anything is done; most of it is never used."""

COMMANDS = (
    "analyze",
    "status",
    "merge",
    "summarize",
    "people",
    "events",
    "utterances",
    "agree",
    "study",
    "report",
    "plot",
    "annotate",
    "clips",
    "export",
    "explain",
    "live",
    "evaluate",
    "train",
    "models",
    "doctor",
)
"""In the order in which help lists them. Each has a module of its name, which holds a function or a group of that name."""


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
    """The one seam where expected failures become a line on stderr and an exit code."""
    repair_streams()
    # Arrow's own pools keep memory that was freed: a tenth of what a long timeline takes.
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    gc.set_threshold(50_000, 20, 20)  # a long timeline makes 100,000 records: a twentieth of the time goes into visiting them
    for number in ENDING:
        if signal.getsignal(number) is not signal.SIG_IGN:  # as it is for a job in the background of a script
            signal.signal(number, _interrupt)
    asked = sys.argv[1:2]
    try:
        application(asked if asked and asked[0] in COMMANDS else COMMANDS)()
    except _Interruption:
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
    """Numeric libraries that get no memory while they are loaded end the process, without a word or with pages of them."""
    if sys.platform == "win32":
        return
    import resource

    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit != resource.RLIM_INFINITY and limit < LEAST_ADDRESSES:
        message = f"{limit >> 20} MiB of address space are too little"
        raise OutOfMemoryError(message, f"at least {LEAST_ADDRESSES >> 20} MiB are needed: see ulimit -v")


class _Interruption(BaseException):
    """One of `ENDING`. Not a KeyboardInterrupt, which Typer would catch and end in silence."""


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise _Interruption


def _fail(message: str, hint: str, code: int) -> NoReturn:
    for number in ENDING:
        if signal.getsignal(number) is _interrupt:  # from now on it would only meet an interpreter that ends, and cry out there
            signal.signal(number, signal.SIG_DFL)
    typer.echo(one_line(f"feelit: {message}" + (f" ({hint})" if hint else "")), err=True)
    sys.exit(code)
