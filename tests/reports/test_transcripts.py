"""What was said, in a report: read, searched and followed in a browser, and refused where it is of another video."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from feelit.errors import UsageError
from feelit.options.timelines import ReportOptions
from feelit.reports.write import write_report
from tests.browser import opened
from tests.reports.meetings import Meeting, write

NAMED = ["Ada Lovelace", "Ben"]
TEXTS = ["The price is <b>5</b>?", "PRICES\u2026", "Who said so", "</script>x", "a price. A Price!", "last"]
SPEAKERS = ["Ada Lovelace", "ben", "Carl", "Ben", "Ada Lovelace", "Ben"]


def vtt(path: Path, count: int = len(TEXTS), step_s: float = 5.0) -> Path:
    cues = [
        f"{stamp(n * step_s)} --> {stamp(n * step_s + 0.8 * step_s)}\n"
        f"<v {SPEAKERS[n % 6]}>{TEXTS[n % 6].replace('<', '&lt;').replace('>', '&gt;')}\n"
        for n in range(count)
    ]
    path.write_text("\n".join(["WEBVTT\n", *cues]), encoding="utf-8")
    return path


def stamp(time_s: float) -> str:
    return f"{int(time_s // 60):02}:{time_s % 60:06.3f}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report with a few utterances, and one with 2,000."""
    folder = tmp_path_factory.mktemp("transcripts")
    timeline = write(folder / "few.parquet", [Meeting(people=2, duration_s=40.0)], {1: 1, 2: 2}, NAMED)
    said = vtt(folder / "few.vtt")
    notes = write_report([timeline], ReportOptions(out=folder / "few.html", transcripts=(said,)))
    assert notes == [
        "meeting.mp4: not matched to a person: Carl (1); give --speaker Carl=PERSON, or Carl=none if not on screen"
    ]
    timeline = write(folder / "many.parquet", [Meeting(people=1, duration_s=200.0, rate_hz=2.0)])
    write_report([timeline], ReportOptions(out=folder / "many.html", transcripts=(vtt(folder / "many.vtt", 2000, 0.1),)))
    return folder


def said(page: Page) -> list[str]:
    return page.locator("#transcript li:visible .said").all_text_contents()


def test_words_stand_under_the_lanes_as_they_were_written(page: Page, folder: Path) -> None:
    opened(page, folder / "few.html")
    assert said(page) == TEXTS
    assert page.locator("#transcript b").all_inner_texts() == SPEAKERS
    above = page.locator("#who").bounding_box()
    below = page.locator("#transcript").bounding_box()
    assert above is not None
    assert below is not None
    assert above["y"] + above["height"] <= below["y"]
    expect(page.locator("#transcript")).to_contain_text("Not matched to a person, and perhaps among the listeners: Carl.")


@pytest.mark.parametrize(
    ("wanted", "found", "marked"),
    [
        pytest.param("price", [0, 1, 4], ["price", "PRICE", "price", "Price"], id="any-case"),
        pytest.param("price is", [0], ["price is"], id="a-phrase"),
        pytest.param("<b>", [0], ["<b>"], id="markup-is-text"),
        pytest.param(".*", [], [], id="no-pattern"),
    ],
)
def test_words_are_searched(page: Page, folder: Path, wanted: str, found: list[int], marked: list[str]) -> None:
    opened(page, folder / "few.html")
    page.get_by_label("find in what was said").fill(wanted)
    assert said(page) == [TEXTS[n] for n in found]
    assert page.locator("#transcript mark").all_text_contents() == marked
    expect(page.locator("#transcript [role=status]")).to_have_text(f"{len(found)} of 6 utterances")
    expect(page.get_by_text("Nobody says that.")).to_be_visible(visible=not found)


def test_a_click_and_the_enter_key_go_there(page: Page, folder: Path) -> None:
    opened(page, folder / "few.html")
    page.locator("#transcript li .said").nth(3).click()
    expect(page.locator(".moment")).to_have_text("0:00:15.000")
    expect(page.locator("#transcript li[aria-current]")).to_contain_text("</script>x")
    page.locator("#transcript li button").nth(2).click()
    expect(page.locator(".moment")).to_have_text("0:00:10.000")
    page.get_by_label("find in what was said").fill("price")
    page.keyboard.press("Enter")
    expect(page.locator(".moment")).to_have_text("0:00:20.000")
    page.keyboard.press("Enter")  # from the beginning again
    expect(page.locator(".moment")).to_have_text("0:00:00.000")


