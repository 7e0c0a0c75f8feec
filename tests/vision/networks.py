"""ONNX files with the interfaces of other people's detectors, whose answers are known.

Where they look at the picture they look at its red plane alone, undo the normalisation of their family, and answer with the
brightness, 0..1: a wrong order of colours or a wrong mean shows in the score.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper

from feelit.types import Float32


def save(
    path: Path,
    nodes: Sequence[NodeProto],
    shape: Sequence[int | str],
    outputs: Sequence[str],
    constants: Mapping[str, NDArray[Any]],
) -> Path:
    """Write a graph with the one input `input`, float32."""
    graph = helper.make_graph(
        list(nodes),
        path.stem,
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, list(shape))],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs],
        [onnx.numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)
    return path


def red(mean: float, scale: float) -> tuple[list[NodeProto], dict[str, NDArray[Any]]]:
    """Nodes that make `bright` (1, 1, H, W), 0..1, of the input's first plane."""
    nodes = [
        helper.make_node("Slice", ["input", "zero", "one", "one"], ["plane"]),
        helper.make_node("Mul", ["plane", "scale"], ["shifted"]),
        helper.make_node("Add", ["shifted", "mean"], ["pixels"]),
        helper.make_node("Div", ["pixels", "white"], ["bright"]),
    ]
    # Slice takes starts, ends and axes: planes 0 to 1 of axis 1.
    constants: dict[str, NDArray[Any]] = {
        "zero": np.array([0], np.int64),
        "one": np.array([1], np.int64),
        "scale": np.array(scale, np.float32),
        "mean": np.array(mean, np.float32),
        "white": np.array(255, np.float32),
    }
    return nodes, constants


def ultraface(path: Path, box: Sequence[Sequence[float]], sides: tuple[int, int] = (240, 320), batch: int = 1) -> Path:
    """UltraFace with A anchors whose boxes, corners in 0..1, are always `box` (A, 4); all score the brightest red pixel."""
    nodes, constants = red(127, 128)
    nodes += [
        helper.make_node("ReduceMax", ["bright"], ["top"], axes=[1, 2, 3], keepdims=1),
        helper.make_node("Reshape", ["top", "column"], ["face"]),
        helper.make_node("Sub", ["sure", "face"], ["background"]),
        helper.make_node("Concat", ["background", "face"], ["pair"], axis=2),
        helper.make_node("Expand", ["pair", "anchors"], ["scores"]),
        helper.make_node("Identity", ["place"], ["boxes"]),
    ]
    constants |= {
        "column": np.array([1, 1, 1], np.int64),
        "sure": np.array(1, np.float32),
        "anchors": np.array([1, len(box), 2], np.int64),
        "place": np.array([box], np.float32),
    }
    return save(path, nodes, [batch, 3, *sides], ["scores", "boxes"], constants)


def scrfd(
    path: Path,
    levels: Mapping[int, tuple[Sequence[float], Sequence[float], Sequence[float]]],
    landmarks: bool = True,
    batched: bool = False,
    sides: tuple[int | str, int | str] = ("?", "?"),
) -> Path:
    """SCRFD: an anchor scores the brightest red pixel of its cell.

    Parameters
    ----------
    levels : stride -> factors of the scores of both anchors of a cell, distances of every box (4) and landmark (10), in strides
    landmarks : whether there are outputs for them
    batched : whether the outputs have a first axis of 1
    """
    nodes, constants = red(127.5, 128)
    outputs: dict[str, list[str]] = {"score": [], "bbox": [], "kps": []}
    constants |= {"cells": np.array([-1, 1], np.int64), "nought": np.array(0, np.float32), "first": np.array([0], np.int64)}
    for s, (factor, sides_of_box, points) in levels.items():
        nodes += [
            helper.make_node("MaxPool", ["bright"], [f"top_{s}"], kernel_shape=[s, s], strides=[s, s]),
            helper.make_node("Reshape", [f"top_{s}", "cells"], [f"cell_{s}"]),
            helper.make_node("Mul", [f"cell_{s}", f"factor_{s}"], [f"pair_{s}"]),
            helper.make_node("Reshape", [f"pair_{s}", "cells"], [f"plain_score_{s}"]),
            helper.make_node("Mul", [f"plain_score_{s}", "nought"], [f"empty_{s}"]),
            helper.make_node("Add", [f"empty_{s}", f"sides_{s}"], [f"plain_bbox_{s}"]),
            helper.make_node("Add", [f"empty_{s}", f"points_{s}"], [f"plain_kps_{s}"]),
        ]
        constants |= {
            f"factor_{s}": np.array([factor], np.float32),
            f"sides_{s}": np.array([sides_of_box], np.float32),
            f"points_{s}": np.array([points], np.float32),
        }
        for kind, names in outputs.items():
            # InsightFace's exporter names them by running numbers.
            number = str(443 + 3 * s + len(kind))
            kinds = ("Unsqueeze", [f"plain_{kind}_{s}", "first"]) if batched else ("Identity", [f"plain_{kind}_{s}"])
            nodes.append(helper.make_node(*kinds, [number]))
            names.append(number)
    given = [name for kind, names in outputs.items() for name in names if landmarks or kind != "kps"]
    return save(path, nodes, [1, 3, *sides], given, constants)


def spot(height: int, width: int, *spots: tuple[int, int, tuple[int, int, int]]) -> NDArray[np.uint8]:
    """(height, width, 3) BGR, black but for single pixels (x, y, (blue, green, red))."""
    picture = np.zeros((height, width, 3), np.uint8)
    for x, y, colour in spots:
        picture[y, x] = colour
    return picture


def floats(*values: Sequence[float]) -> Float32:
    """(N, K) float32."""
    return np.array(values, np.float32)
