"""The network of signals gives what the classifier gives, bit for bit, and its own outputs whatever the batch."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from feelit.errors import ModelError
from feelit.models.card import ModelCard, read_card, write_card
from feelit.models.paths import model_path
from feelit.run.segment import open_networks
from feelit.run.task import Models
from feelit.signals.columns import BASIC
from feelit.types import Float32, UInt8
from feelit.vision.expression import ExpressionModel
from feelit.vision.signals import SignalsModel, within
from tests.vision.networks import ultraface


@pytest.fixture(scope="module")
def model() -> SignalsModel:
    return SignalsModel(model_path("signals"), BASIC, "cpu")


@pytest.fixture(scope="module")
def crops() -> UInt8:
    """Noise of several coarsenesses, which reaches far into the network's range."""
    rng = np.random.default_rng(0)
    parts = [np.kron(rng.integers(0, 256, (5, 64 // n, 64 // n)), np.ones((n, n), int)) for n in (1, 4, 16)]
    return np.concatenate(parts).astype(np.uint8)


def test_the_file_holds_the_built_in_classifier(model: SignalsModel, crops: UInt8) -> None:
    signals, expression = model_path("signals"), model_path("expression")
    assert within(signals, expression)
    alone = ExpressionModel(expression, "cpu")
    inside = ExpressionModel(signals, "cpu", card=read_card(expression))
    probability, outputs = model.both(inside, crops, 4)
    np.testing.assert_array_equal(probability, alone.probabilities(crops, 7))
    np.testing.assert_array_equal(outputs, model.outputs(crops, 15))


def test_outputs_do_not_depend_on_the_batch(model: SignalsModel, crops: UInt8) -> None:
    np.testing.assert_array_equal(model.outputs(crops, 1), model.outputs(crops, 15))


def test_no_faces_are_no_rows(model: SignalsModel) -> None:
    nothing = np.zeros((0, 64, 64), np.uint8)
    inside = ExpressionModel(model_path("signals"), "cpu", card=read_card(model_path("expression")))
    probability, outputs = model.both(inside, nothing)
    assert (probability.shape, outputs.shape) == ((0, 8), (0, 58))
    assert model.columns(outputs, np.zeros((0, 5, 2), np.float32), np.zeros(0, np.float32)).shape == (0, 2 + len(BASIC))


def test_small_faces_have_no_signals(model: SignalsModel, crops: UInt8) -> None:
    landmarks: Float32 = np.tile(np.array([[10, 10], [20, 10], [15, 15], [11, 20], [19, 20]], np.float32), (2, 1, 1))
    columns = model.columns(model.outputs(crops[:2]), landmarks, np.array([31.9, 32], np.float32))
    assert np.isnan(columns[0]).all()
    assert np.isfinite(columns[1]).all()


def test_a_model_for_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="is a model for expression, not for signals"):
        SignalsModel(model_path("expression"), BASIC, "cpu")
    (tmp_path / "other.onnx").write_bytes(model_path("signals").read_bytes())
    write_card(replace(read_card(model_path("signals")), labels=("jawOpen",)), tmp_path / "other.onnx")
    with pytest.raises(ModelError, match="has other labels"):
        SignalsModel(tmp_path / "other.onnx", BASIC, "cpu")


def test_signals_need_a_detector_with_landmarks(tmp_path: Path) -> None:
    path = ultraface(tmp_path / "u.onnx", [[0.3, 0.0, 0.6, 0.4]])
    write_card(ModelCard("u", "face", "ultraface", color="rgb"), path)
    models = Models(path, model_path("expression"), None, "cpu", signals=model_path("signals"), columns=BASIC)
    with pytest.raises(ModelError, match=r"u\.onnx gives no landmarks") as caught:
        open_networks(models)
    assert "--signals" in caught.value.hint


def test_another_classifier_runs_beside(tmp_path: Path) -> None:
    (tmp_path / "mine.onnx").write_bytes(model_path("signals").read_bytes())
    write_card(read_card(model_path("expression")), tmp_path / "mine.onnx")
    networks = open_networks(
        Models(model_path("face"), tmp_path / "mine.onnx", None, "cpu", signals=model_path("signals"), columns=BASIC)
    )
    assert not networks.shared
    assert open_networks(
        Models(model_path("face"), model_path("expression"), None, "cpu", signals=model_path("signals"), columns=BASIC)
    ).shared


def test_signals_are_mirrored_with_the_classifier(crops: UInt8) -> None:
    models = Models(
        model_path("face"), model_path("expression"), None, "cpu", mirrored=True, signals=model_path("signals"), columns=BASIC
    )
    networks = open_networks(models)
    assert networks.signals is not None
    expected = SignalsModel(model_path("signals"), BASIC, "cpu", mirrored=True).outputs(crops)
    np.testing.assert_array_equal(networks.signals.outputs(crops), expected)
    np.testing.assert_array_equal(networks.signals.both(networks.expression, crops)[1], expected)
    assert np.abs(expected - SignalsModel(model_path("signals"), BASIC, "cpu").outputs(crops)).max() > 0.1
