"""From a PyTorch module to an ONNX file that is proved to compute the same."""

from __future__ import annotations

import contextlib
import copy
import io
import logging
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnx
import torch
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static
from torch import Tensor, nn

from feelit.errors import ModelError
from feelit.types import UInt8
from feelit.vision.session import open_session

OPSET = 17
"""Understood by every ONNX Runtime since 1.12; nothing newer is needed."""

TOLERANCE = 1e-4
"""The largest difference between PyTorch and ONNX outputs that float32 arithmetic in another order may cause."""


def export_onnx(
    module: nn.Module, example: torch.Tensor, path: Path, outputs: tuple[str, ...], input_name: str = "luma"
) -> float:
    """Write `module` as ONNX, with free first dimension, and compare both on `example`.

    The exporter folds batch normalisation into the convolutions before it. The module itself is left as it was.

    Parameters
    ----------
    module : maps one tensor to a tensor or a tuple of tensors
    example : a batch of inputs, of the type and shape that the model is served with
    outputs : the names of the outputs

    Returns
    -------
    The largest absolute difference between the two on `example`.

    Raises
    ------
    ModelError
        if it exceeds TOLERANCE.
    """
    module = copy.deepcopy(module).eval()
    axes = {name: {0: "N"} for name in (input_name, *outputs)}
    with warnings.catch_warnings():
        # The tracing exporter is deprecated, but its successor needs a package more; a small static graph needs no more.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module,
            (example,),
            str(path),
            input_names=[input_name],
            output_names=list(outputs),
            dynamic_axes=axes,
            opset_version=OPSET,
            dynamo=False,
        )
    difference = largest_difference(module, example, path)
    if not difference <= TOLERANCE:
        raise ModelError(f"{path.name} differs from its module by {difference:.2g}", "do not serve it; compare layer by layer")
    return difference


def largest_difference(module: nn.Module, example: torch.Tensor, path: Path) -> float:
    """The largest absolute difference between the outputs of `module` and of the ONNX file `path`; NaN if either has NaN."""
    session = open_session(path, "cpu")
    served = session.run(None, {session.get_inputs()[0].name: example.numpy()})
    with torch.inference_mode():
        trained = module(example)
    trained = (trained,) if isinstance(trained, torch.Tensor) else trained
    return max(float(np.abs(a.numpy() - b).max()) for a, b in zip(trained, served, strict=True))


def count_parameters(module: nn.Module) -> int:
    """How many numbers training may change."""
    return sum(p.numel() for p in module.parameters() if p.requires_grad)


IN_INTEGERS = ("Conv", "Relu", "Resize")

PERCENTILE = 99.995
BATCH = 8

AS_BYTES = {"quant_type": QuantType.QUInt8, "scale": np.array(1, np.float32), "zero_point": np.array(0, np.uint8)}
"""How bytes are integers, whatever the pictures."""


class _Pictures(CalibrationDataReader):
    """Hands out batches by and by, as the quantiser wants them."""

    def __init__(self, name: str, pictures: UInt8) -> None:
        planes = pictures if pictures.ndim == 4 else pictures[:, None]
        self._batches: Iterator[UInt8] = (planes[i : i + BATCH] for i in range(0, len(planes), BATCH))
        self._name = name

    def get_next(self) -> dict[str, UInt8] | None:
        batch = next(self._batches, None)
        return None if batch is None else {self._name: batch}


def quantize(
    path: Path,
    out: Path,
    pictures: UInt8,
    but: Sequence[str],
    kinds: Sequence[str] = IN_INTEGERS,
    percentile: float = PERCENTILE,
) -> None:
    """Write a network whose convolutions compute in integers.

    Parameters
    ----------
    path : an ONNX file in float32 with one input, (N, 1, H, W) or (N, C, H, W) uint8
    out : the file to write; may be the same
    pictures : (N, H, W) or (N, C, H, W) uint8, like those that it will see
    but : convolutions stay as they are whose names begin so
    kinds : operators that compute in integers
    percentile : of the values, how many have to be in a tensor's range
    """
    model = onnx.load(path)
    kept = [node.name for node in model.graph.node if node.op_type == "Conv" and node.name.startswith(tuple(but))]
    level = logging.getLogger().level
    with TemporaryDirectory() as folder, warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        logging.getLogger().setLevel(logging.ERROR)  # the quantiser logs its steps on stdout, its warnings were considered here
        try:
            whole = Path(folder) / "whole.onnx"
            quantize_static(
                str(path),
                str(whole),
                _Pictures(model.graph.input[0].name, pictures),
                quant_format=QuantFormat.QDQ,
                op_types_to_quantize=list(kinds),
                nodes_to_exclude=kept,
                per_channel=True,
                reduce_range=True,
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
                calibrate_method=CalibrationMethod.Percentile,
                extra_options={
                    "CalibPercentile": percentile,
                    "TensorQuantOverrides": {name: [AS_BYTES] for name in _casts(model)},
                },
            )
        finally:
            logging.getLogger().setLevel(level)
        model = onnx.load(whole)
    _take_bytes(model)
    onnx.save(model, out)


def _casts(model: onnx.ModelProto) -> dict[str, str]:
    """Bytes made numbers for a convolution, and nothing else: the numbers and the bytes, by name."""
    taken = {node.input[0] for node in model.graph.node if node.op_type in ("Conv", "QuantizeLinear")}
    return {node.output[0]: node.input[0] for node in model.graph.node if node.op_type == "Cast" and node.output[0] in taken}


def _take_bytes(model: onnx.ModelProto) -> None:
    """Give the first layer the bytes of the input, where the quantiser turns them into numbers and back."""
    casts, graph = _casts(model), model.graph
    for node in [node for node in graph.node if node.op_type == "QuantizeLinear" and node.input[0] in casts]:
        for reader in graph.node:
            if reader.op_type == "DequantizeLinear" and reader.input[0] == node.output[0]:
                reader.input[0] = casts[node.input[0]]
        graph.node.remove(node)
    read = {name for node in graph.node for name in node.input}
    for node in [node for node in graph.node if node.output[0] in casts and node.output[0] not in read]:
        graph.node.remove(node)


STEPS = 64
"""From zero to the largest weight of a channel, as in `quantize`."""


def rounded(network: nn.Module, but: Sequence[str]) -> dict[str, Tensor]:
    """The weights of the convolutions as integers will have them, by their names in the network.

    Parameters
    ----------
    but : weights stay as they are, and are not among these, whose names begin so
    """
    layers = [(f"{name}.weight", layer.weight) for name, layer in network.named_modules() if isinstance(layer, nn.Conv2d)]
    return {name: _rounded(weight) for name, weight in layers if not name.startswith(tuple(but))}


def _rounded(weight: Tensor) -> Tensor:
    """(O, I, H, W) -> the same shape."""
    with torch.no_grad():
        step = (weight.abs().amax(dim=(1, 2, 3), keepdim=True) / STEPS).clamp(min=1e-12)
        error = (weight / step).round() * step - weight
    return weight + error
