"""Adapters: the input and the outputs of each family of face detectors."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from feelit.errors import ModelError
from feelit.models.card import Color, ModelCard
from feelit.types import Float32, UInt8

Raw = tuple[Float32, Float32, Float32 | None]
"""Score (N, A), box (N, A, 4) and landmarks (N, A, 10) of A anchors, px of the view; None where a network has no landmarks."""

STRIDES = (8, 16, 32)

YUNET_WIDTHS = {"cls": 1, "obj": 1, "bbox": 4, "kps": 10}
SCRFD_WIDTHS = {"scores": 1, "boxes": 4, "landmarks": 10}
"""Values per anchor of each kind of output."""

SCRFD_ANCHORS = 2  # per cell


class Adapter(ABC):
    """How one family of detectors is fed and read.

    Attributes
    ----------
    color : of the network's input; its card has to say the same
    mean, scale : the input is (pixel - mean) / scale; a card that says otherwise is refused
    outputs : the names of the network's outputs that are read
    single : whether the network takes one picture at a time, whatever its input claims
    """

    color: Color = "rgb"
    mean: float = 0.0
    scale: float = 1.0
    outputs: tuple[str, ...] = ()
    single: bool = False

    def select_outputs(self, name: str, given: Sequence[str]) -> tuple[str, ...]:
        """The outputs to read out of all that a network has, in order; `name` is that of the file, for messages. Raises
        ModelError if one is missing."""
        if missing := sorted(set(self.outputs) - set(given)):
            hint = "is the adapter in its card right? docs/models.md says what each expects"
            raise ModelError(f"{name} lacks the outputs {', '.join(missing)}", hint)
        return self.outputs

    def feed(self, images: UInt8) -> NDArray[Any]:
        """(N, h, w, 3) BGR uint8 -> (N, 3, h, w) RGB float32, shifted and scaled."""
        planes = np.ascontiguousarray(images[..., ::-1].transpose(0, 3, 1, 2), np.float32)
        planes -= np.float32(self.mean)
        planes /= np.float32(self.scale)
        return planes

    @abstractmethod
    def read(self, name: str, found: Sequence[NDArray[Any]], size: tuple[int, int, int]) -> Raw:
        """Decode the selected outputs of an input of `size` (N, h, w). Raises ModelError if an output has another shape or type
        than this family gives."""


class _Feelit(Adapter):
    """Detectors trained by feelit: luma bytes in; scores, boxes and landmarks in px out, decoded in the graph."""

    color = "luma"
    outputs = ("score", "box", "landmarks")

    def feed(self, images: UInt8) -> UInt8:
        """(N, h, w) -> (N, 1, h, w) uint8."""
        return images[:, None]

    def read(self, name: str, found: Sequence[NDArray[Any]], size: tuple[int, int, int]) -> Raw:
        score, box, landmarks = found
        anchors = score.shape[1] if score.ndim == 2 else 0
        for what, given, values in zip(self.outputs, found, ((), (4,), (10,)), strict=True):
            _check_shape(f"{name}: {what}", given, (size[0], anchors, *values))
        return score, box, landmarks


class _YuNet(Adapter):
    """YuNet of OpenCV's model zoo (Wu et al. 2023, "YuNet: A Tiny Millisecond-level Face Detector").

    Its twelve maps, four per stride, are decoded as `cv2.FaceDetectorYN` does.
    """

    color = "bgr"
    outputs = tuple(f"{kind}_{stride}" for kind in YUNET_WIDTHS for stride in STRIDES)

    def feed(self, images: UInt8) -> Float32:
        """(N, h, w, 3) BGR uint8 -> (N, 3, h, w) float32."""
        return np.ascontiguousarray(images.transpose(0, 3, 1, 2), np.float32)

    def read(self, name: str, found: Sequence[NDArray[Any]], size: tuple[int, int, int]) -> Raw:
        """Each map is (N, cells, values); cells are read row by row."""
        number, height, width = size
        maps = dict(zip(self.outputs, found, strict=True))
        for output, given in maps.items():
            kind, step = output.split("_")
            cells = height * width // int(step) ** 2
            _check_shape(f"{name}: {output}", given, (number, cells, YUNET_WIDTHS[kind]))
        levels = []
        for stride in STRIDES:
            cls, obj, sides, points = (maps[f"{kind}_{stride}"] for kind in YUNET_WIDTHS)
            score = np.sqrt(np.clip(cls, 0, 1) * np.clip(obj, 0, 1))[..., 0]
            y, x = np.divmod(np.arange(score.shape[1]), width // stride)
            corner = np.stack([x, y], axis=1).astype(np.float32)
            with np.errstate(over="ignore"):  # infinite boxes are left out by the detector
                centre, half = sides[..., :2] + corner, np.exp(sides[..., 2:]) / 2
            box = np.concatenate([centre - half, centre + half], axis=2) * np.float32(stride)
            levels.append((score, box, (points + np.tile(corner, 5)) * np.float32(stride)))
        score, box, landmarks = (np.concatenate(part, axis=1) for part in zip(*levels, strict=True))
        return score, box, landmarks


class _UltraFace(Adapter):
    """Ultra-Light-Fast-Generic-Face-Detector-1MB by Linzaer, UltraFace for short.

    For `version-RFB-320.onnx`, `version-slim-320.onnx` and those for 640 x 480. Priors are decoded in the graph; there are no
    landmarks.
    """

    mean, scale = 127.0, 128.0
    outputs = ("scores", "boxes")

    def read(self, name: str, found: Sequence[NDArray[Any]], size: tuple[int, int, int]) -> Raw:
        """`scores` (N, A, 2), of background and face, and `boxes` (N, A, 4): corners in shares of the input's sides."""
        scores, boxes = found
        number, height, width = size
        anchors = scores.shape[1] if scores.ndim == 3 else 0
        _check_shape(f"{name}: scores", scores, (number, anchors, 2))
        _check_shape(f"{name}: boxes", boxes, (number, anchors, 4))
        with np.errstate(over="ignore"):  # infinite boxes are left out by the detector
            box = boxes.astype(np.float32) * np.array([width, height, width, height], np.float32)
        return scores[..., 1], box, None


