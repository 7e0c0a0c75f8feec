"""feelit analyze"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

import feelit
from feelit.cli.command import argument, with_options
from feelit.cli.texts import note
from feelit.encodings import marked_encoding
from feelit.errors import UsageError
from feelit.options import AnalyzeOptions, LogOptions, RunOptions
from feelit.options.printing import AnalyzePrintOptions


@with_options
def analyze(
    inputs: Annotated[
        list[str], argument("Videos or folders, here or in a bucket, or - for a list on standard input.", "INPUT")
    ],
    options: AnalyzeOptions,
    run: RunOptions,
    logs: LogOptions,
    printed: AnalyzePrintOptions,
) -> None:
    """Find and track faces in videos and classify the emotion each one shows, into a Parquet timeline."""
    from feelit.console import AnalysisView
    from feelit.errors import SomeFailedError
    from feelit.logs import logged
    from feelit.timeline.lean import spare_pandas

    spare_pandas()
    texts = [t for text in inputs for t in (read_list(sys.stdin.buffer.read()) if text == "-" else [text])]
    if printed.dry_run:
        _list(texts, run)
        return
    failed: SomeFailedError | None = None
    _refuse_inputs(logs, texts)
    with logged(logs.verbose, logs.log_file), AnalysisView(printed.quiet, printed.json, logs.verbose) as view:
        try:
            feelit.analyze(texts, str(run.out), options=options, run=run, observer=view)
        except SomeFailedError as error:
            failed = error
    view.summary()
    if sys.stderr.isatty() and not printed.quiet:
        typer.echo("Outputs judge how a face looks, not what a person feels: see docs/responsible-use.md.", err=True)
    if failed is not None:
        raise failed


def _refuse_inputs(logs: LogOptions, texts: list[str]) -> None:
    """Lines of a log that are appended to a video would spoil it."""
    for text in texts:
        if logs.log_file is not None and logs.log_file.exists() and Path(text).exists() and logs.log_file.samefile(text):
            raise UsageError(f"--log-file {text} is an input", "choose another name for the log")


def _list(texts: list[str], run: RunOptions) -> None:
    """Print what a run would do, one line per video: its name, its length and the file that its rows would go to."""
    from feelit.console import clock
    from feelit.storage.names import one_line

    def show(video: feelit.PlannedVideo) -> None:
        if video.duration_s is None:
            columns = [f"cannot be read: {video.error.message if video.error else ''}"]
        else:
            columns = [clock(video.duration_s), str(video.out)]
        typer.echo("\t".join(map(one_line, [video.name, *columns])))

    for left_out in feelit.plan(texts, str(run.out), run=run, observer=show).notes:
        note(left_out)


ACCEPTED = "one name a line, or names that each end in NUL, in UTF-8, or in UTF-16 with a byte order mark"


def read_list(content: bytes) -> list[str]:
    r"""The names of a list: separated by NUL if there is one in it, else by newlines. Empty lines, and the \r before a newline,
    are no part of it; everything else is, blanks, quotes and # as well.

    It is decoded as its byte order mark says, else as file names are, not all of which are text. Raises UsageError if it is
    text of another encoding: its letters are no names.
    """
    encoding = marked_encoding(content)
    try:
        text = os.fsdecode(content) if encoding is None else content.decode(encoding)
    except UnicodeDecodeError as error:
        raise UsageError(f"the list of inputs is no {encoding}, as its first bytes say: {error.reason}", ACCEPTED) from error
    if "\0" not in text:
        return [line for line in (line.removesuffix("\r") for line in text.split("\n")) if line]
    names = text.removesuffix("\0").split("\0")
    # letters of a text in UTF-16 without a mark: most are one character long
    if "" in names or (len(names) > 1 and sum(len(name) == 1 for name in names) > len(names) / 2):
        raise UsageError("the list of inputs has NUL characters within its names", ACCEPTED)
    return names
