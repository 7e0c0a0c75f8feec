"""feelit agree"""

from __future__ import annotations

from typing import Annotated

import feelit
from feelit.cli.command import argument, with_options
from feelit.cli.texts import note
from feelit.options.agree import AgreeOptions
from feelit.options.printing import JsonOptions


@with_options
def agree(
    sources: Annotated[
        list[str],
        argument(
            "Timelines and annotations (tables, ELAN, Praat, BORIS ...) of one recording; FILE@NAME is a person or tier.",
            "SOURCE",
        ),
    ],
    options: AgreeOptions,
    printed: JsonOptions,
) -> None:
    """Compare coders of a recording with each other or with a timeline: kappa, alpha, ICC, percent agreement, confusion."""
    from feelit.cli.texts import write_json
    from feelit.console import print_table

    found = feelit.agree(sources, options=options)
    if printed.json:
        write_json(found.record(), indent=2)
    else:
        for table in found.tables():
            print_table(table)
    for coder, labels in getattr(found, "alone", {}).items():  # numbers have no labels
        note(f"{coder} alone uses {', '.join(labels)}; if others mean the same, --map {labels[0]}=ANOTHER says so")
