"""Convolutions of an ONNX file in 8-bit integers, where that is faster and as good (Jacob et al. 2018).

Every tensor between two of them gets its range from pictures that the network is shown, but for the widest values in 20,000
(Wu et al. 2020): a single bright spot would make all steps coarser. Weights have a step a channel, and 7 bits, so that sums of
two products never saturate on processors without VNNI: the file gives the same numbers everywhere. A convolution before a ReLU
is rounded once, behind it: in between, half the steps would be for what the ReLU takes away.
"""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnx
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static

from feelit.types import UInt8

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
