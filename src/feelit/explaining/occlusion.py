"""Occlusion (Zeiler and Fergus 2014, "Visualizing and Understanding Convolutional Networks").

A square patch is hidden in one place after another, and the drop of the label's probability noted. A pixel gets the mean drop
of all patches over it. Patches reach over the edge of the crop, so that every pixel lies under equally many.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np

from feelit.explaining.masking import BATCH, Score, covered
from feelit.types import Float32, UInt8


def occlusion(score: Score, crop: UInt8, baseline: Float32, patch_px: int, stride_px: int) -> Float32:
    """How much less likely a label is where a patch over a pixel is hidden.

    Parameters
    ----------
    score : the classifier
    crop : (S, S) uint8
    baseline : (S, S) float32, what hidden pixels show
    patch_px : side of the patch
    stride_px : from one place to the next, no more than `patch_px`

    Returns
    -------
    (S, S) float32, a difference of probabilities, -1..1
    """
    before = float(score(crop[None])[0])
    drop, patches = np.zeros(crop.shape), np.zeros(crop.shape)
    places = list(patch_places(len(crop), patch_px, stride_px))
    for start in range(0, len(places), BATCH):
        some = places[start : start + BATCH]
        kept = np.ones((len(some), *crop.shape), np.float32)
        for i, place in enumerate(some):
            kept[i][place] = 0
        for place, after in zip(some, score(covered(crop, baseline, kept)), strict=True):
            drop[place] += before - after
            patches[place] += 1
    return (drop / patches).astype(np.float32)


def patch_places(side_px: int, patch_px: int, stride_px: int) -> Iterator[tuple[slice, slice]]:
    """Where the patches lie: rows and columns of the crop, row by row."""
    starts = range(stride_px - patch_px, side_px, stride_px)
    spans = [slice(max(0, start), start + patch_px) for start in starts]
    return product(spans, spans)
