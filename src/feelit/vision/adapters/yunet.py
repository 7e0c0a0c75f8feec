"""YuNet, the detector of OpenCV's zoo (Wu et al. 2023, "YuNet: A Tiny Millisecond-level Face Detector").

It takes BGR and gives raw maps for the strides 8, 16 and 32, decoded here as `cv2.FaceDetectorYN` does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from feelit.models.card import ModelCard
from feelit.types import Float32, UInt8
from feelit.vision.adapters.adapter import Adapter, Raw, ask_for, check_shape

WIDTHS = {"cls": 1, "obj": 1, "bbox": 4, "kps": 10}
STRIDES = (8, 16, 32)
OUTPUTS = tuple(f"{kind}_{stride}" for kind in WIDTHS for stride in STRIDES)
CARD = ModelCard("YuNet", "face", "yunet", licence="MIT", color="bgr", threshold=0.6)
"""The files that OpenCV publishes have none."""


def feed(images: UInt8) -> Float32:
    """(N, h, w, 3) BGR uint8 -> (N, 3, h, w) float32."""
    return np.ascontiguousarray(images.transpose(0, 3, 1, 2), np.float32)


def read(name: str, found: Sequence[NDArray[Any]], size: tuple[int, int, int]) -> Raw:
    """Twelve maps, four a stride, each (N, cells, values)."""
    number, height, width = size
    maps = dict(zip(OUTPUTS, found, strict=True))
    for output, given in maps.items():
        kind, stride = output.split("_")
        cells = height * width // int(stride) ** 2
        check_shape(f"{name}: {output}", given, (number, cells, WIDTHS[kind]))
    levels = [_level(maps, stride, width // stride) for stride in STRIDES]
    score, box, landmarks = (np.concatenate(part, axis=1) for part in zip(*levels, strict=True))
    return score, box, landmarks


def _level(maps: Mapping[str, Float32], stride: int, columns: int) -> tuple[Float32, Float32, Float32]:
    """Cells are read row by row, each cell predicts from its upper left corner."""
    score = np.sqrt(np.clip(maps[f"cls_{stride}"], 0, 1) * np.clip(maps[f"obj_{stride}"], 0, 1))[..., 0]
    cell = np.arange(score.shape[1], dtype=np.int64)
    corner = np.stack([cell % columns, cell // columns], axis=1).astype(np.float32)
    raw = maps[f"bbox_{stride}"]
    with np.errstate(over="ignore"):  # endless boxes are left out by the detector
        centre, half = raw[..., :2] + corner, np.exp(raw[..., 2:]) / 2
    box = np.concatenate([centre - half, centre + half], axis=2) * np.float32(stride)
    landmarks = (maps[f"kps_{stride}"] + np.tile(corner, 5)) * np.float32(stride)
    return score, box, landmarks


ADAPTER = Adapter("bgr", ask_for(*OUTPUTS), feed, read)
