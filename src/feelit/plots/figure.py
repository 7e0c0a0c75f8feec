"""Drawing of the figure: for everybody the stacked probabilities, and a strip of the dominant emotion.

Areas are drawn from the outermost to the innermost, each down to zero, so that no seams show; neutral is on top, so that the
other emotions stand on the axis. Names in the strip, where they fit, and thin lines between areas serve readers and printers
without colours.
"""

from __future__ import annotations

import io
import re
import textwrap
import warnings
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import Patch, PathPatch
from matplotlib.path import Path as Outline
from matplotlib.textpath import TextPath

from feelit.labels import starred
from feelit.plots.bins import ABSENT, UNREADABLE, Bins, Content, Section
from feelit.plots.layout import LEGEND_MM, Layout, clock, left_mm, ticks
from feelit.render import theme
from feelit.types import EMOTIONS, Float64, Int64

MM = 1 / 25.4
FONT = "DejaVu Sans"  # comes with matplotlib, so figures are alike everywhere
TEXT_PT, WORD_PT = 8.0, 7.0
LINE_PT, HAIR_PT = 0.25, 0.08
INK, PAPER = theme.PLATE.hex, theme.INK.hex
SETTINGS = {
    "font.family": FONT,
    "text.color": INK,
    "pdf.fonttype": 42,  # letters stay letters
    "svg.fonttype": "none",
    "svg.hashsalt": "feelit",
    "hatch.linewidth": 0.4,
}
UNDATED: dict[str, dict[str, str | None]] = {"pdf": {"CreationDate": None}, "svg": {"Date": None}, "png": {"Software": None}}

OTHER = -3  # an emotion that was not selected
VISIBLE = 0.005  # areas that are lower everywhere are not drawn
MANY_RUNS = 60  # a strip with more changes has hairlines, which would otherwise blacken it
ENTRY_PT = 4.0 * TEXT_PT  # width of a legend entry besides its text: patch, gap, and space to the next one


def write(figure: TimelineFigure, path: Path) -> None:
    """Write a figure to a file, in the format of its suffix. The bytes do not depend on the user's settings of matplotlib."""
    kind = path.suffix[1:].lower()
    drawn = figure.encoded(kind)  # matplotlib does not close the file of a full disk
    path.write_bytes(_shortened(drawn) if kind == "svg" else drawn)


def figure(content: Content, width_mm: float, dpi: int) -> TimelineFigure:
    """Draw a figure, in memory."""
    with style.context(["default", SETTINGS]):
        result = draw(content, width_mm)
    result.set_dpi(dpi)
    return result


class TimelineFigure(Figure):
    """A figure that notebooks display."""

    def encoded(self, kind: str) -> bytes:
        """The figure as a file of that kind: pdf, png or svg."""
        content = io.BytesIO()
        with style.context(["default", SETTINGS]), warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Glyph .* missing from")  # a title in letters that the font has not
            self.savefig(content, format=kind, dpi=self.get_dpi(), metadata=UNDATED[kind])
        return content.getvalue()

    def _repr_png_(self) -> bytes:
        return self.encoded("png")


def draw(content: Content, width_mm: float) -> TimelineFigure:
    """The figure, `width_mm` wide and as high as its panels need."""
    left = left_mm([label for label, _ in content.panels])
    lines = textwrap.wrap(content.title, max(10, int((width_mm - left) / 2.0)))
    handles = _legend(content)
    columns = _columns([str(handle.get_label()) for handle in handles], width_mm - left)
    counts = [len(section.panels) for section in content.sections]
    layout = Layout(width_mm, left, counts, len(handles[::columns]), len(lines))
    figure = TimelineFigure(figsize=(width_mm * MM, layout.height_mm * MM), facecolor=PAPER)
    for number, section in enumerate(content.sections):
        most = int(layout.data_mm / 2.0)
        heading = section.heading if len(section.heading) <= most else section.heading[: most - 1].rstrip() + "…"
        y = 1 - (layout.section_mm(number) + 0.8) / layout.height_mm
        look: dict[str, Any] = {"fontsize": TEXT_PT, "weight": "bold", "ha": "left", "va": "top", "parse_math": False}
        figure.text(layout.left_mm / layout.width_mm, y, heading, **look)
        for row in range(len(section.panels)):
            _draw_panel(figure, layout, number, row, section, content.emotions)
    _label(figure, layout, lines, content)
    # A legend is filled column by column; in this order, it reads row by row.
    _add_legend(figure, layout, [handle for column in range(columns) for handle in handles[column::columns]], columns)
    return figure


