"""Ultra-Light-Fast-Generic-Face-Detector-1MB by Linzaer, in short UltraFace.

For `version-RFB-320.onnx`, `version-slim-320.onnx` and those for 640 x 480. Priors are decoded in the graph; there are no
landmarks.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from feelit.types import Float32, UInt8
from feelit.vision.adapters.adapter import Adapter, Raw, ask_for, check_shape, rgb_planes

MEAN, SCALE = 127.0, 128.0


def feed(images: UInt8) -> Float32:
    """(N, h, w, 3) BGR uint8 -> (N, 3, h, w) RGB float32 within -1..1."""
    return rgb_planes(images, MEAN, SCALE)


def read(name: str, found: Sequence[NDArray[Any]], size: tuple[int, int, int]) -> Raw:
    """`scores` (N, A, 2), of the background and of a face, and `boxes` (N, A, 4): corners in shares of the input's sides."""
    scores, boxes = found
    number, height, width = size
    anchors = scores.shape[1] if scores.ndim == 3 else 0
    check_shape(f"{name}: scores", scores, (number, anchors, 2))
    check_shape(f"{name}: boxes", boxes, (number, anchors, 4))
    with np.errstate(over="ignore"):  # endless boxes are left out by the detector
        box = boxes.astype(np.float32) * np.array([width, height, width, height], np.float32)
    return scores[..., 1], box, None


ADAPTER = Adapter("rgb", ask_for("scores", "boxes"), feed, read, MEAN, SCALE)
