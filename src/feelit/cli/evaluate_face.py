"""feelit evaluate, for detectors: print the figures, write them and the pictures."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from feelit.evaluation.detector.scores import FaceScores, SizeScore
    from feelit.options.models import EvaluateFacesOptions
    from feelit.storage.location import Location


@dataclass(frozen=True, slots=True)
class Output:
    """Where scores go: standard output, as tables or a JSON object, and the folder `out`, whose files `force` replaces."""

    json_object: bool
    out: Location | None
    force: bool


def evaluate_face(model: Path, data: Path, question: EvaluateFacesOptions, output: Output) -> None:
    """Score a detector on images with known faces.

    Parameters
    ----------
    model : the .onnx file
    data : Parquet files, WIDER FACE or a CSV file
    question : which faces and images, and at which size
    output : where the figures go, and into its folder the worst mistakes and the curves as well

    Raises
    ------
    ModelError, UsageError
        as `evaluate_faces`.
    OutputError
        if one of the files exists already and is not to be replaced, or cannot be written.
    MissingExtraError
        if there are to be figures, and matplotlib is not installed.
    """
    from feelit.cli.texts import write
    from feelit.console import progress_bar
    from feelit.evaluation.classifier.folder import check_folder, json_text
    from feelit.evaluation.detector.evaluate import evaluate_faces
    from feelit.evaluation.detector.folder import FILES, write_face_folder
    from feelit.evaluation.detector.images import find_images

    if output.out is not None:
        check_folder(output.out, output.force, model, data, FILES)
    with progress_bar(f"evaluating {model.name}", quiet=False) as advance:
        scores = evaluate_faces(model, data, question, advance=advance)
    if output.out is not None:
        write_face_folder(scores, find_images(data, question.source), output.out)
    if output.json_object:
        write(json_text(scores), None)
    else:
        _show(scores)


def _show(scores: FaceScores) -> None:
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
