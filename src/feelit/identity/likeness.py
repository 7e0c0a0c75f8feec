"""The probability that two people, or two groups of faces, are the same person.

Likeness is the mean cosine over all pairs of embeddings, weighted by quality: the average linkage of Sokal & Michener (1958),
whose expectation does not depend on the number of faces. benchmarks/people.py counts people in whole videos.

Cosines are not comparable between demographic groups: strangers of a group that is rare in the network's training data are more
alike. So each template is also compared with a cohort, means of many faces from each of ten groups, and the mean cosine of the
two with their nearest cohort members is subtracted: adaptive symmetric normalisation (Matejka et al. 2017, here without
division). A logistic curve turns the result into a likelihood ratio (Platt 1999), and the number of candidates gives the prior
odds. benchmarks/across.py computes the cohort and the curve, and prints the errors by group.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from io import BytesIO

import numpy as np

from feelit.types import Bool, Float32, Float64, Int8, Int64

NEAREST = 5  # the number of nearest cohort members used for normalisation

SLOPE, OFFSET = 169.96, -4.62
"""Parameters of the logistic curve over normalised likeness, for equal numbers of same and different pairs."""


@cache
def cohort() -> Float32:
    """(C, 128) float32: mean embeddings, each over at least 20 faces, so none is that of an individual."""
    stored = np.load(BytesIO(files("feelit.identity").joinpath("cohort.npy").read_bytes()), allow_pickle=False)
    means: Float32 = (stored.astype(np.float32) / 256).astype(np.float32)
    return means


def normal(templates: Float32, means: Float32 | None = None) -> Float32:
    """(N, 128) templates -> (N,) mean cosine with the nearest cohort members."""
    against = templates @ (cohort() if means is None else means).T
    nearest = np.partition(against, -NEAREST, axis=1)[:, -NEAREST:]
    result: Float32 = nearest.mean(axis=1).astype(np.float32)
    return result


def normalised_likeness(one: Float32, other: Float32, one_normal: Float32, other_normal: Float32) -> Float32:
    """(N, M) normalised likeness of (N, 128) and (M, 128) templates, each a mean of unit embeddings."""
    return one @ other.T - np.float32(0.5) * (one_normal[:, None] + other_normal[None])


def probability(likenesses: Float64, candidates: Float64 | float = 1) -> Float64:
    """The probability, of any shape, that two are the same person if at most one of `candidates` people is a match."""
    odds = SLOPE * likenesses + OFFSET - np.log(np.maximum(candidates, 1))
    return 1 / (1 + np.exp(-np.clip(odds, -40, 40)))


def least_likeness(sure: float, candidates: float) -> float:
    """The likeness at which the probability is `sure`."""
    return float((np.log(sure / (1 - sure)) - OFFSET + np.log(max(candidates, 1))) / SLOPE)


JOIN = 0.99  # groups are joined from this probability on: a false join is worse than a missed one

SPLIT = 0.05
"""A track is split where the face changes suddenly and the probability that both parts are one person is below this."""

SPLIT_WEIGHT = 0.5  # the least sum of qualities of each part for a split
LEAST_WEIGHT = 0.15  # the least sum of qualities of a group to be compared


def unit_vectors(vector: Int8 | Float32) -> Float32:
    """Embeddings (K, 128) scaled to length one; zeros stay zeros."""
    long = vector.astype(np.float32)
    result: Float32 = long / np.maximum(np.linalg.norm(long, axis=1, keepdims=True), 1e-6)
    return result


def summed(quality: Float32, embedding: Float32, part: Int64 | Bool) -> tuple[Float32, float]:
    """The sum of quality times embedding, (128,) float32, and the sum of quality of some faces, by index or mask."""
    return (quality[part, None] * embedding[part]).sum(axis=0), float(quality[part].sum())


def template(total: Float32 | Float64, weight: Float64 | float) -> Float32:
    """(..., 128) sums of quality times embedding and (...) sums of quality -> (..., 128) mean embeddings."""
    result: Float32 = (total / np.maximum(np.asarray(weight)[..., None], 1e-9)).astype(np.float32)
    return result


def between(one: Float32, other: Float32) -> float:
    """Likeness of two groups by their templates, (128,) each."""
    pair = np.stack([one, other])
    usual = normal(pair)
    return float(normalised_likeness(pair[:1], pair[1:], usual[:1], usual[1:])[0, 0])


def of_faces(quality: Float32, embedding: Float32, one: Int64 | Bool, other: Int64 | Bool, least_weight: float) -> float | None:
    """Likeness of two sets of faces; None if the quality of either is too low.

    Parameters
    ----------
    quality : (N,) float32
    embedding : (N, 128) float32, unit vectors
    one, other : the sets, as indices or masks
    least_weight : the least sum of qualities of a set
    """
    sums = [summed(quality, embedding, part) for part in (one, other)]
    return between(template(*sums[0]), template(*sums[1])) if min(sums[0][1], sums[1][1]) >= least_weight else None
