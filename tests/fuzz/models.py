"""Models from strangers: damaged ONNX files and cards, through `feelit analyze`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import onnx
from onnx import TensorProto, helper

from feelit.types import EMOTIONS
from feelit.vision.detector import FaceDetector
from feelit.vision.expression import ExpressionModel
from tests.fuzz.jsons import hostile
from tests.fuzz.mutations import Material, mutated
from tests.fuzz.product import MisbehavedError, feelit, nothing_but
from tests.video import clips

SIDE = 16
CARD: dict[str, Any] = {
    "name": "tiny",
    "task": "expression",
    "adapter": "classifier",
    "sha256": "",
    "licence": "none",
    "color": "luma",
    "crop": "box",
    "size_px": SIDE,
    "mean": 127.5,
    "scale": 127.5,
    "labels": list(EMOTIONS),
    "temperature": 1.0,
    "threshold": 0.5,
    "parameters": SIDE * SIDE * len(EMOTIONS),
    "training_data": [{"name": "nothing"}],
    "scores": {"accuracy": 0.1},
    "limitations": ["all of them"],
}
DETECTOR_CARD: dict[str, Any] = {
    "name": "tiny",
    "task": "face",
    "adapter": "feelit",
    "color": "luma",
    "threshold": 0.3,
    "size_px": None,
    "limitations": ["all of them"],
}
CARD_WORDS = (b"1e999", b"NaN", b"-1", b"null", b'"', b"[", b"{", b"[" * 5000, b"\\ud800", b"face", b"yunet", b"scrfd", b"bgr")
WORDS = (
    b"MatMul",
    b"Reshape",
    b"Loop",
    b"If",
    b"Concat",
    b"Gather",
    b"ai.onnx.ml",
    b"location",
    b"../../secret",
    b"value",
    b"\x08\x01",
)


def tiny_classifier() -> bytes:
    """An ONNX file: (N, 1, 16, 16) float32 to (N, 8) logits, by one matrix."""
    weights = np.linspace(-1, 1, SIDE * SIDE * len(EMOTIONS), dtype=np.float32)
    graph = helper.make_graph(
        [helper.make_node("Flatten", ["x"], ["flat"]), helper.make_node("MatMul", ["flat", "w"], ["y"])],
        "tiny",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 1, SIDE, SIDE])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", len(EMOTIONS)])],
        [helper.make_tensor("w", TensorProto.FLOAT, (SIDE * SIDE, len(EMOTIONS)), weights.tobytes(), raw=True)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return bytes(onnx.ModelProto.SerializeToString(model))


def tiny_detector() -> bytes:
    """An ONNX file after the contract of the adapter `feelit`: the mean of every 32 px square is its score as a face."""
    nodes = [
        helper.make_node("Cast", ["luma"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("AveragePool", ["float"], ["mean"], kernel_shape=[32, 32], strides=[32, 32]),
        helper.make_node("Reshape", ["mean", "flat"], ["rows"]),
        helper.make_node("Div", ["rows", "white"], ["score"]),
        helper.make_node("Unsqueeze", ["score", "last"], ["column"]),
        helper.make_node("Mul", ["column", "box_scale"], ["box"]),
        helper.make_node("Mul", ["column", "landmark_scale"], ["landmarks"]),
    ]
    constants = {
        "flat": np.array([0, -1], np.int64),
        "white": np.float32(255),
        "last": np.array([2], np.int64),
        "box_scale": np.array([10, 10, 80, 60], np.float32),
        "landmark_scale": np.array([20, 20, 60, 20, 40, 30, 25, 50, 55, 50], np.float32),
    }
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("luma", TensorProto.UINT8, ["N", 1, "H", "W"])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in ("score", "box", "landmarks")],
        [onnx.numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return bytes(onnx.ModelProto.SerializeToString(model))


def _once(kind: Callable[..., object]) -> Callable[..., object]:
    """Opens each network once: the built-in ones would be loaded again for every case."""
    opened: dict[str, object] = {}

    def open_or_reuse(*arguments: object, **more: object) -> object:
        key = repr((arguments, more))  # cards hold dicts, which have no hash
        if key not in opened:
            opened[key] = kind(*arguments, **more)
        return opened[key]

    return open_or_reuse


_detector = _once(FaceDetector)
_classifier = _once(ExpressionModel)


class ModelTarget:
    """A tiny classifier or detector and its card, one of them damaged."""

    def __init__(self, folder: Path) -> None:
        self._video = folder / "sound.mp4"
        if not self._video.exists():
            clips.plain(self._video, frames=4, size=(96, 64), face=True)
        self._made = {"classifier": (CARD, tiny_classifier()), "detector": (DETECTOR_CARD, tiny_detector())}

    def run(self, rng: np.random.Generator, folder: Path) -> str:
        """See `Target.run`."""
        model, card, out = folder / "case.onnx", folder / "case.json", folder / "out.parquet"
        which, role = rng.random(), "classifier" if rng.random() < 0.5 else "detector"
        about, network = self._made[role]
        text = json.dumps(about).encode()
        if which < 0.3:
            text = json.dumps(hostile(about, rng)).encode("utf-8", "surrogatepass")
        elif which < 0.5:
            text = mutated(text, rng, Material(CARD_WORDS))
        card.write_bytes(text)
        model.write_bytes(network if which < 0.5 else mutated(network, rng, Material(WORDS)))
        with patch("feelit.run.segment.FaceDetector", _detector), patch("feelit.run.segment.ExpressionModel", _classifier):
            reported = feelit(
                "analyze", self._video, "--quiet", "--out", out, f"--{role}", model, "--min-face", 16, "--device", "cpu"
            )
        if reported.code:
            nothing_but(folder, {model.name, card.name})
            if reported.code != 4:
                raise MisbehavedError(f"exit code {reported.code}: {reported.err!r}")
            return "refused"
        nothing_but(folder, {model.name, card.name, out.name})
        return "taken"
