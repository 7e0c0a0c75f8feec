"""Learning curves: what a run scored after every epoch, as numbers and as a picture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from matplotlib.figure import Figure

from feelit.render import theme
from feelit.storage.atomic import whole_file

COLOURS = [theme.EMOTION_COLOUR[name].hex for name in ("anger", "sadness", "happiness", "disgust")]


@dataclass(slots=True)
class Curve:
    """Scores by epoch."""

    rows: list[tuple[int, dict[str, float]]] = field(default_factory=list)

    def add(self, epoch: int, scores: Mapping[str, float]) -> None:
        """Note what an epoch came to."""
        self.rows.append((epoch, dict(scores)))


def draw_curves(curve: Curve, path: Path) -> None:
    """The loss above, scores below, over epochs."""
    figure = Figure(figsize=(6.4, 5.2), layout="constrained")
    above, below = figure.subplots(2, sharex=True)
    epochs = [epoch for epoch, _ in curve.rows]
    for number, name in enumerate(curve.rows[-1][1]):
        values = [scores.get(name, float("nan")) for _, scores in curve.rows]
        axes = above if name == "loss" else below
        axes.plot(epochs, values, color=COLOURS[number % len(COLOURS)], label=name, marker="." if len(epochs) < 3 else "")
    above.set_ylabel("loss")
    below.set_ylabel("validation")
    below.set_xlabel("epoch")
    below.legend(frameon=False)
    for axes in (above, below):
        axes.grid(alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
    with whole_file(path) as temporary:
        figure.savefig(temporary, dpi=150, metadata={"Software": None})