class _Scrfd(Adapter):
    """SCRFD of InsightFace (Guo et al. 2021, "Sample and Computation Redistribution for Efficient Face Detection").

    For `scrfd_500m_bnkps.onnx`, `det_10g.onnx` and their relatives with the strides 8, 16 and 32. Two anchors share the upper
    left corner of a cell; the sides of a box and the landmarks are distances from it, in strides. The names of the outputs are
    numbers that differ from file to file, so they go by their order: three scores, three boxes and, in most files, three sets
    of landmarks, each from the finest stride to the coarsest.
    """

    mean, scale, single = 127.5, 128.0, True

    def select_outputs(self, name: str, given: Sequence[str]) -> tuple[str, ...]:
        """All outputs: six, or nine with landmarks."""
        if len(given) not in (6, 9):
            hint = "is the adapter in its card right? scrfd reads scores, boxes and landmarks of three strides"
            raise ModelError(f"{name} has {len(given)} outputs, not 6 or 9", hint)
        return tuple(given)

    def read(self, name: str, found: Sequence[NDArray[Any]], size: tuple[int, int, int]) -> Raw:
        """Every output is (2 x cells, values), or the same with a first axis of 1; cells are read row by row."""
        _, height, width = size
        levels = []
        for level, stride in enumerate(STRIDES):
            y, x = np.divmod(np.arange((height // stride) * (width // stride)), width // stride)
            corner = np.repeat(np.stack([x, y], axis=1), SCRFD_ANCHORS, axis=0).astype(np.float32)
            parts = []
            for (what, values), given in zip(SCRFD_WIDTHS.items(), found[level :: len(STRIDES)], strict=False):
                shape = (len(corner), values)
                _check_shape(f"{name}: {what} of stride {stride}", given, shape, (1, *shape))
                parts.append(given.reshape(shape).astype(np.float32))
            score, sides, *points = parts
            with np.errstate(over="ignore"):  # infinite boxes are left out by the detector
                box = np.concatenate([corner - sides[:, :2], corner + sides[:, 2:]], axis=1) * np.float32(stride)
                landmarks = [(np.tile(corner, 5) + p) * np.float32(stride) for p in points]
            levels.append((score[:, 0], box, *landmarks))
        score, box, *whole = (np.concatenate(part)[None] for part in zip(*levels, strict=True))
        return score, box, whole[0] if whole else None


def _check_shape(what: str, found: NDArray[Any], *shapes: tuple[int, ...]) -> None:
    if found.shape not in shapes or found.dtype.kind != "f":
        message = f"{what} is {found.shape} {found.dtype}, not {' or '.join(map(str, shapes))} of floats"
        raise ModelError(message, "docs/models.md says what a detector gives")


ADAPTERS: dict[str, Adapter] = {"feelit": _Feelit(), "yunet": _YuNet(), "ultraface": _UltraFace(), "scrfd": _Scrfd()}
"""The adapters of face detectors, by the name in a model card."""

YUNET_CARD = ModelCard("YuNet", "face", "yunet", licence="MIT", color="bgr", threshold=0.6)
"""Stands in for the card that the files published by OpenCV lack."""
