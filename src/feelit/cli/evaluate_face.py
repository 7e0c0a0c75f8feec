"""feelit evaluate, for detectors."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from feelit.evaluation.detector.scores import FaceScores, SizeScore
    from feelit.options.models import EvaluateFacesOptions, ScoresOptions


def evaluate_face(
    model: Path, data: Path, options: EvaluateFacesOptions, written: ScoresOptions, *, json: bool = False
) -> None:
    """Score a detector, and print its figures as tables or as a JSON object."""
    import feelit.api as api
    from feelit.cli.texts import write
    from feelit.console import progress_bar
    from feelit.evaluation.classifier.folder import json_text

    with progress_bar(f"evaluating {model.name}", quiet=False) as advance:
        scores = api.evaluate_faces(model, data, options=options, written=written, progress=advance)
    if json:
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
