"""Heads that are compared differ in one attribute, and differences are those that anyone can compute by hand."""

from __future__ import annotations

import importlib
import os
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from feelit.types import EMOTIONS

FOLDER = Path(__file__).parents[1] / "benchmarks"
FOLLOWING = {"skin tone": {"skin", "lips"}, "ancestry": {"african", "asian", "caucasian"}}
"""Attributes of more than one field."""


@pytest.fixture
def fairness(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The benchmark as a module."""
    monkeypatch.syspath_prepend(FOLDER)
    return importlib.import_module("fairness")


def test_variants_differ_in_one_attribute(fairness: Any) -> None:
    for head in fairness.HEADS:
        (_, _, usual), *others = fairness.variants(head)
        assert usual is head
        assert len({(attribute, level) for attribute, level, _ in others}) == len(others)
        for attribute, _, changed in others:
            differing = {f.name for f in fields(head) if getattr(changed, f.name) != getattr(head, f.name)}
            assert differing
            assert differing <= FOLLOWING.get(attribute, differing)
            assert len(differing) == 1 or attribute in FOLLOWING


def test_the_scale_of_skin_has_ten_tones_that_darken(fairness: Any) -> None:
    luma = [0.299 * red + 0.587 * green + 0.114 * blue for red, green, blue in fairness.MONK]
    assert len(luma) == 10
    assert luma[3:] == sorted(luma[3:], reverse=True)


def rows(head: int, attribute: str, right: float, found_small: bool = True) -> list[dict[str, Any]]:
    """Two pictures of a face that shows happiness, of which the model is as sure."""
    vector = np.eye(8, dtype=np.float32)[head]
    p = {f"p_{name}": 0.0 for name in EMOTIONS} | {"p_happiness": right, "p_neutral": 1 - right}
    about = {"head": head, "attribute": attribute, "level": "", "acted": "happiness", "false": 0, "score": 1.0, "error": 0.1}
    seen = [about | p | {"size": "large", "view": view, "found": True, "embedding": vector} for view in ("front", "side")]
    return [*seen, about | p | {"size": "small", "view": "front", "found": found_small, "embedding": vector}]


def test_differences_are_means_over_heads_with_intervals(fairness: Any) -> None:
    usual = fairness.variant_of(pd.DataFrame([row for head in range(4) for row in rows(head, "none", 0.9)]))
    changed = [row for head in range(4) for row in rows(head, "mask", 0.9 - 0.1 * head, found_small=head != 3)]
    mask = fairness.variant_of(pd.DataFrame(changed))
    rng = np.random.default_rng(0)
    value, low, high = fairness.difference(mask, usual, "intended", rng)
    assert value == pytest.approx(-0.15)
    assert -0.3 <= low < value < high <= 0
    assert fairness.difference(mask, usual, "found_small", rng)[0] == pytest.approx(-0.25)
    assert fairness.difference(usual, usual, "right", rng) == pytest.approx((0, 0, 0))
    assert fairness.difference(mask, usual, "joined", rng)[0] == pytest.approx(0)  # nobody looks like another
    assert fairness.exceeds(4, (-0.2, -0.3, -0.1))
    assert not fairness.exceeds(4, (-0.2, -0.3, 0.0))
    assert not fairness.exceeds(3, (-0.2, -0.3, -0.1))  # too few heads for an interval


def test_photographs_of_a_group_are_averaged_with_an_interval(fairness: Any) -> None:
    text = importlib.import_module("fairness_photographs").interval(np.array([1.0, 1.0, 0.0, 1.0]), np.random.default_rng(0))
    assert text.startswith("0.750 (0.")
    assert os.linesep not in text
