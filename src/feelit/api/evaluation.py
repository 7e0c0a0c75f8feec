"""How good models are."""

from __future__ import annotations

from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from feelit.models.paths import model_path

if TYPE_CHECKING:
    from feelit.evaluation.classifier.scores import ClassifierScores
    from feelit.evaluation.detector.scores import FaceScores


def evaluate(
    model: str | PathLike[str],
    data: str | PathLike[str],
    *,
    split: str | None = None,
    framing: Literal["aligned", "original"] = "aligned",
    labels: Literal["majority", "fer2013"] = "majority",
    occlusions: bool = False,
    end_to_end: bool = False,
    out: str | PathLike[str] | None = None,
    force: bool = False,
) -> ClassifierScores:
    """Score a classifier on labelled images of faces; docs/evaluation.md describes formats and scores.

    Parameters
    ----------
    model : a built-in name, or the path of an ONNX file with its card
    data : a CSV or Parquet file, or a folder
    split : "train", "valid" or "test"; None for data with a single one
    framing : "aligned" crops faces as those of a video, "original" takes images as they are
    labels : what is true: what the majority says, or FER2013's own labels, which a second output of the built-in model names
    occlusions : score faces under difficulties, too
    end_to_end : count a face that is not found as an error
    out : a folder for scores.json, confusion.png and reliability.png
    force : replace files that exist

    Raises
    ------
    FeelitError
        of the kinds in errors.py.
    """
    from feelit.evaluation.classifier.evaluate import EvaluateOptions, evaluate_classifier
    from feelit.evaluation.classifier.folder import check_folder, write_folder

    options = EvaluateOptions(split, framing, occlusions, end_to_end, labels)
    if out is not None:
        check_folder(Path(out), force)
    scores = evaluate_classifier(model_path(fspath(model)), Path(data), options)
    if out is not None:
        write_folder(scores, Path(out))
    return scores


def evaluate_faces(
    model: str | PathLike[str],
    data: str | PathLike[str],
    *,
    min_face_px: float = 16.0,
    long_px: int | None = None,
    source: str | None = None,
    out: str | PathLike[str] | None = None,
    force: bool = False,
) -> FaceScores:
    """Score a detector on images whose faces are known; docs/evaluation.md describes formats and scores.

    Parameters
    ----------
    model : "face", or the path of an ONNX file with its card
    data : Parquet files, WIDER FACE, or a CSV file
    min_face_px : smaller faces count for nothing
    long_px : show images with this long side or less; None shows them as they are
    source : only images whose column `source` says so
    out : a folder for scores.json, misses.png and recall.png
    force : replace files that exist

    Raises
    ------
    FeelitError
        of the kinds in errors.py.
    """
    from feelit.evaluation.classifier.folder import check_folder
    from feelit.evaluation.detector.evaluate import FaceQuestion, evaluate_faces
    from feelit.evaluation.detector.folder import FILES, write_face_folder
    from feelit.evaluation.detector.images import find_images

    question = FaceQuestion(min_face_px, long_px, source)
    if out is not None:
        check_folder(Path(out), force, FILES)
    scores = evaluate_faces(model_path(fspath(model)), Path(data), question)
    if out is not None:
        write_face_folder(scores, find_images(Path(data), source), Path(out))
    return scores
