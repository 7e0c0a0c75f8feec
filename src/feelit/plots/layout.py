"""The layout of a figure, in millimetres of the printed page."""

from __future__ import annotations

import math
from collections.abc import Sequence

RIGHT_MM = 6.0
TITLE_MM, LEGEND_MM, AXIS_MM, EDGE_MM = 5.0, 4.0, 9.5, 1.5
HEADING_MM = 5.0
"""Height of the name of a video."""

TICKS_MM = 6.0  # height of the times below the panels of one video, where others follow
TICK_MM = 18.0  # room for a label of the time axis
LABEL_MM = 1.75  # width of a letter of a label, on average

MOST_LETTERS = 14

STEPS_S = (
    *(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30),
    *(60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400),
)
"""Steps of the time axis, s."""


class Layout:
    """Videos one below the other, each with one panel per person or track: the probabilities, and the strip below them.
    `left_mm` is the width to the left of the panels, `panels` their number per video.
    """

    def __init__(self, width_mm: float, left_mm: float, panels: Sequence[int], legend_rows: int, title_lines: int) -> None:
        self.width_mm, self.left_mm, self._panels, self.legend_rows = width_mm, left_mm, panels, legend_rows
        count, videos = sum(panels), len(panels)
        self.roomy = count + 2 * (videos - 1) <= 12  # high enough for words in the strip and numbers on the axis
        self.data_mm = width_mm - left_mm - RIGHT_MM  # width of the time axis
        room_mm = 150 - (videos - 1) * (HEADING_MM + TICKS_MM)
        self.curve_mm = min(max(room_mm / count - 6, 5.0), 0.2 * self.data_mm + 3, 30.0)
        self._strip_mm = 3.6 if self.roomy else 2.0
        self._pitch_mm = self.curve_mm + 0.6 + self._strip_mm + (2.6 if self.roomy else 1.2)  # from one panel to the next
        self._heading_mm = HEADING_MM if videos > 1 else 0.0
        self.top_mm = EDGE_MM + title_lines * TITLE_MM + legend_rows * LEGEND_MM + 1.0  # height of what is above the panels
        between = videos * (self._heading_mm + TICKS_MM) - TICKS_MM
        self.height_mm = self.top_mm + between + count * self._pitch_mm + AXIS_MM

    def section_mm(self, section: int) -> float:
        """Where a video begins, from the top."""
        return self.top_mm + sum(self._panels[:section]) * self._pitch_mm + section * (self._heading_mm + TICKS_MM)

    def curve(self, section: int, row: int) -> tuple[float, float, float, float]:
        """Left, bottom, width and height of the probabilities of a panel, in shares of the figure."""
        return self._place(self._panel_mm(section, row), self.curve_mm)

    def strip(self, section: int, row: int) -> tuple[float, float, float, float]:
        """The same of the strip of a panel."""
        return self._place(self._panel_mm(section, row) + self.curve_mm + 0.6, self._strip_mm)

    def _panel_mm(self, section: int, row: int) -> float:
        return self.section_mm(section) + self._heading_mm + row * self._pitch_mm

    def _place(self, top_mm: float, height_mm: float) -> tuple[float, float, float, float]:
        bottom = self.height_mm - top_mm - height_mm
        return self.left_mm / self.width_mm, bottom / self.height_mm, self.data_mm / self.width_mm, height_mm / self.height_mm


def left_mm(labels: Sequence[str]) -> float:
    """Width to the left of the panels, for their labels and the axis."""
    return 10.0 + LABEL_MM * max(7, *map(len, labels))


def shortened(label: str) -> str:
    """A label, shortened to MOST_LETTERS."""
    return label if len(label) <= MOST_LETTERS else label[: MOST_LETTERS - 1].rstrip(" -_.,") + "…"


def ticks(start_s: float, end_s: float, width_mm: float) -> list[float]:
    """Round times for the ticks of an axis, at least TICK_MM apart."""
    length_s, most = end_s - start_s, max(2, int(width_mm / TICK_MM))
    step = next((s for s in STEPS_S if length_s / s <= most), STEPS_S[-1] * math.ceil(length_s / STEPS_S[-1] / most))
    first = math.ceil(start_s / step - 1e-9)
    return [n * step for n in range(first, math.floor(end_s / step + 1e-9) + 1)]


def clock(time_s: float) -> str:
    """h:mm:ss, with decimals if needed."""
    ms = round(time_s * 1000)
    text = f"{ms // 3_600_000}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02}"
    return f"{text}.{ms % 1000:03}".rstrip("0") if ms % 1000 else text
