"""Association of boxes with tracks."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from feelit.geometry import grow, iou
from feelit.types import Bool, Float32, Float64, Int64, UInt8

Pairs = tuple[Int64, Int64]  # rows of the tracks, rows of the boxes


def similarity(expected: Float32, box: Float32, slack: Float32) -> Float32:
    """Buffered overlap (Yang et al. 2023): IoU of boxes that are both widened, so that fast faces still touch themselves.

    (T, 4) and (F, 4) float32, px, and (T,) float32 how much to widen in box sizes, which grows with the time for which a track
    was not seen -> (T, F) float32 in 0..1
    """
    return iou(grow(expected, slack)[:, None], grow(box[None], slack[:, None]))[:, 0]


def resemblance(a: UInt8, b: UInt8) -> Float32:
    """Correlation of every thumbnail in `a` with every one in `b`, independent of brightness and contrast.

    (A, D) uint8 and (B, D) uint8 -> (A, B) float32 in -1..1; 0 for flat thumbnails.
    """
    return standardized(a) @ standardized(b).T


def standardized(thumbnails: UInt8) -> Float32:
    """(F, D) uint8 -> (F, D) float32 of mean zero and length one; flat thumbnails are zero."""
    centred = thumbnails.astype(np.float32) - thumbnails.mean(axis=1, keepdims=True, dtype=np.float32)
    result: Float32 = centred / np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-3)
    return result


def match(likeness: Float32, possible: Bool) -> Pairs:
    """The possible pairs with the largest summed likeness.

    (T, F) float32, not negative, and (T, F) bool -> rows and columns, each (K,) int64.
    """
    if (possible.sum(axis=0) <= 1).all() and (possible.sum(axis=1) <= 1).all():  # no competition
        rows, columns = np.nonzero(possible)
    else:
        # Impossible pairs are worth 0, or they could displace good ones.
        rows, columns = assign(np.where(possible, likeness, 0))
        good = possible[rows, columns]
        rows, columns = rows[good], columns[good]
    return rows.astype(np.int64), columns.astype(np.int64)


def assign(value: ArrayLike) -> tuple[Int64, Int64]:
    """The assignment of the largest summed value, by shortest augmenting paths (Crouse 2016, after Jonker & Volgenant 1987).

    (R, C) finite numbers -> rows, rising, and their columns: (min(R, C),) each, none of them twice
    """
    cost = -np.asarray(value, np.float64)
    if cost.shape[0] <= cost.shape[1]:
        return np.arange(len(cost)), _columns_of_rows(cost)
    rows = _columns_of_rows(np.ascontiguousarray(cost.T))
    order = np.argsort(rows)
    return rows[order], order.astype(np.int64)


def _columns_of_rows(cost: Float64) -> Int64:
    """(R, C) costs, R <= C -> (R,) the columns of the rows that cost least together."""
    rows, columns = cost.shape
    dual_row, dual_column = np.zeros(rows), np.zeros(columns)
    column_of, row_of = np.full(rows, -1, np.int64), np.full(columns, -1, np.int64)
    for first in range(rows):
        # From the new row, the cheapest way over rows that have a column to a column that is free.
        reached, before = np.full(columns, np.inf), np.full(columns, -1, np.int64)
        left = np.arange(columns - 1, -1, -1)  # the last free column of equal ones is taken, so the order is reversed
        passed_rows, passed_columns = [], []
        row, total = first, 0.0
        while True:
            passed_rows.append(row)
            way = total + cost[row, left] - dual_row[row] - dual_column[left]
            shorter = way < reached[left]
            reached[left[shorter]], before[left[shorter]] = way[shorter], row
            total = float(reached[left].min())
            nearest = np.flatnonzero(reached[left] == total)
            free = nearest[row_of[left[nearest]] < 0]
            place = int(free[-1] if len(free) else nearest[0])
            column = int(left[place])
            passed_columns.append(column)
            left[place] = left[-1]
            left = left[:-1]
            if row_of[column] < 0:
                break
            row = int(row_of[column])
        dual_row[first] += total
        others = np.array(passed_rows[1:], np.int64)
        dual_row[others] += total - reached[column_of[others]]
        dual_column[passed_columns] -= total - reached[passed_columns]
        while True:  # along the way back, every row takes the column that was reached from it
            row = int(before[column])
            row_of[column] = row
            column_of[row], column = column, int(column_of[row])
            if row == first:
                break
    return column_of
