"""What a run shows when it is over."""

from __future__ import annotations

import pytest
from rich.console import Console

from feelit.console import MOST_ROWS, AnalysisView
from feelit.run.job import VideoReport
from feelit.storage import waiting


def shown(reports: list[VideoReport], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    """The overview, as on a terminal."""
    console = Console(stderr=True, force_terminal=True, width=160, no_color=True)
    monkeypatch.setattr("feelit.console._terminal", lambda: console)
    view = AnalysisView(quiet=False, json_lines=False)
    for report in reports:
        view.finished(report)
    view.summary()
    return capsys.readouterr().err


def test_a_few_videos_are_all_listed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    text = shown(
        [VideoReport(video="a.mp4", status="unchanged"), VideoReport(video="b.mp4", status="done")], monkeypatch, capsys
    )
    assert "2 videos in 0." in text
    assert "a.mp4" in text
    assert "not listed" not in text


def test_of_many_videos_the_failed_ones_come_first_and_the_rest_is_counted(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    reports = [VideoReport(video=f"same-{n}.mp4", status="unchanged") for n in range(10_000)]
    reports += [VideoReport(video=f"new-{n}.mp4", status="done") for n in range(60)] + [
        VideoReport(video="bad.mp4", status="failed", error="why")
    ]
    text = shown(reports, monkeypatch, capsys)
    assert ": 60 done, 1 failed, 10000 unchanged; 10011 are not listed" in text
    assert ("bad.mp4" in text, "same-" in text, text.count("new-")) == (True, False, MOST_ROWS - 1)


def test_what_a_storage_is_waited_for_is_shown_until_something_moves(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    console = Console(stderr=True, force_terminal=True, width=160, no_color=True)
    monkeypatch.setattr("feelit.console._terminal", lambda: console)
    view = AnalysisView(quiet=False, json_lines=False)
    with view:
        assert view._bars is not None
        waiting.say("opening s3://lab/a.mp4")
        view._bars.progress.refresh()
        assert "opening s3://lab/a.mp4" in capsys.readouterr().err
        view.finished(VideoReport(video="s3://lab/a.mp4", status="done"))
        view._bars.progress.refresh()
        assert "opening" not in capsys.readouterr().err
    waiting.say("waiting for nobody")
