"""Metrics of classifiers: precision, recall, F1, calibration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from feelit.types import Bool, Float32, Float64, Int64


def softmax(logits: Float32, temperature: float = 1.0) -> Float64:
    """(N, C) logits -> (N, C) float64 probabilities; a higher temperature makes them less sure."""
    scaled = logits.astype(np.float64) / temperature
    shares = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    result: Float64 = shares / shares.sum(axis=1, keepdims=True)
    return result


def confusion(labels: Int64, predicted: Int64, classes: int) -> Int64:
    """(C, C) int64 counts: one row a true class, one column a predicted class."""
    return np.bincount(labels * classes + predicted, minlength=classes**2).reshape(classes, classes).astype(np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class ClassScores:
    """Scores of each class of a confusion matrix, or of many; 0 where there is nothing to divide by."""

    precision: Float64  # (..., C) TP / (TP + FP)
    recall: Float64  # (..., C) TP / (TP + FN)
    f1: Float64  # (..., C) 2·TP / (2·TP + FP + FN)
    support: Int64  # (..., C) images of the class

    def macro(self, name: Literal["precision", "recall", "f1"]) -> Float64:
        """(...) the mean of a score over the classes that occur among the true labels; 0 if none does."""
        return self._mean(name, self.support > 0)

    def weighted(self, name: Literal["precision", "recall", "f1"]) -> Float64:
        """(...) the mean of a score over the classes, each as often as it occurs; 0 if none does."""
        return self._mean(name, self.support)

    def _mean(self, name: str, weight: Int64 | Bool) -> Float64:
        result: Float64 = (weight * getattr(self, name)).sum(axis=-1) / np.maximum(weight.sum(axis=-1), 1)
        return result


def class_scores(matrix: Int64) -> ClassScores:
    """Precision, recall and F1 of every class.

    Parameters
    ----------
    matrix : (..., C, C + K) counts, one row a true class, one column a predicted one. The K last columns are answers that are
        no class, and always wrong; leading axes are as many matrices.
    """
    classes = matrix.shape[-2]
    hit = np.einsum("...ii->...i", matrix[..., :classes]).astype(np.float64)
    support, claimed = matrix.sum(axis=-1), matrix[..., :classes].sum(axis=-2)
    return ClassScores(
        precision=hit / np.maximum(claimed, 1),
        recall=hit / np.maximum(support, 1),
        f1=2 * hit / np.maximum(support + claimed, 1),
        support=support,
    )


def fit_temperature(logits: Float32, target: Float32) -> float:
    """The temperature that maximises the likelihood of the labels (Guo et al. 2017): a golden-section search over 0.1..10.

    Parameters
    ----------
    logits : (N, C) float32
    target : (N, C) float32, rows sum to 1: the true label, or shares of votes
    """

    def loss(log_temperature: float) -> float:
        scaled = logits.astype(np.float64) / np.exp(log_temperature)
        top = scaled.max(axis=1)
        total = top + np.log(np.exp(scaled - top[:, None]).sum(axis=1))
        return float((total - (scaled * target).sum(axis=1)).mean())

    low, high = np.log(0.1), np.log(10.0)
    ratio = (5**0.5 - 1) / 2
    for _ in range(40):
        a, b = high - ratio * (high - low), low + ratio * (high - low)
        low, high = (low, b) if loss(a) < loss(b) else (a, high)
    return float(np.exp((low + high) / 2))


BINS = 15


@dataclass(frozen=True, slots=True, eq=False)
class Reliability:
    """Predictions by confidence, in B intervals of equal length: (0, 1/B], (1/B, 2/B] and so on (Guo et al. 2017).

    For a detector, predictions are its boxes and confidences their scores.
    """

    images: Int64  # (B,) or boxes
    confidence: Float64  # (B,) mean, 0 where there are no images
    agreement: Float64  # (B,) mean share of people who agree with the prediction, 0 where there are no images

    @property
    def error(self) -> float:
        """The expected calibration error: |confidence - agreement| on average over all predictions' bins; 0 without any."""
        gap = np.abs(self.confidence - self.agreement)
        return float((gap * self.images).sum() / max(self.images.sum(), 1))


def reliability(confidence: Float64, agreement: Float64, bins: int = BINS) -> Reliability:
    """Sort predictions into bins.

    Where several people labelled an image, agreement is the share of them who gave the predicted label, the chance of being
    right with one of them (Baan et al. 2022, "Stop Measuring Calibration When Humans Disagree").

    Parameters
    ----------
    confidence : (N,) float64, 0..1: the probability of the predicted label
    agreement : (N,) float64, 0..1: whether it is right, or the share of votes for it
    """
    place = np.clip(np.ceil(confidence * bins).astype(np.int64) - 1, 0, bins - 1)
    images = np.bincount(place, minlength=bins)
    count = np.maximum(images, 1)
    return Reliability(
        images.astype(np.int64),
        np.bincount(place, weights=confidence, minlength=bins) / count,
        np.bincount(place, weights=agreement, minlength=bins) / count,
    )
