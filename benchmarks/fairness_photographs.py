"""Results of the built-in models on photographs, by groups of people according to crude labels.

    python benchmarks/fairness_photographs.py utkface.parquet

The table has the columns image (encoded luma crops of 96 px, aligned as for identity), age, sex (0 male, 1 female) and race (a
number, see RACES), one row per photograph, each of a different person. Up to EACH photographs per group are drawn at random.
Each is shown to the detector on uniform grey, at its own size and at a third of it. There are no expression labels and no
second photographs of a person: the tables give detection rates, label frequencies and false match rates. Intervals are 95 % by
bootstrap over photographs.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
from fairness import JOINED, RESAMPLES, Observer

from feelit.types import EMOTIONS, UInt8
from feelit.vision.identity import TEMPLATE
from feelit.vision.multi_scale import MultiScaleDetector

RACES = ("White", "Black", "Asian", "Indian", "other")
EACH = 400
"""Photographs per group, drawn at random."""

CANVAS_PX = 288


def photographs(path: Path) -> None:
    """Print the results of the built-in models by group, as Markdown."""
    frame = pd.read_parquet(path)
    rng = np.random.default_rng(1)
    look = Observer.open()
    expression, identity = look.networks.expression, look.networks.identity
    assert identity is not None
    detector = MultiScaleDetector(look.networks.detector, CANVAS_PX, CANVAS_PX, None)
    small = Observer(look.networks, detector)
    template = (TEMPLATE * 96 - 0.5).astype(np.float32)
    levels: UInt8 = np.arange(256, dtype=np.uint8)
    print("| group | photographs | recall | recall, small | mean score | landmark error | false matches | ", end="")
    print(" | ".join(EMOTIONS) + " |\n|---|" + "---|" * (6 + len(EMOTIONS)))
    groups = [
        (f"{RACES[race]} {'women' if sex else 'men'}", (frame["race"] == race) & (frame["sex"] == sex))
        for race in range(5)
        for sex in (1, 0)
    ]
    adult = frame["age"].between(18, 100)
    groups = [(name, chosen & adult) for name, chosen in groups]
    groups += [
        (f"age {low} to {high}", frame["age"].between(low, high)) for low, high in ((3, 12), (18, 39), (40, 59), (60, 100))
    ]
    for name, chosen in groups:
        mine = frame[chosen].sample(min(EACH, int(chosen.sum())), random_state=1)
        rows, vectors, labels = [], [], []
        for content in mine["image"]:
            luma = np.asarray(cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_GRAYSCALE), np.uint8)
            for size, side in (("large", 96), ("small", 32)):
                canvas = np.full((CANVAS_PX, CANVAS_PX), int(luma.mean()), np.uint8)
                corner = (CANVAS_PX - side) // 2
                canvas[corner : corner + side, corner : corner + side] = cv2.resize(
                    luma, (side, side), interpolation=cv2.INTER_AREA
                )
                points = (template + 0.5) * side / 96 - 0.5 + corner
                box = np.array([corner, corner, corner + side, corner + side], np.float32)
                rows.append({"size": size} | small.look(canvas, box, points.astype(np.float32)))
            p = expression.probabilities(expression.crop(luma, levels, np.zeros((1, 4), np.float32), template[None]), 1)[0]
            labels.append(int(np.argmax(p)))
            vectors.append(identity.embed(identity.crop(luma, levels, template[None]))[0])
        seen = pd.DataFrame(rows)
        large, vector = seen[seen["size"] == "large"], np.stack(vectors)
        share = np.bincount(labels, minlength=len(EMOTIONS)) / len(labels)
        facts = [
            interval(large["found"].to_numpy(float), rng),
            interval(seen[seen["size"] == "small"]["found"].to_numpy(float), rng),
            f"{large['score'].mean():.3f}",
            f"{large['error'].mean():.3f}",
            false_matches(vector @ vector.T >= JOINED, rng),
        ]
        print(f"| {name} | {len(mine)} | " + " | ".join([*facts, *(f"{value:.2f}" for value in share)]) + " |", flush=True)


def false_matches(alike: Any, rng: np.random.Generator) -> str:
    """The share of pairs of different photographs above the threshold, in percent, with its 95 % interval.

    Parameters
    ----------
    alike : (N, N) bool, symmetric: whether a pair is above the threshold
    rng : draws photographs; a photograph that is drawn twice does not form a pair with itself
    """
    apart = ~np.eye(len(alike), dtype=bool)
    shares = []
    for _ in range(200):
        drawn = rng.integers(0, len(alike), len(alike))
        pairs = apart[np.ix_(drawn, drawn)]
        shares.append(float(alike[np.ix_(drawn, drawn)][pairs].mean()))
    low, high = np.percentile(shares, [2.5, 97.5])
    return f"{100 * float(alike[apart].mean()):.2f} % ({100 * low:.2f} to {100 * high:.2f})"


def interval(values: Any, rng: np.random.Generator) -> str:
    """The mean and its 95 % interval by bootstrap."""
    means = values[rng.integers(0, len(values), (RESAMPLES, len(values)))].mean(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return f"{values.mean():.3f} ({low:.3f} to {high:.3f})"


def main() -> None:
    """Parse the command line and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table", type=Path)
    photographs(parser.parse_args().table)


if __name__ == "__main__":
    main()
