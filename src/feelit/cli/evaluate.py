"""feelit evaluate"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from feelit.cli.command import with_options
from feelit.cli.evaluate_face import evaluate_face
from feelit.options.declare import Options, options_of
from feelit.options.models import DataOptions, EvaluateFacesOptions, EvaluateOptions, ScoresOptions
from feelit.options.printing import JsonOptions


@with_options
def evaluate(
    model: Annotated[
        str, typer.Argument(help="A built-in model, or the path of an ONNX file with its card.", show_default=False)
    ],
    labelled: DataOptions,
    options: EvaluateOptions,
    faces: EvaluateFacesOptions,
    written: ScoresOptions,
    printed: JsonOptions,
) -> None:
    """Score a model on labelled images: how often it is right, how sure of that one can be, and whether its confidence is."""
    from feelit.models.paths import model_path

    path = model_path(model)
    if _finds_faces(path):
        _refuse("classifiers", "finds faces", options)
        evaluate_face(path, labelled.data, faces, written, json=printed.json)
    else:
        _refuse("detectors", "is a classifier", faces)
        _evaluate_classifier(path, labelled.data, options, written, printed)


def _finds_faces(model: Path) -> bool:
    """Whether a model is a detector, by its card; only detectors are ever known without one."""
    from feelit.models.card import card_path, read_card

    return not card_path(model).exists() or read_card(model).task == "face"


def _refuse(kind: str, does: str, given: Options) -> None:
    """Options that are for another `kind` of models than one that `does` something else."""
    from feelit.errors import UsageError

    if names := [option.flag for option in options_of(type(given)) if getattr(given, option.name) != option.default]:
        raise UsageError(f"{names[0]} is for {kind}, and this model {does}", "leave it out")


def _evaluate_classifier(
    model: Path, data: Path, options: EvaluateOptions, written: ScoresOptions, printed: JsonOptions
) -> None:
    import feelit.api as api
    from feelit.cli.texts import write
    from feelit.console import make_table, print_table, progress_bar
    from feelit.evaluation.classifier.folder import json_text, tables

    with progress_bar(f"evaluating {model.name}", quiet=False) as advance:
        scores = api.evaluate(model, data, options=options, written=written, progress=advance)
    if printed.json:
        write(json_text(scores), None)
        return
    for table in tables(scores):
        print_table(make_table(table.title, table.headings, table.rows, table.words))
