"""The report of a study: what it shows, that it asks nobody for anything, and that its buttons give data and pictures."""

from __future__ import annotations

import csv
import io
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

import feelit
from feelit.reports.svg import ticks
from tests.analysis.study.made import timeline
from tests.browser import Watched, opened

SHOWN = ["h" * 12 + "n" * 28, "h" * 6 + "n" * 34, "n" * 20 + "h" * 4 + "n" * 16, "h" * 9 + "n" * 31, "h" * 15 + "n" * 25]
HARMLESS = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study of five participants, one of them named to do harm, and one left out."""
    folder = tmp_path_factory.mktemp("study")
    recordings: list[dict[str, object]] = []
    for n, shown in enumerate(SHOWN):
        place = timeline(folder / f"{n}.parquet", shown)
        who = HARMLESS if n == 4 else f"P{n}"
        recordings.append({"timeline": str(place), "participant": who, "group": "even" if n % 2 == 0 else "odd"})
    recordings.append({"timeline": "none.parquet", "participant": "P9", "group": "odd", "exclude": "fell asleep"})
    (folder / "codes.csv").write_text("start,end,label\n0,1,happy\n1,4,neutral\n")
    recordings[0]["coders"] = [str(folder / "codes.csv")]
    study = {
        "title": f"Test {HARMLESS}",
        "recordings": recordings,
        "windows": [
            {"name": "A", "start": 0, "end": 2, "condition": "funny"},
            {"name": "B", "start": 2, "end": 4, "condition": "dull"},
        ],
        "contrasts": [
            {"levels": ["funny", "dull"], "measures": ["mean_happiness", "bouts_happiness"]},
            {"levels": ["even", "odd"], "factor": "group", "measures": ["mean_happiness"]},
        ],
    }
    feelit.study(study).report(folder / "report.html")
    return folder / "report.html"


class Texts(HTMLParser):
    """The texts of a page, without scripts and styles."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.svgs = 0
        self._hidden = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """See the base class."""
        self._hidden = tag in ("script", "style")
        self.svgs += tag == "svg"

    def handle_endtag(self, tag: str) -> None:
        """See the base class."""
        self._hidden = False

    def handle_data(self, data: str) -> None:
        """See the base class."""
        if not self._hidden and data.strip():
            self.words.append(data.strip())


def test_the_page_says_what_was_measured_without_any_script(report: Path) -> None:
    parser = Texts()
    parser.feed(report.read_text(encoding="utf-8"))
    text = "\n".join(parser.words)
    assert "6 participants, 10 of 12 windows measured; 1 participant excluded." in text
    assert "excluded: fell asleep (2)" in text
    for heading in ("Contrasts", "Curves", "Participants", "Data quality", "Agreement with coders", "Design"):
        assert heading in parser.words
    assert "funny − dull" in text
    assert "Holm (1979) over the 3 tests of the study" in text
    assert HARMLESS in text
    assert parser.svgs == 2 + 8 + 1 + 6


def test_buttons_give_data_and_picture_and_nothing_is_asked_for(report: Path, watched: Watched, tmp_path: Path) -> None:
    page = opened(watched.page, report)
    assert watched.complaints == []
    assert watched.requests == []
    figure = page.locator("figure").first
    got = {}
    for label in ("data", "picture"):
        with page.expect_download() as waiting:
            figure.get_by_role("button", name=label).click()
        target = tmp_path / waiting.value.suggested_filename
        waiting.value.save_as(target)
        got[target.name] = target.read_text(encoding="utf-8")
    assert list(got) == ["contrast-1.csv", "contrast-1.svg"]
    rows = list(csv.DictReader(io.StringIO(got["contrast-1.csv"])))
    assert [row["measure"] for row in rows] == ["mean_happiness", "bouts_happiness"]
    assert ET.fromstring(got["contrast-1.svg"]).tag == "{http://www.w3.org/2000/svg}svg"  # noqa: S314  # made above
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= page.viewport_size["width"] if page.viewport_size else True


@pytest.mark.parametrize(
    ("low", "high", "found"),
    [
        (0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1]),
        (-0.03, 0.01, [-0.03, -0.02, -0.01, 0, 0.01]),
        (-2, 20, [0, 5, 10, 15, 20]),
        (3, 3, [3]),
    ],
)
def test_ticks_are_round_numbers(low: float, high: float, found: list[float]) -> None:
    assert ticks(low, high) == pytest.approx(found)
