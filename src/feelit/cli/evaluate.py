"""feelit evaluate"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from feelit.evaluation.classifier import EvaluateOptions


class Framing(StrEnum):
    """How faces are cut out of labelled images."""

    aligned = "aligned"
    original = "original"


def evaluate(
    model: Annotated[
        str, typer.Argument(help="A built-in model, or the path of an ONNX file with its card.", show_default=False)
    ],
    data: Annotated[Path, typer.Option(help="Labelled images: a CSV or Parquet file, or a folder.", show_default=False)],
    split: Annotated[str | None, typer.Option(help="Which split, as in valid or test.", show_default="the only one")] = None,
    framing: Annotated[Framing, typer.Option(help="Crop faces as in videos, or take images as they are.")] = Framing.aligned,
    occlusions: Annotated[bool, typer.Option("--occlusions", help="Score faces under difficulties, too.")] = False,
    end_to_end: Annotated[bool, typer.Option("--end-to-end", help="A face that is not found is an error.")] = False,
    json_object: Annotated[bool, typer.Option("--json", help="Print all scores as a JSON object.")] = False,
    out: Annotated[Path | None, typer.Option(help="A folder for scores.json and figures.", show_default=False)] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace files that exist.")] = False,
) -> None:
    """Score a model on labelled images: how often it is right, how sure of that one can be, and whether its confidence is."""
    from feelit.evaluation.classifier import EvaluateOptions
    from feelit.models import model_path

    path = model_path(model)
    options = EvaluateOptions(split, framing.value, occlusions, end_to_end)
    if _finds_faces(path):
        _refuse(options)
        from feelit.cli.evaluate_face import evaluate_face

        evaluate_face(path, data, json_object, out, force)
    else:
        _evaluate_classifier(path, data, options, Output(json_object, out, force))


@dataclass(frozen=True, slots=True)
class Output:
    """Where scores go."""

    json_object: bool
    out: Path | None
    force: bool


def _finds_faces(model: Path) -> bool:
    """Whether a model is a detector, by its card; only detectors are ever known without one."""
    from feelit.vision.card import card_path, read_card

    return not card_path(model).exists() or read_card(model).task == "face"


def _refuse(options: EvaluateOptions) -> None:
    from feelit.errors import UsageError

    asked = {
        "--split": options.split is not None,
        "--framing": options.framing != Framing.aligned,
        "--occlusions": options.occlusions,
        "--end-to-end": options.end_to_end,
    }
    if names := [name for name, given in asked.items() if given]:
        raise UsageError(f"{names[0]} is for classifiers, and this model finds faces", "leave it out")


def _evaluate_classifier(model: Path, data: Path, options: EvaluateOptions, output: Output) -> None:
    import sys

    from feelit.console import make_table, print_table, progress_bar
    from feelit.evaluation.classifier import evaluate_classifier
    from feelit.evaluation.folder import check_folder, json_text, write_folder
    from feelit.evaluation.score_text import tables

    if output.out is not None:
        check_folder(output.out, output.force)
    with progress_bar(f"evaluating {model.name}", quiet=False) as advance:
        scores = evaluate_classifier(model, data, options, advance)
    if output.out is not None:
        write_folder(scores, output.out)
    if output.json_object:
        sys.stdout.write(json_text(scores))
        return
    for table in tables(scores):
        print_table(make_table(table.title, table.headings, table.rows, table.words))
