"""Size of a report, and the time until a browser has rendered it.

    python benchmarks/report.py [TIMELINE.parquet ...]

Without a timeline, an hour with six people at 10 samples per second is simulated. Needs Chromium (or FEELIT_CHROMIUM) and
playwright. The baseline, measured in the same run, is an empty page.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1]))

from feelit.options.timelines import ReportOptions
from feelit.reports.write import write_report
from tests.browser import FLAGS, NAMES
from tests.reports.meetings import Meeting, write

RUNS = 7
PAINTED = 'requestAnimationFrame(() => setTimeout(() => performance.mark("painted")))'
EMPTY = f"<!doctype html><title>empty</title><script>{PAINTED}</script>"
PAINTED_MS = 'performance.getEntriesByName("painted")[0]?.startTime'
ZOOM_MS = """async () => {
  const place = document.querySelector(".lanes"), times = [];
  for (const key of ["+", "+", "PageDown", "-", "0"]) {
    const start = performance.now();
    place.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done, 0)));
    times.push(performance.now() - start);
  }
  return Math.max(...times);
}"""


def interactive_ms(browser: Browser, page_file: Path) -> tuple[float, float]:
    """Time until the complete page is rendered in a new tab, from the start of the navigation, and the slowest zoom, in ms."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(page_file.as_uri())
    while (ready := page.evaluate(PAINTED_MS)) is None:
        page.wait_for_timeout(20)
    zoom = float(page.evaluate(ZOOM_MS)) if page.locator(".lanes").count() else 0.0
    page.close()
    return float(ready), zoom


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("timelines", nargs="*", type=Path)
    timelines = parser.parse_args().timelines
    chromium = os.environ.get("FEELIT_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        here = Path(folder)
        timelines = timelines or [write(here / "hour.parquet", [Meeting(people=6, duration_s=3600.0)])]
        start = time.perf_counter()
        write_report(timelines, ReportOptions(out=here / "report.html"))
        print(f"written in {time.perf_counter() - start:.1f} s, {(here / 'report.html').stat().st_size:,} bytes")
        (here / "empty.html").write_text(EMPTY)
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        for name in ("empty", "report"):
            runs = [interactive_ms(browser, here / f"{name}.html") for _ in range(RUNS)]
            ready, zoom = (statistics.median(values) for values in zip(*runs, strict=True))
            print(f"{name}: {ready:.0f} ms to interactive, {zoom:.0f} ms for the slowest of five zooms (medians of {RUNS})")
        browser.close()


if __name__ == "__main__":
    main()
