"""How far a rise must stand out to be a peak, and how much of an absence counts for its p-value."""

from __future__ import annotations

import numpy as np
import pytest

from feelit.analysis.observations import Frames, Samples
from feelit.analysis.peaks import _whole_blocks, find_peaks
from feelit.analysis.track_series import TrackSeries
from feelit.types import EMOTIONS


@pytest.mark.parametrize(("rise", "found"), [(0.38, False), (0.50, True)])
def test_a_peak_rises_by_three_standard_deviations(rise: float, found: bool) -> None:
    """Half of the time the probability is 0.1 off its baseline: a standard deviation of 0.148 if it were normal."""
    count = 600
    shown = np.zeros((count, len(EMOTIONS)), np.float32)
    shown[:, 1] = 0.3 + 0.1 * (-1.0) ** np.arange(count)
    shown[300:330, 1] = 0.3 + rise
    samples = Samples(
        frame=np.arange(count),
        track=np.zeros(count, np.int64),
        time_s=np.arange(count) / 10,
        length_s=np.full(count, 0.1),
        readable=np.ones(count, bool),
        emotion=np.ones(count, np.int64),
        confidence=shown[:, 1],
        probability=shown,
    )
    baseline = np.zeros(len(EMOTIONS))
    baseline[1] = 0.3
    peaks = list(find_peaks(TrackSeries(0, samples, shown, baseline, baseline), np.random.default_rng(0)))
    assert bool(peaks) is found


def test_an_absence_counts_without_the_blocks_at_its_ends() -> None:
    """From 2 s to 4 s it touches four blocks of half a second; those at its ends may be half present by chance."""
    frames = Frames(np.arange(100) / 10, np.full(100, 0.1))
    absent = ((frames.time_s >= 2) & (frames.time_s < 4)).astype(np.float64)
    assert _whole_blocks(absent, frames, (2.0, 4.0)) == 2
