"""The figure of a study: curves by condition, and below them contrasts with their intervals, at column widths of journals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from feelit.errors import TimelineReadError, UsageError
from feelit.options.timelines import PlotOptions
from feelit.render.theme import LEVEL_COLOURS
from feelit.storage.location import Location, Url
from feelit.storage.names import one_line
from feelit.types import EMOTIONS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from feelit.plots.figure import TimelineFigure

CURVES, CONTRASTS = "curves.parquet", "contrasts.parquet"

MOST_LEVELS = 7
MOST_ROWS = 40
LEFT_MM, RIGHT_MM, GAP_MM = 15.0, 2.0, 14.0
PANEL_MM, BELOW_MM, TITLE_MM, LEGEND_MM = 30.0, 9.0, 5.0, 5.0
ROW_MM, UNIT_MM, NAME_MM, FIGURES_MM = 7.6, 10.0, 42.0, 38.0
LETTER_MM = 1.5
GREY = "#5b6470"

MINUS = "\N{MINUS SIGN}"


@dataclass(frozen=True, slots=True)
class StudyFigure:
    """The rows of a study's tables of curves and of contrasts."""

    curves: Sequence[dict[str, Any]]
    contrasts: Sequence[dict[str, Any]]

    @classmethod
    def of(cls, curves: pa.Table, contrasts: pa.Table | None) -> StudyFigure:
        """The rows of tables."""
        return cls(curves.to_pylist(), [] if contrasts is None else contrasts.to_pylist()[:MOST_ROWS])


def study_files(sources: Sequence[object]) -> list[Location]:
    """The tables of the only source, if it is a folder that `feelit study` wrote; else none."""
    if len(sources) != 1 or not isinstance(sources[0], str | Path) or isinstance(sources[0], Url):
        return []
    folder = Path(sources[0]).expanduser()
    if not (folder / CURVES).is_file() or not (folder / "report.html").is_file():
        return []
    return [folder / name for name in (CURVES, CONTRASTS) if (folder / name).is_file()]


def read_figure(files: Sequence[Location]) -> StudyFigure:
    """The tables of `study_files`.

    Raises
    ------
    TimelineReadError
        if one is damaged.
    """
    tables = {}
    for file in files:
        try:
            tables[file.name] = pq.read_table(str(file))
        except (OSError, ValueError, pa.ArrowException) as error:
            raise TimelineReadError.damaged(file, f": {one_line(str(error))}", "run feelit study again") from error
    wanted = {"level", "emotion", "time_s", "mean", "low", "high"}
    if not wanted <= set(tables[CURVES].column_names):
        raise TimelineReadError(f"{files[0]} holds no curves of a study", "run feelit study again")
    return StudyFigure.of(tables[CURVES], tables.get(CONTRASTS))


