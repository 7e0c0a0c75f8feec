"""Pictures as SVG text. Styles are attributes of the elements, so that a saved picture looks the same without the page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

INK, MUTED, LINE, PAPER = "#16181c", "#5b6470", "#d5d9df", "#ffffff"
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif"

DASHES = ("", "7 3", "2 3", "9 3 2 3", "5 2", "1 2", "12 4")  # of levels, for readers without colours


class Svg:
    """One picture, drawn from the top left corner in pixels."""

    def __init__(self, width: float, height: float, label: str) -> None:
        self.width, self.height = width, height
        self._parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{height:g}" viewBox="0 0 {width:g} {height:g}"'
            f' role="img" aria-label="{escape(label)}" font-family="{escape(FONT)}" font-size="12" fill="{INK}">',
            f'<rect width="{width:g}" height="{height:g}" fill="{PAPER}"/>',
        ]

    def line(self, x0: float, y0: float, x1: float, y1: float, colour: str = LINE, width: float = 1, dash: str = "") -> None:
        """A straight line."""
        dashes = f' stroke-dasharray="{dash}"' if dash else ""
        ends = f'x1="{x0:.1f}" y1="{y0:.1f}" x2="{x1:.1f}" y2="{y1:.1f}"'
        self._parts.append(f'<line {ends} stroke="{colour}" stroke-width="{width:g}"{dashes}/>')

    def curve(self, points: Sequence[tuple[float, float]], colour: str, width: float = 1.8, dash: str = "") -> None:
        """A line through points."""
        dashes = f' stroke-dasharray="{dash}"' if dash else ""
        style = f'fill="none" stroke="{colour}" stroke-width="{width:g}" stroke-linejoin="round"{dashes}'
        self._parts.append(f'<polyline points="{_points(points)}" {style}/>')

    def area(self, points: Sequence[tuple[float, float]], colour: str) -> None:
        """A filled shape, through which others show."""
        self._parts.append(f'<polygon points="{_points(points)}" fill="{colour}" fill-opacity="0.18"/>')

    def circle(self, x: float, y: float, radius: float, colour: str) -> None:
        """A dot."""
        self._parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:g}" fill="{colour}"/>')

    def rect(self, x: float, y: float, width: float, height: float, colour: str) -> None:
        """A filled rectangle."""
        self._parts.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{colour}"/>')

    def text(
        self, x: float, y: float, words: str, *, anchor: str = "start", colour: str = INK, size: float = 12, bold: bool = False
    ) -> None:
        """A line of text; `y` is its baseline."""
        weight = ' font-weight="600"' if bold else ""
        style = f'text-anchor="{anchor}" fill="{colour}" font-size="{size:g}"{weight}'
        self._parts.append(f'<text x="{x:.1f}" y="{y:.1f}" {style}>{escape(words)}</text>')

    def __str__(self) -> str:
        return "".join([*self._parts, "</svg>"])


def ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Round numbers from `low` to `high`, at most `most` and one."""
    if not high > low:
        return [low]
    scale = 10.0 ** int(f"{(high - low) / most:e}".partition("e")[2])
    step = next(scale * factor for factor in (1, 2, 2.5, 5, 10, 20) if (high - low) / (scale * factor) <= most)
    first = int(-(-low // step)) if abs(low / step - round(low / step)) > 1e-9 else round(low / step)
    last = int(high // step) if abs(high / step - round(high / step)) > 1e-9 else round(high / step)
    return [round(n * step, 12) + 0.0 for n in range(first, last + 1)]


def number(value: float) -> str:
    """A number on an axis."""
    return f"{value:g}".replace("-", "\N{MINUS SIGN}")


def _points(points: Iterable[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
