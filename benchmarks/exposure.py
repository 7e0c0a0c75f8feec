"""A classifier on faces in bad light, with and without the correction of exposure that its card requires.

    python benchmarks/exposure.py FER_FOLDER [--model expression]

The minimum median was chosen on every second image of the validation split; the results are for the other images. The minimum
range was chosen with results on these in view, so the figures are slightly optimistic (docs/lab-notes.md has the candidates).
Crops are darkened, with sensor noise, and rounded to whole grey levels, as a camera stores them. Printed are accuracy, mean
recall over the labels, and mean confidence minus accuracy.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np

from feelit.datasets.read import read_split
from feelit.evaluation.classifier.crops import crop_images
from feelit.models.card import read_card
from feelit.models.paths import model_path
from feelit.types import Float64, UInt8
from feelit.vision.expression import ExpressionModel

LIGHT = {
    "unchanged": (1.0, 1.0, 0.0),
    "a quarter of the light, noise of 3 levels": (0.25, 1.0, 3.0),
    "an eighth, noise of 2": (0.125, 1.0, 2.0),
    "a sixteenth, noise of 1": (0.0625, 1.0, 1.0),
    "gamma 2": (1.0, 2.0, 0.0),
    "gamma 3": (1.0, 3.0, 0.0),
}
"""Factor, exponent, and standard deviation of the noise in grey levels."""


def lit(crops: UInt8, factor: float, exponent: float, noise: float) -> UInt8:
    """(N, S, S) uint8 crops under this light."""
    luma: Float64 = factor * 255 * (crops / 255) ** exponent
    luma += np.random.default_rng(0).normal(0, noise, crops.shape) if noise else 0
    return np.clip(np.rint(luma), 0, 255).astype(np.uint8)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--model", default="expression")
    asked = parser.parse_args()
    path = model_path(asked.model)
    card = read_card(path)
    ways = {
        "as stored": ExpressionModel(path, "cpu", card=replace(card, exposure=())),
        "corrected": ExpressionModel(path, "cpu", card=card),
    }
    faces = read_split(asked.data, "valid")
    rows = np.flatnonzero(faces.label >= 0)[1::2]
    crops, label = crop_images(ways["corrected"], faces.images, "aligned").pixels[rows], faces.label[rows]
    print(f"{len(rows)} validation images; limits {card.exposure}")
    print(f"{'light':44}" + "".join(f"{name + ': accuracy, mean recall, overconfidence':>52}" for name in ways))
    for name, light in LIGHT.items():
        images = lit(crops, *light)
        cells = []
        for model in ways.values():
            probability = model.probabilities(images)
            said = probability.argmax(axis=1)
            right = float((said == label).mean())
            recall = float(np.mean([(said[label == k] == k).mean() for k in np.unique(label)]))
            cells.append(f"{right:32.1%} {recall:9.3f} {probability.max(axis=1).mean() - right:+9.3f}")
        print(f"{name:44}" + "".join(cells), flush=True)


if __name__ == "__main__":
    main()
