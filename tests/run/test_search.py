"""What is found in a folder, and what becomes of links in it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from feelit.errors import VideoReadError
from feelit.run.search import Search
from feelit.video.probe import probe
from tests.conftest import Command
from tests.video import clips


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Videos, with links of every kind among them; `elsewhere` is beside it."""
    for name in ("in/b.mp4", "in/a/c.mp4", "in/a.mp4", "elsewhere/d.mp4", "elsewhere/deep/e.mp4"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    return tmp_path / "in"


def test_files_come_in_the_order_of_their_paths(folder: Path) -> None:
    assert Search(folder).files == ["a/c.mp4", "a.mp4", "b.mp4"]


@pytest.mark.parametrize(
    ("link", "target", "files", "unread", "notes"),
    [
        pytest.param("l.mp4", "b.mp4", ["l.mp4"], [], 0, id="a file"),
        pytest.param("l.mp4", "gone.mp4", ["l.mp4"], [], 0, id="nothing, called a video"),
        pytest.param("l", "gone", [], ["l"], 0, id="nothing, perhaps a folder"),
        pytest.param("l.txt", "gone.txt", [], [], 0, id="nothing, called a text"),
        pytest.param("l.mp4", "l.mp4", ["l.mp4"], [], 0, id="itself"),
        pytest.param("l", "../elsewhere", [], [], 1, id="a folder"),
        pytest.param("l.mp4", "../elsewhere", [], [], 1, id="a folder, called a video"),
        pytest.param("l.txt", "../elsewhere", [], [], 1, id="a folder, called a text"),
        pytest.param("l", ".", [], [], 1, id="the folder itself"),
        pytest.param("l", "b.mp4", [], [], 0, id="a video, not called so"),
        pytest.param("l.mp4", "/dev/null", [], [], 0, id="a device"),
    ],
)
def test_links_are_not_followed(link: str, target: str, files: list[str], unread: list[str], notes: int, folder: Path) -> None:
    (folder / link).symlink_to(target)
    search = Search(folder)
    assert set(search.files) == {"a/c.mp4", "a.mp4", "b.mp4", *files}
    assert [path for path, _ in search.unread] == unread
    assert len(search.notes) == notes
    assert all(
        note.startswith(f"{folder / link} is a link to a folder and is left out (--follow-links") for note in search.notes
    )


def test_links_to_folders_are_followed_where_that_is_asked_for(folder: Path) -> None:
    (folder / "l").symlink_to("../elsewhere")
    search = Search(folder, follow_links=True)
    assert search.files == ["a/c.mp4", "a.mp4", "b.mp4", "l/d.mp4", "l/deep/e.mp4"]
    assert (search.unread, search.notes) == ([], [])


@pytest.mark.parametrize("target", [".", "..", "a", "../in"])
def test_a_loop_ends(target: str, folder: Path) -> None:
    (folder / "l").symlink_to(target)
    search = Search(folder, follow_links=True)
    assert [Path(file).name for file in search.files].count("b.mp4") == 1
    assert any("is a link to a folder that is searched already" in note for note in search.notes) or target == ".."


def test_every_folder_is_searched_once_however_many_links_there_are(folder: Path) -> None:
    for level in range(20):  # a million paths
        (folder.parent / f"level{level}").mkdir()
        for name in ("one", "two"):
            (folder.parent / f"level{level}" / name).symlink_to(f"../level{level + 1}")
    (folder.parent / "level20").mkdir()
    (folder / "l").symlink_to("../level0")
    assert len(Search(folder, follow_links=True).notes) == 20


def test_links_that_refer_to_one_another_end(folder: Path) -> None:
    (folder / "x").mkdir()
    (folder / "y").mkdir()
    (folder / "x" / "to_y").symlink_to("../y")
    (folder / "y" / "to_x").symlink_to("../x")
    (folder / "x" / "v.mp4").write_bytes(b"x")
    assert Search(folder, follow_links=True).files == ["a/c.mp4", "a.mp4", "b.mp4", "x/v.mp4"]


def test_a_dead_link_is_named_with_what_it_leads_to(tmp_path: Path) -> None:
    (tmp_path / "l.mp4").symlink_to("gone.mp4")
    with pytest.raises(VideoReadError, match=r"l\.mp4 is a link to gone\.mp4, which does not exist"):
        probe(tmp_path / "l.mp4")


@pytest.mark.usefixtures("serial")
def test_dead_links_fail_and_others_are_noted(tmp_path: Path, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("in", "other"):
        (tmp_path / name).mkdir()
    clips.plain(tmp_path / "in" / "a.mp4", frames=5, size=(96, 64))
    clips.plain(tmp_path / "other" / "b.mp4", frames=5, size=(96, 64))
    (tmp_path / "in" / "dead.mp4").symlink_to("gone.mp4")
    (tmp_path / "in" / "deadfolder").symlink_to("gone")
    (tmp_path / "in" / "more").symlink_to("../other")
    ran = command("analyze", "in", "--out", "out", "--json")
    reports = {report["video"]: report["status"] for report in map(json.loads, ran.out.splitlines())}
    assert ran.code == 10
    assert reports == {"in/a.mp4": "done", "in/dead.mp4": "failed", "in/deadfolder": "failed"}
    assert [line for line in ran.lines if "more is a link to a folder and is left out" in line] != []
    assert [line for line in ran.lines if "dead.mp4 is a link to gone.mp4, which does not exist" in line] != []
    ran = command("analyze", "in", "--out", "out", "--follow-links", "--dry-run")
    assert [line.split("\t")[0] for line in ran.out.splitlines()] == [
        "in/deadfolder",
        "in/a.mp4",
        "in/dead.mp4",
        "in/more/b.mp4",
    ]
    assert "left out" in command("analyze", "in", "--dry-run").err
    assert os.path.lexists("in/dead.mp4")
