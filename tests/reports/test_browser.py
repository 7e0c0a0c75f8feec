"""The page in a browser: what is seen, what is done with mouse, fingers and keys, and that it talks to nobody."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from feelit.options.timelines import ReportOptions
from feelit.reports.write import write_report
from tests.browser import Watched
from tests.reports.films import film, timeline_of_film
from tests.reports.meetings import Meeting, write

MEETING = Meeting(people=6, duration_s=120.0, gap_s=(60.0, 70.0))
NAMES = ["b <b>bold</b>.mp4", "</script><script>alert(1)</script>.mp4", "a.mp4"]
PLOT = "#timeline .u-over >> nth=0"

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
  const over = canvas.parentNode.querySelector(".u-over"), ratio = canvas.width / canvas.clientWidth;
  const at = (share) => Math.round((over.offsetLeft + share * over.clientWidth) * ratio);
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
    """One report of one video, one of three, and one with the video itself."""
    folder = tmp_path_factory.mktemp("reports")
    reported(folder / "one.html", write(folder / "one.parquet", [MEETING]))
    several = [Meeting(people=n + 1, duration_s=10.0 * (3 - n), seed=n, name=name) for n, name in enumerate(NAMES)]
    reported(folder / "several.html", write(folder / "several.parquet", several))
    film(folder / "films" / "call.mp4")
    timeline = timeline_of_film(folder / "film.parquet", {"call.mp4": folder / "films" / "call.mp4"})
    reported(folder / "film.html", timeline, folder / "films")
    return folder


def reported(out: Path, timeline: Path, *videos: Path) -> None:
    write_report([timeline], ReportOptions(out=out, video=videos))


@pytest.fixture
def page(watched: Watched) -> Iterator[Page]:
    """A page that has complained about nothing, and asked nobody for anything, when the test is over."""
    yield watched.page
    assert watched.complaints == []
    assert watched.requests == []


def opened(page: Page, path: Path, fragment: str = "") -> Page:
    page.goto(f"{path.as_uri()}{fragment}")
    page.wait_for_selector("#page[data-ready]")
    return page


def until(page: Page, condition: str) -> None:
    """Wait for what will be. The page's policy lets no text be run as a script, which Playwright's own waiting does."""
    for _ in range(100):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(50)
    raise AssertionError(condition)


def shown(page: Page) -> tuple[float, float]:
    """The stretch of time that the curves show, as the page says it."""
    text = page.locator("#timeline .controls .row .muted").first.inner_text()
    times = re.findall(r"(\d+):(\d\d):(\d\d\.\d)", text)
    first, last = ((int(h) * 3600 + int(m) * 60 + float(s)) for h, m, s in times[:2])
    return first, last


def moment(page: Page) -> str:
    return page.locator(".moment").inner_text()


def colour(page: Page, emotion: str) -> int:
    """0xrrggbb"""
    value = page.evaluate("name => getComputedStyle(document.documentElement).getPropertyValue(name)", f"--emotion-{emotion}")
    return int(value.strip()[1:], 16)


def box(place: Locator) -> Any:
    place.scroll_into_view_if_needed()
    found = place.bounding_box()
    assert found
    return found


def drag(page: Page, from_share: float, to_share: float) -> None:
    area = box(page.locator(PLOT))
    middle = area["y"] + area["height"] / 2
    page.mouse.move(area["x"] + from_share * area["width"], middle)
    page.mouse.down()
    page.mouse.move(area["x"] + to_share * area["width"], middle, steps=4)
    page.mouse.up()


def test_the_main_thing_comes_first(page: Page, folder: Path) -> None:
    opened(page, folder / "one.html")
    expect(page.locator("h1")).to_have_text("meeting.mp4")
    lead = page.locator(".lead").inner_text()
    assert lead.startswith("6 tracks on screen")
    assert "they show neutral" in lead
    assert "how a face looks, not what a person feels" in page.locator("header .note").inner_text()
    headings = page.locator("h2").all_inner_texts()
    assert headings[:3] == ["Overview", "Timeline", "Tracks"]
    assert set(headings[3:]) == {"Strongest moments", "Events", "Transitions", "Data quality", "Audit", "Provenance"}


def test_overview_and_curves_are_drawn_in_the_colours_of_the_theme(page: Page, folder: Path) -> None:
    opened(page, folder / "one.html")
    expected = {colour(page, emotion) for emotion in ("happiness", "neutral", "sadness")}
    assert expected <= set(page.locator(".lanes canvas").evaluate(INK_OF))
    for n in range(2):
        canvas = page.locator(".plot canvas").nth(n)
        canvas.scroll_into_view_if_needed()
        assert expected <= set(canvas.evaluate(INK_OF))
    assert page.locator(".panel").count() == 6


def test_a_drag_zooms_and_a_double_click_shows_everything(page: Page, folder: Path) -> None:
    opened(page, folder / "one.html")
    assert shown(page) == (0, 120)
    drag(page, 0.25, 0.5)
    assert shown(page) == pytest.approx((30, 60), abs=0.3)
    drag(page, 0.5, 0.75)
    assert shown(page) == pytest.approx((45, 52.5), abs=0.3)
    page.locator(PLOT).dblclick()
    assert shown(page) == (0, 120)


def test_the_wheel_zooms_with_ctrl_pans_with_shift_and_else_scrolls(page: Page, folder: Path) -> None:
    opened(page, folder / "one.html")
    area = box(page.locator(PLOT))
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
    area = box(page.locator(PLOT))
    page.locator(PLOT).evaluate(SPREAD_FINGERS, area)
    until(page, "document.querySelector('#timeline .controls .row .muted').textContent.startsWith('0:00:40')")
    assert shown(page) == pytest.approx((40, 80), abs=0.3)


def test_under_the_pointer_are_the_exact_time_and_values_of_a_sample(page: Page, folder: Path) -> None:
    opened(page, folder / "one.html", "#video-1@30.04")
    drag(page, 0.25, 0.2583)
    area = box(page.locator(PLOT))
    page.mouse.move(area["x"] + area["width"] / 2, area["y"] + 30)
    assert re.fullmatch(r"0:00:30\.\d00", moment(page))  # one of ten samples a second, not any time
    figures = page.locator(".panel", has_text="shows").first.locator(".slot b").all_inner_texts()
    assert len(figures) == 8
    values = [float(text.replace("<", "").replace("%", "").strip()) for text in figures]
    assert sum(values) == pytest.approx(100, abs=5)
    page.locator("h1").hover()
    assert moment(page) == "0:00:30.040"  # the cursor again


def test_no_value_is_claimed_where_no_frame_was_sampled(page: Page, folder: Path) -> None:
    opened(page, folder / "one.html")
    data = page.locator(".plot canvas").first
    data.scroll_into_view_if_needed()
    inked = data.evaluate(COLOURFUL_PIXELS, [[0.51, 0.57], [0.3, 0.46]])
    assert inked[0] == 0
    assert inked[1] > 50


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        pytest.param(["ArrowRight"] * 3, "0:00:00.300", id="three samples on"),
        pytest.param(["End"], "0:02:00.000", id="the end"),
        pytest.param(["End", "ArrowLeft"], "0:01:59.800", id="the sample before the last"),
        pytest.param(["End", "Home"], "0:00:00.000", id="the beginning"),
    ],
)
def test_arrow_keys_move_the_cursor(keys: list[str], expected: str, page: Page, folder: Path) -> None:
    opened(page, folder / "one.html")
    page.locator(".panels").focus()
    for key in keys:
        page.keyboard.press(key)
    assert moment(page) == expected


def test_keys_zoom_and_pan_from_overview_and_curves_alike(page: Page, folder: Path) -> None:
    opened(page, folder / "one.html")
    for place in (".lanes", ".panels"):
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
    assert {"lanes", "panels"} <= {name for name, _ in seen}


def test_a_click_in_the_overview_moves_the_cursor_and_a_drag_zooms(page: Page, folder: Path) -> None:
    opened(page, folder / "one.html")
    area = box(page.locator(".lanes"))
    page.mouse.click(area["x"] + area["width"] / 4, area["y"] + 40)
    assert float(page.locator(".lanes").get_attribute("aria-valuenow") or 0) == pytest.approx(30, abs=0.2)
    page.mouse.move(area["x"] + area["width"] / 2, area["y"] + 40)
    page.mouse.down()
    page.mouse.move(area["x"] + area["width"], area["y"] + 40, steps=3)
    page.mouse.up()
    assert shown(page) == pytest.approx((60, 120), abs=0.3)


def test_tracks_and_emotions_are_chosen(page: Page, folder: Path) -> None:
    opened(page, folder / "one.html")
    tracks, emotions = page.get_by_role("group", name="tracks"), page.get_by_role("group", name="emotions")
    tracks.get_by_role("button", name="none").click()
    assert page.locator(".panel").count() == 0
    tracks.get_by_role("button", name="3").click()
    assert page.locator(".panel .chip").all_inner_texts() == ["3"]
    emotions.get_by_role("button", name="none").click()
    emotions.get_by_role("button", name="sadness").click()
    assert page.locator(".slot .name").all_inner_texts() == ["sadness"]
    colours = page.locator(".plot canvas").evaluate(INK_OF)
    assert colour(page, "sadness") in colours
    assert colour(page, "happiness") not in colours


def test_tables_sort(page: Page, folder: Path) -> None:
    opened(page, folder / "one.html")
    head = page.locator("#tracks th", has_text="on screen")
    times = page.locator("#tracks tbody tr td:nth-child(4)")
    for order, falling in (("descending", True), ("ascending", False)):
        head.get_by_role("button").click()
        expect(head).to_have_attribute("aria-sort", order)
        found = times.all_inner_texts()
        assert found == sorted(found, reverse=falling)


def test_events_are_filtered(page: Page, folder: Path) -> None:
    opened(page, folder / "one.html")
    section = page.locator("#events")
    everything = int(section.get_by_role("status").inner_text().split(" ")[0])
    section.get_by_label("what").select_option("peak")
    section.get_by_label("p at most").select_option("0.05")
    assert set(section.locator("tbody tr td:nth-child(2)").all_inner_texts()) == {"peak"}
    chances = [float(text.replace("<", "")) for text in section.locator("tbody tr td:last-child").all_inner_texts()]
    assert chances
    assert max(chances) <= 0.05
    assert 0 < int(section.get_by_role("status").inner_text().split(" ")[0]) < everything


def test_transitions_are_counted_by_track(page: Page, folder: Path) -> None:
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
    assert page.evaluate("document.querySelectorAll('video, .uplot').length") == 0


@pytest.mark.parametrize("fragment", ["#video-99", "#nonsense", "#video-0", "#"])
def test_any_other_address_is_the_table_of_contents(fragment: str, page: Page, folder: Path) -> None:
    expect(opened(page, folder / "several.html", fragment).locator("h1")).to_have_text("3 videos")


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
@pytest.mark.parametrize("width", [390, 700, 1000, 1280])
def test_nothing_is_wider_than_the_window(width: int, name: str, page: Page, folder: Path) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    opened(page, folder / name)
    page.wait_for_timeout(100)
    assert page.evaluate(SPILT) == 0


@pytest.mark.parametrize("name", ["one.html", "several.html", "film.html"])
def test_on_a_desktop_tables_are_seen_whole(name: str, page: Page, folder: Path) -> None:
    """With 40 of 1280 px to spare for texts that are longer than these."""
    page.set_viewport_size({"width": 1240, "height": 900})
    opened(page, folder / name)
    hidden = "all => all.filter(table => table.clientWidth).map(table => table.scrollWidth - table.clientWidth)"
    assert set(page.locator(".table").evaluate_all(hidden)) == {0}


@pytest.mark.parametrize("width", [390, 1280])
def test_a_bar_is_divided_as_the_shares_are(width: int, page: Page, folder: Path) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    opened(page, folder / "one.html")
    bar = page.locator(".share.large")
    told = [float(share) / 100 for share in re.findall(r"(\d+)\s%", bar.get_attribute("aria-label") or "")]
    widths = bar.locator("span").evaluate_all("all => all.map(part => part.getBoundingClientRect().width)")
    assert len(told) >= 6
    assert sorted((part / sum(widths) for part in widths), reverse=True) == pytest.approx(told, abs=0.006)


def test_curves_follow_the_width_of_the_window(page: Page, folder: Path) -> None:
    opened(page, folder / "one.html")
    page.set_viewport_size({"width": 600, "height": 844})
    until(page, "document.querySelector('.plot canvas').clientWidth < 600")
    assert page.evaluate(SPILT) == 0


def test_the_theme_is_the_systems_until_it_is_chosen(page: Page, folder: Path) -> None:
    background = "getComputedStyle(document.documentElement).backgroundColor"
    page.emulate_media(color_scheme="dark")
    opened(page, folder / "one.html")
    assert page.evaluate(background) == "rgb(22, 24, 28)"
    dark = set(page.locator(".lanes canvas").evaluate(INK_OF))
    page.get_by_role("button", name="light theme").click()
    assert page.evaluate(background) == "rgb(255, 255, 255)"
    assert set(page.locator(".lanes canvas").evaluate(INK_OF)) != dark


def test_on_paper_it_is_light_complete_and_without_controls(page: Page, folder: Path) -> None:
    page.emulate_media(color_scheme="dark")
    opened(page, folder / "one.html")
    page.emulate_media(media="print")
    until(page, "document.documentElement.dataset.theme === 'light'")
    assert page.locator(".plot canvas").evaluate_all("all => all.every(c => c.clientWidth > 300 && c.clientWidth <= 700)")
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
    page.locator(".panels").focus()
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


def test_curves_that_are_damaged_are_told_of_and_the_rest_is_there(page: Page, folder: Path, tmp_path: Path) -> None:
    text = (folder / "one.html").read_text(encoding="utf-8")
    damaged = re.sub(r'(id="curves-1">)[\w+/]{40}', r"\g<1>" + "A" * 40, text)
    assert damaged != text
    (tmp_path / "damaged.html").write_text(damaged, encoding="utf-8")
    opened(page, tmp_path / "damaged.html")
    assert "The curves cannot be shown" in page.locator(".problem").inner_text()
    assert page.locator("#tracks tbody tr").count() == 6
