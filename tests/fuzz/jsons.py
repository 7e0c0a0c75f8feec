"""Values that a file may hold in the place of what was expected."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

STRANGE: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 2**31, 2**53 + 1, 2**64, 10**400, 0.5, -0.0, 1e308, 5e-324),
    *(float("nan"), float("inf"), float("-inf")),
    *("", " ", "a", "\0", "\n", "\x1b[31m", "\u202e", "\ud800", "<script>", "../../etc/passwd", "/dev/zero", "x" * 100_000),
    *([], {}, [None], [[]], {"": None}, {"a": {"a": {}}}, ["happy"] * 1000, list(range(1000))),
)


def strange(rng: np.random.Generator) -> Any:
    """One of them, or one that is nested deeply."""
    if rng.random() < 0.05:
        value: Any = 0
        for _ in range(int(rng.choice([10, 200]))):
            value = [value] if rng.random() < 0.5 else {"a": value}
        return value
    return copy.deepcopy(STRANGE[int(rng.integers(len(STRANGE)))])


def hostile(content: dict[str, Any], rng: np.random.Generator) -> Any:
    """A copy of a JSON object with some of its values, or the whole, replaced, removed, renamed or added."""
    if rng.random() < 0.05:
        return strange(rng)
    result = copy.deepcopy(content)
    for _ in range(min(int(rng.geometric(0.5)), 4)):
        _change(result, rng)
    return result


def _change(content: dict[str, Any], rng: np.random.Generator) -> None:
    keys = list(content)
    if not keys or rng.random() < 0.1:
        content[str(rng.choice(["", "x", "feelit", "\0", "name", "__class__"]))] = strange(rng)
        return
    key = keys[int(rng.integers(len(keys)))]
    value, what = content[key], rng.random()
    if isinstance(value, dict) and value and what < 0.7:
        _change(value, rng)
    elif isinstance(value, list) and value and what < 0.5:
        value[int(rng.integers(len(value)))] = strange(rng)
    elif what < 0.15:
        del content[key]
    elif isinstance(value, int | float) and abs(value) < 1e300 and not isinstance(value, bool) and what < 0.5:
        content[key] = value * float(rng.choice([-1, 1e3, 1e9, 1e300, 1e-9])) + float(rng.choice([0, 1, -1, 0.5]))
    else:
        content[key] = strange(rng)
