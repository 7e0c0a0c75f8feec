"""The command line: one thin module a command. Parse, call one function, print."""

from __future__ import annotations

import signal
import sys
from types import FrameType
from typing import Annotated

import typer

from feelit.cli.analyze import analyze
from feelit.cli.annotate import annotate
from feelit.cli.doctor import doctor
from feelit.cli.summarize import summarize
from feelit.errors import FeelitError

INTERRUPTED = 130

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
app.command()(analyze)
app.command()(summarize)
app.command()(annotate)
app.command()(doctor)


@app.callback(invoke_without_command=True)
def feelit(version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False) -> None:
    """Batch video analytics: who is on screen when, and which emotion each face shows.

    What is measured is how a face looks, not what a person feels; docs/responsible-use.md says what that means.
    """
    if version:
        from feelit import __version__

        typer.echo(f"feelit {__version__}")
        raise typer.Exit


def main() -> None:
    """The one seam where expected failures become a line on stderr and an exit code."""
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        app()
    except FeelitError as error:
        typer.echo(f"feelit: {error.message}" + (f" ({error.hint})" if error.hint else ""), err=True)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        typer.echo("feelit: interrupted; run the same command again to resume", err=True)
        sys.exit(INTERRUPTED)
    except BrokenPipeError:  # the reader of a shell pipeline has gone, which is its right
        sys.stderr.close()
        sys.exit(0)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
