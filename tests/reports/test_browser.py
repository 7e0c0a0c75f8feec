"""The page in a browser: what is seen, what is done with mouse, fingers and keys, and that it talks to nobody."""

from __future__ import annotations

import csv
import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from playwright.sync_api import Locator, Page, expect

from feelit.options.timelines import ReportOptions
from feelit.reports import video_section
from feelit.reports.curves import NO, YES
from feelit.reports.write import write_report
from feelit.timeline.recording import Recording
from feelit.timeline.schema import pack_metadata
from tests.browser import Watched, opened
from tests.exports.made import with_signals
from tests.reports.films import film, timeline_of_film
from tests.reports.meetings import Meeting, write
from tests.timeline.rows import regular, table_of

MEETING = Meeting(people=6, duration_s=120.0, gap_s=(60.0, 70.0))
PEOPLE = {1: 1, 2: 2, 3: 1, 4: 3, 5: None, 6: 4}
EVERYBODY = {n: n for n in range(1, 41)}
NAMED = ["Ada Lovelace", "Ben"]
NAMES = ["b <b>bold</b>.mp4", "</script><script>alert(1)</script>.mp4", "a.mp4"]
LANE = "#who .stream >> nth=0"

COPY = """const copy = (canvas) => {
  const pen = Object.assign(document.createElement("canvas"), { width: canvas.width, height: canvas.height })
    .getContext("2d", { willReadFrequently: true });
  pen.drawImage(canvas, 0, 0);
  return pen;
};"""
INK_OF = """canvas => {
  %s
  const { data } = copy(canvas).getImageData(0, 0, canvas.width, canvas.height);
  const colours = new Set();
  for (let i = 0; i < data.length; i += 4) if (data[i + 3] > 200) colours.add(data[i] << 16 | data[i + 1] << 8 | data[i + 2]);
  return [...colours];
}""".replace("%s", COPY)
COLOURFUL_PIXELS = """(canvas, stretches) => stretches.map(([from, to]) => {
  %s
  const at = (share) => Math.round(share * canvas.width);
  const { data } = copy(canvas).getImageData(at(from), 0, at(to) - at(from), canvas.height * 0.7);
  const pixels = [...Array(data.length / 4).keys()].map((i) => [...data.slice(4 * i, 4 * i + 3)]);
  return pixels.filter((rgb) => Math.max(...rgb) - Math.min(...rgb) > 60).length;
})""".replace("%s", COPY)
SPREAD_FINGERS = """(over, area) => {
  over.setPointerCapture = () => {}; // made-up pointers cannot be captured
  const finger = (pointerId, share) => ({
    pointerId, pointerType: "touch", button: 0, bubbles: true, clientX: area.x + share * area.width, clientY: area.y + 20,
  });
  const send = (type, id, share) => over.dispatchEvent(new PointerEvent(type, finger(id, share)));
  send("pointerdown", 1, 0.4), send("pointerdown", 2, 0.6);
  send("pointermove", 1, 0.2), send("pointermove", 2, 0.8);
  send("pointerup", 1, 0.2), send("pointerup", 2, 0.8);
}"""
FOCUS = """() => {
  const focus = document.activeElement;
  return [focus.className || focus.tagName, getComputedStyle(focus).outlineStyle];
}"""
SPILT = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One report of one video, one of three, one of people, and one with the video itself."""
    folder = tmp_path_factory.mktemp("reports")
    twice = Meeting(people=6, duration_s=60.0, apart={1: (0.0, 0.5), 3: (0.6, 1.0)})
    reported(folder / "people.html", write(folder / "people.parquet", [twice], PEOPLE, NAMED))
    reported(
        folder / "crowd.html",
        write(folder / "crowd.parquet", [Meeting(people=40, duration_s=20.0)], EVERYBODY),
    )
    reported(folder / "one.html", write(folder / "one.parquet", [MEETING]))
    several = [Meeting(people=n + 1, duration_s=10.0 * (3 - n), seed=n, name=name) for n, name in enumerate(NAMES)]
    reported(folder / "several.html", write(folder / "several.parquet", several))
    film(folder / "films" / "call.mp4")
    timeline = timeline_of_film(folder / "film.parquet", {"call.mp4": folder / "films" / "call.mp4"})
    reported(folder / "film.html", timeline, folder / "films")
    return folder


def recorded(table: pa.Table) -> pa.Table:
    return table.replace_schema_metadata(pack_metadata({}))


def reported(out: Path, timeline: Path, *videos: Path) -> None:
    write_report([timeline], ReportOptions(out=out, video=videos))


def until(page: Page, condition: str) -> None:
    """Wait for what will be. The page's policy lets no text be run as a script, which Playwright's own waiting does."""
    for _ in range(100):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(50)
    raise AssertionError(condition)


def shown(page: Page) -> tuple[float, float]:
    """The stretch of time that the curves show, as the page says it."""
    text = page.locator("#who .controls .stretch").inner_text()
    times = re.findall(r"(\d+):(\d\d):(\d\d\.\d)", text)
    first, last = ((int(h) * 3600 + int(m) * 60 + float(s)) for h, m, s in times[:2])
    return first, last


def moment(page: Page) -> str:
    return page.locator(".moment").inner_text()


def colour(page: Page, emotion: str) -> int:
    """0xrrggbb"""
    value = page.evaluate("name => getComputedStyle(document.documentElement).getPropertyValue(name)", f"--emotion-{emotion}")
    return int(value.strip()[1:], 16)


def edge(page: Page, emotion: str) -> int:
    """0xrrggbb"""
    value = page.evaluate("name => getComputedStyle(document.documentElement).getPropertyValue(name)", f"--edge-{emotion}")
    return int(value.strip()[1:], 16)


def box(place: Locator) -> Any:
    place.scroll_into_view_if_needed()
    found = place.bounding_box()
    assert found
    return found


def drag(page: Page, from_share: float, to_share: float) -> None:
    area = box(page.locator(LANE))
    middle = area["y"] + area["height"] / 2
    page.mouse.move(area["x"] + from_share * area["width"], middle)
    page.mouse.down()
    page.mouse.move(area["x"] + to_share * area["width"], middle, steps=4)
    page.mouse.up()


def rows_of(page: Page, button: Locator) -> list[list[str]]:
    """The lines of the CSV file that a button saves."""
    with page.expect_download() as download:
        button.click()
    return list(csv.reader(download.value.path().read_text(encoding="utf-8").splitlines()))


def test_the_first_screen_answers_who_showed_what(page: Page, folder: Path) -> None:
    page.set_viewport_size({"width": 1440, "height": 900})
    opened(page, folder / "people.html")
    expect(page.locator("h1")).to_have_text("meeting.mp4")
    lead = page.locator(".lead").inner_text()
    assert lead.startswith("Four people, ")
    assert "Ada Lovelace" in lead
    assert "how a face looks, not what a person feels" in page.locator("header .note").inner_text()
    names = page.locator(".who .name").all_inner_texts()
    assert [name.split("\n")[0] for name in names] == ["Ada Lovelace", "Ben", "person 3", "person 4"]
    legend = page.locator("#who .legend").bounding_box()
    assert legend
    assert legend["y"] + legend["height"] < 900
    headings = page.locator("h2").all_inner_texts()
    assert headings == ["Strongest moments", "People", "Events", "Transitions", "Data quality", "Audit", "Provenance"]


def test_without_people_tracks_have_lanes(page: Page, folder: Path) -> None:
    opened(page, folder / "one.html")
    assert page.locator(".lead").inner_text().startswith("Six tracks, ")
    assert page.locator(".who .name").first.inner_text().startswith("track 1")
    assert "a number, not a person" in page.locator("header .note").inner_text()


@pytest.mark.parametrize("width", [1440, 390])
def test_forty_people_fit_on_the_first_screen_of_a_desktop(width: int, page: Page, folder: Path) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    opened(page, folder / "crowd.html")
    assert page.locator(".stream").count() == 40
    last = page.locator(".stream").last.bounding_box()
    assert last
    assert last["height"] >= 12
    assert width < 1000 or last["y"] + last["height"] < 900


def test_lanes_are_drawn_in_the_colours_of_the_theme(page: Page, folder: Path) -> None:
    opened(page, folder / "one.html")
    expected = {colour(page, emotion) for emotion in ("happiness", "neutral", "sadness")}
    assert expected <= set(page.locator(".stream canvas").first.evaluate(INK_OF))


def test_a_click_opens_a_person_with_the_tracks_inside(page: Page, folder: Path) -> None:
    opened(page, folder / "people.html")
    name = page.get_by_role("button", name="Ada Lovelace")
    expect(name).to_have_attribute("aria-expanded", "false")
    assert page.locator(".detail").count() == 0
    page.locator(LANE).click()
    expect(name).to_have_attribute("aria-expanded", "true")
    detail = page.get_by_role("region", name="Ada Lovelace")
    assert [bar.get_attribute("title") for bar in detail.locator(".track").all()] == ["track 1", "track 3"]
    shown = set(detail.locator(".plot canvas").evaluate(INK_OF))
    assert {edge(page, "happiness"), edge(page, "neutral")} <= shown
    name.click()
    assert page.locator(".detail").count() == 0


def test_a_lone_person_is_open_from_the_beginning(page: Page, folder: Path) -> None:
    opened(page, folder / "film.html")
    assert page.locator(".detail").count() == 1
    assert page.locator(".lead").inner_text().startswith("One track, ")


def test_curves_that_stay_at_the_bottom_are_switched_off_and_it_says_so(page: Page, tmp_path: Path) -> None:
    path = tmp_path / "few.parquet"
    pq.write_table(recorded(table_of({1: "n" * 30 + "h" * 30}, regular(60))), path)
    reported(tmp_path / "few.html", path)
    opened(page, tmp_path / "few.html")
    chips = page.locator(".detail .choice")
    pressed = [chip.inner_text().split("\n")[0] for chip in chips.all() if chip.get_attribute("aria-pressed") == "true"]
    assert pressed == ["neutral", "happiness"]
    expect(page.locator(".detail .curves .small")).to_have_text("6 labels below 10\u00a0% throughout are switched off.")
    assert edge(page, "anger") not in set(page.locator(".plot canvas").evaluate(INK_OF))
    page.get_by_role("button", name="neutral").click()
    assert edge(page, "neutral") not in set(page.locator(".plot canvas").evaluate(INK_OF))


def test_data_are_saved_as_csv(page: Page, folder: Path) -> None:
    opened(page, folder / "people.html")
    heads, *rows = rows_of(page, page.locator("#who .controls .save").get_by_role("button", name="data"))
    assert heads[:5] == ["time_s", "person_id", "person", "state", "p_neutral"]
    table = pq.read_table(folder / "people.parquet").to_pandas()
    table = table[table.person_id.notna()].sort_values(["person_id", "frame"])
    assert [float(row[0]) for row in rows] == pytest.approx(table.time_s.tolist())
    assert [int(row[1]) for row in rows] == table.person_id.astype(int).tolist()
    assert {row[2] for row in rows} == {"Ada Lovelace", "Ben", ""}
    assert [row[3] for row in rows] == table.emotion.astype(object).where(table.readable, "unreadable").tolist()
    readable = [row for row in rows if row[3] != "unreadable"]
    assert sum(map(float, readable[7][4:12])) == pytest.approx(1, abs=0.02)
    for section in ("people", "events", "transitions", "quality"):
        heads, *rows = rows_of(page, page.locator(f"#{section} .title").get_by_role("button", name="data"))
        assert heads[0] == ("person_ids" if section == "events" else "person_id")
        assert rows


def test_pictures_are_saved_as_svg_and_png(page: Page, folder: Path) -> None:
    page.emulate_media(color_scheme="dark")
    opened(page, folder / "people.html")
    page.locator(LANE).click()
    for place in ("#who .controls", ".detail"):
        for kind in ("SVG", "PNG"):
            with page.expect_download() as download:
                page.locator(f"{place} .save").get_by_role("button", name=kind).click()
            content = download.value.path().read_bytes()
            assert download.value.suggested_filename.startswith("meeting.mp4.")
            if kind == "SVG":
                text = "".join(ElementTree.fromstring(content).itertext())  # noqa: S314  our own
                assert "Ada Lovelace" in text
                assert "image" not in content.decode()  # no portraits
                assert 'fill="#ffffff"' in content.decode()  # on paper, whatever the theme
            else:
                assert np.asarray(cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)).shape[1] == 3000
    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(22, 24, 28)"


def test_who_speaks_has_a_line_below_the_lane(
    page: Page, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    says = np.array([YES] * 30 + [NO] * 30, np.uint8)
    real = video_section.findings_of

    def speaking(recording: Recording, baseline: str) -> video_section.Findings:
        found = real(recording, baseline)
        people = [replace(person, speaking=says) for person in found.curves.people]
        return replace(found, curves=replace(found.curves, people=people))

    monkeypatch.setattr(video_section, "findings_of", speaking)
    path = tmp_path / "says.parquet"
    pq.write_table(recorded(table_of({1: "n" * 60}, regular(60))), path)
    reported(tmp_path / "says.html", path)
    opened(page, tmp_path / "says.html")
    line = """canvas => {
      %s
      const y = canvas.height - 2;
      return [0.25, 0.75].map((share) => [...copy(canvas).getImageData(canvas.width * share, y, 1, 1).data]);
    }""".replace("%s", COPY)
    assert page.locator(".stream canvas").evaluate(line) == [[26, 29, 33, 255], [0, 0, 0, 0]]
    expect(page.locator(".legend")).to_contain_text("speaking")


def test_a_drag_zooms_and_a_double_click_shows_everything(page: Page, folder: Path) -> None:
    opened(page, folder / "one.html")
    assert shown(page) == (0, 120)
    drag(page, 0.25, 0.5)
    assert shown(page) == pytest.approx((30, 60), abs=0.3)
    drag(page, 0.5, 0.75)
    assert shown(page) == pytest.approx((45, 52.5), abs=0.3)
    page.locator(LANE).dblclick()
    assert shown(page) == (0, 120)


def test_the_wheel_zooms_with_ctrl_pans_with_shift_and_else_scrolls(page: Page, folder: Path) -> None:
    opened(page, folder / "one.html")
    area = box(page.locator(LANE))
    page.mouse.move(area["x"] + area["width"] / 2, area["y"] + 20)
    page.keyboard.down("Control")
    page.mouse.wheel(0, -300)
    page.keyboard.up("Control")
    first, last = shown(page)
    assert last - first == pytest.approx(120 / 2.718, abs=1)
    assert (first + last) / 2 == pytest.approx(60, abs=1)
    page.keyboard.down("Shift")
    page.mouse.wheel(0, 100)
    page.keyboard.up("Shift")
    assert shown(page)[0] > first
    stretch, before = shown(page), page.evaluate("scrollY")
    page.mouse.wheel(0, 200)
    until(page, f"scrollY > {before}")
    assert shown(page) == stretch


def test_two_fingers_zoom(page: Page, folder: Path) -> None:
    opened(page, folder / "one.html")
    area = box(page.locator(LANE))
    page.locator(LANE).evaluate(SPREAD_FINGERS, area)
    until(page, "document.querySelector('#who .controls .stretch').textContent.startsWith('0:00:40')")
    assert shown(page) == pytest.approx((40, 80), abs=0.3)


def test_under_the_pointer_are_the_exact_time_and_value_of_a_sample(page: Page, folder: Path) -> None:
    opened(page, folder / "one.html", "#video-1@30.04")
    drag(page, 0.25, 0.2583)
    area = box(page.locator(LANE))
    page.mouse.move(area["x"] + area["width"] / 2, area["y"] + 30)
    assert re.fullmatch(r"0:00:30\.\d00", moment(page))  # one of ten samples a second, not any time
    reading = page.locator(".reading").nth(2).inner_text()
    assert re.fullmatch(r"\w+ \d+\s%", reading)
    page.locator("h1").hover()
    assert moment(page) == "0:00:30.040"  # the cursor again


def test_no_value_is_claimed_where_no_frame_was_sampled(page: Page, folder: Path) -> None:
    opened(page, folder / "one.html")
    data = page.locator(".stream canvas").first
    data.scroll_into_view_if_needed()
    inked = data.evaluate(COLOURFUL_PIXELS, [[0.51, 0.57], [0.3, 0.46]])
    assert inked[0] == 0
    assert inked[1] > 50


def test_arrow_keys_move_the_cursor(page: Page, folder: Path) -> None:
    opened(page, folder / "one.html")
    page.locator(".range").focus()
    for keys, expected in (
        (["ArrowRight"] * 3, "0:00:00.300"),  # three samples on
        (["End"], "0:02:00.000"),
        (["ArrowLeft"], "0:01:59.800"),  # the sample before the last
        (["Home"], "0:00:00.000"),
    ):
        for key in keys:
            page.keyboard.press(key)
        assert moment(page) == expected, keys


def test_keys_zoom_and_pan_wherever_the_focus_is_among_the_lanes(page: Page, folder: Path) -> None:
    opened(page, folder / "one.html")
    for place in (".range", ".who >> nth=2"):
        page.locator(place).focus()
        page.keyboard.press("+")
        assert shown(page) == pytest.approx((0, 80), abs=0.1)
        page.keyboard.press("PageDown")
        assert shown(page) == pytest.approx((40, 120), abs=0.1)
        page.keyboard.press("Shift+ArrowLeft")
        assert shown(page) == pytest.approx((32, 112), abs=0.1)
        page.keyboard.press("0")
        assert shown(page) == (0, 120)


def test_everything_that_does_something_is_reached_by_the_tab_key_and_shows_it(page: Page, folder: Path) -> None:
    opened(page, folder / "one.html")
    seen = []
    for _ in range(40):
        page.keyboard.press("Tab")
        seen.append(page.evaluate(FOCUS))
    assert {style for _, style in seen} == {"solid"}
    assert {"range", "who"} <= {name for name, _ in seen}


def test_a_person_is_opened_with_the_keyboard(page: Page, folder: Path) -> None:
    opened(page, folder / "people.html")
    page.locator(".who").first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("region", name="Ben")).to_be_visible()
    page.keyboard.press("ArrowUp")
    assert "Ada" in page.evaluate("document.activeElement.textContent")


def test_the_range_moves_the_cursor_and_what_is_shown(page: Page, folder: Path) -> None:
    opened(page, folder / "one.html")
    area = box(page.locator(".range"))
    page.mouse.click(area["x"] + area["width"] / 4, area["y"] + 5)
    assert float(page.locator(".range").get_attribute("aria-valuenow") or 0) == pytest.approx(30, abs=0.2)
    drag(page, 0, 0.25)
    page.mouse.click(area["x"] + area["width"] / 2, area["y"] + 5)
    assert shown(page) == pytest.approx((45, 75), abs=0.5)


def test_tables_sort(page: Page, folder: Path) -> None:
    opened(page, folder / "one.html")
    head = page.locator("#people th", has_text="on screen")
    times = page.locator("#people tbody tr td:nth-child(4)")
    for order, falling in (("descending", True), ("ascending", False)):
        head.get_by_role("button").click()
        expect(head).to_have_attribute("aria-sort", order)
        found = times.all_inner_texts()
        assert found == sorted(found, reverse=falling)


def test_events_are_filtered(page: Page, folder: Path) -> None:
    opened(page, folder / "one.html")
    section = page.locator("#events")
    at_first = section.get_by_role("status").inner_text()
    section.get_by_label("p at most").select_option("any")
    everything = int(section.get_by_role("status").inner_text().split(" ")[0])
    assert at_first.endswith(f" of {everything}"), "what chance alone explains is not listed at first"
    section.get_by_label("what").select_option("peak")
    section.get_by_label("p at most").select_option("0.05")
    assert set(section.locator("tbody tr td:nth-child(2)").all_inner_texts()) == {"peak"}
    chances = [float(text.replace("<", "")) for text in section.locator("tbody tr td:last-child").all_inner_texts()]
    assert chances
    assert max(chances) <= 0.05
    assert 0 < int(section.get_by_role("status").inner_text().split(" ")[0]) < everything


def test_transitions_are_counted_by_person(page: Page, folder: Path) -> None:
    opened(page, folder / "one.html")
    sums = page.locator("#transitions td:last-child")
    everything = sum(map(int, sums.all_inner_texts()))
    page.locator("#transitions select").select_option("2")
    assert 0 < sum(map(int, sums.all_inner_texts())) < everything


def test_a_moment_leads_to_its_place_in_the_timeline(page: Page, folder: Path) -> None:
    opened(page, folder / "one.html")
    button = page.locator("#moments button.time").first
    time = button.inner_text()
    button.click()
    assert moment(page) == time


def test_addresses_name_a_video_and_a_moment(page: Page, folder: Path) -> None:
    opened(page, folder / "several.html", "#video-2@7.3")
    expect(page.locator("h1")).to_have_text("script>.mp4")
    assert moment(page) == "0:00:07.300"
    page.get_by_role("link", name="all 3 videos").click()
    expect(page.locator("h1")).to_have_text("3 videos")
    page.get_by_role("link", name="a.mp4", exact=True).click()
    expect(page.locator("h1")).to_have_text("a.mp4")
    page.go_back()
    expect(page.locator("h1")).to_have_text("3 videos")
    assert page.evaluate("document.querySelectorAll('video, .stream').length") == 0


def test_any_other_address_is_the_table_of_contents(page: Page, folder: Path) -> None:
    expect(opened(page, folder / "several.html", "#video-99").locator("h1")).to_have_text("3 videos")
    for fragment in ("#nonsense", "#video-0", "#"):
        page.evaluate("location.hash = '#video-3'")
        expect(page.locator("h1")).to_have_text("a.mp4")
        page.evaluate("to => { location.hash = to }", fragment)
        expect(page.locator("h1")).to_have_text("3 videos")


def test_the_table_of_contents_sorts_finds_and_draws(page: Page, folder: Path) -> None:
    opened(page, folder / "several.html")
    names = page.locator("tbody td:first-child a")
    assert names.all_inner_texts() == ["b>.mp4", "script>.mp4", "a.mp4"]
    page.get_by_role("button", name="video").click()
    assert names.all_inner_texts() == ["a.mp4", "b>.mp4", "script>.mp4"]
    page.get_by_role("button", name="length").click()
    assert names.all_inner_texts() == ["b>.mp4", "script>.mp4", "a.mp4"]
    for n in range(3):
        assert len(page.locator("canvas.strip").nth(n).evaluate(INK_OF)) > 1
    page.get_by_role("searchbox").fill("SCRIPT")
    assert names.all_inner_texts() == ["script>.mp4"]


@pytest.mark.parametrize("name", ["one.html", "several.html", "film.html"])
def test_nothing_is_wider_than_the_window_and_on_a_desktop_tables_are_seen_whole(name: str, page: Page, folder: Path) -> None:
    for width in (390, 700, 1000, 1280):
        page.set_viewport_size({"width": width, "height": 844})
        if width == 390:
            opened(page, folder / name)
        page.wait_for_timeout(100)
        assert page.evaluate(SPILT) == 0, width
    page.set_viewport_size({"width": 1240, "height": 900})  # with 40 of 1280 px to spare for texts that are longer than these
    page.wait_for_timeout(100)
    hidden = "all => all.filter(table => table.clientWidth).map(table => table.scrollWidth - table.clientWidth)"
    assert set(page.locator(".table").evaluate_all(hidden)) == {0}


def test_a_bar_is_divided_as_the_shares_are(page: Page, folder: Path) -> None:
    opened(page, folder / "one.html")
    bar = page.locator("#people .share").first
    shares = re.findall(r"(<?)\s?(\d+)\s%", bar.get_attribute("aria-label") or "")
    reported = [float(share) / 400 if less else float(share) / 100 for less, share in shares]  # "< 1 %" is below half of it
    assert len(reported) >= 4
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 844})
        widths = bar.locator("span").evaluate_all("all => all.map(part => part.getBoundingClientRect().width)")
        assert sorted((part / sum(widths) for part in widths), reverse=True) == pytest.approx(reported, abs=0.006), width


def test_lanes_follow_the_width_of_the_window(page: Page, folder: Path) -> None:
    opened(page, folder / "one.html")
    page.set_viewport_size({"width": 600, "height": 844})
    until(page, "document.querySelector('.stream canvas').clientWidth < 500")
    assert page.evaluate(SPILT) == 0


def test_the_theme_is_the_systems_until_it_is_chosen(page: Page, folder: Path) -> None:
    background = "getComputedStyle(document.documentElement).backgroundColor"
    page.emulate_media(color_scheme="dark")
    opened(page, folder / "one.html")
    assert page.evaluate(background) == "rgb(22, 24, 28)"
    dark = set(page.locator(".stream canvas").first.evaluate(INK_OF))
    page.get_by_role("button", name="light theme").click()
    assert page.evaluate(background) == "rgb(255, 255, 255)"
    assert set(page.locator(".stream canvas").first.evaluate(INK_OF)) != dark


def test_on_paper_it_is_light_complete_and_without_controls(page: Page, folder: Path) -> None:
    page.emulate_media(color_scheme="dark")
    opened(page, folder / "one.html")
    page.emulate_media(media="print")
    until(page, "document.documentElement.dataset.theme === 'light'")
    assert page.locator(".stream canvas").evaluate_all("all => all.every(c => c.clientWidth > 300 && c.clientWidth <= 700)")
    assert not page.locator(".buttons").is_visible()
    assert page.locator("#audit table").is_visible()
    assert page.locator("#events thead").inner_text()
    page.emulate_media(media="screen")
    until(page, "document.documentElement.dataset.theme === 'dark'")
    assert not page.locator("#audit table").is_visible()


def test_the_video_follows_the_cursor_and_the_cursor_the_video(page: Page, folder: Path) -> None:
    opened(page, folder / "film.html")
    until(page, "document.querySelector('video').readyState >= 1")
    assert page.locator(".player .small").inner_text() == "The video as it was analysed: call.mp4"
    assert page.locator("video").get_attribute("src") == "films/call.mp4#t=0.000"
    page.locator(".range").focus()
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    until(page, "Math.abs(document.querySelector('video').currentTime - 0.8005) < 1e-6")
    page.evaluate("document.querySelector('video').currentTime = 1.4")
    until(page, "document.querySelector('.moment').textContent === '0:00:01.400'")
    assert page.locator("#moments img").first.evaluate("img => img.naturalWidth") == 144
    link = page.locator("#moments a.clip").first.get_attribute("href") or ""
    assert re.fullmatch(r"films/call\.mp4#t=\d+\.\d", link)


def test_a_player_says_so_if_it_cannot_play(watched: Watched, folder: Path, tmp_path: Path) -> None:
    page = watched.page
    (tmp_path / "film.html").write_bytes((folder / "film.html").read_bytes())  # without the video beside it
    opened(page, tmp_path / "film.html")
    expect(page.locator(".player .small")).to_contain_text("cannot be played here")
    assert watched.complaints == ["Failed to load resource: net::ERR_FILE_NOT_FOUND"]


def test_curves_that_are_damaged_are_reported_of_and_the_rest_is_there(page: Page, folder: Path, tmp_path: Path) -> None:
    text = (folder / "one.html").read_text(encoding="utf-8")
    damaged = re.sub(r'(id="curves-1">)[\w+/]{40}', r"\g<1>" + "A" * 40, text)
    assert damaged != text
    (tmp_path / "damaged.html").write_text(damaged, encoding="utf-8")
    opened(page, tmp_path / "damaged.html")
    assert "The curves cannot be shown" in page.locator(".problem").inner_text()
    assert page.locator("#people tbody tr").count() == 6


def test_what_faces_did_is_a_table(page: Page, tmp_path: Path) -> None:
    table = with_signals(table_of({1: "n" * 60, 2: "n" * 60}, regular(60)), smile=0.9, yaw_deg=60.0)
    pq.write_table(recorded(table), tmp_path / "t.parquet")
    reported(tmp_path / "t.html", tmp_path / "t.parquet")
    opened(page, tmp_path / "t.html")
    rows = page.locator("#signals tbody tr")
    assert rows.count() == 2
    expect(rows.first).to_contain_text(re.compile(r"100\s%"))  # smiles, and faces away
    pq.write_table(recorded(table_of({1: "n" * 60}, regular(60))), tmp_path / "none.parquet")
    reported(tmp_path / "none.html", tmp_path / "none.parquet")
    opened(page, tmp_path / "none.html")
    expect(page.locator("#signals")).to_have_count(0)
