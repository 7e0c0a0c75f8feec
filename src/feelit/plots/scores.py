"""Figures of scores: confusion matrix and reliability diagrams (Guo et al. 2017) of classifiers, curves of detectors."""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import partial
from itertools import takewhile
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from feelit.evaluation.classifier.scores import Calibration, ClassifierScores
from feelit.evaluation.detector.metrics import at_threshold
from feelit.evaluation.detector.scores import FALSE_PER_IMAGE, FaceScores
from feelit.plots.figure import HAIR_PT, INK, MM, PAPER, SETTINGS, UNDATED
from feelit.render import theme
from feelit.storage.names import one_line

DPI = 200
FILL, BAR = theme.EMOTION_COLOUR["sadness"].hex, theme.EMOTION_COLOUR["contempt"].hex
GAP = theme.EMOTION_COLOUR["anger"].hex
TEXT_PT, SMALL_PT = 7.0, 6.0
CELL_MM, LABELS_MM, TITLE_MM = 13.0, 24.0, 16.0
PANEL_MM = 82.0
FEW = 10
"""Bins with fewer images are drawn pale."""

DARK = 0.5  # from this share on, a cell is dark enough for light figures


def confusion_figure(scores: ClassifierScores) -> Figure:
    """True classes in rows, predicted ones in columns; colours and percentages are shares of a row, counts stand below."""
    counts = np.array(scores.confusion)
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    rows, columns = counts.shape
    width, height = LABELS_MM + columns * CELL_MM + 4, TITLE_MM + rows * CELL_MM + LABELS_MM
    figure = Figure(figsize=(width * MM, height * MM), facecolor=PAPER)
    place = (LABELS_MM / width, LABELS_MM / height, columns * CELL_MM / width, rows * CELL_MM / height)
    axes = figure.add_axes(place)
    axes.imshow(share, LinearSegmentedColormap.from_list("share", [PAPER, FILL]), vmin=0, vmax=1, aspect="auto")
    for (row, column), count in np.ndenumerate(counts):
        text: dict[str, Any] = {"color": PAPER if share[row, column] >= DARK else INK, "ha": "center"}
        if count:
            axes.text(column, row, f"{share[row, column]:.0%}", va="bottom", fontsize=TEXT_PT, **text)
            axes.text(column, row + 0.08, f"{count}", va="top", fontsize=SMALL_PT, **text)
    axes.set_xticks(range(columns), scores.predicted, rotation=45, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(rows), list(scores.classes))
    axes.set_xlabel("predicted", fontsize=TEXT_PT)
    axes.set_ylabel("labelled as", fontsize=TEXT_PT)
    _plain(axes)
    _title(figure, scores, f"accuracy {scores.accuracy.value:.1%}, macro F1 {scores.macro_f1.value:.3f}", height)
    return figure


def reliability_figure(scores: ClassifierScores) -> Figure:
    """How often a prediction is right at each confidence, and how often each confidence occurs: one panel against the
    majority, and one against the votes if there are any."""
    panels = [("share that is right", scores.calibration)]
    if scores.calibration_votes:
        panels.append(("share of votes that agree", scores.calibration_votes))
    width, height = len(panels) * PANEL_MM, TITLE_MM + PANEL_MM + 20
    figure = Figure(figsize=(width * MM, height * MM), facecolor=PAPER)
    for place, (name, calibration) in enumerate(panels):
        left, wide = (place * PANEL_MM + 14) / width, (PANEL_MM - 18) / width
        curve = figure.add_axes((left, 32 / height, wide, (PANEL_MM - 18) / height))
        _draw_bins(curve, calibration, name)
        _draw_histogram(figure.add_axes((left, 11 / height, wide, 17 / height)), calibration)
    _title(figure, scores, "confidence and how often it is right", height)
    return figure


def write_figures(scores: ClassifierScores, confusion: Path, reliability: Path) -> None:
    """Draw both figures into .png files."""
    _write(partial(confusion_figure, scores), confusion)
    _write(partial(reliability_figure, scores), reliability)


