"""A classifier that distinguishes light pictures from dark ones, and data to score it on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from feelit.models.card import ModelCard, write_card
from feelit.types import UInt8
from tests.datasets.made import unanimous, write_parquet
from tests.vision.test_expression import SIDE, network

CARD = ModelCard(
    "light-and-dark", "expression", "classifier", crop="box", size_px=SIDE, mean=128.0, scale=64.0, labels=("sad", "happy")
)
"""The darker a picture, the sadder it is said to look."""


def classifier(folder: Path, **changes: object) -> Path:
    path = network(folder / "light.onnx")
    write_card(replace(CARD, **changes), path)  # type: ignore[arg-type]  # fields of a card by their names
    return path


def flat(values: Sequence[int], side: int = 48) -> UInt8:
    """(N, S, S): pictures of one grey each, no two alike."""
    pictures = np.repeat(np.array(values, np.uint8), side * side).reshape(-1, side, side).copy()
    pictures[np.arange(len(values)), 0, 0] += np.arange(len(values), dtype=np.uint8)
    return pictures


DARK, LIGHT = 60, 240
NEUTRAL, HAPPY, SAD, NOTHING = 0, 1, 3, 9


def write_data(folder: Path) -> Path:
    """Eight images: five reported right, two wrong, one that is neutral; and one that is not a face."""
    values = [DARK, DARK, DARK, LIGHT, LIGHT, LIGHT, DARK, LIGHT, DARK]
    labels = [SAD, SAD, SAD, HAPPY, HAPPY, SAD, HAPPY, NEUTRAL, NOTHING]
    write_parquet(folder / "valid.parquet", flat(values), unanimous(labels))
    return folder
