"""feelit study"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import feelit
from feelit.cli.command import argument, with_options
from feelit.options.printing import QuietOptions
from feelit.options.timelines import StudyOptions


@with_options
def study(
    study: Annotated[Path, argument("The study file: .toml, .csv or .tsv; see docs/study.md.", "STUDY")],
    options: StudyOptions,
    printed: QuietOptions,
) -> None:
    """Measure participants in windows of time, by condition: one tidy table, curves, contrasts, and a report."""
    from feelit.console import progress_bar
    from feelit.storage.names import one_line

    with progress_bar(f"measuring {study.name}", printed.quiet) as advance:
        found = feelit.study(study, options.out, options=options, progress=advance)
    counts = found.quality["status"].value_counts()
    excluded, partly = counts.get("excluded", 0), counts.get("partly", 0)
    count = len(found.participants)
    line = f"{count} participant{'' if count == 1 else 's'}, {excluded} of them excluded, {partly} in part"
    typer.echo(one_line(f"{line}; see {options.out}"))
