"""Whether a map shows what the classifier uses: what becomes of the answer when the map's pixels are taken away.

Deletion and insertion are those of Petsiuk et al. (2018). Pixels are taken in the order of the map, a row's worth at a time.
Deletion hides them (mean luma) and asks how fast the label's probability falls; insertion begins with the blurred crop, brings
them back and asks how fast it rises. Either is the area under the curve over the share of pixels. A faithful map has a small
deletion and a large insertion.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from feelit.explaining.masking import Score, baseline_of, covered
from feelit.types import Bool, Float32, Float64, UInt8

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
