"""What models of strangers want from outside of their folder they do not get; where networks run is said as it is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper

from feelit.errors import ModelError, UsageError
from feelit.models.paths import model_path
from feelit.options import AnalyzeOptions, Device
from feelit.run.pipeline import resolve
from feelit.run.segment import open_networks
from feelit.vision.session import CPU, CUDA, open_session, provider_of, run

REAL_SESSION = onnxruntime.InferenceSession
WEIGHTS = np.arange(16, dtype=np.float32).reshape(4, 4)


def save(path: Path, nodes: list[onnx.NodeProto], weights: list[onnx.TensorProto], *domains: str) -> Path:
    """A network from `x`, (N, 4) float32, to `y`."""
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 4])]
    outputs = [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)]
    graph = helper.make_graph(nodes, "g", inputs, outputs, weights)
    opsets = [helper.make_opsetid("", 17), *(helper.make_opsetid(domain, 1) for domain in domains)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=8), path)
    return path


def with_external_data(folder: Path, location: str, length: int = WEIGHTS.nbytes) -> Path:
    """A network whose weights lie in another file."""
    weights = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=WEIGHTS.shape, data_location=TensorProto.EXTERNAL)
    for key, value in {"location": location, "offset": "0", "length": str(length)}.items():
        weights.external_data.add(key=key, value=value)
    return save(folder / "m.onnx", [helper.make_node("MatMul", ["x", "w"], ["y"])], [weights])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The model's folder, with a secret beside it."""
    inside = tmp_path / "model"
    inside.mkdir()
    (tmp_path / "secret.bin").write_bytes(WEIGHTS.tobytes())
    return inside


def test_weights_in_the_folder_of_the_model_are_taken(folder: Path) -> None:
    (folder / "weights.bin").write_bytes(WEIGHTS.tobytes())
    session = open_session(with_external_data(folder, "weights.bin"), "cpu")
    np.testing.assert_array_equal(run(session, "m", None, {"x": np.eye(4, dtype=np.float32)})[0], WEIGHTS)


@pytest.mark.parametrize(
    "location", ["../secret.bin", "{}/secret.bin", "link.bin", "./../model/../secret.bin", "/dev/zero", "none.bin"]
)
def test_weights_elsewhere_are_not(location: str, folder: Path) -> None:
    (folder / "link.bin").symlink_to(folder.parent / "secret.bin")
    with pytest.raises(ModelError, match="cannot be loaded") as caught:
        open_session(with_external_data(folder, location.format(folder.parent)), "cpu")
    assert "\n" not in caught.value.message


def test_weights_beyond_the_end_of_their_file_are_reported(folder: Path) -> None:
    (folder / "weights.bin").write_bytes(WEIGHTS.tobytes()[:8])
    with pytest.raises(ModelError, match="cannot be loaded"):
        open_session(with_external_data(folder, "weights.bin"), "cpu")


def test_a_device_that_there_is_not_is_reported() -> None:
    with pytest.raises(UsageError, match="--device tpu is not known") as caught:
        open_session(model_path("face"), "tpu")  # type: ignore[arg-type]  # what Python users may write
    assert caught.value.hint == "choose from auto, cpu, cuda"


def test_operators_that_there_are_not_are_reported(tmp_path: Path) -> None:
    path = save(tmp_path / "m.onnx", [helper.make_node("Evil", ["x"], ["y"], domain="com.evil")], [], "com.evil")
    with pytest.raises(ModelError, match=r"cannot be loaded.*com\.evil"):
        open_session(path, "cpu")


def test_a_file_that_is_too_large_is_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save(tmp_path / "m.onnx", [helper.make_node("Relu", ["x"], ["y"])], [])
    open_session(path, "cpu")
    monkeypatch.setattr("feelit.vision.session.MOST_MODEL_BYTES", path.stat().st_size - 1)
    with pytest.raises(ModelError, match="is larger than"):
        open_session(path, "cpu")


def test_an_input_that_does_not_fit_is_reported_in_one_line(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    session = open_session(save(tmp_path / "m.onnx", [helper.make_node("Relu", ["x"], ["y"])], []), "cpu")
    with pytest.raises(ModelError, match=r"m does not take the input x \(1, 5\) float32") as caught:
        run(session, "m", None, {"x": np.zeros((1, 5), np.float32)})
    assert "['N', 4] tensor(float)" in caught.value.hint


def test_a_network_that_fails_says_nothing_by_itself(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    shape = helper.make_tensor("shape", TensorProto.INT64, [2], [7, -1])
    session = open_session(save(tmp_path / "m.onnx", [helper.make_node("Reshape", ["x", "shape"], ["y"])], [shape]), "cpu")
    with pytest.raises(ModelError):
        run(session, "m", None, {"x": np.zeros((1, 4), np.float32)})
    assert capfd.readouterr() == ("", "")


def test_what_is_no_tensor_is_reported(tmp_path: Path) -> None:
    sequence = helper.make_tensor_sequence_value_info("y", TensorProto.FLOAT, None)
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 4])]
    graph = helper.make_graph([helper.make_node("SequenceConstruct", ["x"], ["y"])], "g", inputs, [sequence])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), tmp_path / "m.onnx")
    session = open_session(tmp_path / "m.onnx", "cpu")
    with pytest.raises(ModelError, match="m gives what is no tensor"):
        run(session, "m", None, {"x": np.zeros((1, 4), np.float32)})


class SessionOnAGpu:
    """A session of ONNX Runtime that says it runs on the first provider that it was asked for; it runs on the CPU."""

    def __init__(self, path: str, options: onnxruntime.SessionOptions, providers: list[str]) -> None:
        self._session, self._providers = REAL_SESSION(path, options, providers=[CPU]), providers

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)

    def get_providers(self) -> list[str]:
        return self._providers


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine on which CUDA loads."""
    monkeypatch.setattr("feelit.vision.session.has_nvidia_driver", lambda: True)
    monkeypatch.setattr(onnxruntime, "InferenceSession", SessionOnAGpu)
    monkeypatch.setattr(onnxruntime, "preload_dlls", lambda: None, raising=False)
    open_networks.cache_clear()
    yield
    open_networks.cache_clear()  # no other test shall find these networks


@pytest.mark.usefixtures("gpu")
@pytest.mark.parametrize(("device", "provider"), [("cuda", CUDA), ("auto", CUDA), ("cpu", CPU)])
def test_where_cuda_loads_it_is_used_unless_the_cpu_is_asked_for(device: Device, provider: str) -> None:
    assert provider_of(open_session(model_path("face"), device)) == provider


@pytest.mark.usefixtures("gpu")
@pytest.mark.parametrize("people", [True, False])
def test_an_analysis_says_where_its_networks_ran(people: bool) -> None:
    """Nobody has a GPU here, so this is the way there and the account of it, not what CUDA computes."""
    settings = resolve(AnalyzeOptions(device="cuda", people=people))
    assert open_networks(settings.models).provider == CUDA
