"""The figure of a study: what it shows, how large it is, and what it refuses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

import feelit
from feelit.options.timelines import PlotOptions
from feelit.plots.study import CURVES, StudyFigure, draw_study


def content(levels: tuple[str, ...] = ("funny", "dull"), **contrast: Any) -> StudyFigure:
    """Two emotions over three seconds, and a contrast of one."""
    curves: list[dict[str, Any]] = [
        {"level": level, "emotion": emotion, "compared": "value", "time_s": t - 0.5, "mean": t / 10, "low": 0.0, "high": t / 5}
        for level in levels
        for emotion in ("happiness", "fear")
        for t in range(-2, 4)
    ]
    row: dict[str, Any] = {"contrast": "funny − dull", "measure": "mean_happiness", "label": "happiness", "unit": "probability"}
    row |= {"estimate": 0.2, "low": 0.1, "high": 0.3, "effect": "Hedges' g", "effect_size": -1.0, "p_adjusted": 0.0004}
    return StudyFigure(curves, [row | contrast])


def texts(content: StudyFigure, **options: Any) -> list[str]:
    """What is written, all of it in 8 pt and on the page."""
    figure = draw_study(content, PlotOptions(**options))
    FigureCanvasAgg(figure).draw()
    found = [text for text in figure.findobj(Text) if text.get_text() and text.get_visible()]
    assert {text.get_fontsize() for text in found} == {8.0}
    drawn, (width, height) = figure.get_tightbbox(), figure.get_size_inches()
    assert min(drawn.x0, drawn.y0) >= -0.01
    assert drawn.x1 <= width + 0.01
    assert drawn.y1 <= height + 0.01
    return [text.get_text() for text in found]


def test_the_emotions_of_contrasts_are_shown_unless_others_are_asked_for() -> None:
    shown = texts(content())
    assert {"happiness", "funny", "dull", "Probability", "Difference (probability)"} <= set(shown)
    assert "g = \N{MINUS SIGN}1.00, p < 0.001" in shown
    assert "fear" not in shown
    assert {"fear"} <= set(texts(content(), emotions=("fear",)))
    with pytest.raises(feelit.UsageError, match="no curves of these emotions") as refused:
        texts(content(), emotions=("anger",))
    assert "happiness, fear" in refused.value.hint


@pytest.mark.parametrize(("width", "inches"), [("single", 88 / 25.4), ("double", 180 / 25.4)])
def test_widths_are_those_of_journals(width: Any, inches: float) -> None:
    levels = ("a level with a long name", "another one", "third", "fourth", "fifth")
    figure = draw_study(content(levels), PlotOptions(width_mm=width))
    assert figure.get_size_inches()[0] == pytest.approx(inches)
    assert set(levels) <= set(texts(content(levels), width_mm=width))


def test_what_is_not_known_is_left_out() -> None:
    assert "g = " not in "".join(texts(content(estimate=float("nan"), low=float("nan"), high=float("nan"))))
    assert "p " not in "".join(texts(content(low=None, high=None, effect_size=None, p_adjusted=None)))


def test_damaged_tables_are_refused(tmp_path: Path) -> None:
    for name in ("curves.parquet", "report.html"):
        (tmp_path / name).write_bytes(b"nothing")
    with pytest.raises(feelit.TimelineReadError, match=r"curves\.parquet is damaged"):
        feelit.plot(tmp_path)


def test_a_study_takes_no_other_baseline(tmp_path: Path) -> None:
    for name in (CURVES, "report.html"):
        (tmp_path / name).write_text("")
    with pytest.raises(feelit.UsageError, match="a baseline of its own"):
        feelit.plot(tmp_path, tmp_path / "a.svg", baseline="auto")
