"""The signals branch: two residual blocks on the activations of the expression classifier, and their ONNX file.

The trunk was trained for expressions; for details such as the iris and the gap of the lips, the crop's own pixels go through
two convolutions that are added to the first block. The branch is joined to the ONNX file of a quantised classifier, whose nodes
stay as they are, so that its outputs keep every bit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from feelit.errors import UsageError
from feelit.signals.columns import OUTPUTS
from feelit.training.expression.network import Residual
from feelit.types import UInt8

CELLS = 16
"""The final map of 4 x 4 cells is flattened, not averaged: the position of a lid or a mouth corner matters."""

PATCH = 4
"""Side of the patches into which the crop is split, px; each pixel of a patch is a channel."""

PIXEL_SCALE = 64.0


class Branch(nn.Module):
    """Bytes of the trunk and of the crop in, signals out; the network contains their scales.

    Parameters
    ----------
    channels : of the trunk
    widths : channels of the two blocks, multiples of 16
    step : quantisation step of the trunk's bytes
    detail : channels computed from pixels, a multiple of 16
    """

    def __init__(self, channels: int, widths: tuple[int, int], step: float, dropout: float = 0.0, detail: int = 48) -> None:
        super().__init__()
        self.body = nn.Sequential(Residual(channels, widths[0], 2), Residual(widths[0], widths[1], 2))
        self.dropout = nn.Dropout(dropout)
        self.detail = nn.Sequential(
            nn.Conv2d(PATCH**2, detail, 3, 1, 1, bias=False),
            nn.BatchNorm2d(detail),
            nn.ReLU(inplace=True),
            nn.Conv2d(detail, widths[0], 3, 2, 1, bias=False),
            last := nn.BatchNorm2d(widths[0]),
        )
        nn.init.zeros_(last.weight)  # so that a run may start from weights of a branch without pixels
        self.out = nn.Linear(widths[1] * CELLS, len(OUTPUTS))
        self._channels, self._steps = channels, (step, 1 / PIXEL_SCALE)

    def forward(self, read: Tensor) -> Tensor:
        """(N, C + PATCH^2, 16, 16) uint8, see `Tap.reader` -> (N, 58), normalised outputs."""
        first, second = self.body
        assert isinstance(first, Residual)
        parts = (read[:, : self._channels], read[:, self._channels :])
        trunk, pixels = (
            part.float() if step == 1 else part.float() * step for part, step in zip(parts, self._steps, strict=True)
        )
        x = torch.relu(first.body(trunk) + first.skip(trunk) + self.detail(pixels))
        return self.out(self.dropout(second(x).flatten(1)))

    def fold(self, mean: Tensor, spread: Tensor) -> None:
        """Fold mean and spread, (58,) both, into the last layer, so that outputs have the units of `columns.OUTPUTS`, and the
        input scales into the first convolutions, so that they read bytes directly.
        """
        self.out.weight.data *= spread[:, None]
        self.out.bias.data = self.out.bias.data * spread + mean
        first = self.body[0]
        assert isinstance(first, Residual)
        trunk_step, pixel_step = self._steps
        for layer in (first.body[0], first.skip[0]):  # type: ignore[index]  # a shortcut that halves the resolution is a sequence
            layer.weight.data *= trunk_step
        self.detail[0].weight.data *= pixel_step
        self._steps = (1.0, 1.0)


PREFIX = "signals/"
OUTPUT = "signals"


@dataclass(frozen=True, slots=True)
class Tap:
    """The quantised tensor of a classifier at which a branch begins: its name, its step and its channels."""

    path: Path
    data: str
    step: float
    channels: int

    def reader(self, batch: int = 64) -> Callable[[UInt8], UInt8]:
        """The function that computes a branch's inputs: (N, S, S) uint8 -> (N, C + PATCH^2, S / PATCH, S / PATCH) uint8."""
        model = onnx.load(self.path)
        model.graph.output.append(helper.make_tensor_value_info(self.data, TensorProto.UINT8, None))
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        name = session.get_inputs()[0].name

        def read(crops: UInt8) -> UInt8:
            parts = [session.run([self.data], {name: crops[i : i + batch, None]})[0] for i in range(0, len(crops), batch)]
            return np.concatenate([np.concatenate(parts), patches(crops)], axis=1)

        return read