def _draw_panel(figure: Figure, layout: Layout, number: int, row: int, section: Section, emotions: Sequence[int]) -> None:
    (name, bins), edges_s = section.panels[row], section.edges_s
    span = float(edges_s[0]), float(edges_s[-1])
    curve, strip = figure.add_axes(layout.curve(number, row)), figure.add_axes(layout.strip(number, row))
    for axes in (curve, strip):
        axes.set_xlim(*span)
        axes.set_ylim(0, 1)
        axes.tick_params(labelsize=TEXT_PT, width=0.5, length=2, pad=1.5, colors=INK)
        axes.spines[:].set_visible(False)
    line_pt = LINE_PT if np.count_nonzero(np.diff(bins.state)) <= MANY_RUNS else HAIR_PT
    _draw_areas(curve, bins, edges_s, emotions, line_pt)
    frame = curve.spines[["left", "bottom"]]
    frame.set_visible(True)
    frame.set_linewidth(0.5)
    curve.set_xticks([])
    curve.set_yticks([0, 1], ["0", "1"] if layout.roomy else ["", ""])
    _draw_strip(strip, _shown(bins, emotions), edges_s, line_pt)
    if layout.roomy:
        _draw_words(strip, _shown(bins, emotions), edges_s, layout)
    at_s = ticks(*span, layout.data_mm) if row == len(section.panels) - 1 else []
    strip.set_xticks(at_s, [clock(t) for t in at_s])
    strip.set_yticks([])
    _, bottom, _, height = layout.curve(number, row)
    x = (layout.left_mm - 4.5) / layout.width_mm
    label: dict[str, Any] = {"fontsize": TEXT_PT, "ha": "right", "va": "center", "parse_math": False}
    figure.text(x, bottom + height / 2, name, **label)


def _draw_areas(axes: Axes, bins: Bins, edges_s: Float64, emotions: Sequence[int], line_pt: float) -> None:
    """Draw the stacked probabilities; gaps stay blank."""
    order = sorted(emotions, key=lambda k: EMOTIONS[k] == "neutral")
    top = np.cumsum(bins.probability[:, order], axis=1)
    runs = list(_runs(~np.isnan(bins.probability[:, 0]), True))
    for place in reversed(range(len(order))):
        areas = [
            _area(edges_s[first : end + 1], top[first:end, place])
            for first, end in runs
            if bins.probability[first:end, order[place]].max() >= VISIBLE
        ]
        _add(axes, areas, order[place], line_pt)


def _area(edges_s: Float64, height: Float64) -> Float64:
    """(K, 2) the corners of what lies below the values of consecutive bins."""
    x = np.concatenate([edges_s[:1], edges_s[:1], (edges_s[1:] + edges_s[:-1]) / 2, edges_s[-1:], edges_s[-1:]])
    return np.stack([x, np.concatenate([[0], height[:1], height, height[-1:], [0]])], axis=1)


def _draw_strip(axes: Axes, state: Int64, edges_s: Float64, line_pt: float) -> None:
    """Draw the states as bars; absence is blank."""
    for kind in sorted(set(state.tolist()) - {ABSENT}):
        bars = [np.stack([edges_s[[a, a, b, b]], np.array([0.0, 1.0, 1.0, 0.0])], axis=1) for a, b in _runs(state, kind)]
        _add(axes, bars, kind, line_pt)


def _draw_words(axes: Axes, state: Int64, edges_s: Float64, layout: Layout) -> None:
    """Write the names of emotions on bars that are long enough."""
    mm_per_s = layout.data_mm / float(edges_s[-1] - edges_s[0])
    text: dict[str, Any] = {"fontsize": WORD_PT, "ha": "center", "va": "center"}
    for kind in sorted(k for k in set(state.tolist()) if k >= 0):
        colour = theme.emotion_colour(kind)
        ink = INK if 0.2126 * colour.red + 0.7152 * colour.green + 0.0722 * colour.blue > 110 else PAPER
        for a, b in _runs(state, kind):
            if (edges_s[b] - edges_s[a]) * mm_per_s > _width_pt(EMOTIONS[kind], WORD_PT) / 72 / MM + 1.5:
                axes.text((edges_s[a] + edges_s[b]) / 2, 0.46, EMOTIONS[kind], color=ink, **text)


def _add(axes: Axes, parts: Sequence[Float64], kind: int, line_pt: float) -> None:
    """Fill polygons, (K, 2) corners each, as one path: thousands of them would make a large file."""
    if not parts:
        return
    corners = np.concatenate([np.concatenate([part, part[:1]]) for part in parts])
    codes = [code for p in parts for code in (Outline.MOVETO, *[Outline.LINETO] * (len(p) - 1), Outline.CLOSEPOLY)]
    patch = PathPatch(Outline(corners, codes), joinstyle="round", snap=False, linewidth=line_pt, **_look(kind))
    axes.add_artist(patch)  # add_patch would look for limits of the axes, which are set, in every corner
    patch.set_clip_on(False)  # or half of its edge would be lost at the ends of the axis


