"""feelit agree"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated

import typer

from feelit.cli.command import with_options
from feelit.options.agree import AgreeOptions

if TYPE_CHECKING:
    from feelit.analysis.agreement import Estimate
    from feelit.analysis.coders import Comparison


@with_options
def agree(
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="SOURCE",
            help="Timelines and annotations (.csv, .tsv, .eaf, .TextGrid) of one recording; FILE@NAME is a person or a tier.",
            show_default=False,
        ),
    ],
    options: AgreeOptions,
    json_: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Compare coders of a recording with each other or with a timeline: kappa, alpha, percent agreement and confusion."""
    from feelit.analysis.coders import compare
    from feelit.cli import texts
    from feelit.options.kinds import listed

    found = compare([str(source) for source in listed(sources)], options)
    if json_:
        texts.write_json(found.record(), indent=2)
    else:
        _show(found)


def _show(found: Comparison) -> None:
    from feelit.console import make_table, print_table

    figures = found.agreement
    rows = [("same label", _shown(figures.percent)), ("Krippendorff's alpha", _shown(figures.alpha))]
    if len(found.coders) > 2:
        rows.append(("Fleiss' kappa", _shown(figures.fleiss)))
    for (one, two), kappa in figures.cohen.items():
        pair = "" if len(found.coders) == 2 else f", {found.coders[one]} and {found.coders[two]}"
        rows.append((f"Cohen's kappa{pair}", _shown(kappa)))
    span = f"{found.start_s:g} to {found.end_s:g} s, {figures.units} units of {found.step_s:g} s"
    print_table(make_table(span, ["figure", "value [95 %]"], rows, 2))
    heads = ["label", "alpha [95 %]", *(f"share, {coder}" for coder in found.coders)]
    lines = [
        (label, _shown(alpha), *(f"{share:.1%}" for share in found.shares[:, k]))
        for k, (label, alpha) in enumerate(zip(found.labels, figures.by_label, strict=True))
    ]
    print_table(make_table("by label", heads, lines, 2))
    if len(found.coders) == 2:
        cells = [(label, *map(str, row)) for label, row in zip(found.labels, figures.confusion.tolist(), strict=True)]
        title = f"units: rows {found.coders[0]}, columns {found.coders[1]}"
        print_table(make_table(title, ["", *found.labels], cells, 1))


def _shown(estimate: Estimate) -> str:
    if math.isnan(estimate.value):
        return "not defined"
    return f"{estimate.value:.3f} [{estimate.low:.3f}, {estimate.high:.3f}]"
