"""Classifiers whose reasons are known, and pictures to show them."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from feelit.explaining.saliency import Score
from feelit.models.card import ModelCard, write_card
from feelit.types import Float64, UInt8
from tests.video import clips

SIDE = 24
REGION = (slice(14, 20), slice(4, 12))
"""Rows and columns that `region_weight` looks at."""

CARD = ModelCard("made", "expression", "classifier", crop="box", size_px=SIDE, labels=("happy", "sad"), temperature=None)


def region_weight() -> Float64:
    """(SIDE, SIDE) float64: the mean of REGION, and nothing else."""
    weight = np.zeros((SIDE, SIDE))
    weight[REGION] = 1
    return np.asarray(weight / weight.sum(), np.float64)


def linear(path: Path, weight: Float64, card: ModelCard = CARD) -> Path:
    """A classifier that finds happiness with the probability `weight · luma / 255`, and sadness with the rest."""
    matrix = np.stack([weight.ravel(), -weight.ravel()], axis=1) / 255
    nodes = [
        helper.make_node("Flatten", ["face"], ["flat"]),
        helper.make_node("MatMul", ["flat", "weight"], ["product"]),
        helper.make_node("Add", ["product", "bias"], ["probability"]),
    ]
    constants = {"weight": matrix, "bias": np.array([[0, 1]])}
    graph = helper.make_graph(
        nodes,
        "linear",
        [helper.make_tensor_value_info("face", TensorProto.FLOAT, ["n", 1, *weight.shape])],
        [helper.make_tensor_value_info("probability", TensorProto.FLOAT, ["n", 2])],
        [numpy_helper.from_array(value.astype(np.float32), name) for name, value in constants.items()],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)
    write_card(card, path)
    return path


def linear_score(weight: Float64) -> Score:
    """What `linear` says of happiness, without a file."""
    return lambda crops: (crops * weight).sum(axis=(1, 2)) / 255


def bright_region() -> UInt8:
    """(SIDE, SIDE) uint8: a little noise, in which no detector sees a face, and REGION in bright."""
    crop = np.random.default_rng(5).integers(95, 106, (SIDE, SIDE)).astype(np.uint8)
    crop[REGION] = 250
    return crop


def portrait(path: Path, side_px: int | None = None) -> Path:
    """An image of one face, cut to its box and `side_px` wide where this is given."""
    patch, (x0, y0, x1, y1) = clips.face_patch()
    if side_px is not None:
        middle, half = (x0 + x1) // 2, (y1 - y0) // 2
        square = patch[y0:y1, middle - half : middle + half]
        patch = np.asarray(cv2.resize(square, (side_px, side_px), interpolation=cv2.INTER_AREA), np.uint8)
    return saved(path, patch)


def group(path: Path) -> Path:
    """An image of three faces, the middle one the largest."""
    patch, _ = clips.face_patch()
    scene = np.full((400, 1200, 3), 128, np.uint8)
    for left, height in ((20, 200), (400, 380), (850, 260)):
        small = cv2.resize(patch, None, fx=height / patch.shape[0], fy=height / patch.shape[0], interpolation=cv2.INTER_AREA)
        scene[10 : 10 + small.shape[0], left : left + small.shape[1]] = small
    return saved(path, scene)


def nobody(path: Path) -> Path:
    """An image without a face, wider than high."""
    y, x = np.mgrid[0:90, 0:120]
    return saved(path, np.repeat((x + y)[..., None], 3, axis=2).astype(np.uint8))


def quick_png(patch: pytest.MonkeyPatch) -> None:
    """Let PNG files be compressed a little: to compress a figure as far as it goes takes longer than to explain a face."""
    encode = cv2.imencode
    few = [cv2.IMWRITE_PNG_COMPRESSION, 1]
    patch.setattr("cv2.imencode", lambda ending, image, ways=(): encode(ending, image, few if ending == ".png" else ways))


def saved(path: Path, image: UInt8) -> Path:
    """Write an image (H, W, 3), RGB, by the ending of the path."""
    done, content = cv2.imencode(path.suffix, image[..., ::-1])
    assert done
    path.write_bytes(content.tobytes())
    return path
