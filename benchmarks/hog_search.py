"""A search over histograms of oriented gradients for a linear classifier.

    python benchmarks/hog_search.py FER [--learn 12000] [--choose 3000]

Fits to a random part of the training split and scores another part of it, on FER2013's own labels; validation pictures are not
used. The baseline are the settings of Dalal and Triggs for pedestrians; each line changes a part of them. Prints a Markdown
table.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from feelit.datasets.names import FER2013
from feelit.datasets.read import read_splits
from feelit.training.expression.data import aligned, prepare, trainable
from feelit.training.expression.linear import Recipe, features_of, fit, targets_of

BASE = Recipe(cell_px=6, bins=9, signed=False, interpolated=False, mirrored=False, iterations=40)
"""40 steps of the optimiser: few, but enough for a comparison."""

CHANGES: tuple[dict[str, Any], ...] = (
    {},
    *({"bins": value} for value in (6, 12)),
    {"signed": True, "bins": 12},
    {"signed": True, "bins": 18},
    {"cell_px": 4, "bins": 6},
    {"cell_px": 8},
    {"cell_px": 8, "bins": 12},
    *({"norm": value} for value in ("l2-hys", "l1-sqrt", "l1")),
    *({"block": value} for value in (1, 3, 4)),
    {"interpolated": True},
    {"mirrored": True},
    {"cell_px": 4, "bins": 8, "signed": True, "interpolated": True, "mirrored": True},
)
STRENGTHS = (0.05, 0.2)


def main() -> None:
    """Parse the command line, search, print."""
    parser = argparse.ArgumentParser(description="A table of histograms of oriented gradients.")
    parser.add_argument("data", type=Path)
    parser.add_argument("--learn", type=int, default=12_000, help="number of pictures for fitting")
    parser.add_argument("--choose", type=int, default=3_000, help="number of other training pictures for scoring")
    parser.add_argument("--landmarks", type=Path, help="landmarks-train.npz of a run with the same data")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        cache = arguments.landmarks or Path(folder) / "landmarks.npz"
        examples = prepare(trainable(read_splits(arguments.data)["train"]), BASE.size_px, cache)
    crops, own = aligned(examples), targets_of(examples)[1]
    order = np.random.default_rng(0).permutation(len(examples))
    chosen, learnt = order[: arguments.choose], order[arguments.choose : arguments.choose + arguments.learn]
    print("| changed | features | accuracy by strength " + ", ".join(map(str, STRENGTHS)) + " |\n|---|---:|---|", flush=True)
    for change in CHANGES:
        recipe = replace(BASE, **change)
        features, target = features_of(recipe, crops[learnt]), own[learnt]
        if recipe.mirrored:
            features = torch.cat([features, features_of(recipe, np.ascontiguousarray(crops[learnt][:, :, ::-1]))])
            target = torch.cat([target, target])
        shown = features_of(recipe, crops[chosen])
        layer, found = nn.Linear(features.shape[1], len(FER2013)), []
        for strength in STRENGTHS:
            fit(layer, features, target, replace(recipe, strength=strength))
            with torch.no_grad():
                found.append(float((layer(shown).argmax(1) == own[chosen].argmax(1)).float().mean()))
        words = ", ".join(f"`{name}` {value}" for name, value in change.items()) or "nothing"
        print(f"| {words} | {features.shape[1]} | {', '.join(f'{100 * value:.1f} %' for value in found)} |", flush=True)


if __name__ == "__main__":
    main()
