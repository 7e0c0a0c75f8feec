"""Scores of well-known architectures, also with masked faces, and their errors relative to the built-in classifier.

    python benchmarks/designs.py FER runs/hog/hog.onnx [runs/cnn3/cnn3.onnx ...] [--split valid] [--figure designs.png]

All networks classify the same aligned faces. Prints a Markdown table. The figure shows the most frequent confusions of the
first network on faces that the built-in classifier classifies correctly, and the same confusions in the opposite case.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from feelit.datasets.names import FER2013
from feelit.datasets.read import read_split
from feelit.evaluation.classifier.crops import OCCLUSIONS, crop_images
from feelit.evaluation.classifier.evaluate import ms_per_face
from feelit.evaluation.classifier.metrics import class_scores, confusion
from feelit.models.paths import model_path
from feelit.render.theme import EMOTION_COLOUR
from feelit.types import EMOTIONS, Int64, UInt8
from feelit.vision.expression import ExpressionModel

SHOWN = 10
"""Confusions in the figure."""


def _half(upper: bool) -> Callable[[UInt8, np.random.Generator], UInt8]:
    """Half of the face covered in black."""

    def change(crop: UInt8, rng: np.random.Generator) -> UInt8:
        hidden, middle = crop.copy(), len(crop) // 2
        hidden[slice(0, middle) if upper else slice(middle, None)] = 0
        return hidden

    return change


MASKS = {
    "lower half": _half(upper=False),
    "upper half": _half(upper=True),
    "eyes": OCCLUSIONS["sunglasses"],
    "quarter": OCCLUSIONS["quarter covered"],
    "medical mask": OCCLUSIONS["mask"],
}


def main() -> None:
    """Parse the command line, score, print, draw."""
    parser = argparse.ArgumentParser(description="Well-known architectures and the built-in classifier.")
    parser.add_argument("data", type=Path)
    parser.add_argument("networks", type=Path, nargs="+")
    parser.add_argument("--split", default="valid")
    parser.add_argument("--figure", type=Path)
    arguments = parser.parse_args()
    faces = read_split(arguments.data, arguments.split)
    models = [ExpressionModel(path, "cpu", prior="as-trained") for path in (model_path("expression"), *arguments.networks)]
    print(f"| aligned crops | accuracy | macro F1 | {' | '.join(MASKS)} | FER2013 | macro F1 | parameters | ms per face |")
    print("|---|" + "---:|" * (6 + len(MASKS)), flush=True)
    answers = []
    for model in models:
        pixels = crop_images(model, faces.images, "aligned").pixels
        answers.append(model.probabilities(pixels).argmax(axis=1).astype(np.int64))
        decided, own = faces.label >= 0, faces.fer2013 >= 0
        seven = model.of_output("fer2013", FER2013).probabilities(pixels)[:, [EMOTIONS.index(name) for name in FER2013]]
        cells = [
            *_scores(faces.label[decided], answers[-1][decided], len(EMOTIONS)),
            *(_under(model, pixels[decided], change, faces.label[decided]) for change in MASKS.values()),
            *_scores(faces.fer2013[own], seven[own].argmax(axis=1).astype(np.int64), len(FER2013)),
            f"{(model.card.parameters or 0) / 1e6:.2f} M",
            f"{ms_per_face(model, pixels):.2f}",
        ]
        print(f"| `{model.card.name}` | {' | '.join(cells)} |", flush=True)
    if arguments.figure:
        _draw(faces.label, answers[0], answers[1], models[1].card.name, arguments.figure)


def _scores(label: Int64, answer: Int64, classes: int) -> tuple[str, str]:
    matrix = confusion(label, answer, classes)
    return f"{100 * np.trace(matrix) / matrix.sum():.1f} %", f"{float(class_scores(matrix).macro('f1')):.3f}"


def _under(model: ExpressionModel, pixels: UInt8, change: Callable[[UInt8, np.random.Generator], UInt8], label: Int64) -> str:
    hidden = np.stack([change(crop, np.random.default_rng([1, i])) for i, crop in enumerate(pixels)])
    return f"{100 * float((model.probabilities(hidden).argmax(axis=1) == label).mean()):.1f} %"


def _draw(label: Int64, ours: Int64, theirs: Int64, name: str, path: Path) -> None:
    """Bars of the most frequent confusions of one network where the other is correct."""
    rows_of = [row for row in zip(label.tolist(), ours.tolist(), theirs.tolist(), strict=True) if row[0] >= 0]
    only_theirs = Counter((seen, said) for seen, our, said in rows_of if our == seen != said)
    only_ours = Counter((seen, our) for seen, our, said in rows_of if said == seen != our)
    most = only_theirs.most_common(SHOWN)
    figure = Figure(figsize=(8, 4.5), layout="constrained")
    axes = figure.subplots()
    rows = np.arange(len(most))
    total, back = sum(only_theirs.values()), sum(only_ours.values())
    for side, counts, colour, words in (
        (-0.2, [count for _, count in most], EMOTION_COLOUR["anger"].hex, f"only {name} is wrong ({total} faces in all)"),
        (0.2, [only_ours[pair] for pair, _ in most], "0.65", f"only the built-in classifier is wrong ({back})"),
    ):
        axes.bar_label(axes.barh(rows + side, counts, 0.4, color=colour, label=words), padding=2, fontsize=8)
    axes.set_yticks(rows, [f"{EMOTIONS[seen]} as {EMOTIONS[said]}" for (seen, said), _ in most])
    axes.invert_yaxis()
    axes.set_xlabel(f"of {int((label >= 0).sum())} validation faces on whose expression most people agreed")
    axes.set_title(f"Expressions that {name} confuses")
    axes.legend(frameon=False, loc="lower right")
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=150, metadata={"Software": None})


if __name__ == "__main__":
    main()
