"""feelit live"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Annotated, NoReturn

import typer

import feelit
from feelit.cli import INTERRUPTED
from feelit.cli.command import argument, with_options
from feelit.cli.texts import note
from feelit.options.printing import LivePrintOptions
from feelit.options.videos import LiveOptions, ServerOptions


@with_options
def live(
    serving: ServerOptions,
    options: LiveOptions,
    printed: LivePrintOptions,
    source: Annotated[
        str | None, argument("A camera (a path, or its number), an address or a file.", default="the first camera")
    ] = None,
) -> None:
    """Watch a camera, a stream or a file on a local page, with what each face shows."""
    if not serving.is_local:
        note("whoever gets hold of the address can watch, and it travels unencrypted")
    with _until_interrupted() as stop:
        report = feelit.watch(
            source, options=options, serving=serving, stop=stop, ready=lambda url, name: _announce(url, name, printed)
        )
    if report is None:
        note("interrupted before there was anything to see")
        _end(INTERRUPTED)
    _print_report(report, printed.json)
    _end(0)


def _announce(url: str, name: str, printed: LivePrintOptions) -> None:
    from feelit.cli.texts import write_json

    if printed.json:
        write_json({"url": url, "source": name})
    else:
        typer.echo(url)
    if sys.stderr.isatty():
        typer.echo("Ctrl-C ends. What is shown is how a face looks, not what a person feels.", err=True)
    if printed.open:
        import webbrowser

        webbrowser.open(url)


def _print_report(report: feelit.VideoReport, json_lines: bool) -> None:
    from feelit.cli.texts import write_json
    from feelit.storage.names import one_line

    if json_lines:
        write_json(report.record())
    elif sys.stderr.isatty():
        counts = f"{report.sampled} of {report.decoded} frames in {report.wall_s:.0f} s, tracks: {report.tracks}"
        where = f", recorded in {report.out}" if report.out else ""
        typer.echo(one_line(f"{report.video}: {counts}{where}"), err=True)


def _end(code: int) -> NoReturn:
    """End the command, and where a thread still waits for its source, the process with it.

    FFmpeg crashes now and then when the interpreter ends under a thread that is just opening something.
    """
    from feelit.live.session import leaves_a_thread

    if leaves_a_thread():
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    raise typer.Exit(code)


@contextmanager
def _until_interrupted() -> Iterator[threading.Event]:
    """An event that Ctrl-C and SIGTERM set, for that is how watching ends. The second time they interrupt as ever.

    This thread must not wait for it: the handler runs in between and would wait for the event's own lock.
    """
    stop = threading.Event()
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def end(number: int, frame: FrameType | None) -> None:
        stop.set()
        restore()

    def restore() -> None:
        for number, handler in handlers.items():
            signal.signal(number, handler)

    for number, handler in handlers.items():
        if handler is not signal.SIG_IGN:
            signal.signal(number, end)
    try:
        yield stop
    finally:
        restore()
