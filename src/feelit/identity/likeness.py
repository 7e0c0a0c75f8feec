"""How likely two people, or two groups of faces, are one person.

Likeness is the mean cosine over all pairs of embeddings, weighted by quality: the average linkage of Sokal & Michener (1958),
which is the same for one face and for hundreds in expectation. It counts from how alike strangers of the same kind are, and a
logistic curve turns it into a probability. benchmarks/people.py counts people in whole videos.

A cosine means something else for every group of people: strangers of a group that the network knows less well are more alike.
So each template is also compared with a cohort, with means of many faces of each of ten groups of people, and likeness counts
from how alike the two are to the nearest of the cohort: adaptive symmetric normalisation (Matejka et al. 2017, here without
division). A logistic curve makes a likelihood ratio of it (Platt 1999), and the number of candidates gives the prior odds.
benchmarks/across.py makes the cohort and the curve, and prints the errors by group.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from io import BytesIO

import numpy as np

from feelit.types import Bool, Float32, Float64, Int64

NEAREST = 5
"""The number of nearest members of the cohort that count."""

SLOPE, OFFSET = 169.96, -4.62
"""Of the logistic curve over normalised likeness, for as many pairs of one person as of two."""


@cache
def cohort() -> Float32:
    """(C, 128) float32: means of embeddings, each of 20 faces or more; nobody's embedding is among them."""
    stored = np.load(BytesIO(files("feelit.identity").joinpath("cohort.npy").read_bytes()), allow_pickle=False)
    means: Float32 = (stored.astype(np.float32) / 256).astype(np.float32)
    return means


def normal(templates: Float32, means: Float32 | None = None) -> Float32:
    """(N, 128) templates -> (N,) how alike each is to the nearest of the cohort, on the mean."""
    against = templates @ (cohort() if means is None else means).T
    nearest = np.partition(against, -NEAREST, axis=1)[:, -NEAREST:]
    result: Float32 = nearest.mean(axis=1).astype(np.float32)
    return result


def normalised_likeness(one: Float32, other: Float32, one_normal: Float32, other_normal: Float32) -> Float32:
    """(N, M) normalised likeness of (N, 128) and (M, 128) templates, each a mean of embeddings of length one."""
    result: Float32 = one @ other.T - np.float32(0.5) * (one_normal[:, None] + other_normal[None])
    return result


def probability(likenesses: Float64, candidates: Float64 | float = 1) -> Float64:
    """The probability, of any shape, that two are one person if one of `candidates` people may be the right one, or none."""
    odds = SLOPE * likenesses + OFFSET - np.log(np.maximum(candidates, 1))
    result: Float64 = 1 / (1 + np.exp(-np.clip(odds, -40, 40)))
    return result


def least_likeness(sure: float, candidates: float) -> float:
    """The likeness from which the probability is `sure`."""
    return float((np.log(sure / (1 - sure)) - OFFSET + np.log(max(candidates, 1))) / SLOPE)


JOIN = 0.99
"""From this probability on, two groups are joined: a false join is worse than a split."""

SPLIT = 0.05
"""Below this probability, two parts of a track are two people, where the face also changes its look from one frame to the
next."""

SPLIT_WEIGHT = 0.5
"""Either part has faces whose qualities add up to this."""

LEAST_WEIGHT = 0.15
"""The least sum of qualities of a group that is compared."""


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
