"""Which box continues which track."""

from __future__ import annotations

import numpy as np

from feelit.geometry import grow, iou
from feelit.tracking.assignment import assign
from feelit.types import Bool, Float32, Int64, UInt8

Pairs = tuple[Int64, Int64]  # rows of the tracks, rows of the boxes


def similarity(expected: Float32, box: Float32, slack: Float32) -> Float32:
    """Buffered overlap (Yang et al. 2023): IoU of boxes that are both widened, so that fast faces still touch themselves.

    Parameters
    ----------
    expected : (T, 4) float32, px
    box : (F, 4) float32, px
    slack : (T,) float32, how much to widen, in box sizes; what a track is unsure of grows with the time it was not seen

    Returns
    -------
    (T, F) float32 in 0..1
    """
    if np.ptp(slack) == 0:
        wide = np.broadcast_to(slack[:1], (len(box),))
        return iou(grow(expected, slack), grow(box, wide))
    rows = [iou(grow(expected[i : i + 1], slack[i : i + 1]), grow(box, np.full(len(box), slack[i]))) for i in range(len(slack))]
    return np.concatenate(rows)


def resemblance(a: UInt8, b: UInt8) -> Float32:
    """Correlation of every thumbnail in `a` with every one in `b`; brightness and contrast do not matter.

    (A, D) uint8 and (B, D) uint8 -> (A, B) float32 in -1..1; a flat thumbnail resembles nothing.
    """

    def unit(values: UInt8) -> Float32:
        centred = values.astype(np.float32) - values.mean(axis=1, keepdims=True, dtype=np.float32)
        result: Float32 = centred / np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-3)
        return result

    return unit(a) @ unit(b).T


def match(likeness: Float32, possible: Bool) -> Pairs:
    """The possible pairs with the largest summed likeness.

    (T, F) float32, not negative, and (T, F) bool -> rows and columns, each (K,) int64.
    """
    if (possible.sum(axis=0) <= 1).all() and (possible.sum(axis=1) <= 1).all():  # nobody competes
        rows, columns = np.nonzero(possible)
    else:
        # What is impossible must not be worth anything, or it could break a good pair.
        rows, columns = assign(np.where(possible, likeness, 0))
        good = possible[rows, columns]
        rows, columns = rows[good], columns[good]
    return rows.astype(np.int64), columns.astype(np.int64)
