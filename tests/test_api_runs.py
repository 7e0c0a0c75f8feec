from __future__ import annotations

import threading
from pathlib import Path

import pytest

import feelit
from tests.video import clips


@pytest.fixture
def videos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder `in` with a video and an empty file, inside the working folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in").mkdir()
    clips.plain(tmp_path / "in" / "a.mp4")
    clips.empty(tmp_path / "in" / "b.mp4")
    return tmp_path


def test_a_plan_names_videos_their_lengths_and_outputs(videos: Path) -> None:
    seen: list[feelit.PlannedVideo] = []
    planned = feelit.plan(["in", "none"], "out", observer=seen.append)
    assert list(planned.videos) == seen
    found = {video.name: video for video in planned.videos}
    assert found["in/a.mp4"].out == Path("out/a.mp4.parquet")
    assert found["in/a.mp4"].duration_s is not None
    assert found["in/a.mp4"].duration_s > 0
    assert found["in/b.mp4"].duration_s is None
    assert isinstance(found["in/b.mp4"].error, feelit.VideoReadError)
    assert isinstance(found["none"].error, feelit.VideoReadError)
    assert not (videos / "out").exists()


def test_a_plan_takes_the_options_of_a_run(videos: Path) -> None:
    shards = [feelit.plan("in", "out", shard=f"{n}/2").videos for n in (1, 2)]
    assert sorted(video.name for shard in shards for video in shard) == ["in/a.mp4", "in/b.mp4"]
    (videos / "empty").mkdir()
    with pytest.raises(feelit.VideoReadError, match="holds no videos"):
        feelit.plan("empty")


def test_the_status_of_a_folder_counts_its_videos(videos: Path) -> None:
    with pytest.raises(feelit.SomeFailedError):
        feelit.analyze("in", out="out", workers=0, device="cpu")
    status = feelit.status("out")
    assert (status.folder, status.videos, status.done, status.failed, status.remaining) == (Path("out"), 2, 1, 1, 0)
    assert [entry.video for entry in status.failures] == ["in/b.mp4"]
    assert isinstance(status.problem(), feelit.SomeFailedError)
    with pytest.raises(feelit.TimelineReadError, match="no manifest"):
        feelit.status("in")


def test_findings_of_the_installation_have_remedies_where_something_is_wrong() -> None:
    findings = feelit.doctor()
    assert {finding.area for finding in findings} == {"package", "model", "provider", "machine", "encoder", "output"}
    assert all(bool(finding.remedy) == (finding.level != "ok") for finding in findings)


def test_watching_ends_with_its_source(videos: Path) -> None:
    pages: list[tuple[str, str]] = []
    report = feelit.watch("in/a.mp4", ready=lambda url, name: pages.append((url, name)), people=False, device="cpu")
    assert report is not None
    assert report.decoded > 0
    ((url, name),) = pages
    assert (url.startswith("http://127.0.0.1:"), name) == (True, "in/a.mp4")


def test_watching_that_is_stopped_at_once_has_no_report(videos: Path) -> None:
    stop = threading.Event()
    stop.set()
    assert feelit.watch("in/a.mp4", stop=stop) is None
