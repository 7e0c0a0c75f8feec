"""feelit evaluate"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import feelit
from feelit.cli.command import argument, with_options
from feelit.options.declare import Options, options_of
from feelit.options.models import DataOptions, EvaluateFacesOptions, EvaluateOptions, ScoresOptions
from feelit.options.printing import JsonOptions


@with_options
def evaluate(
    model: Annotated[str, argument("A built-in model, or the path of an ONNX file with its card.")],
    labelled: DataOptions,
    options: EvaluateOptions,
    faces: EvaluateFacesOptions,
    written: ScoresOptions,
    printed: JsonOptions,
) -> None:
    """Score a model on labelled images: how often it is right, how sure of that one can be, and whether its confidence is."""
    from feelit.api.evaluation import finds_faces, score_tables
    from feelit.cli.texts import write_json
    from feelit.console import print_table, progress_bar

    if detects := finds_faces(model):
        _refuse("classifiers", "finds faces", options)
    else:
        _refuse("detectors", "is a classifier", faces)
    with progress_bar(f"evaluating {Path(model).name}", quiet=False) as advance:
        if detects:
            scores: Any = feelit.evaluate_faces(model, labelled.data, options=faces, written=written, progress=advance)
        else:
            scores = feelit.evaluate(model, labelled.data, options=options, written=written, progress=advance)
    if printed.json:
        write_json(scores.as_json(), indent=2)
        return
    for table in score_tables(scores):
        print_table(table)


def _refuse(kind: str, does: str, given: Options) -> None:
    """Raise UsageError if options are given that are for another `kind` of models."""
    if names := [option.flag for option in options_of(type(given)) if getattr(given, option.name) != option.default]:
        raise feelit.UsageError(f"{names[0]} is for {kind}, and this model {does}", "leave it out")
