"""How a detector trades misses for false faces, and how far its scores are probabilities, as one figure."""

from __future__ import annotations

from itertools import takewhile
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from feelit.evaluation.detector.metrics import at_threshold
from feelit.evaluation.detector.scores import FALSE_PER_IMAGE, FaceScores
from feelit.plots.figure import HAIR_PT, INK, MM, PAPER, SETTINGS, UNDATED
from feelit.plots.scores import SMALL_PT, TEXT_PT
from feelit.render import theme
from feelit.storage.names import one_line

WIDTH_MM, HEIGHT_MM, DPI = 180.0, 75.0, 200
FEWEST_FALSE = 0.005
"""The axis of false faces is logarithmic and begins here; what is rarer stands at its beginning."""

COLOURS = [theme.EMOTION_COLOUR[name].hex for name in ("sadness", "anger", "disgust", "fear")]


def write_recall(scores: FaceScores, path: Path) -> None:
    """Draw the figure into a .png file."""
    matplotlib.set_loglevel("error")  # it likes to talk of its caches
    with style.context(["default", SETTINGS]):
        draw_recall(scores).savefig(path, format="png", dpi=DPI, metadata=UNDATED["png"])


def draw_recall(scores: FaceScores) -> Figure:
    """Recall over false faces an image, of faces from some sizes on; and precision over score."""
    figure = Figure(figsize=(WIDTH_MM * MM, HEIGHT_MM * MM), facecolor=PAPER)
    left, right = figure.subplots(1, 2, width_ratios=(3, 2))
    _draw_curves(left, scores)
    _draw_reliability(right, scores)
    for axes in (left, right):
        axes.tick_params(labelsize=SMALL_PT, width=0.5, length=2, pad=1.5, colors=INK)
        axes.spines[["top", "right"]].set_visible(False)
        axes.spines[["left", "bottom"]].set_linewidth(0.5)
        axes.set_ylim(0, 1.02)
        axes.grid(linewidth=0.3, color=theme.DIM_INK.hex)
        axes.set_axisbelow(True)
    title: dict[str, Any] = {"fontsize": TEXT_PT + 1, "ha": "left", "va": "top", "parse_math": False}
    figure.text(0.02, 0.98, f"{one_line(scores.model)}: {scores.images} images", **title)
    figure.subplots_adjust(left=0.075, right=0.98, bottom=0.15, top=0.88, wspace=0.22)
    return figure


def _draw_curves(axes: Axes, scores: FaceScores) -> None:
    every = zip(scores.sizes, scores.curves, strict=True)
    open_ended = takewhile(lambda pair: pair[0].below_px is None, every)  # ranges follow
    for (size, curve), colour in zip(open_ended, COLOURS, strict=False):
        false = np.maximum(curve.false_per_image, FEWEST_FALSE)
        axes.plot(
            false, curve.recall, color=colour, linewidth=1.2, label=f"{size.title}: {size.faces} faces", drawstyle="steps-post"
        )
        recall, at = at_threshold(curve, scores.threshold)
        axes.plot(max(at, FEWEST_FALSE), recall, "o", color=colour, markersize=4, markeredgecolor=INK, markeredgewidth=0.5)
    axes.axvline(FALSE_PER_IMAGE, color=INK, linewidth=0.5, linestyle=":")
    axes.set_xscale("log")
    axes.set_xlim(FEWEST_FALSE, 10)
    axes.set_xlabel("false faces an image", fontsize=TEXT_PT, color=INK)
    axes.set_ylabel(f"recall (dot: score {scores.threshold:g})", fontsize=TEXT_PT, color=INK)
    axes.legend(fontsize=SMALL_PT, frameon=False, loc="lower right")


def _draw_reliability(axes: Axes, scores: FaceScores) -> None:
    bins = [part for part in scores.calibration if part.detections]
    axes.plot([0, 1], [0, 1], color=INK, linewidth=10 * HAIR_PT, linestyle=":")
    axes.plot([part.mean_score for part in bins], [part.precision for part in bins], color=COLOURS[0], linewidth=1.2)
    for part in bins:
        size = 2 + 1.2 * np.log10(part.detections)
        axes.plot(part.mean_score, part.precision, "o", color=COLOURS[0], markersize=size, markeredgewidth=0)
    axes.set_xlim(0, 1.02)
    axes.set_xlabel("score", fontsize=TEXT_PT, color=INK)
    axes.set_ylabel("share that are faces", fontsize=TEXT_PT, color=INK)
    axes.text(0.03, 0.95, f"calibration error {scores.calibration_error:.3f}", fontsize=SMALL_PT, transform=axes.transAxes)
