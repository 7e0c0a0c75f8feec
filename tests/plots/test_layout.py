"""Sizes on the printed page, and the marks of the time axis."""

from __future__ import annotations

import pytest

from feelit.plots.layout import TICK_MM, Layout, clock, ticks


@pytest.mark.parametrize("panels", [[1], [2], [6], [12], [13], [25], [4, 4, 4], [8, 8, 6], [1] * 12])
def test_up_to_25_panels_fit_on_a_page(panels: list[int]) -> None:
    layout = Layout(180, 25, panels, legend_rows=2, title_lines=1)
    assert layout.height_mm <= 262  # A4, less what journals keep for margins
    assert layout.curve_mm >= 5


@pytest.mark.parametrize("panels", [[1], [6], [25], [3, 1, 5]])
def test_parts_do_not_overlap(panels: list[int]) -> None:
    layout = Layout(88, 25, panels, legend_rows=3, title_lines=2)
    rows = [(section, row) for section, count in enumerate(panels) for row in range(count)]
    places = [place(*row) for row in rows for place in (layout.curve, layout.strip)]
    tops = [bottom + height for _, bottom, _, height in places]
    bottoms = [bottom for _, bottom, _, _ in places]
    assert tops[0] < 1
    assert all(below < above for above, below in zip(bottoms, tops[1:], strict=False))
    assert bottoms[-1] * layout.height_mm > 7  # room for the axis
    assert all(0 < left < left + width < 1 for left, _, width, _ in places)


@pytest.mark.parametrize(
    ("start_s", "end_s", "width_mm", "expected"),
    [
        pytest.param(0, 10, 152, ["0:00:00", "0:00:02", "0:00:04", "0:00:06", "0:00:08", "0:00:10"], id="10 s"),
        pytest.param(0, 10_800, 57, ["0:00:00", "1:00:00", "2:00:00", "3:00:00"], id="3 h in a column"),
        pytest.param(3599, 3601, 57, ["0:59:59", "1:00:00", "1:00:01"], id="about an hour"),
        pytest.param(0, 0.4, 85, ["0:00:00", "0:00:00.1", "0:00:00.2", "0:00:00.3", "0:00:00.4"], id="parts of a second"),
        pytest.param(7.5, 22, 57, ["0:00:10", "0:00:15", "0:00:20"], id="begins in between"),
    ],
)
def test_marks_are_round_times(start_s: float, end_s: float, width_mm: float, expected: list[str]) -> None:
    assert [clock(t) for t in ticks(start_s, end_s, width_mm)] == expected


@pytest.mark.parametrize("length_s", [0.005, 0.1, 1, 59, 61, 3599, 3601, 86_400, 1e6, 1e8])
@pytest.mark.parametrize("width_mm", [32, 57, 150, 370])
def test_marks_have_room(length_s: float, width_mm: float) -> None:
    at_s = ticks(0, length_s, width_mm)
    assert len(at_s) >= 2
    assert len(at_s) <= max(2, width_mm / TICK_MM) + 1


@pytest.mark.parametrize(
    ("time_s", "text"),
    [(0, "0:00:00"), (59.9996, "0:01:00"), (3661.25, "1:01:01.25"), (360_000, "100:00:00"), (0.1 + 0.2, "0:00:00.3")],
)
def test_times_are_written_as_people_read_them(time_s: float, text: str) -> None:
    assert clock(time_s) == text
