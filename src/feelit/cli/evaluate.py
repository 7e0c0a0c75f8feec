"""feelit evaluate"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from feelit.cli.evaluate_face import Output, evaluate_face

if TYPE_CHECKING:
    from feelit.evaluation.classifier.evaluate import EvaluateOptions
    from feelit.evaluation.detector.evaluate import FaceQuestion


class Framing(StrEnum):
    """How faces are cut out of labelled images."""

    aligned = "aligned"
    original = "original"


class Labels(StrEnum):
    """Whose labels are the true ones."""

    majority = "majority"
    fer2013 = "fer2013"


def evaluate(
    model: Annotated[
        str, typer.Argument(help="A built-in model, or the path of an ONNX file with its card.", show_default=False)
    ],
    data: Annotated[Path, typer.Option(help="Labelled images: a CSV or Parquet file, or a folder.", show_default=False)],
    split: Annotated[str | None, typer.Option(help="Which split, as in valid or test.", show_default="the only one")] = None,
    framing: Annotated[Framing, typer.Option(help="Crop faces as in videos, or take images as they are.")] = Framing.aligned,
    labels: Annotated[
        Labels, typer.Option(help="What is true: what most people say, or FER2013's own labels.")
    ] = Labels.majority,
    occlusions: Annotated[bool, typer.Option("--occlusions", help="Score faces under difficulties, too.")] = False,
    end_to_end: Annotated[bool, typer.Option("--end-to-end", help="A face that is not found is an error.")] = False,
    min_face: Annotated[
        float | None, typer.Option(help="Smallest face that a detector is asked for, in px.", show_default="16")
    ] = None,
    long_side: Annotated[
        int | None, typer.Option(help="Show a detector images with this long side, in px, or less.", show_default="as they are")
    ] = None,
    source: Annotated[
        str | None, typer.Option(help="Only images of this source, for detectors and Parquet files.", show_default="all")
    ] = None,
    json_object: Annotated[bool, typer.Option("--json", help="Print all scores as a JSON object.")] = False,
    out: Annotated[Path | None, typer.Option(help="A folder for scores.json and figures.", show_default=False)] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace files that exist.")] = False,
) -> None:
    """Score a model on labelled images: how often it is right, how sure of that one can be, and whether its confidence is."""
    from feelit.evaluation.classifier.evaluate import EvaluateOptions
    from feelit.models.paths import model_path

    path, output = model_path(model), Output(json_object, out, force)
    if _finds_faces(path):
        given = {"--split": split, "--framing": framing is not Framing.aligned, "--labels": labels is not Labels.majority}
        _refuse("classifiers", "finds faces", given | {"--occlusions": occlusions, "--end-to-end": end_to_end})
        evaluate_face(path, data, _question(min_face, long_side, source), output)
    else:
        _refuse("detectors", "is a classifier", {"--min-face": min_face, "--long-side": long_side, "--source": source})
        options = EvaluateOptions(split, framing.value, occlusions, end_to_end, labels.value)
        _evaluate_classifier(path, data, options, output)


def _finds_faces(model: Path) -> bool:
    """Whether a model is a detector, by its card; only detectors are ever known without one."""
    from feelit.models.card import card_path, read_card

    return not card_path(model).exists() or read_card(model).task == "face"


def _refuse(kind: str, does: str, given: Mapping[str, object]) -> None:
    """Options that are for another `kind` of models than one that `does` something else."""
    from feelit.errors import UsageError

    if names := [name for name, value in given.items() if value is not None and value is not False]:
        raise UsageError(f"{names[0]} is for {kind}, and this model {does}", "leave it out")


def _question(min_face: float | None, long_side: int | None, source: str | None) -> FaceQuestion:
    from feelit.evaluation.detector.evaluate import FaceQuestion

    asked = FaceQuestion(long_px=long_side, source=source)
    return asked if min_face is None else replace(asked, min_face_px=min_face)


def _evaluate_classifier(model: Path, data: Path, options: EvaluateOptions, output: Output) -> None:
    from feelit.cli.texts import write
    from feelit.console import make_table, print_table, progress_bar
    from feelit.evaluation.classifier.evaluate import evaluate_classifier
    from feelit.evaluation.classifier.folder import check_folder, json_text, write_folder
    from feelit.evaluation.classifier.score_text import tables

    if output.out is not None:
        check_folder(output.out, output.force)
    with progress_bar(f"evaluating {model.name}", quiet=False) as advance:
        scores = evaluate_classifier(model, data, options, advance)
    if output.out is not None:
        write_folder(scores, output.out)
    if output.json_object:
        write(json_text(scores), None)
        return
    for table in tables(scores):
        print_table(make_table(table.title, table.headings, table.rows, table.words))
