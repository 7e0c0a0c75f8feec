"""What goes into a classifier and what comes out, with a network made by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from feelit.errors import ModelError
from feelit.models.card import Color, ModelCard, card_path, read_card, write_card
from feelit.models.paths import model_path
from feelit.signals.derive import in_mirror
from feelit.types import EMOTIONS, Float32, UInt8
from feelit.video.luma import FULL_RANGE, LIMITED_RANGE
from feelit.vision.align import TEMPLATE, crop_faces
from feelit.vision.expression import ExpressionModel
from feelit.vision.signals import SignalsModel

SIDE = 8
CARD = ModelCard("made", "expression", "classifier", size_px=SIDE, labels=("happy", "sad"))
ALIGNED = (TEMPLATE * SIDE - 0.5).astype(np.float32)[None]


def network(
    path: Path, channels: int = 1, kind: int = TensorProto.FLOAT, outputs: int = 2, names: tuple[str, ...] = ("logits",)
) -> Path:
    """A classifier whose logits are the mean of its input times 0, 1, 2, ..., a channel counting ten times the one before.

    `names` are those of its outputs; a second one gives the same numbers with the opposite sign.
    """
    weight = np.repeat(10.0 ** np.arange(channels), SIDE * SIDE)[:, None] / (SIDE * SIDE) * np.arange(outputs)
    nodes = [
        helper.make_node("Cast", ["face"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("Flatten", ["float"], ["flat"]),
        helper.make_node("MatMul", ["flat", "weight"], names[:1]),
        *(helper.make_node("Neg", names[:1], [name]) for name in names[1:]),
    ]
    graph = helper.make_graph(
        nodes,
        "mean",
        [helper.make_tensor_value_info("face", kind, ["n", channels, SIDE, SIDE])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", outputs]) for name in names],
        [onnx.numpy_helper.from_array(weight.astype(np.float32), "weight")],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)
    return path


def opened(folder: Path, card: ModelCard, **made: Any) -> ExpressionModel:
    path = network(folder / "made.onnx", **made)
    write_card(card, path)
    return ExpressionModel(path, "cpu")


def flat(*values: int) -> UInt8:
    return np.repeat(np.array(values, np.uint8), SIDE * SIDE).reshape(-1, SIDE, SIDE)


def softmax(*logits: float) -> Float32:
    weight = np.exp(np.array(logits) - max(logits))
    return np.asarray(weight / weight.sum(), np.float32)


def columns(found: Float32, *labels: str) -> Float32:
    return found[:, [EMOTIONS.index(label) for label in labels]]


def test_a_network_for_one_face_gets_one_at_a_time(tmp_path: Path) -> None:
    made = onnx.load(network(tmp_path / "any.onnx"))
    for port in (*made.graph.input, *made.graph.output):
        port.type.tensor_type.shape.dim[0].dim_value = 1
    onnx.save(made, tmp_path / "made.onnx")
    write_card(CARD, tmp_path / "made.onnx")
    model = ExpressionModel(tmp_path / "made.onnx", "cpu")
    found = columns(model.probabilities(flat(0, 1, 2)), "happiness", "sadness")
    np.testing.assert_allclose(found, np.stack([softmax(0, value) for value in (0, 1, 2)]), rtol=1e-6)


def test_pixels_are_normalised_as_the_card_says(tmp_path: Path) -> None:
    model = opened(tmp_path, replace(CARD, mean=100.0, scale=50.0))
    found = model.probabilities(flat(100, 150, 50))
    expected = [softmax(0, 0), softmax(0, 1), softmax(0, -1)]
    np.testing.assert_allclose(columns(found, "happiness", "sadness"), expected, atol=1e-6)


@pytest.mark.parametrize("color", ["rgb", "bgr"])
def test_a_classifier_for_colour_gets_grey_in_every_channel(color: Color, tmp_path: Path) -> None:
    model = opened(tmp_path, replace(CARD, color=color, scale=1000.0), channels=3)
    np.testing.assert_allclose(columns(model.probabilities(flat(10)), "sadness"), [[softmax(0, 1.11)[1]]], atol=1e-6)


def test_our_own_adapter_hands_over_bytes(tmp_path: Path) -> None:
    model = opened(tmp_path, replace(CARD, adapter="feelit", mean=9.0), kind=TensorProto.UINT8)
    np.testing.assert_allclose(columns(model.probabilities(flat(2)), "sadness"), [[softmax(0, 2)[1]]], atol=1e-6)


def test_the_temperature_divides_the_logits(tmp_path: Path) -> None:
    model = opened(tmp_path, replace(CARD, temperature=4.0))
    np.testing.assert_allclose(columns(model.probabilities(flat(8)), "sadness"), [[softmax(0, 2)[1]]], atol=1e-6)


def test_outputs_that_are_probabilities_stay_as_they_are(tmp_path: Path) -> None:
    model = opened(tmp_path, replace(CARD, temperature=None, scale=100.0))
    np.testing.assert_allclose(columns(model.probabilities(flat(25)), "happiness", "sadness"), [[0, 0.25]], atol=1e-6)


def test_large_logits_do_not_overflow(tmp_path: Path) -> None:
    model = opened(tmp_path, replace(CARD, temperature=0.001))
    np.testing.assert_array_equal(columns(model.probabilities(flat(255)), "happiness", "sadness"), [[0, 1]])


def test_labels_find_their_columns_whatever_their_order_and_spelling(tmp_path: Path) -> None:
    labels = ("Surprised", "NEUTRAL", "disgust", "fearful")
    model = opened(tmp_path, replace(CARD, labels=labels), outputs=4)
    (found,) = model.probabilities(flat(1))
    np.testing.assert_allclose(
        columns(found[None], "surprise", "neutral", "disgust", "fear")[0], softmax(0, 1, 2, 3), atol=1e-6
    )
    assert found[[EMOTIONS.index(e) for e in ("happiness", "sadness", "anger", "contempt")]].tolist() == [0] * 4


@pytest.mark.parametrize("batch", [1, 2, 3, 100])
def test_faces_do_not_depend_on_their_company(batch: int, tmp_path: Path) -> None:
    model = opened(tmp_path, replace(CARD, scale=255.0))
    crops = np.random.default_rng(0).integers(0, 256, (5, SIDE, SIDE), np.uint8)
    alone = np.concatenate([model.probabilities(crop[None]) for crop in crops])
    np.testing.assert_allclose(model.probabilities(crops, batch), alone, atol=1e-6)


def test_mirrored_is_the_mean_of_a_face_and_its_mirror_image() -> None:
    """The built-in classifier says nearly the same of both; what it gives beside its labels is turned back."""
    path, crops = model_path("signals"), np.random.default_rng(4).integers(0, 256, (5, 64, 64)).astype(np.uint8)
    card = read_card(model_path("expression"))
    plain, both = (ExpressionModel(path, card=card, mirrored=mirrored) for mirrored in (False, True))
    turned = np.ascontiguousarray(crops[:, :, ::-1])
    found, signals = both.probabilities_beside("signals", crops)
    np.testing.assert_array_equal(found, both.probabilities(crops))
    np.testing.assert_array_equal(found, both.probabilities(turned))
    straight = plain.probabilities_beside("signals", crops)[1]
    np.testing.assert_array_equal(signals, straight)
    reversed_signals = plain.probabilities_beside("signals", turned)[1]
    mean = (straight + in_mirror(reversed_signals)) / np.float32(2)
    np.testing.assert_array_equal(both.probabilities_beside("signals", crops, turned=in_mirror)[1], mean)
    np.testing.assert_array_equal(SignalsModel(path, (), mirrored=True).outputs(crops), mean)
    one, other = np.log(plain.probabilities(crops)), np.log(plain.probabilities(turned))
    mean = np.exp((one + other) / 2)  # of logits, whose temperature and prior are the same
    np.testing.assert_allclose(found, mean / mean.sum(axis=1, keepdims=True), rtol=1e-3, atol=1e-5)
    assert np.abs(found - plain.probabilities(crops)).max() > 1e-3
    assert both.probabilities(crops[:0]).shape == (0, len(EMOTIONS))


def test_no_faces_have_no_probabilities(tmp_path: Path) -> None:
    assert opened(tmp_path, CARD).probabilities(flat()).shape == (0, len(EMOTIONS))


def test_aligned_crops_are_those_of_training_in_full_range(tmp_path: Path) -> None:
    model = opened(tmp_path, CARD)
    luma = np.random.default_rng(1).integers(16, 236, (40, 60), np.uint8)
    landmarks = ALIGNED * np.float32(3) + np.float32(5)
    crops = model.crop(luma, LIMITED_RANGE, np.zeros((1, 4), np.float32), landmarks)
    np.testing.assert_array_equal(crops, LIMITED_RANGE[crop_faces(luma, landmarks, SIDE)])


@pytest.mark.parametrize("crop", ["aligned", "box"])
def test_no_faces_give_no_crops(crop: str, tmp_path: Path) -> None:
    model = opened(tmp_path, replace(CARD, crop="box" if crop == "box" else "aligned"))
    crops = model.crop(np.zeros((9, 9), np.uint8), FULL_RANGE, np.zeros((0, 4), np.float32), np.zeros((0, 5, 2), np.float32))
    assert crops.shape == (0, SIDE, SIDE)
    assert crops.dtype == np.uint8


@pytest.mark.parametrize(
    ("box", "value"),
    [
        pytest.param((0, 0, 20, 30), 10, id="left-half"),
        pytest.param((20, 0, 40, 30), 90, id="right-half"),
        pytest.param((-30, -30, 15, 15), 10, id="over-the-corner"),
        pytest.param((35, 20, 90, 90), 90, id="over-the-other-corner"),
        pytest.param((-50, 0, -20, 30), 10, id="left-of-the-frame"),
        pytest.param((60, 60, 70, 70), 90, id="beyond-the-frame"),
        pytest.param((5, 5, 5, 5), 10, id="empty"),
        pytest.param((9, 9, 2, 2), 10, id="inside-out"),
    ],
)
def test_plain_boxes_are_cropped_within_the_frame(box: tuple[int, ...], value: int, tmp_path: Path) -> None:
    model = opened(tmp_path, replace(CARD, crop="box"))
    luma = np.full((30, 40), 10, np.uint8)
    luma[:, 20:] = 90
    crops = model.crop(luma, FULL_RANGE, np.array([box], np.float32), np.zeros((1, 5, 2), np.float32))
    assert (crops == value).all()


@pytest.mark.parametrize(
    ("card", "message"),
    [
        pytest.param(replace(CARD, task="face"), "is a model for face", id="detector"),
        pytest.param(replace(CARD, adapter="scrfd"), "the adapter scrfd is none of a classifier", id="adapter-of-a-detector"),
        pytest.param(replace(CARD, labels=()), "has the labels none$", id="no-label"),
        pytest.param(replace(CARD, labels=("happy",)), "has the labels happy$", id="one-label"),
        pytest.param(replace(CARD, labels=("happy", "happiness")), "has the labels happy, happiness$", id="one-label-twice"),
        pytest.param(
            replace(CARD, labels=("happy", "bored")), "has the label bored, which feelit does not", id="unknown-label"
        ),
        pytest.param(replace(CARD, labels=("happy", "sad", "fear")), "names 3 labels", id="too-many-labels"),
        pytest.param(replace(CARD, size_px=9), "does not take the input", id="wrong-size"),
        pytest.param(replace(CARD, size_px=None), "does not take the input", id="default-size"),
        pytest.param(replace(CARD, color="rgb"), "does not take the input", id="wrong-channels"),
        pytest.param(replace(CARD, adapter="feelit"), "does not take the input", id="bytes-for-floats"),
    ],
)
def test_a_card_that_does_not_fit_is_reported_at_once(card: ModelCard, message: str, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=message) as caught:
        opened(tmp_path, card)
    assert caught.value.hint


def test_another_output_of_our_own_network_is_read_and_of_no_other(tmp_path: Path) -> None:
    names, labels = ("logits", "fer2013"), ("anger", "fear")
    card = replace(CARD, adapter="feelit", temperature=4.0)
    own = opened(tmp_path, card, kind=TensorProto.UINT8, names=names)
    other = own.of_output("fer2013", labels)
    assert (own.labels, other.labels, own.output, other.output) == (("happiness", "sadness"), labels, *names)
    np.testing.assert_allclose(columns(own.probabilities(flat(2)), "sadness"), [[softmax(0, 0.5)[1]]], atol=1e-6)
    np.testing.assert_allclose(columns(other.probabilities(flat(2)), "fear"), [[softmax(0, -2)[1]]], atol=1e-6)
    assert own.of_output("elsewhere", labels) is own
    with_prior = opened(tmp_path, replace(card, prior=(0.9, 0.1), prior_temperature=2.0), kind=TensorProto.UINT8, names=names)
    again = with_prior.of_output("fer2013", labels)  # the prior is that of the first output
    np.testing.assert_array_equal(again.probabilities(flat(2)), other.probabilities(flat(2)))
    stranger = opened(tmp_path, CARD, names=("fer2013",))
    assert stranger.of_output("fer2013", labels) is stranger


def test_a_network_without_an_input_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "made.onnx"
    constant = onnx.numpy_helper.from_array(np.zeros((1, 2), np.float32), "logits")
    given = helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, 2])
    graph = helper.make_graph([helper.make_node("Constant", [], ["logits"], value=constant)], "constant", [], [given])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)
    write_card(CARD, path)
    with pytest.raises(ModelError, match=r"made\.onnx has 0 inputs"):
        ExpressionModel(path, "cpu")


def test_a_missing_file_is_reported(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="does not exist"):
        ExpressionModel(tmp_path / "gone.onnx")


def test_a_damaged_file_is_reported(tmp_path: Path) -> None:
    path = network(tmp_path / "made.onnx")
    path.write_bytes(path.read_bytes()[:-30])
    write_card(CARD, path)
    with pytest.raises(ModelError, match="cannot be loaded"):
        ExpressionModel(path, "cpu")


def test_a_file_without_a_card_is_reported(tmp_path: Path) -> None:
    path = network(tmp_path / "made.onnx")
    assert not card_path(path).exists()
    with pytest.raises(ModelError, match="has no card"):
        ExpressionModel(path, "cpu")


@pytest.mark.parametrize(
    ("card", "message"),
    [
        pytest.param(replace(CARD, temperature=None), "gives what are no probabilities", id="logits-for-probabilities"),
        pytest.param(replace(CARD, scale=1e-6), "gives what are no logits", id="beyond-all-logits"),
    ],
)
def test_outputs_that_cannot_be_are_reported(card: ModelCard, message: str, tmp_path: Path) -> None:
    model = opened(tmp_path, card)
    assert model.probabilities(flat(0)).shape == (1, len(EMOTIONS))
    with pytest.raises(ModelError, match=message) as caught:
        model.probabilities(flat(255))
    assert "temperature" in caught.value.hint
