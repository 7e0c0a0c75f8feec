"""From PyTorch networks to ONNX files: export with a check, and quantisation to 8-bit integers."""

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


def write_onnx(
    module: nn.Module,
    example: Tensor,
    path: Path,
    outputs: tuple[str, ...],
    input_name: str = "luma",
    axes: dict[str, dict[int, str]] | None = None,
) -> None:
    """Write a network of one input as an ONNX file, with names for its free `axes`; without them the batch size is free.

    The exporter folds batch normalisation into the convolutions before it.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the tracing exporter is deprecated, but its successor needs one more package
        torch.onnx.export(
            module,
            (example,),
            str(path),
            input_names=[input_name],
            output_names=list(outputs),
            dynamic_axes=axes or {name: {0: "N"} for name in (input_name, *outputs)},
            opset_version=OPSET,
            dynamo=False,
        )


def export_onnx(module: nn.Module, example: Tensor, path: Path, outputs: tuple[str, ...], input_name: str = "luma") -> float:
    """Write a network as an ONNX file with a free batch size, and compare both on `example`.

    Parameters
    ----------
    module : maps one tensor to a tensor or a tuple of tensors; it is left as it was
    example : a batch of inputs, of the type and shape that the model is served with
    outputs : the names of the outputs

    Returns
    -------
    The largest absolute difference between the outputs on `example`.

    Raises
    ------
    ModelError
        if it exceeds TOLERANCE.
    """
    module = copy.deepcopy(module).eval()
    write_onnx(module, example, path, outputs, input_name)
    session = open_session(path, "cpu")
    served = session.run(None, {session.get_inputs()[0].name: example.numpy()})
    with torch.inference_mode():
        trained = module(example)
    trained = (trained,) if isinstance(trained, Tensor) else trained
    difference = max(float(np.abs(a.numpy() - b).max()) for a, b in zip(trained, served, strict=True))
    if not difference <= TOLERANCE:  # NaN fails as well
        raise ModelError(f"{path.name} differs from its module by {difference:.2g}", "do not serve it; compare layer by layer")
    return difference


def four_digits(value: float) -> float:
    """A score as cards hold it."""
    return round(float(value), 4)


def count_parameters(module: nn.Module) -> int:
    """The number of trainable parameters."""
    return sum(p.numel() for p in module.parameters() if p.requires_grad)


QUANTIZED = ("Conv", "Relu", "Resize")

PERCENTILE = 99.995
BATCH = 8

BYTES = {"quant_type": QuantType.QUInt8, "scale": np.array(1, np.float32), "zero_point": np.array(0, np.uint8)}
"""The quantisation of tensors that hold bytes already."""


class _Calibration(CalibrationDataReader):
    """Gives the calibration images to the quantiser, batch by batch."""

    def __init__(self, name: str, images: UInt8) -> None:
        planes = images if images.ndim == 4 else images[:, None]
        starts = range(0, max(len(planes) - BATCH, 0) + 1, BATCH)  # the quantiser needs batches of one size
        self._batches: Iterator[UInt8] = (planes[i : i + BATCH] for i in starts)
        self._name = name

    def get_next(self) -> dict[str, UInt8] | None:
        batch = next(self._batches, None)
        return None if batch is None else {self._name: batch}


def quantize(
    path: Path, out: Path, images: UInt8, but: Sequence[str], kinds: Sequence[str] = QUANTIZED, percentile: float = PERCENTILE
) -> None:
    """Quantise the convolutions of a network to 8-bit integers (Jacob et al. 2018).

    The range of an activation is a percentile of its values on calibration images (Wu et al. 2020): a single bright spot would
    make all steps coarser. Weights have a step per channel, and 7 bits, so that sums of two products never saturate on
    processors without VNNI: the file gives the same numbers everywhere. A convolution followed by a ReLU is rounded once, after
    the ReLU, which would waste half of the steps before it.

    Parameters
    ----------
    path : an ONNX file in float32 with one input, (N, 1, H, W) or (N, C, H, W) uint8
    out : the file to write; may be the same
    images : (N, H, W) or (N, C, H, W) uint8, for calibration
    but : prefixes of the names of convolutions to leave in float32
    kinds : operators to quantise
    percentile : of an activation's values, those within its range
    """
    model = onnx.load(path)
    kept = [node.name for node in model.graph.node if node.op_type == "Conv" and node.name.startswith(tuple(but))]
    root, silent = logging.getLogger(), logging.NullHandler()
    level = root.level
    with TemporaryDirectory() as folder, warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        root.setLevel(logging.ERROR)  # the quantiser logs its steps on stdout
        root.addHandler(silent)  # without any, the quantiser's first line would add one that prints all loggers' lines
        try:
            whole = Path(folder) / "whole.onnx"
            quantize_static(
                str(path),
                str(whole),
                _Calibration(model.graph.input[0].name, images),
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
                    "TensorQuantOverrides": {name: [BYTES] for name in _casts(model)},
                },
            )
        finally:
            root.setLevel(level)
            root.removeHandler(silent)
        model = onnx.load(whole)
    _skip_casts(model)
    onnx.save(model, out)


def _casts(model: onnx.ModelProto) -> dict[str, str]:
    """The casts from bytes that feed a convolution: output name -> input name."""
    taken = {node.input[0] for node in model.graph.node if node.op_type in ("Conv", "QuantizeLinear")}
    return {node.output[0]: node.input[0] for node in model.graph.node if node.op_type == "Cast" and node.output[0] in taken}


def _skip_casts(model: onnx.ModelProto) -> None:
    """Feed the bytes of the input to the first layer, where the quantiser casts them to floats and back."""
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
"""Steps from zero to the largest weight of a channel, as in `quantize`."""


def rounded(network: nn.Module, but: Sequence[str]) -> dict[str, Tensor]:
    """The weights of the convolutions as `quantize` rounds them, by their names in the network.

    Training with rounded weights finds those that lose little by it (Jacob et al. 2018, section 3); gradients pass the rounding
    unchanged (Bengio et al. 2013).

    Parameters
    ----------
    but : prefixes of the names of weights to leave out
    """
    layers = [(f"{name}.weight", layer.weight) for name, layer in network.named_modules() if isinstance(layer, nn.Conv2d)]
    result = {}
    for name, weight in layers:
        if not name.startswith(tuple(but)):
            with torch.no_grad():
                step = (weight.abs().amax(dim=(1, 2, 3), keepdim=True) / STEPS).clamp(min=1e-12)
                error = (weight / step).round() * step - weight
            result[name] = weight + error
    return result
