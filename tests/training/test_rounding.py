# ruff: noqa: E402  (what needs torch is imported after asking for it)
from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")
torch.set_num_threads(1)

from feelit.training.export import STEPS, quantize, rounded
from feelit.training.face.export import export
from feelit.training.face.network import FaceNet


def small() -> FaceNet:
    torch.manual_seed(0)
    return FaceNet((16, 16, 16, 16), (1, 1, 0, 0), 16).eval()


def test_weights_are_rounded_in_steps_of_their_channel() -> None:
    net = small()
    weights = rounded(net, ("head",))
    convolutions = {name for name, weight in net.named_parameters() if weight.ndim == 4}
    assert convolutions - set(weights) == {f"head.{i}.weight" for i in range(3)}
    for name, weight in weights.items():
        step = net.get_parameter(name).abs().amax(dim=(1, 2, 3), keepdim=True) / STEPS
        levels = weight / step
        torch.testing.assert_close(levels, levels.round(), atol=1e-3, rtol=0)
        assert levels.abs().max() <= STEPS + 1e-3


def test_gradients_pass_as_if_nothing_were_rounded() -> None:
    net = small()
    name = "fine.0.conv.weight"
    (rounded(net, ())[name] * 3).sum().backward()
    gradient = net.get_parameter(name).grad
    assert gradient is not None
    assert torch.equal(gradient, torch.full_like(gradient, 3))


def test_a_channel_of_zeros_stays_so() -> None:
    net = small()
    torch.nn.init.zeros_(net.get_parameter("fine.0.conv.weight"))
    assert not rounded(net, ())["fine.0.conv.weight"].any()


def test_they_are_the_weights_that_the_file_holds(tmp_path: Path) -> None:
    net = small()
    export(net, tmp_path / "float.onnx")
    quantize(tmp_path / "float.onnx", tmp_path / "integer.onnx", np.zeros((8, 64, 64), np.uint8), ("/head",))
    graph = onnx.load(tmp_path / "integer.onnx").graph
    constants = {constant.name: onnx.numpy_helper.to_array(constant) for constant in graph.initializer}
    convolution = next(node for node in graph.node if node.name == "/fine/fine.0/conv/Conv")
    read = next(node for node in graph.node if convolution.input[1] in node.output)
    levels = constants[read.input[0]]
    weight = rounded(net, ())["fine.0.conv.weight"].detach()
    wanted = weight / weight.abs().amax(dim=(1, 2, 3), keepdim=True) * STEPS  # batch normalisation scales whole channels
    np.testing.assert_allclose(levels, wanted.numpy(), atol=1e-3)


@pytest.mark.parametrize(("count", "used"), [(3, 3), (8, 8), (13, 8)])
def test_any_number_of_images_calibrates(count: int, used: int, tmp_path: Path) -> None:
    export(small(), tmp_path / "float.onnx")
    images = np.random.default_rng(0).integers(0, 256, (count, 64, 64), np.uint8)
    for name, given in (("all", images), ("used", images[:used])):
        quantize(tmp_path / "float.onnx", tmp_path / f"{name}.onnx", given, ("/head",))
    assert (tmp_path / "all.onnx").read_bytes() == (tmp_path / "used.onnx").read_bytes()


def test_the_quantiser_leaves_the_logging_of_the_program_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logging.root, "handlers", [])
    export(small(), tmp_path / "float.onnx")
    quantize(tmp_path / "float.onnx", tmp_path / "integer.onnx", np.zeros((8, 64, 64), np.uint8), ("/head",))
    assert not logging.root.handlers
