"""The page in a browser: what it draws, what it says, and what it leaves alone."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from feelit.render.theme import EMOTION_COLOUR, GROOVE, UNREADABLE
from feelit.types import EMOTIONS
from tests.browser import Watched
from tests.live.watching import watching
from tests.video import clips
from tests.video.clips import SAMPLE
from tests.video.servers import answering, sending

NOTE = "window.drawn ??= document.addEventListener('drawn', (event) => window.drawn.push(event.detail)) ?? [];"
"""Notes the facts of everything that the page draws, once, however many tests have asked for it."""

COLOURS = """(id) => {
    const canvas = document.getElementById(id);
    const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d");
    copy.drawImage(canvas, 0, 0);
    const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
    const seen = new Set();
    for (let i = 0; i < data.length; i += 4) seen.add((data[i] << 16) | (data[i + 1] << 8) | data[i + 2]);
    return [...seen];
}"""
"""Every colour that is somewhere on a canvas."""

FIRST_LANE = """() => {
    const canvas = document.getElementById("timeline");
    const [left, y] = [44, 34].map((px) => Math.round(px * devicePixelRatio)); // beside the number, at the foot of the lane
    const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d");
    copy.drawImage(canvas, 0, 0);
    const { data } = copy.getImageData(left, y, canvas.width - left, 1);
    const colours = Array.from({ length: data.length / 4 }, (_, i) => data.slice(4 * i, 4 * i + 3));
    return colours.map((rgb) => "#" + [...rgb].map((part) => part.toString(16).padStart(2, "0")).join(""));
}"""
"""The colours along the lane of the first track."""

SHARES = ".bar:not(.signals .bar)"
"""The bars of emotions in a card."""


@pytest.fixture
def page(watched: Watched) -> Page:
    watched.page.add_init_script(NOTE)
    return watched.page


def drawn(page: Page, at_least: int) -> list[dict[str, Any]]:
    """The facts of what was drawn, once there are so many."""
    deadline_s = time.monotonic() + 20
    while page.evaluate("window.drawn.length") < at_least:  # the page's policy forbids Playwright's own way to wait
        assert time.monotonic() < deadline_s, page.locator("#state").text_content()
        page.wait_for_timeout(50)
    facts: list[dict[str, Any]] = page.evaluate("window.drawn")
    return facts


def colours(page: Page, canvas: str) -> set[str]:
    return {f"#{number:06x}" for number in page.evaluate(COLOURS, canvas)}


def wait_for_boxes(page: Page) -> None:
    """Wait until the picture has the colours of its faces; another frame may be drawn between the two questions."""
    deadline_s = time.monotonic() + 30
    while not {EMOTION_COLOUR[EMOTIONS[face["emotion"]]].hex for face in drawn(page, 1)[-1]["faces"]} <= colours(
        page, "picture"
    ):
        assert time.monotonic() < deadline_s, "the boxes are not drawn"
        page.wait_for_timeout(50)


def test_a_call_is_shown_with_boxes_bars_and_a_timeline(page: Page, watched: Watched) -> None:
    with watching(SAMPLE, rate="5", loop=True) as session:
        page.goto(session.url)
        facts = drawn(page, 5)
        cards = page.locator("#cards .card")
        expect(cards).to_have_count(4, timeout=30_000)  # a busy machine may first show the part with three faces
        for place in range(3):
            card = cards.nth(place)
            expect(card.locator(".chip")).to_have_text(re.compile(r"#\d+"))
            expect(card.locator("h2")).to_contain_text(re.compile(rf"shows ({'|'.join(EMOTIONS)})\?? \d+%"))
            assert card.locator(SHARES).count() == len(EMOTIONS)
        widths = cards.first.locator(f"{SHARES} i").evaluate_all("all => all.map(i => i.getBoundingClientRect().width)")
        whole = cards.first.locator(SHARES).first.bounding_box()
        assert whole is not None
        assert sum(widths) == pytest.approx(whole["width"], rel=0.05), "the eight shares add up to one bar"
        expect(page.locator("#nobody")).to_have_text("")
        expect(page.locator("#state")).to_have_text("Live")
        expect(page.locator("#latency")).to_have_text(re.compile(r"\d+ ms"))
        shown = {EMOTION_COLOUR[EMOTIONS[face["emotion"]]].hex for face in drawn(page, 10)[-1]["faces"]}
        assert len(colours(page, "picture")) > 1000
        assert shown <= colours(page, "timeline")
        wait_for_boxes(page)
        assert "token" not in page.url, "nor does it stand in the history"
        page.reload()
        drawn(page, 3)
    assert all(0 <= fact["latency_ms"] < 5000 for fact in facts)
    own = urlsplit(session.url).netloc
    assert {urlsplit(url).netloc for url in watched.requests} == {own}
    assert watched.complaints == []


def test_boxes_lie_where_the_faces_are(page: Page, tmp_path: Path) -> None:
    """Scaled pictures too: the boxes of the message are in px of the source."""
    size = (480, 270)
    video = clips.plain(tmp_path / "a.mp4", size=size, face=True)
    with watching(video, rate="10", loop=True, max_width_px=240) as session:
        page.goto(session.url)
        facts = drawn(page, 6)
        assert page.evaluate("document.getElementById('picture').width") == 240
    for fact in facts:
        truth = clips.face_box(round(fact["time_s"] * 25) % 50, size)
        (face,) = fact["faces"]
        assert face["box"] == pytest.approx(truth, abs=25)
        assert sum(face["probability"]) == pytest.approx(1, abs=0.01)
        if face["emotion"] >= 0:  # headline and bars agree
            assert face["confidence"] == pytest.approx(face["probability"][face["emotion"]], abs=0.0011)


def test_what_a_face_shows_lasts_until_the_next_frame_that_is_looked_at(page: Page, tmp_path: Path) -> None:
    """At two frames a second there is one in every second or third step of the timeline."""
    with watching(clips.plain(tmp_path / "a.mp4", frames=125, face=True), rate="2") as session:
        page.goto(session.url)
        drawn(page, 6)
        lane = page.evaluate(FIRST_LANE)
    known = {EMOTION_COLOUR[emotion].hex for emotion in EMOTIONS} | {UNREADABLE.hex}
    shown = [x for x, colour in enumerate(lane) if colour in known]
    assert GROOVE.hex in lane
    assert len(shown) > 0.03 * len(lane)
    assert shown == list(range(shown[0], shown[-1] + 1))


def test_a_picture_without_people_says_so(page: Page, watched: Watched, tmp_path: Path) -> None:
    with watching(clips.plain(tmp_path / "a.mp4"), loop=True) as session:
        page.goto(session.url)
        expect(page.locator("#nobody")).to_have_text("No faces")
        assert page.locator("#nobody").get_attribute("aria-live") == "polite"
        expect(page.locator("#cards .card")).to_have_count(0)
    assert watched.complaints == []


def test_the_display_can_be_paused(page: Page, tmp_path: Path) -> None:
    with watching(clips.plain(tmp_path / "a.mp4"), loop=True) as session:
        page.goto(session.url)
        drawn(page, 3)
        page.keyboard.press("Space")
        expect(page.locator("#state")).to_have_text("Paused")
        page.wait_for_timeout(100)
        before = len(drawn(page, 0))
        page.wait_for_timeout(400)
        assert len(drawn(page, 0)) == before
        page.get_by_role("button", name="Go on").click()
        facts = drawn(page, before + 3)
        assert facts[before]["latency_ms"] < 1000, "what comes after a pause is new"


@pytest.mark.skipif("os.name == 'nt'", reason="Windows has no such names")
def test_the_name_of_a_file_is_text(page: Page, watched: Watched, tmp_path: Path) -> None:
    name = '<b onclick="x">\'"&amp;\n</script>.mp4'.replace("/", "")
    with watching(clips.plain(tmp_path / name), loop=True) as session:
        page.goto(session.url)
        drawn(page, 1)
        assert page.locator("#source").text_content() == str(tmp_path / name)
        assert page.locator("#source b").count() == 0
    assert watched.complaints == []


def test_the_end_is_reported(page: Page, watched: Watched, tmp_path: Path) -> None:
    with watching(clips.plain(tmp_path / "a.mp4", frames=40)) as session:
        page.goto(session.url)
        drawn(page, 1)
        session.end()
        expect(page.locator("#state")).to_have_text("Ended")
    assert watched.complaints == []


def test_a_stream_that_breaks_off_is_reported(page: Page, watched: Watched, tmp_path: Path) -> None:
    camera = sending(clips.plain(tmp_path / "a.ts"), 0.5)
    with answering(lambda caller, call: None if call == 1 else camera(caller, call)) as url, watching(url) as session:
        page.goto(session.url)
        expect(page.locator("#state")).to_contain_text(re.compile(f"{url} .*; trying again"))
        expect(page.locator("#state")).to_have_text("Live", timeout=10_000)
    assert watched.complaints == []


def test_a_page_without_a_token_shows_nothing(page: Page, watched: Watched, tmp_path: Path) -> None:
    with watching(clips.plain(tmp_path / "a.mp4"), loop=True) as session:
        answer = page.goto(session.url.split("?")[0])
        assert answer is not None
        assert answer.status == 403
        assert "token" in (page.text_content("body") or "")
        assert session.url.split("token=")[1] not in page.content()


def test_the_page_fits_its_window(page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": 800})
    with watching(SAMPLE, rate="5", loop=True) as session:
        page.goto(session.url)
        drawn(page, 3)
        for width in (360, 1600):
            page.set_viewport_size({"width": width, "height": 800})
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            picture = page.locator("#picture").bounding_box()
            assert picture is not None
            assert picture["width"] / picture["height"] == pytest.approx(960 / 540, rel=0.01)


def test_two_pages_see_the_same(page: Page, watched: Watched, tmp_path: Path) -> None:
    other = watched.page.context.browser
    assert other is not None
    with watching(clips.plain(tmp_path / "a.mp4"), loop=True) as session:
        second = other.new_page()
        second.add_init_script(NOTE)
        for one in (page, second):
            one.goto(session.url)
        assert drawn(page, 10)[-1]["time_s"] > 0
        assert drawn(second, 10)[-1]["time_s"] > 0
        begun_s = time.monotonic()
        second.close()
        drawn(page, len(drawn(page, 0)) + 10)
        assert time.monotonic() - begun_s < 10
