"""Crops with parts hidden: what stands in the place of a hidden pixel, and what the classifier says of what is left."""

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
"""Standard deviation of the blur, in sides of the crop: an eye or a mouth is no more than a shade then."""

BATCH = 128
"""So many crops go to the classifier at a time, which bounds the memory."""

Score: TypeAlias = Callable[[UInt8], Float64]
"""(N, S, S) uint8 crops -> (N,) float64, the probability of the label that is explained."""


def score_of(model: ExpressionModel, label: str) -> Score:
    """How likely a classifier finds a label."""
    column = EMOTIONS.index(label)
    return lambda crops: model.probabilities(crops)[:, column].astype(np.float64)


def baseline_of(crop: UInt8, kind: Baseline) -> Float32:
    """What hidden pixels of a crop show: its mean luma everywhere, or the crop itself out of focus. (S, S) float32."""
    if kind == "mean":
        return np.full(crop.shape, crop.mean(), np.float32)
    return np.asarray(cv2.GaussianBlur(crop.astype(np.float32), (0, 0), BLUR_SHARE * len(crop)), np.float32)


def covered(crop: UInt8, baseline: Float32, kept: Float32) -> UInt8:
    """A crop under masks.

    Parameters
    ----------
    crop : (S, S) uint8
    baseline : (S, S) float32, what hidden pixels show
    kept : (N, S, S) float32, from 0 where a pixel is hidden to 1 where it is shown

    Returns
    -------
    (N, S, S) uint8
    """
    return np.rint(baseline + kept * (crop - baseline)).astype(np.uint8)


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


TOP_SHARE = 0.1
"""The part of the crop that is marked, and that `drop` hides."""


@dataclass(frozen=True, slots=True)
class Faithfulness:
    """How far a map can be trusted."""

    deletion: float  # area under the curve, 0..1, small is good
    insertion: float  # area under the curve, 0..1, large is good
    drop: float  # by how much the label's probability falls when the top tenth is hidden
    peak_px: tuple[int, int]  # x, y of the largest value in the crop
    top_px: tuple[int, int, int, int]  # x0, y0, x1, y1 of the connected part of the top tenth that holds the peak


def judge(score: Score, crop: UInt8, baseline: Float32, saliency: Float32) -> Faithfulness:
    """Hide what a map points at.

    Parameters
    ----------
    score : the classifier
    crop : (S, S) uint8
    baseline : (S, S) float32, what `drop` puts in the place of the top tenth
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
