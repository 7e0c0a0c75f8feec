"""Latency of `feelit live`: from the PTS of a frame until it is drawn on the page, boxes included.

    python benchmarks/live.py VIDEO [--seconds 30] [--runs 3] [--chromium /usr/bin/chromium]

VIDEO is played at its own speed in place of a camera, so each frame is available at its PTS. The page runs in headless Chromium
on the same computer, and measures the time after drawing. The latency of a screen is not included. The first two seconds of a
run are ignored.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from playwright.sync_api import Browser, sync_playwright

WARM_UP_S = 2.0
NOTE = """
window.drawn = [];
document.addEventListener("drawn", ({ detail }) => window.drawn.push([detail.latency_ms, detail.dropped]));
"""


@dataclass(frozen=True, slots=True)
class Figures:
    """One run."""

    median_ms: float
    p95_ms: float
    shown_hz: float
    dropped: int


@contextmanager
def live(video: str) -> Iterator[str]:
    """The address of a page that plays the video in a loop."""
    command = [sys.executable, "-c", "from feelit.cli import main; main()", "live", video, "--loop", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())["url"]
        process.terminate()


def measure(browser: Browser, video: str, seconds: float) -> Figures:
    """Watch for some seconds."""
    with live(video) as url:
        page = browser.new_page(viewport={"width": 1600, "height": 1000})
        page.add_init_script(NOTE)
        page.goto(url)
        page.wait_for_timeout(1000 * WARM_UP_S)
        before = page.evaluate("window.drawn.splice(0).at(-1)[1]")
        page.wait_for_timeout(1000 * seconds)
        latency_ms, dropped = np.array(page.evaluate("window.drawn")).T
        page.close()
    median, p95 = np.percentile(latency_ms, [50, 95])
    return Figures(float(median), float(p95), len(latency_ms) / seconds, int(dropped[-1] - before))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("video")
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--chromium", default="/usr/bin/chromium", help="any Chromium-based browser")
    asked = parser.parse_args()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=asked.chromium, args=["--no-sandbox", "--disable-gpu"])
        for _ in range(asked.runs):
            run = measure(browser, asked.video, asked.seconds)
            print(
                f"latency {run.median_ms:5.0f} ms median {run.p95_ms:5.0f} ms p95   {run.shown_hz:5.1f} frames/s shown   "
                f"{run.dropped} dropped   machine load {os.getloadavg()[0]:.1f}",
                flush=True,
            )
        browser.close()


if __name__ == "__main__":
    main()
