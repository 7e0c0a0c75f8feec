"""feelit doctor"""

from __future__ import annotations

import typer

import feelit
from feelit.cli.command import with_options
from feelit.options.printing import JsonOptions


@with_options
def doctor(printed: JsonOptions) -> None:
    """Check what is installed and what loads, and print how to fix the rest.

    Exit codes: 0 without an error, 4 if a built-in model is wrong, 5 if temporary files cannot be written, 1 for other errors.
    """
    from dataclasses import asdict

    from feelit.api.diagnosis import exit_code
    from feelit.cli.texts import write_json
    from feelit.storage.names import one_line

    findings = feelit.doctor()
    if printed.json:
        texts = [{name: one_line(value) for name, value in asdict(finding).items()} for finding in findings]
        write_json(texts, indent=2)
    else:
        for finding in findings:  # plain text, not a table: it goes into bug reports, and must work where other packages do not
            text = f"{finding.level:<9}{one_line(finding.message)}"
            typer.echo(f"{text}\n{'':9}-> {one_line(finding.remedy)}" if finding.remedy else text)
    raise typer.Exit(exit_code(findings))
