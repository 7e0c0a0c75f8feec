"""feelit report, as a user calls it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import Command
from tests.reports.films import film, timeline_of_film
from tests.reports.meetings import Meeting, write


@pytest.fixture
def timeline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return write(Path("results.parquet"), [Meeting(people=2, duration_s=5.0)])


def test_a_report_is_written_in_silence(timeline: Path, command: Command) -> None:
    ran = command("report", timeline)
    assert (ran.code, ran.out, ran.err) == (0, "", "")
    assert Path("report.html").read_text(encoding="utf-8").startswith("<!doctype html>")


def test_a_report_is_replaced_only_by_force(timeline: Path, command: Command) -> None:
    Path("mine.html").write_text("mine")
    refused = command("report", timeline, "--out", "mine.html")
    assert (refused.code, refused.lines) == (
        5,
        ["feelit: mine.html exists already (give another --out, or --force to replace it)"],
    )
    assert Path("mine.html").read_text() == "mine"
    assert command("report", timeline, "--out", "mine.html", "--force").code == 0
    assert Path("mine.html").read_text() != "mine"


@pytest.mark.parametrize(
    ("arguments", "code", "reason"),
    [
        pytest.param(["gone.parquet"], 3, "gone.parquet does not exist", id="no such timeline"),
        pytest.param(["results.parquet", "results.parquet", "--out", "a.txt"], 2, "is not a name for a page", id="no page"),
        pytest.param(["results.parquet", "copy.parquet"], 2, "meeting.mp4 is in", id="a video twice"),
        pytest.param(["results.parquet", "--video", "gone.mp4"], 3, "gone.mp4 cannot be read", id="no such video"),
        pytest.param(["results.parquet", "--video", "other.mp4"], 3, "hold none of the 1 videos", id="another video"),
        pytest.param(["results.parquet", "--out", "results.parquet/x.html"], 5, "cannot be written", id="no such folder"),
    ],
)
def test_refusals_are_one_line(arguments: list[str], code: int, reason: str, timeline: Path, command: Command) -> None:
    Path("copy.parquet").write_bytes(timeline.read_bytes())
    Path("other.mp4").write_bytes(b"another")
    ran = command("report", *arguments)
    assert (ran.code, len(ran.lines)) == (code, 1)
    assert reason in ran.err
    assert not Path("report.html").exists()


def test_a_video_that_is_missing_costs_a_line_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: Command) -> None:
    monkeypatch.chdir(tmp_path)
    films = {name: film(Path("films") / f"{n}.mp4", seed=n) for n, name in enumerate(["a.mp4", "b\x1b[31m.mp4"])}
    timeline_of_film(Path("results.parquet"), films)
    films["b\x1b[31m.mp4"].unlink()
    ran = command("report", "results.parquet", "--video", "films")
    assert ran.code == 0
    (line,) = ran.lines
    assert line.startswith("feelit: b\\x1b[31m.mp4 is not among the videos that --video gives")
