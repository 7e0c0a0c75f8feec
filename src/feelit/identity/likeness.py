"""How likely two groups of faces of one video are of one person.

Likeness is the mean cosine over all pairs of embeddings, weighted by quality: the average linkage of Sokal & Michener (1958),
which is the same for one face and for hundreds in expectation. It counts from how alike strangers of the same kind are, and a
logistic curve turns it into a probability, see `cohort`. benchmarks/people.py counts people in whole videos.
"""

from __future__ import annotations

import numpy as np

from feelit.identity import cohort
from feelit.types import Bool, Float32, Float64, Int64

JOIN = 0.99
"""From this probability on, two groups are joined: a false join is worse than a split."""

SPLIT = 0.05
"""Below this probability, two parts of a track are two people, where the face also changes its look from one frame to the
next."""

SPLIT_WEIGHT = 0.5
"""Either part has faces whose qualities add up to this."""

LEAST_WEIGHT = 0.15
"""Groups whose qualities add up to less are too poor to be compared."""


def probability(likeness: Float64) -> Float64:
    """The probability that two groups are one person: any shape."""
    return cohort.probability(likeness, 1)


def template(total: Float32 | Float64, weight: Float64 | float) -> Float32:
    """(..., 128) sums of quality times embedding and (...) sums of quality -> (..., 128) mean embeddings."""
    result: Float32 = (total / np.maximum(np.asarray(weight)[..., None], 1e-9)).astype(np.float32)
    return result


def between(one: Float32, other: Float32) -> float:
    """Likeness of two groups by their templates, (128,) each."""
    pair = np.stack([one, other])
    usual = cohort.normal(pair)
    return float(cohort.likeness(pair[:1], pair[1:], usual[:1], usual[1:])[0, 0])


def of_faces(quality: Float32, embedding: Float32, one: Int64 | Bool, other: Int64 | Bool, least_weight: float) -> float | None:
    """Likeness of two sets of faces; None where either is too poor.

    Parameters
    ----------
    quality : (N,) float32
    embedding : (N, 128) float32 of length one
    one, other : which faces, by their places or by a mask
    least_weight : the least sum of quality of a set
    """
    weights = float(quality[one].sum()), float(quality[other].sum())
    if min(weights) < least_weight:
        return None
    sums = [(quality[part, None] * embedding[part]).sum(axis=0) for part in (one, other)]
    return between(template(sums[0], weights[0]), template(sums[1], weights[1]))