def draw_study(content: StudyFigure, options: PlotOptions) -> TimelineFigure:
    """Draw it: `options.width_mm` wide, letters of 8 pt.

    Raises
    ------
    UsageError
        if there is no curve of a selected emotion.
    """
    from matplotlib import style

    from feelit.plots.figure import MM, PAPER, SETTINGS, TimelineFigure

    emotions = _emotions(content, options)
    levels = list(dict.fromkeys(str(row["level"]) for row in content.curves))[:MOST_LEVELS]
    units: dict[str, list[dict[str, Any]]] = {}
    for row in content.contrasts:
        units.setdefault(str(row["unit"]), []).append(row)
    across = max(1, min(len(emotions), int((options.width_mm + GAP_MM - LEFT_MM) // 55)))
    down = math.ceil(len(emotions) / across)
    title_mm = TITLE_MM if options.title else 0.0
    legend = _legend(levels, options.width_mm)
    head_mm = title_mm + LEGEND_MM * (legend[-1][0] + 1 if legend else 1)
    curves_mm = head_mm + down * (PANEL_MM + BELOW_MM + 4)
    height_mm = curves_mm + sum(UNIT_MM + ROW_MM * len(rows) for rows in units.values()) + (4 if units else 0)
    with style.context(["default", SETTINGS]):
        figure = TimelineFigure(figsize=(options.width_mm * MM, height_mm * MM), facecolor=PAPER)
        page = _Page(figure, options.width_mm, height_mm)
        if options.title:
            page.text(LEFT_MM, 1.0, one_line(options.title), weight="bold")
        for n, (line, left) in enumerate(legend):
            page.entry(left, title_mm + LEGEND_MM * line + 1.0, n, levels[n])
        panel_mm = (options.width_mm - LEFT_MM - RIGHT_MM - GAP_MM * (across - 1)) / across
        differs = any(row.get("compared") == "difference" for row in content.curves[:1])
        beside = "Change of probability" if differs else "Probability"
        limits = _limits(content, emotions, levels)
        for n, emotion in enumerate(emotions):
            top = head_mm + 4 + (n // across) * (PANEL_MM + BELOW_MM + 4)
            axes = page.axes(LEFT_MM + (n % across) * (panel_mm + GAP_MM), top, panel_mm, PANEL_MM)
            _draw_curves(axes, content, emotion, levels, limits)
            axes.set_ylabel(beside if n % across == 0 else "", fontsize=8, labelpad=2)
            axes.set_xlabel("Time since the window began (s)" if n >= len(emotions) - across else "", fontsize=8, labelpad=1)
        top = curves_mm + 2
        for unit, rows in units.items():
            _draw_estimates(page, rows, unit, top)
            top += UNIT_MM + ROW_MM * len(rows)
    figure.set_dpi(options.dpi)
    return figure


@dataclass(frozen=True, slots=True)
class _Page:
    """A figure in millimetres from its top left corner."""

    figure: TimelineFigure
    width_mm: float
    height_mm: float

    def axes(self, left: float, top: float, width: float, height: float) -> Axes:
        """A part of it."""
        from feelit.plots.figure import INK

        place = (left / self.width_mm, 1 - (top + height) / self.height_mm, width / self.width_mm, height / self.height_mm)
        axes = self.figure.add_axes(place)
        axes.tick_params(labelsize=8, width=0.5, length=2, pad=1.5, colors=INK)
        axes.spines[["top", "right"]].set_visible(False)
        axes.spines[["left", "bottom"]].set_linewidth(0.5)
        return axes

    def text(self, left: float, top: float, words: str, **more: Any) -> None:
        """A line of text, its top at `top`."""
        place = left / self.width_mm, 1 - top / self.height_mm
        settings: dict[str, Any] = {"fontsize": 8, "va": "top", "parse_math": False}
        self.figure.text(*place, words, **(settings | more))

    def entry(self, left: float, top: float, n: int, level: str) -> None:
        """A level in the legend: its line and its name."""
        from matplotlib.lines import Line2D

        x, y = [left / self.width_mm, (left + 7) / self.width_mm], 1 - (top + 1.5) / self.height_mm
        look = {"color": LEVEL_COLOURS[n], "linestyle": DASHES[n], "linewidth": 1.2, "transform": self.figure.transFigure}
        self.figure.add_artist(Line2D(x, [y, y], **look))
        self.text(left + 8.5, top, one_line(level))


def _emotions(content: StudyFigure, options: PlotOptions) -> list[str]:
    """The selected emotions; if all are selected, those of the contrasts, if there are any."""
    there = list(dict.fromkeys(str(row["emotion"]) for row in content.curves))
    if set(options.emotions) == set(EMOTIONS):
        named = list(dict.fromkeys(str(row["label"]) for row in content.contrasts if row["label"] in there))
        return named or there
    chosen = [emotion for emotion in options.emotions if emotion in there]
    if not chosen:
        raise UsageError("the study has no curves of these emotions", f"it has {', '.join(there) or 'none'}")
    return chosen


DASHES: tuple[Any, ...] = ("-", (0, (5, 2)), (0, (1.2, 1.8)), (0, (6, 2, 1.2, 2)), (0, (3, 1)), (0, (1, 1)), (0, (8, 3)))


def _legend(levels: Sequence[str], width_mm: float) -> list[tuple[int, float]]:
    """The row, and the place in it, of the legend's entry for each level."""
    laid = []
    row, left = 0, LEFT_MM
    for level in levels:
        room = 12 + LETTER_MM * len(level)
        if left > LEFT_MM and left + room > width_mm:
            row, left = row + 1, LEFT_MM
        laid.append((row, left))
        left += room
    return laid


def _limits(content: StudyFigure, emotions: Sequence[str], levels: Sequence[str]) -> tuple[float, float]:
    """One axis for all panels, so that they can be compared."""
    rows = [row for row in content.curves if row["emotion"] in emotions and row["level"] in levels]
    ends = np.array([[row[name] for name in ("mean", "low", "high")] for row in rows], np.float64)
    values = ends[np.isfinite(ends)].tolist()
    low, high = (min(0.0, *values), max(values)) if values else (0.0, 1.0)
    room = 0.05 * ((high - low) or 1.0)
    return low - (room if low < 0 else 0.0), high + room


def _draw_curves(axes: Axes, content: StudyFigure, emotion: str, levels: Sequence[str], limits: tuple[float, float]) -> None:
    for n, level in enumerate(levels):
        rows = [row for row in content.curves if row["emotion"] == emotion and row["level"] == level]
        names = ("time_s", "mean", "low", "high")
        time_s, mean, low, high = (np.array([row[name] for row in rows], np.float64) for name in names)  # None becomes NaN
        axes.fill_between(time_s, low, high, color=LEVEL_COLOURS[n], alpha=0.2, linewidth=0)
        axes.plot(time_s, mean, color=LEVEL_COLOURS[n], linestyle=DASHES[n], linewidth=1.2)
    axes.set_ylim(*limits)
    axes.margins(x=0)
    axes.set_title(emotion, fontsize=8, loc="left", pad=2)
    if axes.get_xlim()[0] < 0:
        axes.axvline(0, color="#858585", linewidth=0.5, linestyle=(0, (3, 3)))
    if limits[0] < 0:
        axes.axhline(0, color="#858585", linewidth=0.5)


def _draw_estimates(page: _Page, rows: Sequence[dict[str, Any]], unit: str, top: float) -> None:
    """The contrasts of one unit, a row each, with effect sizes and p-values beside them where there is room."""
    wide = page.width_mm >= 120
    right = FIGURES_MM if wide else RIGHT_MM
    axes = page.axes(NAME_MM, top, page.width_mm - NAME_MM - right - 1, ROW_MM * len(rows))
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.axvline(0, color="#858585", linewidth=0.5, linestyle=(0, (3, 3)))
    for n, row in enumerate(rows):
        name, most = one_line(str(row["contrast"])), int((NAME_MM - 2) / LETTER_MM)
        y = top + ROW_MM * (n + 0.5)
        page.text(NAME_MM - 1.5, y - 1.7, name if len(name) <= most else f"{name[: most - 1]}…", ha="right", va="center")
        page.text(NAME_MM - 1.5, y + 1.7, str(row["measure"])[:most], ha="right", va="center", color=GREY)
        if row["estimate"] is None or not math.isfinite(row["estimate"]):
            continue
        if row["low"] is not None and math.isfinite(row["low"]):
            axes.plot([row["low"], row["high"]], [n, n], color=LEVEL_COLOURS[0], linewidth=1.2, solid_capstyle="butt")
        axes.plot([row["estimate"]], [n], "o", color=LEVEL_COLOURS[0], markersize=3)
        if wide:
            page.text(page.width_mm - FIGURES_MM + 1, y, _figures(row), va="center")
    axes.set_xlabel(f"Difference ({unit})", fontsize=8, labelpad=1)


def _figures(row: dict[str, Any]) -> str:
    size, p_value = row["effect_size"], row["p_adjusted"]
    symbol = "g" if (row["effect"] or "").startswith("Hedges") else "δ"
    words = [] if size is None or not math.isfinite(size) else [f"{symbol} = {size:.2f}".replace("-", MINUS)]
    if p_value is not None and math.isfinite(p_value):
        words.append("p < 0.001" if p_value < 0.001 else f"p = {p_value:.3f}")
    return ", ".join(words)
