"""feelit live"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from feelit.cli.explain import DeviceName

if TYPE_CHECKING:
    from feelit.run.job import VideoReport

INTERRUPTED = 130


def live(
    source: Annotated[
        str | None,
        typer.Argument(help="A camera (a path, or its number), an address or a file.", show_default="the first camera"),
    ] = None,
    port: Annotated[int, typer.Option(help="Port of the page; 0 takes a free one.")] = 0,
    host: Annotated[str, typer.Option(help="Address to listen at; any other lets other computers in.")] = "127.0.0.1",
    token: Annotated[str | None, typer.Option(help="What opens the page.", show_default="a random one")] = None,
    open_: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
    out: Annotated[Path | None, typer.Option(help="Record a timeline, a .parquet file.", show_default=False)] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that exists.")] = False,
    duration: Annotated[float, typer.Option(help="End after so many seconds.", show_default="its end")] = float("inf"),
    loop: Annotated[bool, typer.Option("--loop", help="Play a file over and over.")] = False,
    rate: Annotated[str, typer.Option(help="Look at no more frames a second than this; native for all.")] = "native",
    min_face: Annotated[
        float | None,
        typer.Option(help="Side of the smallest face to look for, in px.", show_default="1/30 of the picture's short side"),
    ] = None,
    detector: Annotated[str, typer.Option(help="Name of a detector, or the path of an ONNX file.")] = "face",
    classifier: Annotated[str, typer.Option(help="Name of a classifier, or an ONNX file with its card.")] = "expression",
    device: Annotated[DeviceName, typer.Option(help="Where models run; auto takes CUDA where it loads.")] = DeviceName.auto,
    max_width: Annotated[int, typer.Option(help="Width of the picture on the page, at most, in px.")] = 1280,
    json_lines: Annotated[bool, typer.Option("--json", help="Print the address, and at the end a report, as JSON.")] = False,
) -> None:
    """Watch a camera, a stream or a file on a local page, with what each face shows."""
    from feelit.errors import UsageError
    from feelit.live.server import ServerConfig
    from feelit.live.session import LiveConfig, watch
    from feelit.options import AnalyzeOptions

    if not duration > 0:
        raise UsageError(f"--duration {duration:g} is no time", "give seconds, or leave it out")
    look = AnalyzeOptions(
        rate=rate,
        end_s=duration,
        min_face_px=min_face,
        detector=detector,
        classifier=classifier,
        device=device.value,
        people=False,
    )
    config = LiveConfig(source, look, loop, max_width, out, force)
    serving = ServerConfig(host, port, token)
    if not serving.is_local:
        typer.echo("feelit: whoever gets hold of the address can watch, and it travels unencrypted", err=True)
    with _until_interrupted() as stop:
        report = watch(config, serving, stop, lambda url, name: _announce(url, name, open_, json_lines))
    if report is None:
        typer.echo("feelit: interrupted before there was anything to see", err=True)
        _end(INTERRUPTED)
    _tell(report, json_lines)
    _end(0)


def _announce(url: str, name: str, open_: bool, json_lines: bool) -> None:
    from feelit.cli.texts import write_json

    if json_lines:
        write_json({"url": url, "source": name})
    else:
        typer.echo(url)
    if sys.stderr.isatty():
        typer.echo("Ctrl-C ends. What is shown is how a face looks, not what a person feels.", err=True)
    if open_:
        import webbrowser

        webbrowser.open(url)


def _tell(report: VideoReport, json_lines: bool) -> None:
    from dataclasses import asdict

    from feelit.cli.texts import write_json
    from feelit.storage.names import one_line

    if json_lines:
        write_json(asdict(report))
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
