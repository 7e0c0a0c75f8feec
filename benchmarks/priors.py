"""A classifier's probabilities under other label frequencies: accuracy, mean recall and calibration, by exponent.

    python benchmarks/priors.py FER_FOLDER PRESS.parquet [--model expression] [--mirrored]

The assumed frequencies are those of the training data to the power of 1 - exponent: 0 leaves them unchanged, 1 makes all labels
equally frequent. The temperature of each row minimises the mean of two log losses, on the validation split of FER_FOLDER and on
one half of PRESS (columns image and label, split by a hash of the image). The other half is only used for results. The first
row is the card's own calibration. The expected calibration error (ECE) has 15 bins.

Then, under the default prior: recall and precision of every label on all photographs of PRESS; and by the minimum confidence of
a label, the share of claimed labels, the accuracy on these, and the accuracy on the others; and the same by label.
"""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from feelit.datasets.images import Images
from feelit.datasets.read import read_split
from feelit.evaluation.classifier.crops import crop_images
from feelit.evaluation.classifier.metrics import fit_temperature, reliability, softmax
from feelit.models.paths import model_path
from feelit.types import EMOTIONS, Bool, Float32, Float64, Int64
from feelit.vision.expression import ExpressionModel, adjusted, weights

EXPONENTS = (0.0, 0.25, 0.5, 0.75, 1.0)
CONFIDENCES = (0.35, 0.4, 0.45, 0.5, 0.55, 0.6)
LABEL_CONFIDENCES = (0.45, 0.55, 0.65, 0.75, 0.8, 0.85)


def line(probability: Float64, label: Int64) -> str:
    """Accuracy, mean recall over the labels that occur, and ECE."""
    said = probability.argmax(axis=1)
    recall = np.mean([(said[label == k] == k).mean() for k in np.unique(label)])
    error = reliability(probability.max(axis=1), (said == label).astype(np.float64)).error
    return f"{(said == label).mean():6.1%} {recall:6.3f} {error:6.3f}"


def press(model: ExpressionModel, path: Path) -> tuple[Float32, Int64, Bool]:
    """Log probabilities, labels, and which rows belong to the half for fitting."""
    table = pq.read_table(path, columns=["image", "label"])
    files = table["image"].to_pylist()
    images = Images(files, [f"row {n}" for n in range(len(files))])
    half = np.array([hashlib.blake2b(file, digest_size=8).digest()[0] & 1 for file in files]) == 0
    label = np.array([EMOTIONS.index(name) for name in table["label"].to_pylist()], np.int64)
    return log_of(model, crop_images(model, images, "aligned").pixels), label, half


def log_of(model: ExpressionModel, crops: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> Float32:
    """Logarithms of the probabilities as trained."""
    return np.log(np.maximum(model.probabilities(crops), np.float32(1e-9)))


def by_label(probability: Float32, label: Int64) -> None:
    """Print recall and precision."""
    said = probability.argmax(axis=1)
    for k, name in enumerate(EMOTIONS):
        found = float((said[label == k] == k).mean()), float((label[said == k] == k).mean())
        print(f"{name:10} recall {found[0]:.2f} of {(label == k).sum()}, precision {found[1]:.2f} of {(said == k).sum()}")


def by_confidence(sets: list[tuple[Float32, Int64]]) -> None:
    """Print the share of claimed labels, and the accuracy on these and on the others, by minimum confidence."""
    print("confidence from | validation: claimed, accuracy, accuracy on the others | press, for fitting | press, other half")
    for least in CONFIDENCES:
        cells = []
        for probability, label in sets:
            claimed, right = probability.max(axis=1) >= least, probability.argmax(axis=1) == label
            cells.append(f"{claimed.mean():6.1%} {right[claimed].mean():6.1%} {right[~claimed].mean():6.1%}")
        print(f"{least:15.2f} | " + " | ".join(cells))


def by_confidence_and_label(sets: list[tuple[Float32, Int64]]) -> None:
    """Print precision, number and recall of each label, by minimum confidence."""
    print("label, confidence from | validation: precision, number, recall | press, for fitting | press, other half")
    for k, name in enumerate(EMOTIONS):
        for least in LABEL_CONFIDENCES:
            cells = []
            for probability, label in sets:
                claimed = (probability.argmax(axis=1) == k) & (probability.max(axis=1) >= least)
                right = f"{(label[claimed] == k).mean():6.1%}" if claimed.any() else "     -"
                cells.append(f"{right} {claimed.sum():4d} {claimed[label == k].mean():6.1%}")
            print(f"{name:10} {least:.2f} | " + " | ".join(cells))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("press", type=Path)
    parser.add_argument("--model", default="expression")
    parser.add_argument("--mirrored", action="store_true", help="classify crops and their mirror images")
    asked = parser.parse_args()
    model = ExpressionModel(model_path(asked.model), "cpu", prior="as-trained", mirrored=asked.mirrored)
    learnt = np.log(np.array(model.card.prior, np.float32))
    faces = read_split(asked.data, "valid")
    named = faces.label >= 0
    valid, label = log_of(model, crop_images(model, faces.images, "aligned").pixels)[named], faces.label[named]
    other, other_label, half = press(model, asked.press)
    # Both sets weigh the same, whatever their sizes.
    times = max(1, round(len(valid) / half.sum()))
    target = np.eye(len(EMOTIONS), dtype=np.float32)
    print(f"{len(valid)} validation images, {half.sum()} press photographs for fitting, {(~half).sum()} others")
    print("exponent  temperature | validation: accuracy, mean recall, ECE | press, for fitting | press, other half")
    for exponent in (None, *EXPONENTS):
        mine, theirs = valid - np.float32(exponent or 0) * learnt, other - np.float32(exponent or 0) * learnt
        chosen = np.concatenate([mine, *[theirs[half]] * times])
        fitted = fit_temperature(chosen, target[np.concatenate([label, *[other_label[half]] * times])])
        temperature = 1.0 if exponent is None else fitted
        rows = (mine, label), (theirs[half], other_label[half]), (theirs[~half], other_label[~half])
        shown = " | ".join(line(softmax(logits.astype(np.float32), temperature), truth) for logits, truth in rows)
        print(f"{'trained' if exponent is None else f'{exponent:.2f}':>8} {temperature:12.3f} | {shown}")
    added, temperature = weights(model.card, "auto") or (np.zeros(len(EMOTIONS), np.float32), 1.0)
    said, others_said = (adjusted(np.exp(values), added, temperature) for values in (valid, other))
    by_label(others_said, other_label)
    sets = [(said, label), (others_said[half], other_label[half]), (others_said[~half], other_label[~half])]
    by_confidence(sets)
    by_confidence_and_label(sets)


if __name__ == "__main__":
    main()
