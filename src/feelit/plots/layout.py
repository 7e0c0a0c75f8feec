"""Where everything of a figure goes, in millimetres: sizes are those of the printed page, whatever the number of tracks."""

from __future__ import annotations

import math
from dataclasses import dataclass

LEFT_MM, RIGHT_MM = 22.0, 6.0
TITLE_MM, LEGEND_MM, AXIS_MM, EDGE_MM = 5.0, 4.0, 8.5, 1.5
TICK_MM = 17.0
"""Room for a label of the time axis."""

STEPS_S = (
    *(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30),
    *(60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400),
)
"""Steps of the time axis that people count in."""


@dataclass(frozen=True, slots=True)
class Layout:
    """A panel a track, one below the other: the probabilities, and under them the strip of what is shown."""

    width_mm: float
    tracks: int
    legend_rows: int
    title_lines: int

    @property
    def roomy(self) -> bool:
        """Whether panels are high enough for words in the strip and numbers on the axis."""
        return self.tracks <= 12

    @property
    def curve_mm(self) -> float:
        """Height of the probabilities."""
        return min(max(150 / self.tracks - 6, 5.0), 0.2 * self.data_mm + 3, 30.0)

    @property
    def strip_mm(self) -> float:
        """Height of the strip."""
        return 3.2 if self.roomy else 2.0

    @property
    def pitch_mm(self) -> float:
        """From one panel to the next."""
        return self.curve_mm + 0.6 + self.strip_mm + (2.6 if self.roomy else 1.3)

    @property
    def top_mm(self) -> float:
        """Height of what is above the panels."""
        return EDGE_MM + self.title_lines * TITLE_MM + self.legend_rows * LEGEND_MM + 1.0

    @property
    def height_mm(self) -> float:
        """Height of the figure."""
        return self.top_mm + self.tracks * self.pitch_mm + AXIS_MM

    @property
    def data_mm(self) -> float:
        """Width of the time axis."""
        return data_mm(self.width_mm)

    def place(self, top_mm: float, height_mm: float) -> tuple[float, float, float, float]:
        """Left, bottom, width and height of a part of the panels, in shares of the figure."""
        bottom = self.height_mm - top_mm - height_mm
        return LEFT_MM / self.width_mm, bottom / self.height_mm, self.data_mm / self.width_mm, height_mm / self.height_mm

    def curve(self, row: int) -> tuple[float, float, float, float]:
        """Where the probabilities of a track go."""
        return self.place(self.top_mm + row * self.pitch_mm, self.curve_mm)

    def strip(self, row: int) -> tuple[float, float, float, float]:
        """Where the strip of a track goes."""
        return self.place(self.top_mm + row * self.pitch_mm + self.curve_mm + 0.6, self.strip_mm)


def data_mm(width_mm: float) -> float:
    """Width of the time axis of a figure."""
    return width_mm - LEFT_MM - RIGHT_MM


def ticks(start_s: float, end_s: float, width_mm: float) -> list[float]:
    """Round times to write on an axis, with room for each."""
    length_s, most = end_s - start_s, max(2, int(width_mm / TICK_MM))
    step = next((s for s in STEPS_S if length_s / s <= most), STEPS_S[-1] * math.ceil(length_s / STEPS_S[-1] / most))
    first = math.ceil(start_s / step - 1e-9)
    return [n * step for n in range(first, math.floor(end_s / step + 1e-9) + 1)]


def clock(time_s: float) -> str:
    """h:mm:ss, with as many decimals as it takes."""
    ms = round(time_s * 1000)
    text = f"{ms // 3_600_000}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02}"
    return f"{text}.{ms % 1000:03}".rstrip("0") if ms % 1000 else text
