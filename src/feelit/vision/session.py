"""ONNX Runtime sessions as feelit wants them: one thread, quiet, and honest about where they run."""

from __future__ import annotations

import contextlib
import ctypes
import io
import os
import sys
from pathlib import Path
from typing import Literal

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # its wheels report home unless this is set before the import

import onnxruntime

from feelit.errors import ModelError

Device = Literal["auto", "cpu", "cuda"]

CPU, CUDA = "CPUExecutionProvider", "CUDAExecutionProvider"
ERROR, FATAL = 3, 4  # severities of ONNX Runtime's own log


def open_session(model: Path, device: Device = "auto", threads: int = 1) -> onnxruntime.InferenceSession:
    """Load an ONNX file.

    Parameters
    ----------
    model : the .onnx file
    device : "cpu"; "cuda", which must really load; "auto", which takes CUDA where it loads and the CPU elsewhere
    threads : threads inside one operator; workers are processes, so one is the rule

    Raises
    ------
    ModelError
        if the file is missing or damaged, or if `device` is "cuda" and the CUDA provider does not load.
    """
    if not model.is_file():
        raise ModelError(f"model {model} does not exist", "give the path of an .onnx file")
    session = None
    if device != "cpu" and has_nvidia_driver():
        session = _create(model, [CUDA, CPU], threads, FATAL)  # what fails to load here is told below, in one line
    if device == "cuda" and (session is None or CUDA not in session.get_providers()):
        hint = "install an NVIDIA driver and the extra feelit[cuda], or choose --device cpu"
        raise ModelError("the CUDA provider of ONNX Runtime does not load on this machine", hint)
    return _create(model, [CPU], threads, ERROR) if session is None else session


def provider_of(session: onnxruntime.InferenceSession) -> str:
    """The provider that really runs the session; the list of available ones only tells what was compiled in."""
    return str(session.get_providers()[0])


def has_nvidia_driver() -> bool:
    """Whether the driver's library can be loaded; asking ONNX Runtime for CUDA without it only makes noise."""
    if CUDA not in onnxruntime.get_available_providers():
        return False
    try:
        ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        return False
    return True


def _create(model: Path, providers: list[str], threads: int, severity: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.add_session_config_entry(
        "session.intra_op.allow_spinning", "0"
    )  # idle threads must not eat their neighbours' cores
    options.log_severity_level = severity
    onnxruntime.set_default_logger_severity(severity)
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
