"""feelit agree"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated

import typer

import feelit
from feelit.cli.command import with_options
from feelit.cli.texts import note
from feelit.options.agree import AgreeOptions
from feelit.options.printing import JsonOptions

if TYPE_CHECKING:
    from feelit.analysis.agreement import Estimate
    from feelit.analysis.coders import Comparison
    from feelit.analysis.ratings import Ratings


@with_options
def agree(
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="SOURCE",
            help="Timelines and annotations (tables, ELAN, Praat, BORIS ...) of one recording; FILE@NAME is a person or tier.",
            show_default=False,
        ),
    ],
    options: AgreeOptions,
    printed: JsonOptions,
) -> None:
    """Compare coders of a recording with each other or with a timeline: kappa, alpha, ICC, percent agreement, confusion."""
    from feelit.analysis.coders import Comparison
    from feelit.cli import texts

    found = feelit.agree(sources, options=options)
    if printed.json:
        texts.write_json(found.record(), indent=2)
    elif isinstance(found, Comparison):
        _show(found)
    else:
        _show_ratings(found)
    for coder, labels in found.alone.items() if isinstance(found, Comparison) else ():
        hint = f"{coder} alone uses {', '.join(labels)}; if others mean the same, --map {labels[0]}=ANOTHER says so"
        note(hint)


def _show_ratings(found: Ratings) -> None:
    from feelit.console import make_table, print_table

    figures = found.intraclass
    span = f"{found.start_s:g} to {found.end_s:g} s, {figures.units} units of {found.step_s:g} s"
    names = ("ICC(2,1) absolute", "ICC(3,1) consistent", "ICC(2,k) absolute, mean", "ICC(3,k) consistent, mean")
    rows = [
        (name, _shown(estimate), "not defined" if math.isnan(low) else f"[{low:.3f}, {high:.3f}]")
        for name, (_, estimate, (low, high)) in zip(names, found.figures(), strict=True)
    ]
    for (one, two), r in figures.pearson.items():
        pair = "" if len(found.coders) == 2 else f", {found.coders[one]} and {found.coders[two]}"
        rows.append((f"Pearson's r{pair}", _shown(r), ""))
    print_table(make_table(span, ["figure", "value [95 %]", "were units independent"], rows, 2))
    each = zip(found.coders, found.means.tolist(), found.spreads.tolist(), strict=True)
    lines = [(coder, f"{mean:.4g}", f"{spread:.4g}") for coder, mean, spread in each]
    print_table(make_table("by coder", ["coder", "mean", "standard deviation"], lines, 1))


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
