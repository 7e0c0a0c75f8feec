"""Moments at which something is killed, drawn by lot."""

from __future__ import annotations

import os

import numpy as np

ENOUGH = int(os.environ.get("MOMENTS", "0"))
"""How many moments each such test takes, in the place of its own choice: more than a suite has the time for."""


def moments(count: int, seed: int) -> list[float]:
    """Shares of a whole run, one in each of so many equal parts of it."""
    count = ENOUGH or count
    shares = (np.arange(count) + np.random.default_rng(seed).random(count)) / count
    return [round(float(share), 3) for share in shares]
