"""How good a classifier is, on labelled data: numbers that anyone can recompute by hand."""

from __future__ import annotations

import numpy as np

from feelit.types import Float32, Float64, Int64


def softmax(logits: Float32, temperature: float = 1.0) -> Float64:
    """(N, C) logits -> (N, C) float64 probabilities; a higher temperature makes them less sure."""
    scaled = logits.astype(np.float64) / temperature
    shares = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    result: Float64 = shares / shares.sum(axis=1, keepdims=True)
    return result


def confusion(labels: Int64, predicted: Int64, classes: int) -> Int64:
    """(C, C) int64 counts: one row a true class, one column a predicted class."""
    return np.bincount(labels * classes + predicted, minlength=classes**2).reshape(classes, classes).astype(np.int64)


def accuracy(matrix: Int64) -> float:
    """The share of a confusion matrix that lies on its diagonal; 0 for an empty one."""
    return float(np.trace(matrix) / max(matrix.sum(), 1))


def f1_scores(matrix: Int64) -> Float64:
    """(C,) F1 of each class of a confusion matrix, 2·TP / (2·TP + FP + FN); 0 for a class that never occurs."""
    hit = np.diag(matrix).astype(np.float64)
    result: Float64 = 2 * hit / np.maximum(matrix.sum(axis=0) + matrix.sum(axis=1), 1)
    return result


def macro_f1(matrix: Int64) -> float:
    """The mean F1 over the classes that occur among the true labels."""
    occurs = matrix.sum(axis=1) > 0
    return float(f1_scores(matrix)[occurs].mean()) if occurs.any() else 0.0


def expected_calibration_error(probability: Float64, labels: Int64, bins: int = 15) -> float:
    """How far confidence lies from accuracy (Guo et al. 2017).

    Predictions are sorted into `bins` equal intervals of their highest probability, (0, 1/bins] and so on; the error is
    the mean over predictions of |accuracy - mean confidence| of the interval they fall in.

    Parameters
    ----------
    probability : (N, C) float64
    labels : (N,) int64

    Returns
    -------
    0..1; 0 when there are no predictions.
    """
    confidence = probability.max(axis=1)
    hit = probability.argmax(axis=1) == labels
    bin_of = np.clip(np.ceil(confidence * bins).astype(np.int64) - 1, 0, bins - 1)
    gap = np.bincount(bin_of, weights=hit - confidence, minlength=bins)
    return float(np.abs(gap).sum() / max(len(labels), 1))


def fit_temperature(logits: Float32, labels: Int64) -> float:
    """The temperature that makes the true labels most likely (Guo et al. 2017): a golden-section search over 0.1..10.

    Parameters
    ----------
    logits : (N, C) float32
    labels : (N,) int64
    """

    def loss(log_temperature: float) -> float:
        scaled = logits.astype(np.float64) / np.exp(log_temperature)
        top = scaled.max(axis=1)
        total = top + np.log(np.exp(scaled - top[:, None]).sum(axis=1))
        return float((total - scaled[np.arange(len(labels)), labels]).mean())

    low, high = np.log(0.1), np.log(10.0)
    ratio = (5**0.5 - 1) / 2
    for _ in range(40):
        a, b = high - ratio * (high - low), low + ratio * (high - low)
        low, high = (low, b) if loss(a) < loss(b) else (a, high)
    return float(np.exp((low + high) / 2))
