"""Whether a classifier's confidence is deserved.

Expected calibration error and reliability diagrams are those of Guo et al. 2017 ("On Calibration of Modern Neural Networks"):
a prediction is right or wrong. Where several people labelled an image, "right" is a matter of degree, and the share of them
who said what was predicted takes its place: the chance of being right with one of them, drawn at random. Where all agree, that
is the same. Baan et al. 2022 ("Stop Measuring Calibration When Humans Disagree") say why the majority alone will not do.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from feelit.types import Float64, Int64

BINS = 15


@dataclass(frozen=True, slots=True, eq=False)
class Reliability:
    """Predictions by their confidence, in B intervals of equal length: (0, 1/B], (1/B, 2/B] and so on.

    Of a detector, predictions are its boxes, their scores the confidence.
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

    Parameters
    ----------
    confidence : (N,) float64, 0..1: the probability of what was predicted
    agreement : (N,) float64, 0..1: whether that is right, or the share of people who say so
    """
    place = np.clip(np.ceil(confidence * bins).astype(np.int64) - 1, 0, bins - 1)
    images = np.bincount(place, minlength=bins)
    count = np.maximum(images, 1)
    return Reliability(
        images.astype(np.int64),
        np.bincount(place, weights=confidence, minlength=bins) / count,
        np.bincount(place, weights=agreement, minlength=bins) / count,
    )