def test_nothing_is_said_between_utterances(page: Page, folder: Path) -> None:
    opened(page, folder / "few.html", "#video-1@4.5")
    expect(page.locator("#transcript li[aria-current]")).to_have_count(0)


def test_the_list_follows_the_cursor_and_the_page_stays(page: Page, folder: Path) -> None:
    opened(page, folder / "many.html", "#video-1@100.01")
    expect(page.locator("#transcript li")).to_have_count(2000)
    current = page.locator("#transcript li[aria-current]")
    expect(current.locator(".time")).to_have_text("0:01:40.0")
    row, box = current.bounding_box(), page.locator(".utterances").bounding_box()
    assert row is not None
    assert box is not None
    assert box["y"] <= row["y"] <= row["y"] + row["height"] <= box["y"] + box["height"]
    assert page.evaluate("scrollY") == 0


@pytest.mark.parametrize("width", [360, 800, 1400])
def test_it_fits_any_width(page: Page, folder: Path, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    opened(page, folder / "few.html")
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0
    assert page.locator("#transcript .said").last.is_visible()


def test_the_data_are_those_of_the_page(page: Page, folder: Path, tmp_path: Path) -> None:
    opened(page, folder / "few.html")
    with page.expect_download() as download:
        page.locator("#transcript").get_by_role("button", name="data").click()
    path = tmp_path / "said.csv"
    download.value.save_as(path)
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["text"] for row in rows] == TEXTS
    assert [row["person_id"] for row in rows] == ["1", "2", "", "2", "1", "2"]


# What cannot be shown


def test_of_several_videos_each_transcript_is_called_like_its_own(tmp_path: Path) -> None:
    meetings = [Meeting(people=1, duration_s=40.0, name=f"calls/{name}.mp4") for name in ("Tuesday", "Friday")]
    timeline = write(tmp_path / "t.parquet", meetings)
    options: dict[str, Any] = {"out": tmp_path / "r.html", "speakers": {"Carl": "1"}}
    notes = write_report([timeline], ReportOptions(transcripts=(vtt(tmp_path / "friday.vtt"),), **options))
    assert len(notes) == 1
    assert notes[0].startswith("calls/Friday.mp4: not matched to a person: Ada Lovelace (2), ben (1), Ben (2)")


@pytest.mark.parametrize(
    ("transcripts", "speakers", "message"),
    [
        pytest.param(["c.vtt"], {}, "c.vtt is called like none of the videos: a.mp4, b.mp4", id="of-no-video"),
        pytest.param(["a.vtt", "A.vtt"], {}, "A.vtt and .*a.vtt are both of a.mp4", id="twice"),
        pytest.param(["a.vtt"], {"Dora": "1"}, "nobody in the transcripts is called Dora", id="no-speaker"),
        pytest.param(["gone.vtt"], {}, "gone.vtt is called like none", id="missing"),
        pytest.param(["long.vtt"], {}, r"long.vtt goes from 0.0 to 400.0 s, and long.mp4 lasts 40.0 s", id="of-another"),
    ],
)
def test_what_belongs_to_no_video_is_refused_before_any_work(
    tmp_path: Path, transcripts: list[str], speakers: dict[str, str], message: str
) -> None:
    long = transcripts == ["long.vtt"]
    names = ["long.mp4"] if long else ["a.mp4", "b.mp4"]
    timeline = write(tmp_path / "t.parquet", [Meeting(people=1, duration_s=40.0, name=name) for name in names])
    for name in transcripts:
        if name != "gone.vtt":
            vtt(tmp_path / name, 2000 if long else 6, 0.2 if long else 5.0)
    paths = tuple(tmp_path / name for name in transcripts)
    options = ReportOptions(out=tmp_path / "r.html", transcripts=paths, speakers=tuple(speakers.items()))
    with pytest.raises(UsageError, match=message):
        write_report([timeline], options)
    assert not (tmp_path / "r.html").exists()