def _label(figure: Figure, layout: Layout, lines: list[str], content: Content) -> None:
    width, height = layout.width_mm, layout.height_mm
    title: dict[str, Any] = {"ha": "left", "va": "top", "linespacing": 1.3, "parse_math": False}
    figure.text(layout.left_mm / width, 1 - 1.0 / height, "\n".join(lines), fontsize=TEXT_PT + 1, **title)
    panels_mm = height - layout.top_mm - 9.0
    if content.above_usual:
        what = "above the usual face, 0 to 1" if panels_mm > 42 else "above usual"
    else:
        what = "probability, 0 to 1" if panels_mm > 30 else "probability"
    middle = 1 - (layout.top_mm + panels_mm / 2) / height
    figure.text(1.5 / width, middle, what, fontsize=TEXT_PT, rotation=90, ha="left", va="center")
    foot: dict[str, Any] = {"fontsize": TEXT_PT, "va": "bottom"}
    if content.left_out:
        figure.text(1.5 / width, 1.2 / height, content.left_out, ha="left", **foot)
        figure.text(1 - 1.5 / width, 1.2 / height, "time (h:mm:ss)", ha="right", **foot)
    else:
        figure.text((layout.left_mm + layout.data_mm / 2) / width, 1.2 / height, "time (h:mm:ss)", ha="center", **foot)


def _add_legend(figure: Figure, layout: Layout, handles: list[Patch], columns: int) -> None:
    top_mm = layout.top_mm - layout.legend_rows * LEGEND_MM - 0.8
    figure.legend(
        handles=handles,
        loc="upper left",
        bbox_to_anchor=(layout.left_mm / layout.width_mm, 1 - top_mm / layout.height_mm),
        ncols=columns,
        fontsize=TEXT_PT,
        frameon=False,
        borderpad=0,
        borderaxespad=0,
        handlelength=1.4,
        handletextpad=0.5,
        columnspacing=1.4,
        labelspacing=0.45,
    )


def _columns(words: Sequence[str], room_mm: float) -> int:
    """The number of legend entries that fit side by side."""
    widths = [_width_pt(word, TEXT_PT) + ENTRY_PT for word in words]
    fits = (c for c in range(len(words), 1, -1) if sum(max(widths[k::c]) for k in range(c)) <= room_mm * MM * 72)
    return next(fits, 1)


def _legend(content: Content) -> list[Patch]:
    """The legend entries of all states in the figure; a star marks unreliable labels, see `labels.DOUBTFUL`."""
    everybody = [bins for _, bins in content.panels]
    shown = {kind for bins in everybody for kind in _shown(bins, content.emotions).tolist()}
    highest = np.max([np.nan_to_num(bins.probability).max(axis=0) for bins in everybody], axis=0)
    named = [k for k in content.emotions if k in shown or highest[k] >= 4 * VISIBLE]
    words = {k: starred(EMOTIONS[k]) for k in named}
    words |= {k: word for k, word in ((OTHER, "another emotion"), (UNREADABLE, "not readable")) if k in shown}
    return [Patch(label=word, linewidth=LINE_PT, **_look(k)) for k, word in words.items()]


def _shown(bins: Bins, emotions: Sequence[int]) -> Int64:
    """(B,) the states; emotions that were not selected become OTHER."""
    return np.where((bins.state >= 0) & ~np.isin(bins.state, emotions), OTHER, bins.state)


def _look(kind: int) -> dict[str, Any]:
    """The fill of a state. All have an edge, for light colours on paper."""
    if kind == UNREADABLE:
        return {"facecolor": PAPER, "edgecolor": theme.UNREADABLE.hex, "hatch": "/////"}
    return {"facecolor": PAPER if kind == OTHER else theme.emotion_colour(kind).hex, "edgecolor": INK}


def _runs(state: np.ndarray[Any, Any], kind: int) -> Iterator[tuple[int, int]]:
    """The bounds of the runs of a state."""
    bounds = np.flatnonzero(np.diff(state == kind, prepend=False, append=False))
    yield from zip(bounds[::2].tolist(), bounds[1::2].tolist(), strict=True)


@cache
def _width_pt(word: str, size_pt: float) -> float:
    return float(TextPath((0, 0), word, size=size_pt, prop=FontProperties(family=FONT)).get_extents().width)


def _shortened(svg: bytes) -> bytes:
    """An SVG with coordinates rounded to a hundredth of a point, a third smaller."""
    return re.sub(rb' d="[^"]*"', lambda path: re.sub(rb"\d+\.\d{3,}", lambda n: b"%.2f" % float(n[0]), path[0]), svg)
