"""feelit status"""

from __future__ import annotations

from typing import Annotated

import typer

import feelit
from feelit.cli.command import argument, with_options
from feelit.options.printing import StatusPrintOptions


@with_options
def status(
    folder: Annotated[str, argument("The folder that is --out of `feelit analyze`.", "FOLDER")],
    printed: StatusPrintOptions,
) -> None:
    """Count the videos of a folder that are done, failed and remain, also while a run goes on."""
    found = feelit.status(folder)
    if printed.json:
        _print_json(found, printed.failed, printed.stale)
    elif printed.failed or printed.stale:
        _list(found, printed.failed, printed.stale)
    else:
        _show(found)
    if problem := found.problem():
        raise problem


def _print_json(found: feelit.RunStatus, failed: bool, stale: bool) -> None:
    from dataclasses import asdict

    from feelit.cli.texts import write_json

    content = asdict(found)
    del content["folder"]
    names = ("video", "output", "error", "error_kind", "hint", "exit_code")
    failures = [{name: entry[name] for name in names} for entry in content.pop("failures")]
    outdated = [{name: entry[name] for name in names[:2]} for entry in content.pop("outdated")]
    content |= {"stale": len(outdated)}
    write_json(content | ({"failures": failures} if failed else {}) | ({"stale_timelines": outdated} if stale else {}))


def _list(found: feelit.RunStatus, failed: bool, stale: bool) -> None:
    from feelit.storage.names import one_line

    for entry in found.failures if failed else ():
        typer.echo("\t".join(map(one_line, [entry.video, entry.error or "", entry.hint or ""])))
    for entry in found.outdated if stale else ():
        typer.echo("\t".join(map(one_line, [entry.video, entry.output])))


def _show(found: feelit.RunStatus) -> None:
    from feelit.analysis.table import TextTable
    from feelit.console import clock, print_table
    from feelit.storage.names import one_line

    headings = ("videos", "done", "failed", "remaining", "missing", "stale", "done, of video", "took")
    counts = (found.videos, found.done, found.failed, found.remaining, found.missing, len(found.outdated))
    title = f"{one_line(str(found.folder))}: {'a run goes on' if found.running else 'no run goes on'}"
    print_table(TextTable(title, headings, [[*map(str, counts), clock(found.duration_s), clock(found.wall_s)]], words=0))
