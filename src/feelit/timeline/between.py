"""Interpolates probabilities and signals between classified samples of a track."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from feelit.types import Float32, Float64, Int64, Timeline

NEAR_S = 0.75
"""The longest time to the classified samples, before and after, that a face is interpolated from."""

STEPS = 4096
"""Interpolated numbers are rounded to 1/4096, as probabilities are."""


def interpolated(rows: Timeline) -> Timeline:
    """The same rows with probabilities, signals, yaw and roll where none were measured.

    They lie on the line between the classified samples of the track before and after, or are those of the one that is near.
    A row without any near has none, and is not readable.
    """
    missing = np.flatnonzero(np.isnan(rows.probability[:, 0]) & ~rows.classified)
    if not len(missing):
        return rows
    before, after, share = _neighbours(rows, missing)
    known = before >= 0
    at, before, after, share = missing[known], before[known], after[known], share[known]

    def between(column: Float32) -> Float32:
        result = column.copy()
        weight = share.reshape(-1, *[1] * (column.ndim - 1))
        value = (1 - weight) * column[before].astype(np.float64) + weight * column[after].astype(np.float64)
        result[at] = (np.round(value * STEPS) / STEPS).astype(np.float32)
        return result

    readable = rows.readable.copy()
    readable[missing[~known]] = False
    if rows.signals.shape[1]:  # without them both angles come from the landmarks, which every sample has
        rows = replace(rows, yaw_deg=between(rows.yaw_deg), roll_deg=between(rows.roll_deg))
    return replace(rows, probability=between(rows.probability), signals=between(rows.signals), readable=readable)


def _neighbours(rows: Timeline, missing: Int64) -> tuple[Int64, Int64, Float64]:
    """The classified rows before and after each missing one, and the share of the second; -1 where there is none near."""
    before, after = np.full(len(missing), -1, np.int64), np.full(len(missing), -1, np.int64)
    share = np.zeros(len(missing))
    for track in np.unique(rows.track_id[missing]).tolist():
        mine = np.flatnonzero((rows.track_id == track) & rows.classified)
        place = np.flatnonzero(rows.track_id[missing] == track)
        if not len(mine):
            continue
        at_s, time_s = rows.time_s[missing[place]], rows.time_s[mine]
        right = np.searchsorted(time_s, at_s)
        low, high = np.maximum(right - 1, 0), np.minimum(right, len(mine) - 1)
        has_low = (right > 0) & (at_s - time_s[low] <= NEAR_S)
        has_high = (right < len(mine)) & (time_s[high] - at_s <= NEAR_S)
        low, high = np.where(has_low, low, high), np.where(has_high, high, low)
        span_s = np.where(low < high, time_s[high] - time_s[low], 1.0)
        near = has_low | has_high
        before[place[near]], after[place[near]] = mine[low[near]], mine[high[near]]
        share[place[near]] = np.where(low < high, (at_s - time_s[low]) / span_s, 0.0)[near]
    return before, after, share
