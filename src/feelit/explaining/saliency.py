"""Saliency by hiding parts of a crop: occlusion and RISE, and the faithfulness of a map by deletion and insertion."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import TypeAlias

import cv2
import numpy as np

from feelit.options.models import Baseline
from feelit.types import EMOTIONS, Bool, Float32, Float64, UInt8
from feelit.vision.expression import ExpressionModel

BLUR_SHARE = 1 / 8
"""Standard deviation of the blur, relative to the side of the crop: eyes and mouth disappear."""

BATCH = 128
"""Crops per run of the classifier, which bounds the memory."""

Score: TypeAlias = Callable[[UInt8], Float64]
"""(N, S, S) uint8 crops -> (N,) float64, the probability of the label that is explained."""


def score_of(model: ExpressionModel, label: str) -> Score:
    """The function that gives a classifier's probability of a label."""
    column = EMOTIONS.index(label)
    return lambda crops: model.probabilities(crops)[:, column].astype(np.float64)


def baseline_of(crop: UInt8, kind: Baseline) -> Float32:
    """The content of hidden pixels, (S, S) float32: the mean luma of the crop, or the blurred crop."""
    if kind == "mean":
        return np.full(crop.shape, crop.mean(), np.float32)
    return np.asarray(cv2.GaussianBlur(crop.astype(np.float32), (0, 0), BLUR_SHARE * len(crop)), np.float32)


def covered(crop: UInt8, baseline: Float32, kept: Float32) -> UInt8:
    """Apply masks to a crop.

    Parameters
    ----------
    crop : (S, S) uint8
    baseline : (S, S) float32, content of hidden pixels
    kept : (N, S, S) float32, from 0 where a pixel is hidden to 1 where it is shown

    Returns
    -------
    (N, S, S) uint8
    """
    return np.rint(baseline + kept * (crop - baseline)).astype(np.uint8)


def occlusion(score: Score, crop: UInt8, baseline: Float32, patch_px: int, stride_px: int) -> Float32:
    """Occlusion (Zeiler & Fergus 2014): the mean drop of the label's probability over all hidden patches that cover a pixel.

    Patches reach beyond the edge of the crop, so that every pixel lies under equally many.

    Parameters
    ----------
    score : the classifier
    crop : (S, S) uint8
    baseline : (S, S) float32, content of hidden pixels
    patch_px : side of the patch
    stride_px : distance of the patches, at most `patch_px`

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
    """The rows and columns of the patches, row by row."""
    starts = range(stride_px - patch_px, side_px, stride_px)
    spans = [slice(max(0, start), start + patch_px) for start in starts]
    return product(spans, spans)


CELLS = 7
"""Cells along a side, as in the paper."""

TINY = 1e-6
"""A pixel that no mask shows, or none hides, gets the value 0."""


def rise(score: Score, crop: UInt8, baseline: Float32, masks: int, seed: int) -> Float32:
    """RISE (Petsiuk et al. 2018): the label's mean probability over random masks that show a pixel, minus that over masks that
    hide it.

    A mask is a coarse grid of cells, each shown with probability 1/2, enlarged bilinearly and shifted by a random part of a
    cell. The paper's map is the first mean alone; the difference has the same order, and 0 means no effect.

    Parameters
    ----------
    score : the classifier
    crop : (S, S) uint8
    baseline : (S, S) float32, content of hidden pixels
    masks : number of masks
    seed : of the random masks, which depend on it and on the size of the crop alone

    Returns
    -------
    (S, S) float32, a difference of probabilities, -1..1
    """
    rng = np.random.default_rng(seed)
    total, weighted, weight = np.zeros(1), np.zeros(crop.shape), np.zeros(crop.shape)
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
    for i in range(count):  # one by one, so that masks do not depend on the batch
        grid = rng.integers(0, 2, (CELLS + 1, CELLS + 1)).astype(np.float32)
        y, x = rng.integers(0, cell, 2)
        kept[i] = cv2.resize(grid, (large, large), interpolation=cv2.INTER_LINEAR)[y : y + side_px, x : x + side_px]
    return kept


TOP_SHARE = 0.1
"""The share of the crop that is outlined, and that `drop` hides."""


@dataclass(frozen=True, slots=True)
class Faithfulness:
    """The faithfulness of a map."""

    deletion: float  # area under the curve, 0..1, small is good
    insertion: float  # area under the curve, 0..1, large is good
    drop: float  # fall of the label's probability when the top tenth is hidden
    peak_px: tuple[int, int]  # x, y of the largest value in the crop
    top_px: tuple[int, int, int, int]  # x0, y0, x1, y1 of the connected part of the top tenth that holds the peak


def judge(score: Score, crop: UInt8, baseline: Float32, saliency: Float32) -> Faithfulness:
    """Measure the faithfulness of a map by deletion and insertion (Petsiuk et al. 2018).

    Pixels are taken in the order of the map, a row's worth at a time. Deletion hides them (mean luma); insertion starts from
    the blurred crop and restores them. Both are areas under the curve of the label's probability over the share of pixels.

    Parameters
    ----------
    score : the classifier
    crop : (S, S) uint8
    baseline : (S, S) float32, content of the top tenth for `drop`
    saliency : (S, S) float32
    """
    top = top_tenth(saliency)
    pair = np.stack([np.ones(crop.shape, np.float32), np.where(top, 0, 1).astype(np.float32)])
    whole, without = score(covered(crop, baseline, pair))
    y, x = np.unravel_index(int(saliency.argmax()), saliency.shape)
    return Faithfulness(
        deletion=_area(score(covered(crop, baseline_of(crop, "mean"), 1 - _taken(saliency)))),
        insertion=_area(score(covered(crop, baseline_of(crop, "blur"), _taken(saliency)))),
        drop=float(whole - without),
        peak_px=(int(x), int(y)),
        top_px=_part_with(top, int(x), int(y)),
    )


def top_tenth(saliency: Float32) -> Bool:
    """(S, S) bool: the tenth of the pixels with the largest values; among equal ones the upper and left ones."""
    top = np.zeros(saliency.size, bool)
    top[_order(saliency)[: max(1, round(TOP_SHARE * saliency.size))]] = True
    return top.reshape(saliency.shape)


def _order(saliency: Float32) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.argsort(-saliency.ravel(), kind="stable").astype(np.int64)


def _taken(saliency: Float32) -> Float32:
    """(S + 1, S, S) float32: none of the pixels, then a row's worth more each time, to all of them."""
    side = len(saliency)
    rank = np.empty(saliency.size, np.int64)
    rank[_order(saliency)] = np.arange(saliency.size)
    return (rank.reshape(1, side, side) < side * np.arange(side + 1)[:, None, None]).astype(np.float32)


def _area(curve: Float64) -> float:
    """Under a curve over equal steps from 0 to 1, by the trapezoidal rule."""
    return float((curve[1:] + curve[:-1]).mean() / 2)


def _part_with(top: Bool, x: int, y: int) -> tuple[int, int, int, int]:
    _, parts, stats, _ = cv2.connectedComponentsWithStats(top.astype(np.uint8), connectivity=4)
    left, upper, width, height, _ = (int(v) for v in stats[parts[y, x]])
    return left, upper, left + width, upper + height
