"""Which box continues which track."""

from __future__ import annotations

import numpy as np
from scipy.optimize import linear_sum_assignment

from feelit.geometry import grow, iou
from feelit.types import Float32, Int64

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


def match(likeness: Float32, least: float) -> Pairs:
    """The pairs with the largest summed likeness, none of them below `least`.

    (T, F) float32 -> rows and columns, each (K,) int64.
    """
    if not likeness.size:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    clear = likeness >= least
    if (clear.sum(axis=0) <= 1).all() and (clear.sum(axis=1) <= 1).all():  # nobody competes
        rows, columns = np.nonzero(clear)
    else:
        # What is below `least` must not be worth anything, or a poor pair could break a good one.
        rows, columns = linear_sum_assignment(np.where(clear, likeness, 0), maximize=True)
        good = clear[rows, columns]
        rows, columns = rows[good], columns[good]
    return rows.astype(np.int64), columns.astype(np.int64)