def _draw_bins(axes: Axes, calibration: Calibration, name: str) -> None:
    width = 1 / len(calibration.bins)
    for b in calibration.bins:
        if b.confidence is not None and b.agreement is not None:
            look: dict[str, Any] = {"width": width, "align": "edge", "linewidth": 0.4, "alpha": 0.3 if b.images < FEW else 1.0}
            axes.bar(b.above, b.agreement, color=BAR, edgecolor=INK, **look)
            axes.bar(b.above, b.confidence - b.agreement, bottom=b.agreement, fill=False, hatch="////", edgecolor=GAP, **look)
    axes.plot([0, 1], [0, 1], color=INK, linewidth=0.6, linestyle="--")
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    axes.set_xticks([])
    axes.set_ylabel(name, fontsize=TEXT_PT)
    entries = [
        Patch(facecolor=BAR, edgecolor=INK, linewidth=0.4, label=name),
        Patch(fill=False, hatch="////", edgecolor=GAP, linewidth=0.4, label="gap to confidence"),
    ]
    where: dict[str, Any] = {"loc": "lower left", "bbox_to_anchor": (0, 1), "ncols": 2, "borderaxespad": 0.3}
    axes.legend(handles=entries, fontsize=SMALL_PT, frameon=False, **where)
    error = f"calibration error {calibration.error:.3f}, {calibration.images:,} images"
    box = {"facecolor": PAPER, "edgecolor": "none", "pad": 1}
    axes.text(0.02, 0.97, error, fontsize=SMALL_PT, ha="left", va="top", bbox=box)
    _plain(axes)


def _draw_histogram(axes: Axes, calibration: Calibration) -> None:
    total = max(calibration.images, 1)
    shares = [b.images / total for b in calibration.bins]
    edges = [b.above for b in calibration.bins]
    axes.bar(edges, shares, width=1 / len(edges), align="edge", color=theme.UNREADABLE.hex, edgecolor=INK, linewidth=0.4)
    axes.set_xlim(0, 1)
    axes.set_xlabel("confidence", fontsize=TEXT_PT)
    axes.set_ylabel("images", fontsize=TEXT_PT)
    top = max(shares)
    axes.set_yticks([0, top], ["0", f"{top:.0%}"])
    _plain(axes)


def _plain(axes: Axes) -> None:
    axes.tick_params(labelsize=SMALL_PT, width=0.5, length=2, pad=1.5, colors=INK)
    axes.spines[:].set_linewidth(0.5)


def _title(figure: Figure, scores: ClassifierScores, what: str, height_mm: float) -> None:
    name = one_line(f"{scores.model.name}, {Path(scores.data).name}, split {scores.split}, {scores.framing} framing")
    text: dict[str, Any] = {"ha": "left", "va": "top", "parse_math": False}
    left = 2 / (figure.get_figwidth() / MM)
    figure.text(left, 1 - 3 / height_mm, name[:90], fontsize=TEXT_PT + 1, **text)
    figure.text(left, 1 - 8 / height_mm, what, fontsize=TEXT_PT, **text)


WIDTH_MM, HEIGHT_MM = 180.0, 75.0
FEWEST_FALSE = 0.005
"""The start of the logarithmic axis of false faces; lower rates are drawn there."""

COLOURS = [theme.EMOTION_COLOUR[name].hex for name in ("sadness", "anger", "disgust", "fear")]


def write_recall(scores: FaceScores, path: Path) -> None:
    """Draw the figure into a .png file."""
    _write(partial(draw_recall, scores), path)


def _write(draw: Callable[[], Figure], path: Path) -> None:
    """The same bytes for the same scores and version of matplotlib, whatever the user's own settings of it are."""
    matplotlib.set_loglevel("error")  # no messages about its caches
    drawn = io.BytesIO()  # matplotlib does not close the file of a full disk
    with style.context(["default", SETTINGS]):
        draw().savefig(drawn, format="png", dpi=DPI, metadata=UNDATED["png"])
    path.write_bytes(drawn.getvalue())


def draw_recall(scores: FaceScores) -> Figure:
    """Recall over false faces an image, of faces from some sizes on; and precision over score."""
    figure = Figure(figsize=(WIDTH_MM * MM, HEIGHT_MM * MM), facecolor=PAPER)
    left, right = figure.subplots(1, 2, width_ratios=(3, 2))
    _draw_curves(left, scores)
    _draw_reliability(right, scores)
    for axes in (left, right):
        _plain(axes)
        axes.spines[["top", "right"]].set_visible(False)
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
