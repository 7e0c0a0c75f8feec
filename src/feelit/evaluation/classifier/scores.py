"""What an evaluation of a classifier comes to, and its JSON form, of which docs/evaluation.md says field by field."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from feelit.evaluation.classifier.metrics import ClassScores, Reliability, class_scores
from feelit.types import Bool, Float64, Int64

REPLICATES = 10_000
SEED = 1
LEVEL = 0.95


def resampled(counts: Int64, replicates: int = REPLICATES, seed: int = SEED) -> Int64:
    """Tables of the same total, as drawing the images again would give them.

    Parameters
    ----------
    counts : (...) how many images fell in each cell

    Returns
    -------
    (replicates, ...) int64; the same for the same seed
    """
    total = int(counts.sum())
    chance = counts.ravel() / max(total, 1)
    if total == 0:
        chance = np.full(counts.size, 1 / counts.size)
    drawn = np.random.default_rng(seed).multinomial(total, chance, replicates)
    return drawn.reshape(replicates, *counts.shape)


def interval(scores: Float64) -> tuple[float, float]:
    """(replicates,) -> what the middle 95 % of them lie between."""
    low, high = np.quantile(scores, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


NO_FACE = "no face"
"""What is predicted, end to end, where the detector finds nothing."""


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
    """The expected calibration error and what it is made of."""

    error: float
    images: int
    bins: tuple[ReliabilityBin, ...]


@dataclass(frozen=True, slots=True)
class OcclusionScore:
    """What a change to the crops costs, in shares of all images; the interval of `lost` is of differences image by image."""

    accuracy: Estimate
    lost: Estimate


@dataclass(frozen=True, slots=True)
class ImageCounts:
    """What became of the images of a split; `copies` are pixels that it holds already, and count like the others."""

    read: int
    copies: int
    without_majority: int
    of_unknown_classes: int
    scored: int
    without_face: int  # of those that are scored


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What is known of the classifier itself."""

    name: str
    file: str
    sha256: str
    parameters: int | None
    size_bytes: int
    ms_per_face: float


@dataclass(frozen=True, slots=True)
class ClassifierScores:
    """How good a classifier is on one split of labelled images."""

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


def averages(found: ClassScores) -> tuple[Averages, Averages]:
    """The macro and the weighted means over classes."""
    macro = Averages(float(found.macro("precision")), float(found.macro("recall")), float(found.macro("f1")))
    weighted = Averages(float(found.weighted("precision")), float(found.weighted("recall")), float(found.weighted("f1")))
    return macro, weighted


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
    """What a change to the same images costs.

    Parameters
    ----------
    right_before, right_after : (N,) whether each image is classified correctly without the change and with it
    """
    table = np.bincount(2 * right_before + right_after, minlength=4).reshape(2, 2).astype(np.int64)
    return OcclusionScore(
        accuracy=estimate(table, lambda t: t[..., :, 1].sum(axis=-1) / np.maximum(t.sum(axis=(-2, -1)), 1)),
        lost=estimate(table, lambda t: (t[..., 1, 0] - t[..., 0, 1]) / np.maximum(t.sum(axis=(-2, -1)), 1)),
    )
