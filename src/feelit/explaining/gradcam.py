"""Grad-CAM (Selvaraju et al. 2017, "Grad-CAM: Visual Explanations from Deep Networks via Gradient-based Localization").

The feature maps of a late layer are summed, each weighted by the mean gradient of the label's logit with respect to it, and
negative values are clipped. ONNX Runtime computes no gradients, so PyTorch computes the same ONNX file, node by node: the
operators of convolutional classifiers as PyTorch and Keras export them. The outputs of both are compared every time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor
from torch.nn import functional

from feelit.errors import ModelError
from feelit.types import Float32, UInt8
from feelit.vision.expression import ExpressionModel
from feelit.vision.session import open_session

TOLERANCE = 1e-3
"""The largest difference between PyTorch and ONNX Runtime, relative to the largest output."""

TOLERANCE_IN_STEPS = 2e-2
"""The same for quantised networks: a value at the boundary of two steps may be off by a whole step."""

LEAST_CELLS = 3
"""The last maps with at least so many cells along a side are used: those of the last convolution, as in the paper. Finer maps
of earlier layers are less faithful (docs/explain.md has figures)."""


HINT = "choose --method rise or occlusion"


def grad_cam(path: Path, model: ExpressionModel, crop: UInt8, label: str) -> Float32:
    """The Grad-CAM map of a label.

    Parameters
    ----------
    path : the ONNX file of `model`
    crop : (S, S) uint8
    label : one of `model.labels`

    Returns
    -------
    (S, S) float32, not negative, in shares of its largest value: what it measures differs from layer to layer

    Raises
    ------
    ModelError
        if the network has an unknown operator, gives other outputs in PyTorch, or has no feature maps.
    """
    inputs = model.prepare(crop[None])
    computed = run_graph(path, torch.from_numpy(inputs), model.output)
    _compare(path, model, inputs, computed)
    maps = _maps(path, computed)
    (slope,) = torch.autograd.grad(computed.logits.reshape(-1)[model.labels.index(label)], maps)
    cells = torch.relu((slope.mean(dim=(2, 3), keepdim=True) * maps).sum(dim=1))[0].detach().numpy()
    large = np.asarray(cv2.resize(cells, crop.shape[::-1], interpolation=cv2.INTER_LINEAR), np.float32)
    largest = float(large.max())
    return large / np.float32(largest if largest > 0 else 1)


def _maps(path: Path, computed: Computed) -> Tensor:
    """The last feature maps that are fine enough."""
    for value in reversed(computed.passages):
        if value.ndim == 4 and value.requires_grad and min(value.shape[2:]) >= LEAST_CELLS:
            return value
    raise ModelError(f"{path.name} has no feature maps of {LEAST_CELLS} x {LEAST_CELLS} cells or more", HINT)


def _compare(path: Path, model: ExpressionModel, inputs: UInt8 | Float32, computed: Computed) -> None:
    session = open_session(path, "cpu")
    (served,) = session.run([model.output], {session.get_inputs()[0].name: inputs})
    difference = float(np.abs(computed.output.detach().numpy() - served).max())
    if not difference <= (TOLERANCE_IN_STEPS if computed.in_steps else TOLERANCE) * max(1.0, float(np.abs(served).max())):
        raise ModelError(f"{path.name} gives other outputs in PyTorch, by {difference:.2g}", HINT)


Attributes = Mapping[str, Any]
Operator = Callable[[Sequence[Tensor], Attributes], Tensor]


@dataclass(frozen=True, slots=True)
class Computed:
    """The values of a network for one input."""

    passages: list[Tensor]  # values through which every path from input to output goes, in the order of computation
    output: Tensor
    logits: Tensor  # the input of the final softmax; the output itself, if there is none
    in_steps: bool  # whether the network is quantised


def run_graph(path: Path, given: Tensor, output: str) -> Computed:
    """Compute a network in PyTorch, so that its values have gradients.

    Parameters
    ----------
    path : an ONNX file whose graph has one input
    given : the input
    output : the name of an output

    Raises
    ------
    ModelError
        if the graph has an unknown operator or attribute.
    """
    graph = onnx.load(path).graph
    constants = {weight.name: _tensor(weight) for weight in graph.initializer}
    for weight in constants.values():  # a network may take bytes, which have no gradients
        weight.requires_grad_(weight.is_floating_point())
    values = constants | {entry.name: given for entry in graph.input if entry.name not in constants}
    for node in graph.node:
        attributes = {attribute.name: onnx.helper.get_attribute_value(attribute) for attribute in node.attribute}
        try:
            result = OPERATORS[node.op_type]([values[name] for name in node.input if name], attributes)
        except (KeyError, RuntimeError, TypeError, ValueError) as error:
            message = f"{path.name}: the operator {node.op_type} cannot be computed with gradients as it is used here"
            raise ModelError(message, f"{HINT}, which ask the model and need no gradients") from error
        values[node.output[0]] = result
    last = next(node for node in graph.node if output in node.output)
    logits = values[last.input[0]] if last.op_type == "Softmax" else values[output]
    inputs = {entry.name for entry in graph.input} - constants.keys()
    in_steps = any(node.op_type == "QuantizeLinear" for node in graph.node)
    return Computed([values[name] for name in _passages(graph.node, inputs, output)], values[output], logits, in_steps)


def _passages(nodes: Sequence[onnx.NodeProto], inputs: set[str], output: str) -> list[str]:
    """The values on every path from the inputs to an output: those after a block with a shortcut, but not within it."""
    needed = {output}
    for node in reversed(nodes):
        needed |= set(node.input) if node.output[0] in needed else set()
    moving, way = set(inputs), []
    for node in nodes:
        if node.output[0] in needed and moving & set(node.input):
            moving.add(node.output[0])
            way.append(node)
    last_use = {name: i for i, node in enumerate(way) for name in node.input}
    waiting, found = set(inputs), []
    for i, node in enumerate(way):
        waiting = {name for name in waiting | {node.output[0]} if last_use.get(name, -1) > i}
        found += [node.output[0]] if waiting == {node.output[0]} else []
    return found


def _tensor(weight: onnx.TensorProto) -> Tensor:
    return torch.from_numpy(np.array(numpy_helper.to_array(weight)))


def _cast(inputs: Sequence[Tensor], attributes: Attributes) -> Tensor:
    kind = onnx.helper.tensor_dtype_to_np_dtype(attributes["to"])
    return inputs[0].to(getattr(torch, np.dtype(kind).name))


def _filled(inputs: Sequence[Tensor], attributes: Attributes) -> Tensor:
    value = _tensor(attributes["value"]) if "value" in attributes else torch.zeros(1)
    return value.expand(inputs[0].tolist())


def _convolution(inputs: Sequence[Tensor], attributes: Attributes) -> Tensor:
    image, weight, *bias = inputs
    strides, dilations = attributes.get("strides", [1, 1]), attributes.get("dilations", [1, 1])
    padded = _padded(image, weight.shape[2:], attributes, 0.0)
    groups = attributes.get("group", 1)
    return functional.conv2d(padded, weight, *bias, stride=strides, dilation=dilations, groups=groups)


def _largest(inputs: Sequence[Tensor], attributes: Attributes) -> Tensor:
    kernel = attributes["kernel_shape"]
    padded = _padded(inputs[0], kernel, attributes, -torch.inf)
    return functional.max_pool2d(padded, kernel, attributes.get("strides", [1, 1]))


def _padded(image: Tensor, kernel: Sequence[int], attributes: Attributes, value: float) -> Tensor:
    """Pad as the attributes say, see Conv in the ONNX specification."""
    auto = attributes.get("auto_pad", b"NOTSET").decode()
    top, left, bottom, right = attributes.get("pads", [0, 0, 0, 0])
    if auto.startswith("SAME"):
        strides, dilations = attributes.get("strides", [1, 1]), attributes.get("dilations", [1, 1])
        missing = [
            max((-(-side // stride) - 1) * stride + (length - 1) * dilation + 1 - side, 0)
            for side, length, stride, dilation in zip(image.shape[2:], kernel, strides, dilations, strict=True)
        ]
        less, more = [part // 2 for part in missing], [part - part // 2 for part in missing]
        (top, left), (bottom, right) = (less, more) if auto == "SAME_UPPER" else (more, less)
    return functional.pad(image, (left, right, top, bottom), value=value)


def _normalised(inputs: Sequence[Tensor], attributes: Attributes) -> Tensor:
    image, scale, shift, mean, variance = inputs
    return functional.batch_norm(image, mean.detach(), variance.detach(), scale, shift, eps=attributes.get("epsilon", 1e-5))


def _mean(inputs: Sequence[Tensor], attributes: Attributes) -> Tensor:
    axes = inputs[1].tolist() if len(inputs) > 1 else attributes["axes"]
    return inputs[0].mean(dim=tuple(axes), keepdim=bool(attributes.get("keepdims", 1)))


def _product(inputs: Sequence[Tensor], attributes: Attributes) -> Tensor:
    left = inputs[0].T if attributes.get("transA") else inputs[0]
    right = inputs[1].T if attributes.get("transB") else inputs[1]
    result = attributes.get("alpha", 1.0) * (left @ right)
    return result + attributes.get("beta", 1.0) * inputs[2] if len(inputs) > 2 else result


def _quantised(inputs: Sequence[Tensor], attributes: Attributes) -> Tensor:
    """Quantised values as floats; gradients pass the rounding unchanged (Bengio et al. 2013)."""
    value, step, zero = inputs
    axis = attributes.get("axis", 1)
    exact = value / _along(step, value, axis) + _along(zero, value, axis).to(value.dtype)
    rounded = exact + (exact.round() - exact).detach()
    kind = torch.iinfo(zero.dtype)
    return rounded.clamp(kind.min, kind.max)


def _dequantised(inputs: Sequence[Tensor], attributes: Attributes) -> Tensor:
    value, step, zero = inputs
    axis = attributes.get("axis", 1)
    return (value.to(step.dtype) - _along(zero, value, axis).to(step.dtype)) * _along(step, value, axis)


def _along(parameter: Tensor, value: Tensor, axis: int) -> Tensor:
    """A parameter reshaped to broadcast: one number for all, or one per index of an axis."""
    if parameter.numel() == 1:
        return parameter.reshape(())
    shape = [1] * value.ndim
    shape[axis] = -1
    return parameter.reshape(shape)


OPERATORS: Mapping[str, Operator] = {
    "Add": lambda inputs, _: inputs[0] + inputs[1],
    "BatchNormalization": _normalised,
    "Cast": _cast,
    "Constant": lambda _, attributes: _tensor(attributes["value"]),
    "ConstantOfShape": _filled,
    "Conv": _convolution,
    "DequantizeLinear": _dequantised,
    "Div": lambda inputs, _: inputs[0] / inputs[1],
    "Dropout": lambda inputs, _: inputs[0],
    "Expand": lambda inputs, _: inputs[0].expand(torch.broadcast_shapes(inputs[0].shape, inputs[1].tolist())),
    "Flatten": lambda inputs, attributes: inputs[0].flatten(attributes.get("axis", 1)),
    "Gemm": _product,
    "GlobalAveragePool": lambda inputs, _: inputs[0].mean(dim=(2, 3), keepdim=True),
    "Identity": lambda inputs, _: inputs[0],
    "MatMul": lambda inputs, _: inputs[0] @ inputs[1],
    "MaxPool": _largest,
    "Mul": lambda inputs, _: inputs[0] * inputs[1],
    "QuantizeLinear": _quantised,
    "ReduceMean": _mean,
    "Relu": lambda inputs, _: torch.relu(inputs[0]),
    "Softmax": lambda inputs, attributes: torch.softmax(inputs[0], attributes.get("axis", -1)),
    "Sub": lambda inputs, _: inputs[0] - inputs[1],
    "Tile": lambda inputs, _: inputs[0].repeat(inputs[1].tolist()),
}
"""The functions of ONNX operators."""
