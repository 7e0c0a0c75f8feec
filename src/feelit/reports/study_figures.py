"""The figures of a study: curves by level, contrasts with their intervals, small multiples of participants."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from feelit.analysis.study.contrasts import ContrastRow
from feelit.analysis.study.run import StudyTables
from feelit.render.theme import LEVEL_COLOURS
from feelit.reports.svg import DASHES, INK, MUTED, Svg, number, ticks
from feelit.storage.names import one_line
from feelit.types import Float64

WIDTH, HEIGHT = 500.0, 260.0
LEFT, RIGHT, TOP, BOTTOM = 52.0, 12.0, 40.0, 38.0

MOST_POINTS = 400
"""Of a drawn curve, which has no more pixels. The data have all points."""

MOST_SMALL = 60
SMALL_WIDTH, SMALL_HEIGHT, SMALL_ACROSS = 168.0, 96.0, 6

ROW, NAMES, FIGURES = 24.0, 230.0, 250.0
UNIT_ROOM = 30.0
MOST_DOTS = 200
FAINT = "#8fb8d8"

Rows = list[list[Any]]


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture, the name of its file, its caption, and its data: headings first."""

    name: str
    picture: str
    caption: str
    rows: Rows


@dataclass(frozen=True, slots=True)
class _Axes:
    """Converts values to positions in a picture."""

    left: float
    right: float
    top: float
    bottom: float
    x: tuple[float, float]
    y: tuple[float, float]

    def at(self, x: float, y: float) -> tuple[float, float]:
        """The position of a value, in pixels."""
        across = (x - self.x[0]) / ((self.x[1] - self.x[0]) or 1)
        up = (y - self.y[0]) / ((self.y[1] - self.y[0]) or 1)
        return self.left + across * (self.right - self.left), self.bottom - up * (self.bottom - self.top)

    def points(self, x: Float64, y: Float64) -> list[list[tuple[float, float]]]:
        """The positions of a curve, divided where values are missing."""
        known = np.flatnonzero(np.isfinite(y))
        pieces = np.split(known, np.flatnonzero(np.diff(known) > 1) + 1) if len(known) else []
        return [[self.at(float(x[n]), float(y[n])) for n in piece] for piece in pieces]


def curve_figures(tables: StudyTables) -> list[Figure]:
    """One figure per emotion, those of contrasts first."""
    frame, asked = tables.curves, tables.design.curves
    if not len(frame):
        return []
    named = [row.label for row in tables.contrasts if row.label in asked.emotions]
    order = list(dict.fromkeys([*named, *asked.emotions]))
    drawn = _drawn(tables)
    shown = frame[frame["emotion"].isin(order) & frame["level"].isin(drawn)]
    y = _range(shown[["mean", "low", "high"]].to_numpy(), zero=asked.difference)
    return [_curves(tables, emotion, drawn, y) for emotion in order]


def _drawn(tables: StudyTables) -> list[str]:
    """As many levels as there are colours, those of contrasts first."""
    frame = tables.curves
    every = frame["level"].tolist() if len(frame) else []
    factor = tables.collection.factor
    named = [level for row in tables.contrasts if row.factor == factor for level in (row.level_a, row.level_b)]
    return [level for level in dict.fromkeys([*named, *every]) if level in every][: len(LEVEL_COLOURS)]