def patches(crops: UInt8) -> UInt8:
    """(N, S, S) -> (N, PATCH^2, S / PATCH, S / PATCH): the pixels of each patch as channels."""
    count, side = len(crops), crops.shape[1] // PATCH
    split = crops.reshape(count, side, PATCH, side, PATCH).transpose(0, 2, 4, 1, 3)
    return split.reshape(count, PATCH**2, side, side)


def find_tap(path: Path, layer: str) -> Tap:
    """The output of the last ReLU of a layer.

    Parameters
    ----------
    path : a quantised classifier
    layer : prefix of the names of the layer's nodes, such as "/features/features.5/"

    Raises
    ------
    UsageError
        if there is no such layer, or it gives no bytes.
    """
    graph = onnx.load(path).graph
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    quantized = [n for n in graph.node if n.op_type == "QuantizeLinear" and n.input[0] == f"{layer}Relu_output_0"]
    readers = [n for n in graph.node for q in quantized if n.op_type == "DequantizeLinear" and n.input[0] == q.output[0]]
    if not readers or int(constants[quantized[0].input[2]]) != 0:
        hint = "give a residual classifier in integers and one of its layers"
        raise UsageError(f"{path.name} gives no bytes at {layer}", hint)
    read = [n for n in graph.node if n.op_type == "Conv" and readers[0].output[0] in n.input]
    weights = next(n for n in graph.node if n.output[0] == read[0].input[1])
    step = float(constants[quantized[0].input[1]])
    return Tap(path, quantized[0].output[0], step, constants[weights.input[0]].shape[1])


def join(tap: Tap, branch: Path, out: Path) -> None:
    """Write one file with the outputs of the classifier and `signals`.

    Parameters
    ----------
    tap : where the branch begins
    branch : an ONNX file with one input, see `Tap.reader`
    out : the file to write
    """
    whole, part = onnx.load(tap.path), onnx.load(branch).graph
    own = [*(tensor.name for tensor in part.initializer), *(name for node in part.node for name in node.output)]
    renamed = {name: PREFIX + name for name in own} | {part.input[0].name: PREFIX + "read", part.output[0].name: OUTPUT}
    _add_patches(whole.graph, tap.data, PREFIX + "read")
    for node in part.node:
        copied = whole.graph.node.add()
        copied.CopyFrom(node)
        copied.name = PREFIX + node.name
        copied.input[:] = [renamed.get(name, name) for name in node.input]
        copied.output[:] = [renamed[name] for name in node.output]
    for tensor in part.initializer:
        added = whole.graph.initializer.add()
        added.CopyFrom(tensor)
        added.name = PREFIX + tensor.name
    shape = part.output[0].type.tensor_type.shape.dim[1].dim_value
    whole.graph.output.append(helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, ["N", shape]))
    _sort(whole.graph)
    onnx.checker.check_model(whole)
    onnx.save(whole, out)


def _add_patches(graph: onnx.GraphProto, data: str, out: str) -> None:
    """Add nodes that append the input's pixels to the channels of `data`, as `patches` does."""
    luma = graph.input[0]
    side = luma.type.tensor_type.shape.dim[2].dim_value // PATCH
    split, turned, pixels = (PREFIX + name for name in ("split", "turned", "pixels"))
    for name, shape in ((f"{split}/shape", (-1, side, PATCH, side, PATCH)), (f"{pixels}/shape", (-1, PATCH**2, side, side))):
        graph.initializer.append(numpy_helper.from_array(np.array(shape, np.int64), name))
    graph.node.extend(
        [
            helper.make_node("Reshape", [luma.name, f"{split}/shape"], [split], split),
            helper.make_node("Transpose", [split], [turned], turned, perm=[0, 2, 4, 1, 3]),
            helper.make_node("Reshape", [turned, f"{pixels}/shape"], [pixels], pixels),
            helper.make_node("Concat", [data, pixels], [out], out, axis=1),
        ]
    )


def _sort(graph: onnx.GraphProto) -> None:
    """Sort nodes topologically, otherwise keeping their order."""
    known = {tensor.name for tensor in graph.initializer} | {port.name for port in graph.input} | {""}
    waiting, done = list(graph.node), []
    while waiting:
        ready = [node for node in waiting if all(name in known for name in node.input)]
        done += ready
        known |= {name for node in ready for name in node.output}
        waiting = [node for node in waiting if not all(name in known for name in node.output)]
    del graph.node[:]
    graph.node.extend(done)
