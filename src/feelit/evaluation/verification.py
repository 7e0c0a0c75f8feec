"""How well pairs of faces of one person are separated from pairs of two."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from feelit.types import Bool, Float32, Float64, Int64


@dataclass(frozen=True, slots=True)
class PairScores:
    """What a measure of likeness is worth.

    Attributes
    ----------
    same, different : how many pairs of either kind there are
    equal_error : share of errors of both kinds at the threshold where these are equal
    threshold : that threshold
    """

    same: int
    different: int
    equal_error: float
    threshold: float


def pairs_of(embedding: Float32, person: Int64) -> tuple[Float64, Bool]:
    """The cosines of all pairs of some faces, and which are of one person.

    (F, D) float32 of length one and (F,) int64 -> (P,) float64 and (P,) bool
    """
    first, second = np.triu_indices(len(embedding), 1)
    cosine = (embedding @ embedding.T).astype(np.float64)[first, second]
    same: Bool = person[first] == person[second]
    return cosine, same


def score_pairs(likeness: Float64, same: Bool) -> PairScores:
    """The equal error rate: (P,) float64 and (P,) bool, with pairs of both kinds."""
    of_one, of_two = np.sort(likeness[same]), np.sort(likeness[~same])
    threshold = np.unique(likeness)
    missed = np.searchsorted(of_one, threshold) / len(of_one)  # share below
    joined = 1 - np.searchsorted(of_two, threshold) / len(of_two)
    best = int(np.argmin(np.abs(missed - joined)))
    return PairScores(len(of_one), len(of_two), float(missed[best] + joined[best]) / 2, float(threshold[best]))
