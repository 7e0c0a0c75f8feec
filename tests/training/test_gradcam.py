# ruff: noqa: E402  (what needs torch is imported after asking for it)
"""Gradients of an ONNX file, and Grad-CAM of networks whose features are known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")

from onnx import TensorProto, helper, numpy_helper

from feelit.errors import ModelError
from feelit.explaining import gradcam
from feelit.explaining.explain import explain_sources
from feelit.explaining.gradcam import LEAST_CELLS, grad_cam, run_graph
from feelit.models.card import ModelCard, write_card
from feelit.models.paths import model_path
from feelit.options.models import ExplainOptions
from feelit.training.export import export_onnx
from feelit.training.expression import network as baselines
from feelit.training.expression.network import ExpressionNet
from feelit.types import EMOTIONS, Float32
from feelit.vision.expression import ExpressionModel
from feelit.vision.session import open_session
from tests.explaining.made import linear, portrait, region_weight

SIDE = 16
CARD = ModelCard("made", "expression", "classifier", size_px=SIDE, scale=255.0, labels=("happy", "sad"))


def network(path: Path, nodes: list[Any], constants: dict[str, Float32], shape: tuple[int, ...] = (1, SIDE, SIDE)) -> Path:
    """A graph from `face` to `out`."""
    graph = helper.make_graph(
        nodes,
        "made",
        [helper.make_tensor_value_info("face", TensorProto.FLOAT, ["n", *shape])],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)
    return path


def bright_and_dark(path: Path, *, softmax: bool) -> Path:
    """Two feature maps, relu(x - 0.5) and relu(0.5 - x). Happiness is 2 of the mean of the first, sadness 3 of the second."""
    nodes = [
        helper.make_node("Conv", ["face", "w", "b"], ["conv"], kernel_shape=[1, 1]),
        helper.make_node("Relu", ["conv"], ["maps"]),
        helper.make_node("GlobalAveragePool", ["maps"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["flat"]),
        helper.make_node("Gemm", ["flat", "head"], ["logits" if softmax else "out"]),
    ]
    nodes += [helper.make_node("Softmax", ["logits"], ["out"])] if softmax else []
    constants = {
        "w": np.array([1, -1], np.float32).reshape(2, 1, 1, 1),
        "b": np.array([-0.5, 0.5], np.float32),
        "head": np.diag([2, 3]).astype(np.float32),
    }
    network(path, nodes, constants)
    write_card(
        CARD if not softmax else ModelCard(**{f: getattr(CARD, f) for f in CARD.__slots__} | {"temperature": None}), path
    )
    return path


@pytest.mark.parametrize("softmax", [False, True], ids=["logits", "probabilities"])
def test_the_map_is_the_feature_that_speaks_for_the_label(softmax: bool, tmp_path: Path) -> None:
    path = bright_and_dark(tmp_path / "m.onnx", softmax=softmax)
    model = ExpressionModel(path, "cpu")
    crop = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE)).astype(np.uint8)
    for label, feature in (("happiness", crop / 255 - 0.5), ("sadness", 0.5 - crop / 255)):
        expected = np.maximum(feature, 0)
        found = grad_cam(path, model, crop, label)
        assert found.shape == (SIDE, SIDE)
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, expected / expected.max(), atol=1e-5)


def test_of_a_face_without_the_feature_the_map_is_zero(tmp_path: Path) -> None:
    path = bright_and_dark(tmp_path / "m.onnx", softmax=False)
    crop = np.zeros((SIDE, SIDE), np.uint8)
    assert (grad_cam(path, ExpressionModel(path, "cpu"), crop, "happiness") == 0).all()


def test_exchanging_the_weights_of_the_head_exchanges_the_maps(tmp_path: Path) -> None:
    """The model parameter randomisation test of Adebayo et al. (2018)."""
    path = bright_and_dark(tmp_path / "m.onnx", softmax=False)
    crop = np.random.default_rng(1).integers(0, 256, (SIDE, SIDE)).astype(np.uint8)
    before = grad_cam(path, ExpressionModel(path, "cpu"), crop, "happiness")
    content = onnx.load(path)
    head = next(weight for weight in content.graph.initializer if weight.name == "head")
    head.CopyFrom(numpy_helper.from_array(np.diag([2, 3]).astype(np.float32)[::-1].copy(), "head"))
    onnx.save(content, path)
    after = grad_cam(path, ExpressionModel(path, "cpu"), crop, "happiness")
    assert np.corrcoef(before.ravel(), after.ravel())[0, 1] < -0.3


def test_the_built_in_classifier_can_be_looked_into(tmp_path: Path) -> None:
    image = str(portrait(tmp_path / "a.png"))
    found, other = (
        explain_sources("expression", [image], ExplainOptions(method="gradcam", label=label, device="cpu"))[0]
        for label in ("happiness", "anger")
    )
    assert 0 <= found.saliency.min() < found.saliency.max() == 1
    assert found.unit == "share of the largest"
    assert not np.array_equal(found.saliency, other.saliency)


def test_the_built_in_classifier_computes_the_same_in_pytorch() -> None:
    path = model_path("expression")
    luma = np.random.default_rng(3).integers(0, 256, (12, 1, 64, 64)).astype(np.uint8)
    computed = run_graph(path, torch.from_numpy(luma), "logits")
    (served,) = open_session(path, "cpu").run(["logits"], {"luma": luma})
    difference = np.abs(computed.output.detach().numpy() - served).max(axis=1)
    assert difference.min() < 1e-4
    assert difference.max() < 0.03 * np.abs(served).max()  # a number between two steps may fall either way, in some pictures
    assert computed.logits is computed.output


@pytest.mark.parametrize("name", ["cnn3", "cnn4", "mini_xception"])
def test_networks_of_the_recipes_compute_the_same_in_pytorch(name: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = ExpressionNet(getattr(baselines, name)()).eval()
    luma = torch.from_numpy(np.random.default_rng(3).integers(0, 256, (2, 1, 48, 48)).astype(np.uint8))
    network(luma)  # lazy layers learn their sizes
    path = tmp_path / "m.onnx"
    export_onnx(network, luma, path, ("logits", "fer2013"))
    for output in ("logits", "fer2013"):
        (served,) = open_session(path, "cpu").run([output], {"luma": luma.numpy()})
        np.testing.assert_allclose(run_graph(path, luma, output).output.detach().numpy(), served, atol=1e-4)


def test_of_several_outputs_the_one_of_the_labels_is_explained(tmp_path: Path) -> None:
    torch.manual_seed(0)
    luma = torch.from_numpy(np.random.default_rng(3).integers(0, 256, (2, 1, 48, 48)).astype(np.uint8))
    network = ExpressionNet(baselines.mini_xception()).eval()
    path = tmp_path / "m.onnx"
    export_onnx(network, luma, path, ("logits", "fer2013"))
    write_card(ModelCard("made", "expression", "feelit", size_px=48, labels=EMOTIONS), path)
    model = ExpressionModel(path, "cpu")
    assert model.output == "logits"
    found = grad_cam(path, model, luma[0, 0].numpy(), "happiness")
    features, logits = network.features, network.head
    inner = luma[:1].float().sub(128).mul(1 / 64)
    fine = next(layer for layer in reversed(range(len(features))) if features[: layer + 1](inner).shape[2] >= LEAST_CELLS)
    maps = features[: fine + 1](inner).detach().requires_grad_()
    logit = logits(features[fine + 1 :](maps).mean(dim=(2, 3)))[0, EMOTIONS.index("happiness")]
    (slope,) = torch.autograd.grad(logit, maps)
    cells = torch.relu((slope.mean(dim=(2, 3), keepdim=True) * maps).sum(dim=1))[0].detach().numpy()
    expected = cv2.resize(cells, (48, 48), interpolation=cv2.INTER_LINEAR)
    np.testing.assert_allclose(found, expected / expected.max(), atol=1e-3)


WEIGHT = np.random.default_rng(9).normal(size=(4, 2, 3, 3)).astype(np.float32)


@pytest.mark.parametrize(
    ("kind", "constants", "attributes"),
    [
        pytest.param("Conv", {"w": WEIGHT}, {"pads": [1, 0, 2, 1], "strides": [2, 1]}, id="conv with pads"),
        pytest.param("Conv", {"w": WEIGHT}, {"auto_pad": "SAME_UPPER", "strides": [2, 2]}, id="conv same upper"),
        pytest.param("Conv", {"w": WEIGHT}, {"auto_pad": "SAME_LOWER", "strides": [2, 2]}, id="conv same lower"),
        pytest.param("Conv", {"w": WEIGHT}, {"auto_pad": "VALID", "dilations": [2, 2]}, id="conv valid, dilated"),
        pytest.param("Conv", {"w": WEIGHT[:, :1]}, {"group": 2, "kernel_shape": [3, 3]}, id="conv in groups"),
        pytest.param("MaxPool", {}, {"kernel_shape": [3, 3], "strides": [2, 2], "auto_pad": "SAME_UPPER"}, id="max pool"),
        pytest.param("MaxPool", {}, {"kernel_shape": [2, 2], "pads": [1, 1, 0, 0]}, id="max pool with pads"),
        pytest.param(
            "BatchNormalization",
            {name: np.array([0.5, 2.0], np.float32) + i for i, name in enumerate("abcd")},
            {"epsilon": 0.01},
            id="batch normalisation",
        ),
        pytest.param("ReduceMean", {}, {"axes": [2, 3], "keepdims": 0}, id="mean"),
        pytest.param("ReduceMean", {}, {"axes": [1]}, id="mean that keeps its axis"),
        pytest.param("GlobalAveragePool", {}, {}, id="global mean"),
        pytest.param("Flatten", {}, {}, id="flatten"),
        pytest.param("Softmax", {}, {"axis": 1}, id="softmax"),
        pytest.param("Relu", {}, {}, id="relu"),
        pytest.param("Tile", {"w": np.array([1, 3, 1, 1])}, {}, id="tile"),
        pytest.param("Expand", {"w": np.array([1, 2, 1, 9])}, {}, id="expand"),
        pytest.param("Identity", {}, {}, id="identity"),
        pytest.param("Add", {"w": WEIGHT[:1, :, :1, :1]}, {}, id="add"),
        pytest.param("Sub", {"w": WEIGHT[:1, :, :1, :1]}, {}, id="subtract"),
        pytest.param("Mul", {"w": WEIGHT[:1, :, :1, :1]}, {}, id="multiply"),
        pytest.param("Div", {"w": WEIGHT[:1, :, :1, :1]}, {}, id="divide"),
        pytest.param("MatMul", {"w": WEIGHT[0, 0, :, :][:1].repeat(9, axis=0)}, {}, id="product"),
        pytest.param("Cast", {}, {"to": TensorProto.DOUBLE}, id="cast"),
    ],
)
def test_operators_are_those_of_onnx_runtime(
    kind: str, constants: dict[str, Float32], attributes: dict[str, Any], tmp_path: Path
) -> None:
    last = helper.make_node("Cast", ["made"], ["out"], to=TensorProto.FLOAT)
    path = network(
        tmp_path / "m.onnx", [helper.make_node(kind, ["face", *constants], ["made"], **attributes), last], constants, (2, 9, 9)
    )
    given = np.random.default_rng(4).normal(size=(3, 2, 9, 9)).astype(np.float32)
    computed = run_graph(path, torch.from_numpy(given), "out").output.detach().numpy()
    (served,) = open_session(path, "cpu").run(None, {"face": given})
    np.testing.assert_allclose(computed, served, atol=1e-5)


@pytest.mark.parametrize(
    ("step", "attributes"),
    [
        pytest.param(np.float32(0.02), {}, id="one step"),
        pytest.param(np.array([0.02, 0.01], np.float32), {"axis": 1}, id="a step a channel"),
    ],
)
@pytest.mark.parametrize("kind", [np.uint8, np.int8])
def test_steps_are_those_of_onnx_runtime_and_let_gradients_pass(
    kind: type[np.generic], step: Float32, attributes: dict[str, Any], tmp_path: Path
) -> None:
    constants = {"s": np.asarray(step), "z": np.full(np.shape(step), 100 if kind is np.uint8 else 0, kind)}
    nodes = [
        helper.make_node("QuantizeLinear", ["face", "s", "z"], ["steps"], **attributes),
        helper.make_node("DequantizeLinear", ["steps", "s", "z"], ["out"], **attributes),
    ]
    path = network(tmp_path / "m.onnx", nodes, constants, (2, 9, 9))
    given = torch.from_numpy(np.random.default_rng(4).normal(0, 2, (3, 2, 9, 9)).astype(np.float32)).requires_grad_()
    computed = run_graph(path, given, "out")
    (served,) = open_session(path, "cpu").run(None, {"face": given.detach().numpy()})
    np.testing.assert_allclose(computed.output.detach().numpy(), served, atol=1e-6)
    (slope,) = torch.autograd.grad(computed.output.sum(), given)
    within = np.abs(served - given.detach().numpy()) < 0.0101  # the others are cut off at the end of the range
    assert 0.1 < within.mean() < 0.99
    assert (np.abs(slope.numpy() - within) < 1e-5).mean() > 0.98, "but for those that are cut off by less than a step"
    assert computed.in_steps


@pytest.mark.parametrize("attributes", [{}, {"transA": 1, "transB": 1}, {"alpha": 0.5, "beta": 2.0}], ids=str)
def test_gemm_is_that_of_onnx_runtime(attributes: dict[str, Any], tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    constants = {"w": rng.normal(size=(4, 4)).astype(np.float32), "c": rng.normal(size=4).astype(np.float32)}
    path = network(tmp_path / "m.onnx", [helper.make_node("Gemm", ["face", "w", "c"], ["out"], **attributes)], constants, (4,))
    given = rng.normal(size=(4, 4)).astype(np.float32)
    (served,) = open_session(path, "cpu").run(None, {"face": given})
    np.testing.assert_allclose(run_graph(path, torch.from_numpy(given), "out").output.detach().numpy(), served, atol=1e-5)


def test_an_operator_that_is_not_known_is_reported(tmp_path: Path) -> None:
    nodes = [helper.make_node("Sin", ["face"], ["flat"]), helper.make_node("ReduceMean", ["flat"], ["out"], axes=[2])]
    path = network(tmp_path / "m.onnx", nodes, {})
    with pytest.raises(ModelError, match="the operator Sin cannot be computed") as caught:
        run_graph(path, torch.zeros(1, 1, SIDE, SIDE), "out")
    assert "--method rise" in caught.value.hint


def test_a_network_without_maps_is_reported(tmp_path: Path) -> None:
    path = linear(tmp_path / "m.onnx", region_weight())
    with pytest.raises(ModelError, match="has no feature maps"):
        grad_cam(path, ExpressionModel(path, "cpu"), np.zeros((24, 24), np.uint8), "happiness")


def test_outputs_that_differ_are_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = bright_and_dark(tmp_path / "m.onnx", softmax=False)
    monkeypatch.setattr(gradcam, "TOLERANCE", -1.0)
    with pytest.raises(ModelError, match="gives other outputs in PyTorch"):
        grad_cam(path, ExpressionModel(path, "cpu"), np.zeros((SIDE, SIDE), np.uint8), "happiness")
