"""How likely two people of different recordings are one person.

A cosine means something else for every group of people: strangers of a group that the network knows less well are more alike.
So each template is compared with a cohort as well, with means of many faces each of ten groups of people, and likeness counts
from how alike the two are to those of the cohort that are nearest to them: adaptive symmetric normalisation (Matejka et al.
2017, here without division). A logistic curve makes a likelihood ratio of it (Platt 1999), and the number of people who might
be meant gives the odds before anything is seen.

benchmarks/across.py makes the cohort and the curve, and prints the errors by group.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from io import BytesIO

import numpy as np

from feelit.types import Float32, Float64

NEAREST = 5
"""So many of the cohort are compared with."""

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


def likeness(one: Float32, other: Float32, one_normal: Float32, other_normal: Float32) -> Float32:
    """(N, M) normalised likeness of (N, 128) and (M, 128) templates, each a mean of embeddings of length one."""
    result: Float32 = one @ other.T - np.float32(0.5) * (one_normal[:, None] + other_normal[None])
    return result


def probability(likenesses: Float64, candidates: Float64 | float) -> Float64:
    """The probability that two are one person, where one of `candidates` people may be the right one, or none."""
    odds = SLOPE * likenesses + OFFSET - np.log(np.maximum(candidates, 1))
    result: Float64 = 1 / (1 + np.exp(-np.clip(odds, -40, 40)))
    return result


def least_likeness(sure: float, candidates: float) -> float:
    """The likeness from which the probability is `sure`."""
    return float((np.log(sure / (1 - sure)) - OFFSET + np.log(max(candidates, 1))) / SLOPE)
