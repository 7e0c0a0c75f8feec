"""Long absences: a track is away for several seconds, and comes back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from feelit.analysis.observations import Frames, Samples
from feelit.analysis.scan import scan_p_values
from feelit.analysis.track_series import BLOCK_S, block_means
from feelit.types import Float64

LEAST_ABSENCE_S = 5.0


@dataclass(frozen=True, slots=True)
class Absence:
    """From the end of the last sample with the track to the next one. True times may be off by one sampling interval."""

    start_s: float
    end_s: float
    p_value: float  # of missed detections in random order leaving so long a time somewhere


def find_absences(samples: Samples, frames: Frames, rng: np.random.Generator) -> Iterator[Absence]:
    """The absences of one track, in order.

    Parameters
    ----------
    samples : of the track
    frames : all sampled frames, which `samples.frame` counts
    """
    end_s = samples.time_s + samples.length_s
    away = np.flatnonzero((samples.time_s[1:] - end_s[:-1] >= LEAST_ABSENCE_S) & (np.diff(samples.frame) > 1))
    if not len(away):
        return
    life = frames.rows(slice(int(samples.frame[0]), int(samples.frame[-1]) + 1))
    absent = np.ones(len(life))
    absent[samples.frame - samples.frame[0]] = 0
    blocks = block_means(np.floor((life.time_s - life.time_s[0]) / BLOCK_S).astype(np.int64), absent, life.length_s)
    gaps = list(zip(end_s[away].tolist(), samples.time_s[away + 1].tolist(), strict=True))
    windows = [(_whole_blocks(absent, life, gap), 1.0) for gap in gaps]
    for gap, p_value in zip(gaps, scan_p_values(blocks, windows, rng), strict=True):
        yield Absence(*gap, p_value)


def _whole_blocks(absent: Float64, life: Frames, gap: tuple[float, float]) -> int:
    """How many blocks lie in an absence as a whole."""
    first, end = np.searchsorted(life.time_s, [gap[0] - 1e-6, gap[1] - 1e-6])
    inside_s = life.time_s[first:end][absent[first:end] > 0]
    block = np.floor((inside_s - life.time_s[0]) / BLOCK_S)
    return max(1, int(np.count_nonzero(np.diff(block))) + 1 - 2)
