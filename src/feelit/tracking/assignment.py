"""Pairs of rows and columns that are worth the most together: the linear assignment problem.

SciPy has it, and is 140 MB of which nothing else is needed. Of equally good assignments this gives the one that SciPy gives.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from feelit.types import Float64, Int64


def assign(value: ArrayLike) -> tuple[Int64, Int64]:
    """The assignment of the largest summed value, by shortest augmenting paths (Crouse 2016, after Jonker & Volgenant 1987).

    Parameters
    ----------
    value : (R, C) finite numbers

    Returns
    -------
    Rows, rising, and their columns: (min(R, C),) each, none of them twice.
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
