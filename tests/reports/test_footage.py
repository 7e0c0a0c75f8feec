"""Videos are found by what is in them, and pages lead to them from where they lie."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from feelit.errors import TimelineReadError, VideoReadError
from feelit.reports.inputs import Footage, find_footage, link
from feelit.video.probe import fingerprint


def recording(path: Path, content: str = "a recording") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    return path


def facts(path: Path) -> dict[str, Any]:
    return {"fingerprint": fingerprint(path), "size_bytes": path.stat().st_size}


def test_a_video_is_found_under_another_name_in_a_subfolder(tmp_path: Path) -> None:
    video = recording(tmp_path / "moved" / "deep" / "renamed.mp4")
    recording(tmp_path / "moved" / "call.mp4", "another one")
    found = find_footage([tmp_path / "moved"], {"call.mp4": facts(video)})
    assert found.footage == {"call.mp4": Footage(video, None)}
    assert found.changed == frozenset()


def test_the_same_name_in_two_folders_is_no_trouble(tmp_path: Path) -> None:
    one, two = recording(tmp_path / "a" / "call.mp4", "one"), recording(tmp_path / "b" / "call.mp4", "two!")
    found = find_footage([tmp_path / "a", tmp_path / "b"], {"a": facts(one), "b": facts(two)})
    assert found.footage == {"a": Footage(one, None), "b": Footage(two, None)}


def test_a_video_that_changed_is_reported_from_one_that_is_gone(tmp_path: Path) -> None:
    here, changed = recording(tmp_path / "here.mp4"), recording(tmp_path / "changed.mp4", "before!")
    known = {"x/here.mp4": facts(here), "x/changed.mp4": facts(changed), "x/gone.mp4": {"fingerprint": "00", "size_bytes": 1}}
    recording(changed, "after!!")
    found = find_footage([tmp_path], known)
    assert list(found.footage) == ["x/here.mp4"]
    assert found.changed == {"x/changed.mp4"}


@pytest.mark.parametrize(
    ("annotated", "expected"),
    [
        pytest.param(["films/call.annotated.mp4"], "films/call.annotated.mp4", id="beside it"),
        pytest.param(["films/call.mp4.annotated.mp4"], "films/call.mp4.annotated.mp4", id="as analyze names it"),
        pytest.param(["out/call.mp4.annotated.mp4"], "out/call.mp4.annotated.mp4", id="elsewhere among the files"),
        pytest.param(["films/call.annotated.mp4", "out/call.annotated.mp4"], "films/call.annotated.mp4", id="the nearest"),
        pytest.param(["out/1/call.annotated.mp4", "out/2/call.annotated.mp4"], None, id="two elsewhere"),
        pytest.param(["films/other.annotated.mp4"], None, id="of another"),
    ],
)
def test_annotated_videos(annotated: list[str], expected: str | None, tmp_path: Path) -> None:
    video = recording(tmp_path / "films" / "call.mp4")
    (tmp_path / "out").mkdir()
    recording(tmp_path / "out" / "some.mp4", "so that the folder holds a video")
    for name in annotated:
        recording(tmp_path / name, "drawn on")
    found = find_footage([tmp_path / "films", tmp_path / "out"], {"call.mp4": facts(video)})
    assert found.footage["call.mp4"].annotated == (tmp_path / expected if expected else None)


def test_nothing_given_is_nothing_looked_for() -> None:
    found = find_footage([], {"call.mp4": {"fingerprint": "00"}})
    assert (found.footage, found.changed) == ({}, frozenset())


def test_videos_of_which_none_fits_are_refused(tmp_path: Path) -> None:
    recording(tmp_path / "call.mp4")
    with pytest.raises(TimelineReadError, match="none of the 1 videos") as caught:
        find_footage([tmp_path], {"call.mp4": {"fingerprint": "00", "size_bytes": 11}})
    assert "analyse it again" in caught.value.hint


@pytest.mark.parametrize("name", ["gone.mp4", "empty"])
def test_what_is_not_there_is_reported(name: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(VideoReadError):
        find_footage([tmp_path / name], {"call.mp4": {}})


@pytest.mark.parametrize(
    ("video", "expected"),
    [
        pytest.param("call.mp4", "call.mp4", id="beside"),
        pytest.param("../films/call.mp4", "../films/call.mp4", id="in another folder"),
        pytest.param("10:30 <b>#1?.mp4", "10%3A30%20%3Cb%3E%231%3F.mp4", id="signs that mean something in addresses"),
        pytest.param("ü.mp4", "%C3%BC.mp4", id="beyond ASCII"),
        pytest.param(os.fsdecode(b"\xff.mp4"), "%FF.mp4", id="no text at all"),
    ],
)
def test_links_are_relative_and_escaped(video: str, expected: str, tmp_path: Path) -> None:
    assert link(tmp_path / "pages" / video, tmp_path / "pages" / "report.html") == expected
