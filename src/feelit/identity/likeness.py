"""How likely two groups of faces are of one person.

Likeness is the mean cosine over all pairs of embeddings, weighted by quality: the average linkage of Sokal & Michener (1958),
which is the same for one face and for hundreds in expectation. A logistic curve turns it into a probability (Platt 1999). It
was fitted on tracks made of pictures of 26 people and checked on 26 others; benchmarks/people.py counts people in whole videos.
"""

from __future__ import annotations

import numpy as np

from feelit.types import Float64

SLOPE, OFFSET = 223.65, -204.66
"""Of the logistic curve over likeness, for as many pairs of one person as of two."""

JOIN = 0.99
"""From this probability on, two groups are joined. A false join is worse than a split: 0.94 of likeness is asked for."""

SPLIT = 0.05
"""Below this probability, two parts of a track are two people, where the face also changes its look from one frame to the
next."""

SPLIT_WEIGHT = 0.5
"""Either part has faces whose qualities add up to this."""

LEAST_WEIGHT = 0.15
"""Groups whose qualities add up to less are too poor to be compared."""


def probability(likeness: Float64) -> Float64:
    """The probability that two groups are one person: any shape."""
    result: Float64 = 1 / (1 + np.exp(-np.clip(SLOPE * likeness + OFFSET, -40, 40)))
    return result
