"""RISE (Petsiuk, Das and Saenko 2018, "RISE: Randomized Input Sampling for Explanation of Black-box Models").

The classifier is asked about the crop under many random masks. A mask is a coarse grid of cells, each shown or hidden with
probability 1/2, enlarged bilinearly and shifted by a random part of a cell, so that its edges lie anywhere.

The paper's map is the mean probability over the masks, weighted by how much of the pixel they show. Here the mean weighted by
how much of it they hide is taken off. Where every pixel is shown as often as it is hidden, that is the paper's map times two,
less a constant: it has the same order, and 0 means that the pixel makes no difference.
"""

from __future__ import annotations

import cv2
import numpy as np

from feelit.explaining.masking import BATCH, Score, covered
from feelit.types import Float32, Float64, UInt8

CELLS = 7
"""Cells along a side, as in the paper: of a 48 px crop an eye, a nose and a mouth have about two each."""

TINY = 1e-6
"""A pixel that no mask shows, or none hides, as there may be among few masks, has no difference."""


def rise(score: Score, crop: UInt8, baseline: Float32, masks: int, seed: int) -> Float32:
    """How much likelier a label is where a pixel is shown.

    Parameters
    ----------
    score : the classifier
    crop : (S, S) uint8
    baseline : (S, S) float32, what hidden pixels show
    masks : how many
    seed : of the random masks, which depend on it and on the size of the crop alone

    Returns
    -------
    (S, S) float32, a difference of probabilities, -1..1
    """
    rng = np.random.default_rng(seed)
    total: Float64 = np.zeros(1)
    weighted: Float64 = np.zeros(crop.shape)
    weight: Float64 = np.zeros(crop.shape)
    for start in range(0, masks, BATCH):
        kept = random_masks(rng, min(BATCH, masks - start), len(crop))
        found = score(covered(crop, baseline, kept))
        total += found.sum()
        weighted += np.tensordot(found, kept.astype(np.float64), axes=1)
        weight += kept.sum(axis=0, dtype=np.float64)
    shown, hidden = weighted / np.maximum(weight, TINY), (total - weighted) / np.maximum(masks - weight, TINY)
    return np.where((weight > TINY) & (masks - weight > TINY), shown - hidden, 0).astype(np.float32)


def random_masks(rng: np.random.Generator, count: int, side_px: int) -> Float32:
    """(count, S, S) float32, 0..1: random grids, enlarged and shifted."""
    cell = -(-side_px // CELLS)
    large = (CELLS + 1) * cell
    kept = np.empty((count, side_px, side_px), np.float32)
    for i in range(count):  # one by one, so that a batch has no say in what is drawn
        grid = rng.integers(0, 2, (CELLS + 1, CELLS + 1)).astype(np.float32)
        y, x = rng.integers(0, cell, 2)
        kept[i] = cv2.resize(grid, (large, large), interpolation=cv2.INTER_LINEAR)[y : y + side_px, x : x + side_px]
    return kept
