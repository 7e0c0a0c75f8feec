"""The page shows signals of faces; what is recorded stays the same without them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from playwright.sync_api import expect

from feelit.render.marks import AHEAD
from feelit.signals.columns import BASIC
from tests.browser import Watched
from tests.live.test_page import COLOURS, NOTE, drawn
from tests.live.watching import watching
from tests.video.clips import SAMPLE


def test_signals_are_drawn_and_have_bars(watched: Watched, tmp_path: Path) -> None:
    page = watched.page
    page.add_init_script(NOTE)
    with watching(SAMPLE, rate="5", duration=3, out=tmp_path / "t.parquet", people=False) as session:
        page.goto(session.url)
        facts = drawn(page, 3)
        seen = [face for fact in facts for face in fact["faces"] if face["signals"]]
        assert {"yaw_deg", "roll_deg", *BASIC} == set(seen[0]["signals"])
        assert np.shape(seen[0]["landmarks"]) == (5, 2)
        card = page.locator(".card").first
        expect(card.locator(".signals span:not(.bar)")).to_have_text(
            ["eyes open", "mouth open", "smile", "brows raised", "brows lowered"]
        )
        expect(card.locator(".pose")).to_contain_text("head ")
        assert int(AHEAD.hex[1:], 16) in page.evaluate(COLOURS, "picture")
        session.stop.set()
        session.end()
    assert not set(BASIC) & set(pq.read_schema(tmp_path / "t.parquet").names)


def test_without_signals_none_are_sent(watched: Watched) -> None:
    page = watched.page
    page.add_init_script(NOTE)
    with watching(SAMPLE, rate="5", duration=2, signals=False, people=False) as session:
        page.goto(session.url)
        assert all(face["signals"] is None for fact in drawn(page, 3) for face in fact["faces"])
        expect(page.locator(".card .signals").first).to_be_hidden()
        expect(page.locator(".card .pose").first).to_be_hidden()
