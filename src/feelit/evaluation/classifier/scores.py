"""Scores of an expression classifier with bootstrap intervals, and their JSON form, see docs/evaluation.md."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from feelit.evaluation.classifier.metrics import Reliability, class_scores
from feelit.types import Bool, Float64, Int64

REPLICATES = 10_000
SEED = 1
LEVEL = 0.95


def resampled(counts: Int64, replicates: int = REPLICATES, seed: int = SEED) -> Int64:
    """Bootstrap replicates of a table of counts (Efron & Tibshirani 1993, ch. 13), multinomial with the same total.

    Parameters
    ----------
    counts : (...) images per cell

    Returns
    -------
    (replicates, ...) int64; the same for the same seed
    """
    total = int(counts.sum())
    chance = counts.ravel() / total if total else np.full(counts.size, 1 / counts.size)
    drawn = np.random.default_rng(seed).multinomial(total, chance, replicates)
    return drawn.reshape(replicates, *counts.shape)


def interval(scores: Float64) -> tuple[float, float]:
    """(replicates,) scores -> the bounds of their middle 95 % (percentile bootstrap)."""
    low, high = np.quantile(scores, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


NO_FACE = "no face"
"""The prediction, end to end, where the detector finds no face."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A score with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class ClassReport:
    """How well one class is recognised."""

    precision: float
    recall: float
    f1: Estimate
    images: int


AVERAGED: tuple[Literal["precision"], Literal["recall"], Literal["f1"]] = ("precision", "recall", "f1")


@dataclass(frozen=True, slots=True)
class Averages:
    """Means over classes."""

    precision: float
    recall: float
    f1: float


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """Predictions of one interval of confidence; None where there is none."""

    above: float
    up_to: float
    images: int
    confidence: float | None
    agreement: float | None


@dataclass(frozen=True, slots=True)
class Calibration:
    """The expected calibration error and its bins."""

    error: float
    images: int
    bins: tuple[ReliabilityBin, ...]


@dataclass(frozen=True, slots=True)
class OcclusionScore:
    """Accuracy under a change of the crops, and the loss of accuracy, whose interval is that of paired differences."""

    accuracy: Estimate
    lost: Estimate


@dataclass(frozen=True, slots=True)
class ImageCounts:
    """Counts of the images of a split; `copies` have the pixels of an earlier image, and are scored as well."""

    read: int
    copies: int
    without_majority: int
    of_unknown_classes: int
    scored: int
    without_face: int  # of those that are scored


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """Facts about the classifier."""

    name: str
    file: str
    sha256: str
    parameters: int | None
    size_bytes: int
    ms_per_face: float


@dataclass(frozen=True, slots=True)
class ClassifierScores:
    """Scores of a classifier on one split of labelled images."""

    model: ModelFacts
    data: str
    split: str
    labels: str
    framing: str
    end_to_end: bool
    images: ImageCounts
    distribution: dict[str, dict[str, float]]
    accuracy: Estimate
    balanced_accuracy: Estimate
    macro_f1: Estimate
    macro: Averages
    weighted: Averages
    classes: dict[str, ClassReport]
    confusion: tuple[tuple[int, ...], ...]
    predicted: tuple[str, ...]  # the columns of `confusion`; its rows are `classes`
    calibration: Calibration
    calibration_votes: Calibration | None
    occlusions: dict[str, OcclusionScore] | None

    def as_json(self) -> dict[str, Any]:
        """The same as plain dictionaries and lists."""
        return asdict(self)


def estimate(matrix: Int64, score: Callable[[Int64], Float64]) -> Estimate:
    """A score of a table of counts, with its interval; `score` maps (..., R, C) counts to (...) or (..., K) numbers."""
    return Estimate(float(score(matrix)), *interval(score(resampled(matrix))))


def accuracy_of(matrix: Int64) -> Float64:
    """(..., C, C + K) -> (...) the share of the images that are classified correctly."""
    result: Float64 = np.einsum("...ii->...", matrix[..., : matrix.shape[-2]]) / np.maximum(matrix.sum(axis=(-2, -1)), 1)
    return result


def class_reports(names: tuple[str, ...], matrix: Int64) -> dict[str, ClassReport]:
    """Every class of a confusion matrix by its name."""
    found, spread = class_scores(matrix), class_scores(resampled(matrix)).f1
    return {
        name: ClassReport(
            precision=float(found.precision[k]),
            recall=float(found.recall[k]),
            f1=Estimate(float(found.f1[k]), *interval(spread[:, k])),
            images=int(found.support[k]),
        )
        for k, name in enumerate(names)
    }


def calibration_of(found: Reliability) -> Calibration:
    """The same as plain numbers."""
    rows = zip(found.images.tolist(), found.confidence.tolist(), found.agreement.tolist(), strict=True)
    width = 1 / len(found.images)
    bins = tuple(
        ReliabilityBin(k * width, (k + 1) * width, count, *((confidence, agreement) if count else (None, None)))
        for k, (count, confidence, agreement) in enumerate(rows)
    )
    return Calibration(found.error, int(found.images.sum()), bins)


def occlusion_score(right_before: Bool, right_after: Bool) -> OcclusionScore:
    """The score of a change of the crops, from paired results.

    Parameters
    ----------
    right_before, right_after : (N,) whether each image is classified correctly without the change and with it
    """
    table = np.bincount(2 * right_before + right_after, minlength=4).reshape(2, 2).astype(np.int64)
    return OcclusionScore(
        accuracy=estimate(table, lambda t: t[..., :, 1].sum(axis=-1) / np.maximum(t.sum(axis=(-2, -1)), 1)),
        lost=estimate(table, lambda t: (t[..., 1, 0] - t[..., 0, 1]) / np.maximum(t.sum(axis=(-2, -1)), 1)),
    )
