"""Faithfulness of the maps of `feelit explain`: how a prediction changes when the important pixels are hidden.

    python benchmarks/explain.py FER [--model expression] [--images 60]

Labelled faces of a validation split, each with its most probable label. Deletion and insertion are areas under curves of that
label's probability; low deletion and high insertion are better. Drop is the decrease of the probability when the top tenth is
hidden. The last tables give rank correlations of two maps of one face: with different random masks, and with the weights of the
network shuffled within every layer, which should be near 0.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper
from scipy.stats import spearmanr

from feelit.datasets.read import read_split
from feelit.evaluation.classifier.crops import crop_images
from feelit.explaining import gradcam
from feelit.explaining.saliency import baseline_of, judge, occlusion, rise, score_of
from feelit.models.card import read_card, write_card
from feelit.models.paths import model_path
from feelit.options.models import Baseline
from feelit.types import EMOTIONS, Float32, UInt8
from feelit.vision.expression import ExpressionModel

FEW = 12  # faces for the tables of correlations, which need several maps each

Maker = Callable[[Path, ExpressionModel, UInt8, str], Float32]
"""A map of a crop and a label."""


def by_rise(masks: int, kind: Baseline = "mean", seed: int = 1) -> Maker:
    """Random masks."""
    return lambda path, model, crop, label: rise(score_of(model, label), crop, baseline_of(crop, kind), masks, seed)


def by_occlusion(share: float, kind: Baseline = "mean") -> Maker:
    """A patch with a side of this share of the crop's, in steps of a quarter of the patch."""

    def make(path: Path, model: ExpressionModel, crop: UInt8, label: str) -> Float32:
        patch = round(share * len(crop))
        return occlusion(score_of(model, label), crop, baseline_of(crop, kind), patch, max(1, round(patch / 4)))

    return make


def by_gradients(cells: int) -> Maker:
    """Maps with at least this number of cells per side."""

    def make(path: Path, model: ExpressionModel, crop: UInt8, label: str) -> Float32:
        gradcam.LEAST_CELLS = cells
        return gradcam.grad_cam(path, model, crop, label)

    return make


def by_chance(path: Path, model: ExpressionModel, crop: UInt8, label: str) -> Float32:
    """Noise."""
    return np.random.default_rng(int(crop.sum())).random(crop.shape, np.float32)


MAKERS: dict[str, Maker] = {
    "rise, mean, 1000 masks": by_rise(1000),
    "rise, blur, 1000 masks": by_rise(1000, "blur"),
    "occlusion, mean, a sixth of the side": by_occlusion(1 / 6),
    "occlusion, blur, a sixth of the side": by_occlusion(1 / 6, "blur"),
    "occlusion, mean, a quarter of the side": by_occlusion(1 / 4),
    "gradcam, maps of 12 x 12 or more": by_gradients(12),
    "gradcam, maps of 6 x 6 or more": by_gradients(6),
    "gradcam, maps of 3 x 3 or more": by_gradients(3),
    "random order": by_chance,
}


def shuffled(path: Path, folder: Path) -> Path:
    """The same network with the weights of every layer in random order."""
    model, rng = onnx.load(path), np.random.default_rng(1)
    for weight in model.graph.initializer:
        values = numpy_helper.to_array(weight)
        if values.ndim >= 2:
            weight.CopyFrom(numpy_helper.from_array(rng.permutation(values.ravel()).reshape(values.shape), weight.name))
    out = folder / "shuffled.onnx"
    onnx.save(model, out)
    write_card(replace(read_card(path), name=out.stem), out)
    return out


def main() -> None:
    """Parse the command line, make maps, print."""
    parser = argparse.ArgumentParser(description="Faithfulness of maps.")
    parser.add_argument("data", type=Path)
    parser.add_argument("--model", default="expression")
    parser.add_argument("--images", type=int, default=60)
    arguments = parser.parse_args()
    path = model_path(arguments.model)
    model = ExpressionModel(path, "cpu")
    faces = read_split(arguments.data, "valid")
    chosen = faces.rows(np.linspace(0, len(faces) - 1, arguments.images).astype(np.int64))
    crops = crop_images(model, chosen.images, "aligned").pixels
    labels = [EMOTIONS[int(row.argmax())] for row in model.probabilities(crops)]
    print(f"{path.stem}, {len(crops)} faces\n\n| map | deletion | insertion | drop | s per face |\n|---|---|---|---|---|")
    for name, make in MAKERS.items():
        start_s = time.perf_counter()
        maps = [make(path, model, crop, label) for crop, label in zip(crops, labels, strict=True)]
        took_s = (time.perf_counter() - start_s) / len(crops)
        judged = [
            judge(score_of(model, label), crop, baseline_of(crop, "mean"), saliency)
            for crop, label, saliency in zip(crops, labels, maps, strict=True)
        ]
        deletion, insertion, drop = (
            np.mean([getattr(one, what) for one in judged]) for what in ("deletion", "insertion", "drop")
        )
        print(f"| {name} | {deletion:.2f} | {insertion:.2f} | {drop:.2f} | {took_s:.2f} |", flush=True)

    few = list(zip(crops[:FEW], labels[:FEW], strict=True))

    def alike(one: Maker, other: Maker, path_of_other: Path, other_model: ExpressionModel) -> list[float]:
        pairs = ((one(path, model, *face), other(path_of_other, other_model, *face)) for face in few)
        return [float(spearmanr(a.ravel(), b.ravel()).statistic) if np.ptp(a) and np.ptp(b) else 0.0 for a, b in pairs]

    print(
        f"\nrank correlation of two maps with different seeds, {len(few)} faces\n\n| masks | median | minimum |\n|---|---|---|"
    )
    for masks in (1000, 4000):
        values = alike(by_rise(masks), by_rise(masks, seed=2), path, model)
        print(f"| {masks} | {np.median(values):.2f} | {min(values):.2f} |", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        other = shuffled(path, Path(folder))
        print("\nrank correlation with the map of a network with shuffled weights, median\n\n| | |\n|---|---|")
        for name, make in (
            ("rise", by_rise(1000)),
            ("occlusion", by_occlusion(1 / 6)),
            ("gradcam", by_gradients(gradcam.LEAST_CELLS)),
        ):
            values = alike(make, make, other, ExpressionModel(other, "cpu"))
            print(f"| {name} | {np.median(values):.2f} |", flush=True)


if __name__ == "__main__":
    main()
