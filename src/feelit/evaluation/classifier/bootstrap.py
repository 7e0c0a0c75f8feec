"""How far a score may be off, because the images that it was measured on are only some of those there could have been.

The percentile bootstrap (Efron 1979; Efron & Tibshirani 1993, ch. 13): draw as many images as there are, with replacement, many
times, and see how the score spreads. Scores that depend on counts alone need no images: how often each cell of a table
is drawn is multinomial, so all replicates are one array.
"""

from __future__ import annotations

import numpy as np

from feelit.types import Float64, Int64

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
