"""How long a classifier takes on one core."""

from __future__ import annotations

import time

import numpy as np

from feelit.types import UInt8
from feelit.vision.expression import ExpressionModel

BATCH, RUNS = 32, 20


def ms_per_face(model: ExpressionModel, crops: UInt8) -> float:
    """Milliseconds a face at batches of 32, normalisation and softmax included: the fastest of 20 runs, so that what else the
    machine does counts for little.

    Parameters
    ----------
    model : opened for the CPU with one thread
    crops : (N, S, S) uint8, N > 0
    """
    batch = np.resize(crops, (BATCH, *crops.shape[1:]))
    model.probabilities(batch, BATCH)
    times_s = []
    for _ in range(RUNS):
        start_s = time.perf_counter()
        model.probabilities(batch, BATCH)
        times_s.append(time.perf_counter() - start_s)
    return min(times_s) * 1000 / BATCH
