"""The classifier that is shipped: what its card says is true of the file beside it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from feelit.types import EMOTIONS
from feelit.vision.card import read_card, sha256_of
from feelit.vision.session import open_session

MODEL = Path(__file__).parents[2] / "models/expression-v1.onnx"
SHARED = Path(__file__).parents[2] / "../shared"


def test_card_names_the_bytes_of_the_file() -> None:
    assert read_card(MODEL).sha256 == sha256_of(MODEL)


def test_card_describes_what_is_served() -> None:
    card = read_card(MODEL)
    assert (card.task, card.adapter, card.color, card.crop, card.size_px) == ("expression", "feelit", "luma", "aligned", 48)
    assert card.labels == EMOTIONS
    assert card.temperature is not None
    assert 0.2 < card.temperature < 5
    assert card.scores["accuracy_aligned_crops"] > 0.82


@pytest.mark.parametrize("faces", [1, 5, 32])
@pytest.mark.parametrize("kind", ["black", "white", "noise"])
def test_logits_are_finite(faces: int, kind: str) -> None:
    luma = np.zeros((faces, 1, 48, 48), np.uint8)
    if kind == "white":
        luma[:] = 255
    elif kind == "noise":
        luma[:] = np.random.default_rng(0).integers(0, 256, luma.shape)
    logits = np.asarray(open_session(MODEL, "cpu").run(["logits"], {"luma": luma})[0])
    assert logits.dtype == np.float32
    assert logits.shape == (faces, len(EMOTIONS))
    assert np.isfinite(logits).all()
