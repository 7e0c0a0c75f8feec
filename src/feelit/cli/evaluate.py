"""feelit evaluate"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import feelit
from feelit.cli.command import with_options
from feelit.options.declare import Options, options_of
from feelit.options.models import DataOptions, EvaluateFacesOptions, EvaluateOptions, ScoresOptions
from feelit.options.printing import JsonOptions

if TYPE_CHECKING:
    from feelit.evaluation.detector.scores import FaceScores, SizeScore
    from feelit.options.models import EvaluateFacesOptions, ScoresOptions


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
    """Raise UsageError if options are given that are for another `kind` of models."""
    from feelit.errors import UsageError

    if names := [option.flag for option in options_of(type(given)) if getattr(given, option.name) != option.default]:
        raise UsageError(f"{names[0]} is for {kind}, and this model {does}", "leave it out")


def _evaluate_classifier(
    model: Path, data: Path, options: EvaluateOptions, written: ScoresOptions, printed: JsonOptions
) -> None:
    from feelit.cli.texts import write
    from feelit.console import make_table, print_table, progress_bar
    from feelit.evaluation.classifier.folder import json_text, tables

    with progress_bar(f"evaluating {model.name}", quiet=False) as advance:
        scores = feelit.evaluate(model, data, options=options, written=written, progress=advance)
    if printed.json:
        write(json_text(scores), None)
        return
    for table in tables(scores):
        print_table(make_table(table.title, table.headings, table.rows, table.words))


def evaluate_face(
    model: Path, data: Path, options: EvaluateFacesOptions, written: ScoresOptions, *, json: bool = False
) -> None:
    """Score a detector, and print its figures as tables or as a JSON object."""
    from feelit.cli.texts import write
    from feelit.console import progress_bar
    from feelit.evaluation.classifier.folder import json_text

    with progress_bar(f"evaluating {model.name}", quiet=False) as advance:
        scores = feelit.evaluate_faces(model, data, options=options, written=written, progress=advance)
    if json:
        write(json_text(scores), None)
    else:
        _show_faces(scores)


def _show_faces(scores: FaceScores) -> None:
    from feelit.console import make_table, print_table

    score = f"{scores.threshold:g}"
    headings = ("faces", "count", "AP", "recall at 0.1 false/image", "at score", f"recall at score {score}", "false/image")
    title = f"{scores.model}: {scores.images} images of {Path(scores.data).name}, boxes {_labelled(scores)}"
    print_table(make_table(title, headings, [_row(size) for size in scores.sizes]), expendable=("at score", "AP"))
    print_table(make_table("", ("", "besides"), _facts(scores), words=2))


def _labelled(scores: FaceScores) -> str:
    if scores.labelled_by_people == scores.images:
        return "drawn by people"
    other = "of another detector"
    return f"drawn by people in {scores.labelled_by_people}, else {other}" if scores.labelled_by_people else other


def _row(size: SizeScore) -> tuple[str, ...]:
    if not size.faces:
        return (size.title, "0", "-", "-", "-", "-", f"{size.false_per_image:.3f}")
    at_rate = (f"{size.recall_at_one_false_in_ten_images:.3f}", f"{size.threshold_at_one_false_in_ten_images:.2f}")
    at_default = (f"{size.recall:.3f}", f"{size.false_per_image:.3f}")
    return (size.title, str(size.faces), f"{size.average_precision:.3f}", *at_rate, *at_default)


def _facts(scores: FaceScores) -> list[tuple[str, str]]:
    rate = f"{scores.false_in_negatives / scores.negatives:.3f} an image" if scores.negatives else "there are none"
    false = f"{rate}: {scores.false_in_negatives} in {scores.negatives}" if scores.negatives else rate
    marked = (
        f"{100 * scores.landmark_error:.1f} % of the distance between the eyes" if scores.landmark_error is not None else "-"
    )
    guess = "" if scores.has_landmarks else ", of the mean face: the network gives none"
    return [
        ("false faces in images without a face", false),
        ("landmark error, median", f"{marked} ({scores.landmark_faces} faces){guess}"),
        ("calibration error of the score", f"{scores.calibration_error:.3f}"),
        ("time an image, one core", f"{scores.ms_per_image:.1f} ms, {_size(scores)}"),
    ]


def _size(scores: FaceScores) -> str:
    return "at the size that they have" if scores.long_px is None else f"long side at most {scores.long_px} px"
