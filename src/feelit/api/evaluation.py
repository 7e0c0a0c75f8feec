"""How good models are."""

from __future__ import annotations

from collections.abc import Callable
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING

from feelit.models.paths import model_path
from feelit.options.expand import keywords
from feelit.options.kinds import expanded
from feelit.options.models import EvaluateFacesOptions, EvaluateOptions, ScoresOptions

if TYPE_CHECKING:
    from feelit.evaluation.classifier.scores import ClassifierScores
    from feelit.evaluation.detector.scores import FaceScores


@keywords()
def evaluate(
    model: str | PathLike[str],
    data: str | PathLike[str],
    *,
    options: EvaluateOptions,
    written: ScoresOptions,
    progress: Callable[[float], None] | None = None,
) -> ClassifierScores:
    """Score a classifier on labelled images of faces; docs/evaluation.md describes formats and scores.

    Parameters
    ----------
    model : a built-in name, or the path of an ONNX file with its card
    data : a CSV or Parquet file, or a folder
    progress : called with the share that is done, 0..1

    Raises
    ------
    FeelitError
        of the kinds that docs/python.md lists.
    """
    from feelit.evaluation.classifier.evaluate import evaluate_classifier
    from feelit.evaluation.classifier.folder import check_folder, write_folder

    if written.out is not None:
        check_folder(written.out, written.force, model_path(fspath(model)), Path(expanded(data)))
    advance = progress or (lambda share: None)
    scores = evaluate_classifier(model_path(fspath(model)), Path(expanded(data)), options, advance)
    if written.out is not None:
        write_folder(scores, written.out)
    return scores


@keywords()
def evaluate_faces(
    model: str | PathLike[str],
    data: str | PathLike[str],
    *,
    options: EvaluateFacesOptions,
    written: ScoresOptions,
    progress: Callable[[float], None] | None = None,
) -> FaceScores:
    """Score a detector on images whose faces are known; docs/evaluation.md describes formats and scores.

    Parameters
    ----------
    model : "face", or the path of an ONNX file with its card
    data : Parquet files, WIDER FACE, or a CSV file
    progress : called with the share that is done, 0..1

    Raises
    ------
    FeelitError
        of the kinds that docs/python.md lists.
    """
    from feelit.evaluation.classifier.folder import check_folder
    from feelit.evaluation.detector.evaluate import evaluate_faces
    from feelit.evaluation.detector.folder import FILES, write_face_folder
    from feelit.evaluation.detector.images import find_images

    if written.out is not None:
        check_folder(written.out, written.force, model_path(fspath(model)), Path(expanded(data)), FILES)
    advance = progress or (lambda share: None)
    scores = evaluate_faces(model_path(fspath(model)), Path(expanded(data)), options, advance=advance)
    if written.out is not None:
        write_face_folder(scores, find_images(Path(expanded(data)), options.source), written.out)
    return scores
