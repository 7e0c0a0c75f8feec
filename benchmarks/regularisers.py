"""Effect of regularisation methods on a small network with few training pictures.

    python benchmarks/regularisers.py FER [--pictures 3000] [--epochs 12] [--landmarks RUN]

The network, the seed and the random part of the training split are the same in each row; each row changes one value of the
recipe. Scores are those of the averaged weights on FER+'s majority labels, on all validation pictures and on the training
pictures. Prints a Markdown table.
"""

from __future__ import annotations

import argparse
import copy
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from feelit.datasets.read import read_splits
from feelit.training.curves import Curve
from feelit.training.expression.data import Examples, prepare, trainable
from feelit.training.expression.run import Recipe, State, best_epoch, monitored, stops_early
from feelit.training.expression.train import score, train_epoch

PLAIN = Recipe(
    size_px=48,
    stem=16,
    channels=(16, 32, 64),
    blocks=(1, 1, 1),
    strides=(1, 2, 2),
    batch=64,
    calm_epochs=0,
    warmup_epochs=0.5,
    learning_rate=0.05,
    muon=0.0,
    weight_decay=0.0,
    dropout=0.0,
    augmentation="none",
    mixup=0.0,
    rare=0.0,
    ema=0.98,
    fer2013=0.0,
)
"""Without regularisation."""

VARIANTS: dict[str, dict[str, Any]] = {
    "nothing": {},
    "L2: `weight_decay` 0.005": {"weight_decay": 0.005},
    "L1: `l1` 0.0001": {"l1": 1e-4},
    "`dropout` 0.5": {"dropout": 0.5},
    '`augmentation` "light"': {"augmentation": "light"},
    "`mixup` 0.2": {"mixup": 0.2},
    "class balance: `rare` 0.5": {"rare": 0.5},
    "`early_stopping` 2": {"early_stopping": 2},
    "all of them": {
        "weight_decay": 0.005,
        "l1": 1e-4,
        "dropout": 0.5,
        "augmentation": "light",
        "mixup": 0.2,
        "rare": 0.5,
        "early_stopping": 2,
    },
}


def follow(recipe: Recipe, examples: Examples, check: Examples) -> tuple[int, dict[str, float], dict[str, float]]:
    """Number of trained epochs, and scores on validation and training pictures."""
    torch.manual_seed(recipe.seed)
    state = State(recipe)
    curve: Curve = []
    while state.epoch < recipe.epochs and not stops_early(monitored(curve, recipe.monitor), recipe):
        train_epoch(state, examples)
        if recipe.early_stopping:
            curve.append((state.epoch, score(state.average, check)))
            if best_epoch(monitored(curve, recipe.monitor)) == state.epoch - 1:
                state.best = copy.deepcopy(state.average.state_dict())
    network = state.served()
    return state.epoch, score(network, check), score(network, examples)


def main() -> None:
    """Parse the command line, train, print."""
    parser = argparse.ArgumentParser(description="Regularisers, one at a time.")
    parser.add_argument("data", type=Path)
    parser.add_argument("--pictures", type=int, default=3_000)
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--landmarks", type=Path, help="the folder of a run with the same data, whose landmarks are used")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    splits = read_splits(arguments.data)
    with tempfile.TemporaryDirectory() as folder:
        caches = arguments.landmarks or Path(folder)
        examples = prepare(trainable(splits["train"]), PLAIN.size_px, caches / "landmarks-train.npz")
        check = prepare(splits["valid"], PLAIN.size_px, caches / "landmarks-valid.npz")
    labelled = np.flatnonzero(examples.label >= 0)
    examples = examples.rows(np.random.default_rng(0).permutation(labelled)[: arguments.pictures])
    print("| method | epochs | training accuracy | validation accuracy | gap | macro F1 |")
    print("|---|---:|---:|---:|---:|---:|", flush=True)
    for words, change in VARIANTS.items():
        epochs, found, known = follow(replace(PLAIN, epochs=arguments.epochs, **change), examples, check)
        gap = known["accuracy"] - found["accuracy"]
        shown = f"{100 * known['accuracy']:.1f} % | {100 * found['accuracy']:.1f} % | {100 * gap:.1f} | {found['macro F1']:.3f}"
        print(f"| {words} | {epochs} | {shown} |", flush=True)


if __name__ == "__main__":
    main()
