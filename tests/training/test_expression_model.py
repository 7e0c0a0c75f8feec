"""The classifier that is shipped: what its card says is true of the file beside it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from feelit.evaluation.classifier.evaluate import evaluate_classifier
from feelit.models.card import read_card, sha256_of
from feelit.models.paths import model_path
from feelit.options.models import EvaluateOptions
from feelit.types import EMOTIONS
from feelit.vision.session import open_session

MODEL = model_path("expression")
DATA = Path(__file__).parents[2] / "../shared/data/fer"


def test_card_names_the_bytes_of_the_file() -> None:
    assert read_card(MODEL).sha256 == sha256_of(MODEL)


def test_card_describes_what_is_served() -> None:
    card = read_card(MODEL)
    assert (card.task, card.adapter, card.color, card.crop, card.size_px) == ("expression", "feelit", "luma", "aligned", 64)
    assert card.labels == EMOTIONS
    assert card.temperature is not None
    assert 0.2 < card.temperature < 5
    assert card.parameters <= 2_000_000


@pytest.mark.parametrize("faces", [1, 5, 32])
@pytest.mark.parametrize("kind", ["black", "white", "noise"])
def test_logits_are_finite(faces: int, kind: str) -> None:
    luma = np.zeros((faces, 1, 64, 64), np.uint8)
    if kind == "white":
        luma[:] = 255
    elif kind == "noise":
        luma[:] = np.random.default_rng(0).integers(0, 256, luma.shape)
    logits = np.asarray(open_session(MODEL, "cpu").run(["logits"], {"luma": luma})[0])
    assert logits.dtype == np.float32
    assert logits.shape == (faces, len(EMOTIONS))
    assert np.isfinite(logits).all()


@pytest.mark.slow
@pytest.mark.skipif(not DATA.exists(), reason="needs FER2013 with FER+ votes")
def test_the_card_states_what_the_file_scores() -> None:
    scores = evaluate_classifier(MODEL, DATA, EvaluateOptions(split="valid", framing="original", prior="as-trained"))
    reported = read_card(MODEL).scores["original framing"]
    assert scores.images.scored == reported["images"] == 3199
    assert scores.accuracy.value == pytest.approx(reported["accuracy"]["value"], abs=1e-3)
    assert scores.macro_f1.value == pytest.approx(reported["macro_f1"], abs=5e-3)
    assert scores.calibration.error == pytest.approx(reported["ece_15_bins"], abs=2e-3)
