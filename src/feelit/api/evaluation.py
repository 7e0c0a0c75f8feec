"""Evaluating and explaining models."""

from __future__ import annotations

from collections.abc import Callable
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING

from feelit.api.timelines import Paths
from feelit.models.card import card_path, read_card
from feelit.models.paths import model_path
from feelit.options.expand import keywords
from feelit.options.kinds import expanded, listed, located
from feelit.options.models import EvaluateFacesOptions, EvaluateOptions, ExplainOptions, ScoresOptions

if TYPE_CHECKING:
    from feelit.analysis.table import TextTable
    from feelit.evaluation.classifier.scores import ClassifierScores
    from feelit.evaluation.detector.scores import FaceScores
    from feelit.explaining.explain import Explanation


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
    """
    from feelit.evaluation.classifier.evaluate import evaluate_classifier
    from feelit.evaluation.classifier.folder import check_folder, write_folder

    network, images = model_path(fspath(model)), Path(expanded(data))
    if written.out is not None:
        check_folder(written.out, written.force, network, images)
    scores = evaluate_classifier(network, images, options, progress or (lambda share: None))
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
    """
    from feelit.evaluation.classifier.folder import check_folder
    from feelit.evaluation.detector.evaluate import evaluate_faces
    from feelit.evaluation.detector.folder import FILES, write_face_folder
    from feelit.evaluation.detector.images import find_images

    network, images = model_path(fspath(model)), Path(expanded(data))
    if written.out is not None:
        check_folder(written.out, written.force, network, images, FILES)
    scores = evaluate_faces(network, images, options, advance=progress or (lambda share: None))
    if written.out is not None:
        write_face_folder(scores, find_images(images, options.source), written.out)
    return scores


def finds_faces(model: str) -> bool:
    """Whether a model is a detector, by its card; only detectors are ever known without one."""
    path = model_path(model)
    return not card_path(path).exists() or read_card(path).task == "face"


def score_tables(scores: ClassifierScores | FaceScores) -> list[TextTable]:
    """What the command line prints of scores."""
    from feelit.evaluation.classifier.folder import tables
    from feelit.evaluation.detector.scores import FaceScores, face_tables

    return face_tables(scores) if isinstance(scores, FaceScores) else tables(scores)


@keywords()
def explain(
    sources: Paths,
    model: str | PathLike[str] = "expression",
    *,
    out: str | PathLike[str] | None = None,
    options: ExplainOptions,
    progress: Callable[[float], None] | None = None,
) -> list[Explanation]:
    """Find out which parts of a face a classifier relies on; docs/explain.md describes the methods and how to read a map.

    Parameters
    ----------
    sources : an image, a moment of a video as in "meeting.mp4@83.5", or a list of either
    model : a built-in classifier, or the path of an ONNX file with its card
    out : draw a .png file

    Returns
    -------
    One explanation per face, by source and from the left to the right: `saliency` is (S, S) float32, in what `unit` says, over
    the pixels of `crop`, (S, S) uint8.
    """
    from feelit.explaining.explain import explain_sources
    from feelit.explaining.figure import explain_into

    named, advance = [fspath(path) for path in listed(sources)], progress or (lambda share: None)
    if out is None:
        return explain_sources(fspath(model), named, options, advance)
    return explain_into(located(out), fspath(model), named, options, options.force, advance)
