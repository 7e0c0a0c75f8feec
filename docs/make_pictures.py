"""Make the pictures of README.md and docs/ out of the rendered meeting.

    python docs/make_pictures.py

Runs the commands that a user would run, in a temporary folder, and takes pictures of what comes out: a frame of the annotated
video, and the report and the live page in a Chromium that is installed on this machine. Needs the extras dev and plot.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import av
import cv2
import numpy as np
from playwright.sync_api import Browser, sync_playwright

DOCS = Path(__file__).parent
SAMPLE = DOCS.parent / "sample_videos" / "meeting.mp4"
PICTURES = DOCS / "pictures"

ANNOTATED_AT_S = 29.8
EXPLAINED_AT_S = 14.5
REPORTED_AT_S = 30
PLAYER = "document.querySelector('video')?.readyState >= 2"
LAST_SHOT = "performance.now() > 12_000 && document.querySelectorAll('#cards > li').length >= 5"  # most people, and a past
SETTLE_S = 0.9
WIDE = {"width": 1280, "height": 800}
QUALITY = 80
EXPLAINED_PX = 1200


def feelit(*arguments: object) -> list[str]:
    """The command line of this installation."""
    return [sys.executable, "-c", "from feelit.cli import main; main()", *map(str, arguments)]


def save(image: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], name: str) -> None:
    """Write a picture, (H, W, 3) uint8 BGR."""
    path = PICTURES / f"{name}.jpg"
    cv2.imwrite(str(path), image, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    print(f"{path.relative_to(DOCS.parent)}: {path.stat().st_size / 1024:.0f} KiB")


def annotated(folder: Path) -> None:
    """A frame of the annotated video."""
    out = folder / "meeting.mp4.annotated.mp4"
    subprocess.run(feelit("annotate", SAMPLE, folder / "meeting.parquet", "--out", out), check=True)
    with av.open(str(out)) as container:
        frame = next(f for f in container.decode(video=0) if f.time is not None and f.time >= ANNOTATED_AT_S)
        save(np.asarray(frame.to_ndarray(format="bgr24"), np.uint8), "annotated")


def explain(folder: Path) -> None:
    """The saliency figure of one face."""
    out = folder / "explain.png"
    moment = f"{SAMPLE.relative_to(DOCS.parent)}@{EXPLAINED_AT_S}"
    subprocess.run(feelit("explain", "expression", moment, "--out", out, "--force"), check=True, cwd=DOCS.parent)
    image = cv2.imread(str(out))
    assert image is not None
    size = (EXPLAINED_PX, round(EXPLAINED_PX * image.shape[0] / image.shape[1]))
    save(np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8), "explain")


def plot(folder: Path) -> None:
    """The figure for a paper."""
    out = PICTURES / "plot.png"
    subprocess.run(feelit("plot", folder / "meeting.parquet", "--out", out, "--force", "--dpi", 110), check=True)
    print(f"{out.relative_to(DOCS.parent)}: {out.stat().st_size / 1024:.0f} KiB")


def shot(browser: Browser, url: str, name: str, ready: str, dark: bool = False) -> None:
    """A picture of a page once an expression in JavaScript holds, however busy the machine is."""
    context = browser.new_context(viewport=WIDE, color_scheme="dark" if dark else "light")  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(url)
    while not page.evaluate(ready):  # the pages' own policy forbids what Playwright waits with
        page.wait_for_timeout(50)
    page.wait_for_timeout(SETTLE_S * 1000)
    png = np.frombuffer(page.screenshot(), np.uint8)
    context.close()
    image = cv2.imdecode(png, cv2.IMREAD_COLOR)
    assert image is not None
    save(np.asarray(image, np.uint8), name)


def report(folder: Path, browser: Browser) -> None:
    """The report with pictures and a player."""
    out = folder / "report.html"
    subprocess.run(feelit("report", folder / "meeting.parquet", "--out", out, "--video", folder), check=True)
    shot(browser, f"{out.as_uri()}#video-1@{REPORTED_AT_S}", "report", PLAYER)


def live(browser: Browser) -> None:
    """The live page, with the sample as the camera."""
    command = feelit("live", SAMPLE.name, "--loop", "--json")
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=SAMPLE.parent)
    try:
        assert process.stdout is not None
        url = json.loads(process.stdout.readline())["url"]
        shot(browser, url, "live", LAST_SHOT, dark=True)
    finally:
        process.terminate()
        process.wait()


def main() -> None:
    """Make all of them."""
    PICTURES.mkdir(exist_ok=True)
    chromium = os.environ.get("FEELIT_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        shutil.copy(SAMPLE, folder)
        subprocess.run(feelit("analyze", SAMPLE, "--out", folder / "meeting.parquet", "--quiet"), check=True)
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        annotated(folder)
        plot(folder)
        explain(folder)
        report(folder, browser)
        live(browser)
        browser.close()


if __name__ == "__main__":
    main()
