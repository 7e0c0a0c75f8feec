"""ONNX Runtime sessions: one thread, no output of their own, and a check that the asked device really runs them."""

from __future__ import annotations

import contextlib
import ctypes
import io
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, get_args

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # its wheels send telemetry unless this is set before the import

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from feelit.errors import ModelError
from feelit.models.card import card_beside
from feelit.options import Device
from feelit.options.kinds import choice
from feelit.types import Float32, Float64, UInt8
from feelit.vision.align import TEMPLATE, crop_faces, levelled

MOST_OUTPUT = np.float32(1e6)
"""Larger logits and signals, and NaN, mean a broken network."""

MOST_MODEL_BYTES = 1 << 30
"""An ONNX file cannot be much larger (protobuf ends at 2 GiB), and the models of this program are a few MB."""

CPU, CUDA = "CPUExecutionProvider", "CUDAExecutionProvider"
ERROR, FATAL = 3, 4  # severities of ONNX Runtime's own log; its errors are exceptions as well, and reported as such


def open_session(model: Path, device: Device = "auto") -> onnxruntime.InferenceSession:
    """Load an ONNX file on a device: "cpu"; "cuda", which must really load; "auto", which takes CUDA where it loads and the CPU
    elsewhere.

    Raises ModelError if the file is missing, damaged or too large, needs unknown operators or data from outside its folder, or
    if `device` is "cuda" and the CUDA provider does not load; UsageError if there is no such device.
    """
    choice(get_args(Device)).checked("--device", device)
    if not model.is_file():
        raise ModelError(f"model {model} does not exist", "give the path of an .onnx file")
    if model.stat().st_size > MOST_MODEL_BYTES:
        raise ModelError(f"model {model} is larger than {MOST_MODEL_BYTES >> 20} MiB", "keep its weights in a file beside it")
    session = None
    if device != "cpu" and has_nvidia_driver():
        session = _create(model, [CUDA, CPU])
    if device == "cuda" and (session is None or CUDA not in session.get_providers()):
        hint = "install an NVIDIA driver and the extra feelit[cuda], or choose --device cpu"
        raise ModelError("the CUDA provider of ONNX Runtime does not load on this machine", hint)
    return _create(model, [CPU]) if session is None else session


def run(
    session: onnxruntime.InferenceSession, name: str, outputs: Sequence[str] | None, inputs: Mapping[str, Any]
) -> list[NDArray[Any]]:
    """Run a network whose inputs and outputs may differ from its card; None stands for all outputs. Raises ModelError,
    with the `name` of the model, if it does not take these inputs."""
    try:
        found = list(session.run(outputs, dict(inputs)))
    except Exception as error:  # ONNX Runtime raises its own classes, whose common base is Exception
        shapes = ", ".join(f"{key} {value.shape} {value.dtype}" for key, value in inputs.items())
        expected = ", ".join(f"{i.name} {i.shape} {i.type}" for i in session.get_inputs())
        raise ModelError(f"{name} does not take the input {shapes}", f"it expects {expected}; is its card right?") from error
    if not all(isinstance(output, np.ndarray) for output in found):  # ONNX has sequences and maps, too
        raise ModelError(f"{name} gives what is no tensor", "docs/models.md says what models give")
    return found


def provider_of(session: onnxruntime.InferenceSession) -> str:
    """The execution provider that runs the session."""
    return str(session.get_providers()[0])


class Port(NamedTuple):
    """An input or an output of a network: its name, its shape (free axes by their names), and its type."""

    name: str
    shape: tuple[int | str | None, ...]
    type: str


def ports_of(session: onnxruntime.InferenceSession) -> tuple[list[Port], list[Port]]:
    """The inputs and the outputs of a network."""
    inputs, outputs = (
        [Port(port.name, tuple(port.shape), port.type) for port in ports]
        for ports in (session.get_inputs(), session.get_outputs())
    )
    return inputs, outputs


def has_nvidia_driver() -> bool:
    """Whether the driver's library can be loaded; without it ONNX Runtime would only print errors."""
    if CUDA not in onnxruntime.get_available_providers():
        return False
    try:
        ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        return False
    return True


def _create(model: Path, providers: list[str]) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1  # workers are processes
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # idle threads leave the cores to others
    options.log_severity_level = FATAL
    onnxruntime.set_default_logger_severity(FATAL)
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # both calls print when a CUDA library is missing
            if CUDA in providers:
                onnxruntime.preload_dlls()
            return onnxruntime.InferenceSession(str(model), options, providers=providers)
    except Exception as error:  # ONNX Runtime raises its own classes, whose common base is Exception
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ModelError(f"model {model} cannot be loaded: {reason}", "the file is damaged, or is no ONNX model") from error
    finally:
        onnxruntime.set_default_logger_severity(ERROR)


class AlignedModel:
    """A loaded network whose one input is aligned square crops of luma, of `size_px`. Raises ModelError if the file or its card
    is missing, damaged or of the wrong kind.

    Attributes
    ----------
    card : lies beside its file, and has to be for `task`
    size_px : side of its square input
    provider : the execution provider that runs it
    template : (5, 2) float64, positions of the landmarks in a crop of side 1
    """

    def __init__(
        self,
        path: Path,
        task: str,
        hint: str,
        size_px: int,
        device: Device,
        session: onnxruntime.InferenceSession | None = None,
        template: Float64 = TEMPLATE,
    ) -> None:
        self.card = card = card_beside(path)
        if card.task != task or card.adapter != "feelit":
            raise ModelError(f"{path.name} is a model for {card.task}, not for {task}", hint)
        self._session = open_session(path, device) if session is None else session
        self._path = path
        self._input = self._session.get_inputs()[0].name
        self.size_px, self.template = card.size_px or size_px, template
        self.provider = provider_of(self._session)

    def crop(self, luma: UInt8, levels: UInt8, landmarks: Float32) -> UInt8:
        """Aligned crops of faces of one frame: see `ExpressionModel.crop`."""
        return levelled(crop_faces(luma, landmarks, self.size_px, self.template), levels)
