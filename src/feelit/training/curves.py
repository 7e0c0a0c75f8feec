"""Learning curves: the scores of a run by epoch or step, as numbers and as a figure."""

from __future__ import annotations

from pathlib import Path

from matplotlib.figure import Figure

from feelit.render import theme
from feelit.storage.atomic import whole_file

COLOURS = [theme.EMOTION_COLOUR[name].hex for name in ("anger", "sadness", "happiness", "disgust")]

TRAINING = "training "
"""Prefix of the names of scores on training images."""


Curve = list[tuple[int, dict[str, float]]]
"""The scores of each epoch or step, with its number."""


def draw_curves(curve: Curve, path: Path) -> None:
    """Write a figure: losses above, other scores below, over epochs. Scores on training images are dashed."""
    figure = Figure(figsize=(8.0, 5.2), layout="constrained")
    above, below = figure.subplots(2, sharex=True)
    epochs = [epoch for epoch, _ in curve]
    names = list(curve[-1][1])
    colours = {measure: COLOURS[i % len(COLOURS)] for i, measure in enumerate(dict.fromkeys(map(_measure, names)))}
    for name in names:
        values = [scores.get(name, float("nan")) for _, scores in curve]
        axes, training = (above if name.endswith("loss") else below), name == "loss" or name.startswith(TRAINING)
        style = {"linestyle": "--" if training and len(names) > 2 else "-", "marker": "." if len(epochs) < 3 else ""}
        axes.plot(epochs, values, color=colours[_measure(name)], label=name, **style)
    above.set_ylabel("loss")
    below.set_ylabel("score")
    below.set_xlabel("epoch")
    below.xaxis.get_major_locator().set_params(integer=True)
    for axes in (above, below):
        axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
        axes.grid(alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
    with whole_file(path) as temporary:
        figure.savefig(temporary, dpi=150, metadata={"Software": None})


def _measure(name: str) -> str:
    """What a score measures, on training or validation images: both lines have one colour."""
    return name.removeprefix(TRAINING).removeprefix("validation ")