def _curves(tables: StudyTables, emotion: str, levels: Sequence[str], y: tuple[float, float]) -> Figure:
    frame = tables.curves[tables.curves["emotion"] == emotion]
    of_levels = [frame[frame["level"] == level] for level in levels]
    step = tables.design.curves.step_s / 2
    x = (min(float(f["time_s"].min()) for f in of_levels) - step, max(float(f["time_s"].max()) for f in of_levels) + step)
    svg = Svg(WIDTH, HEIGHT, f"{emotion} over time, by {tables.collection.factor}")
    axes = _Axes(LEFT, WIDTH - RIGHT, TOP, HEIGHT - BOTTOM, x, y)
    svg.text(LEFT, 14, emotion, bold=True)
    _frame(svg, axes, "seconds since the window began", "difference" if tables.design.curves.difference else "probability")
    for n, part in enumerate(of_levels):
        thin = slice(None, None, max(1, len(part) // MOST_POINTS))
        time_s = part["time_s"].to_numpy()[thin]
        mean, low, high = (part[name].to_numpy()[thin] for name in ("mean", "low", "high"))
        for upper, lower in zip(axes.points(time_s, high), axes.points(time_s, low), strict=True):
            svg.area([*upper, *reversed(lower)], LEVEL_COLOURS[n])
        for piece in axes.points(time_s, mean):
            svg.curve(piece, LEVEL_COLOURS[n], dash=DASHES[n])
    _legend(svg, LEFT, 30, levels)
    rows: Rows = [list(frame.columns), *_plain(frame.to_numpy().tolist())]
    people = int(frame["participants"].max())
    return Figure(f"curves-{emotion}", str(svg), f"Mean and 95 % band over at most {people} participants.", rows)


def contrast_figures(rows: Sequence[ContrastRow]) -> list[Figure]:
    """One figure per contrast: estimates with their intervals, measures of one unit on one axis."""
    contrasts = dict.fromkeys(row.contrast for row in rows)
    return [_estimates(f"contrast-{n}", [row for row in rows if row.contrast == name]) for n, name in enumerate(contrasts, 1)]


def _estimates(name: str, rows: Sequence[ContrastRow]) -> Figure:
    units = list(dict.fromkeys(row.unit for row in rows))
    first = rows[0]
    svg = Svg(900, 40 + ROW * len(rows) + UNIT_ROOM * len(units), f"{first.contrast}: estimates with 95 % intervals")
    svg.text(8, 16, first.contrast, bold=True)
    what = {"value": "", "difference": ", differences to the baseline", "ratio": ", ratios to the baseline"}[first.compared]
    svg.text(8, 33, f"{first.level_a} minus {first.level_b}{what}", colour=MUTED)
    effect = next((row.effect for row in rows if row.effect), "effect size")
    svg.text(svg.width - FIGURES + 16, 33, effect, colour=MUTED)
    svg.text(svg.width - 8, 33, "p, corrected", colour=MUTED, anchor="end")
    top = 40.0
    for unit in units:
        mine = [row for row in rows if row.unit == unit]
        _unit_block(svg, mine, top)
        top += ROW * len(mine) + UNIT_ROOM
    heads = ["contrast", "measure", "level_a", "level_b", "compared", "n_a", "n_b", "estimate", "low", "high"]
    heads += ["effect", "effect_size", "effect_low", "effect_high", "p_value", "p_adjusted", "correction", "test", "left_out"]
    data: Rows = [heads, *_plain([[getattr(row, head) for head in heads] for row in rows])]
    small = " Small dots are participants." if first.design == "paired" else ""
    test = next((row.test for row in rows if row.test), "not tested")
    caption = f"Dots are differences of means, lines 95 % intervals.{small} Corrected: {first.correction}. Test: {test}."
    return Figure(name, str(svg), caption, data)


def _unit_block(svg: Svg, rows: Sequence[ContrastRow], top: float) -> None:
    """Draw the rows of one unit and their axis."""
    own = [np.subtract(row.values_a, row.values_b) if row.design == "paired" else np.zeros(0) for row in rows]
    ends = np.array([value for row in rows for value in (row.estimate, row.low, row.high)])
    x = _range(np.concatenate([ends, *own, [0.0]]), zero=True)
    axes = _Axes(NAMES, svg.width - FIGURES, top, top + ROW * len(rows) + 6, x, (0, 1))
    for tick in ticks(*x):
        place = axes.at(tick, 0)[0]
        svg.line(place, axes.top, place, axes.bottom)
        svg.text(place, axes.bottom + 14, number(tick), anchor="middle", colour=MUTED, size=11)
    svg.text(axes.right + 8, axes.bottom + 14, rows[0].unit, colour=MUTED, size=11)
    zero = axes.at(0, 0)[0]
    svg.line(zero, axes.top, zero, axes.bottom, INK, 1, "3 3")
    for n, (row, differences) in enumerate(zip(rows, own, strict=True)):
        y = axes.top + 3 + ROW * (n + 0.5)
        svg.text(8, y + 4, _short(row.measure, 26))
        people = f"n = {row.n_a}" if row.design == "paired" else f"n = {row.n_a}, {row.n_b}"
        svg.text(NAMES - 12, y + 4, people, anchor="end", colour=MUTED, size=11)
        if not math.isfinite(row.estimate):
            svg.text(axes.left + 8, y + 4, row.note, colour=MUTED)
            continue
        for value in differences[:MOST_DOTS].tolist():
            svg.circle(axes.at(value, 0)[0], y + 7, 1.8, FAINT)
        if math.isfinite(row.low):
            svg.line(axes.at(row.low, 0)[0], y, axes.at(row.high, 0)[0], y, LEVEL_COLOURS[0], 2.5)
        svg.circle(axes.at(row.estimate, 0)[0], y, 4.5, LEVEL_COLOURS[0])
        svg.text(svg.width - FIGURES + 16, y + 4, interval(row.effect_size, row.effect_low, row.effect_high))
        svg.text(svg.width - 8, y + 4, p_text(row.p_adjusted), anchor="end")


def participant_figure(tables: StudyTables) -> Figure | None:
    """Small multiples: the curves of every participant, of the emotion of the first contrast."""
    asked, levels = tables.design.curves.emotions, _drawn(tables)
    if not levels or not asked:
        return None
    named = [row.label for row in tables.contrasts if row.label in asked]
    emotion = (named or (["happiness"] if "happiness" in asked else list(asked)))[0]
    curves = tables.collection.participants(emotion)
    people = [who for who in tables.design.participants if any(who in curves.get(level, {}) for level in levels)]
    shown = people[:MOST_SMALL]
    lines = [(k, who, *curves[level][who]) for k, level in enumerate(levels) for who in shown if who in curves.get(level, {})]
    x = (min(float(t[0]) for *_, t, _ in lines), max(float(t[-1]) for *_, t, _ in lines))
    y = _range(np.concatenate([values for *_, values in lines]), zero=tables.design.curves.difference)
    across = min(SMALL_ACROSS, len(shown))
    width = max(SMALL_WIDTH * across + 40, 420.0)
    svg = Svg(width, 44 + SMALL_HEIGHT * math.ceil(len(shown) / across) + 8, f"{emotion} of every participant")
    svg.text(8, 16, f"{emotion} of every participant", bold=True)
    _legend(svg, 8, 34, levels)
    for n, who in enumerate(shown):
        left, top = 36 + SMALL_WIDTH * (n % across), 44 + SMALL_HEIGHT * (n // across)
        axes = _Axes(left, left + SMALL_WIDTH - 14, top + 18, top + SMALL_HEIGHT - 8, x, y)
        svg.text(left, top + 12, _short(who, 20), size=11)
        for tick in ticks(*y, 2):
            svg.line(*axes.at(x[0], tick), *axes.at(x[1], tick))
            if n % across == 0:
                svg.text(left - 4, axes.at(0, tick)[1] + 4, number(tick), anchor="end", colour=MUTED, size=10)
        for k, _, time_s, values in (line for line in lines if line[1] == who):
            thin = slice(None, None, max(1, len(values) // 120))
            for piece in axes.points(time_s[thin], values[thin]):
                svg.curve(piece, LEVEL_COLOURS[k], 1.2, DASHES[k])
    rows: Rows = [["participant", "level", "emotion", "time_s", "value"]]
    for k, who, time_s, values in lines:
        pairs = zip(time_s.tolist(), values.tolist(), strict=True)
        rows += _plain([[who, levels[k], emotion, *pair] for pair in pairs])
    more = len(people) - len(shown)
    caption = f"Axes are alike. {more} more participants are in the tables." if more else "Axes are alike."
    return Figure("participants", str(svg), caption, rows)


def interval(value: float, low: float, high: float) -> str:
    """A number with its interval."""
    if not math.isfinite(value):
        return "not defined"
    shown = f"{value:.2f}" if not math.isfinite(low) else f"{value:.2f} [{low:.2f}, {high:.2f}]"
    return shown.replace("-", "\N{MINUS SIGN}")


def p_text(value: float) -> str:
    """A p-value as papers write it."""
    if not math.isfinite(value):
        return "\N{EN DASH}"
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def _frame(svg: Svg, axes: _Axes, below: str, beside: str) -> None:
    for tick in ticks(*axes.y):
        (x0, y), (x1, _) = axes.at(axes.x[0], tick), axes.at(axes.x[1], tick)
        svg.line(x0, y, x1, y)
        svg.text(x0 - 6, y + 4, number(tick), anchor="end", colour=MUTED, size=11)
    for tick in ticks(*axes.x, 7):
        x = axes.at(tick, 0)[0]
        svg.line(x, axes.bottom, x, axes.bottom + 4, MUTED)
        svg.text(x, axes.bottom + 16, number(tick), anchor="middle", colour=MUTED, size=11)
    svg.line(axes.left, axes.bottom, axes.right, axes.bottom, MUTED)
    if axes.x[0] < 0:
        zero = axes.at(0, 0)[0]
        svg.line(zero, axes.top, zero, axes.bottom, MUTED, 1, "3 3")
    svg.text(axes.right, axes.bottom + 32, below, anchor="end", colour=MUTED, size=11)
    svg.text(axes.right, 14, beside, anchor="end", colour=MUTED, size=11)


def _legend(svg: Svg, left: float, y: float, levels: Sequence[str]) -> None:
    for n, level in enumerate(levels):
        svg.line(left, y - 4, left + 22, y - 4, LEVEL_COLOURS[n], 2, DASHES[n])
        svg.text(left + 27, y, _short(level, 18), size=11)
        left += 40 + 6.4 * len(_short(level, 18))


def _range(values: Float64, zero: bool) -> tuple[float, float]:
    """The range of an axis for some values, with a margin."""
    known = values[np.isfinite(values)]
    if not len(known):
        return 0.0, 1.0
    low, high = min(float(known.min()), 0.0), float(known.max())
    high = max(high, 0.0) if zero else high
    room = 0.06 * ((high - low) or 1.0)
    return (low - room if low < 0 else low), high + room


def _short(text: str, most: int) -> str:
    text = one_line(text)
    return text if len(text) <= most else text[: most - 1] + "…"


def _plain(rows: Sequence[Sequence[Any]]) -> Rows:
    """Values for JSON: numbers with the six digits that figures show, None for those that are not finite."""

    def cell(value: Any) -> Any:
        if not isinstance(value, float):
            return value
        return float(f"{value:.6g}") if math.isfinite(value) else None

    return [list(map(cell, row)) for row in rows]
