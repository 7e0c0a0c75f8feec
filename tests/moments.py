"""Moments at which something is killed, drawn by lot."""

from __future__ import annotations

import os

import numpy as np
import pytest
from _pytest.mark import ParameterSet

ENOUGH = int(os.environ.get("MOMENTS", "0"))
"""How many moments each such test takes, in the place of its own choice: more than a suite has the time for."""


def moments(count: int, seed: int) -> list[ParameterSet]:
    """Shares of a whole run, one in each of so many equal parts of it; all but the first are left to `-m slow`."""
    count = ENOUGH or count
    shares = (np.arange(count) + np.random.default_rng(seed).random(count)) / count
    later = [] if ENOUGH else [pytest.mark.slow]
    return [pytest.param(round(float(share), 3), marks=later if n else []) for n, share in enumerate(shares)]
