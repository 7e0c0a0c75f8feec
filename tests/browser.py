"""A browser for tests of pages: Debian's or Google's Chromium, without a window and without a way out.

Tests that use it are skipped where none is installed; FEELIT_CHROMIUM names one that is not on the PATH.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Error, Page, Request, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@dataclass
class Watched:
    """A page, and what it did that a page should not do."""

    page: Page
    complaints: list[str] = field(default_factory=list)  # errors and warnings of the console, and what was thrown
    requests: list[str] = field(default_factory=list)  # URLs that were asked for over a network

    def watch(self) -> None:
        """Note what happens from now on."""
        self.page.on("console", self._heard)
        self.page.on("pageerror", self._threw)
        self.page.on("request", self._asked)

    def leave(self) -> None:
        """Note nothing more."""
        self.page.remove_listener("console", self._heard)
        self.page.remove_listener("pageerror", self._threw)
        self.page.remove_listener("request", self._asked)

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def _threw(self, error: Error) -> None:
        self.complaints.append(str(error))

    def _asked(self, request: Request) -> None:
        if urlsplit(request.url).scheme not in ("file", "data", "blob"):
            self.requests.append(request.url)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One browser for all tests: to start it takes a second."""
    path = os.environ.get("FEELIT_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        pytest.skip("no Chromium is installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def tab(chromium: Browser) -> Page:
    """One page for all tests: a new one takes longer than most of what they do with it."""
    return chromium.new_context().new_page()


@pytest.fixture
def watched(tab: Page) -> Iterator[Watched]:
    """A page of 1280 x 900 px as if it were new, which is watched."""
    tab.set_viewport_size({"width": 1280, "height": 900})
    watched = Watched(tab)
    watched.watch()
    yield watched
    watched.leave()
    with suppress(Error):  # a page of the browser's own has no storage
        tab.evaluate("localStorage.clear(), sessionStorage.clear()")
    tab.context.clear_cookies()
    tab.emulate_media(media="null", color_scheme="null")
    tab.mouse.move(0, 0)
    tab.goto("about:blank")


@pytest.fixture
def page(watched: Watched) -> Iterator[Page]:
    """A page that has complained about nothing, and asked nobody for anything, when the test is over."""
    yield watched.page
    assert watched.complaints == []
    assert watched.requests == []


def opened(page: Page, path: Path, fragment: str = "") -> Page:
    """A page of feelit from a file, once its scripts have drawn it."""
    page.goto(f"{path.as_uri()}{fragment}")
    page.wait_for_selector("#page[data-ready]")
    return page
