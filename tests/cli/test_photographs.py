"""A folder of photographs through every command."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import feelit
import feelit.run.segment
from feelit.types import FaceTable
from tests.conftest import Command, SerialEngine
from tests.video import clips
from tests.video.photographs import face, quarters, write


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder `in` with three photographs of one face, of different size, format and orientation, and one of nobody; and
    their timeline.
    """
    folder = tmp_path_factory.mktemp("original")
    (folder / "in" / "deep").mkdir(parents=True)
    write(folder / "in" / "a.jpg", face(240))
    write(folder / "in" / "b.png", face(300), 6)
    write(folder / "in" / "deep" / "c.webp", face(200), 3)
    write(folder / "in" / "nobody.jpg", quarters())
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.chdir(folder)
        monkeypatch.setattr("feelit.run.pipeline.LocalEngine", SerialEngine)
        feelit.analyze("in", "t.parquet")
    return folder


@pytest.fixture
def here(original: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, serial: None) -> Path:
    """A copy of the photographs, which are not analysed."""
    shutil.copytree(original / "in", tmp_path / "in")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def analysed(original: Path, here: Path) -> pd.DataFrame:
    """The same, and `t.parquet`."""
    shutil.copy(original / "t.parquet", here)
    return feelit.read_timeline("t.parquet")


def test_every_photograph_is_one_sample(here: Path, command: Command) -> None:
    ran = command("analyze", "in", "--out", "t.parquet", "--json")
    assert (ran.code, ran.err) == (0, "")
    reports = [json.loads(line) for line in ran.out.splitlines()]
    assert [(r["video"], r["sampled"], r["duration_s"]) for r in reports] == [
        (name, 1, 0.0) for name in ("in/a.jpg", "in/b.png", "in/deep/c.webp", "in/nobody.jpg")
    ]


def test_there_is_a_row_a_face(analysed: pd.DataFrame) -> None:
    assert analysed["video"].tolist() == ["in/a.jpg", "in/b.png", "in/deep/c.webp", "in/nobody.jpg"]
    assert analysed["track_id"].notna().tolist() == [True, True, True, False]
    assert (analysed["time_s"] == 0).all()
    assert (analysed["frame"] == 0).all()
    seen = analysed[:3]
    assert seen["roll_deg"].abs().max() < 12  # upright, whatever the file stores
    share = seen["face_px"] / np.array([240, 300, 200])
    assert share.max() < 1.15 * share.min()  # each in pixels of its own picture
    assert analysed.attrs["videos"]["in/b.png"]["photograph"] is True
    assert analysed.attrs["videos"]["in/b.png"]["orientation"] == 6


def test_times_that_are_asked_for_leave_photographs_in(here: Path) -> None:
    assert len(feelit.analyze("in/a.jpg", start_s=5, end_s=9, rate=1).to_pandas()) == 1


def test_a_face_that_a_video_would_have_to_show_again_counts(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A track of a video proves itself by several doubtful boxes or one sure one; a photograph has one look."""
    detect = feelit.run.segment.detect_and_classify

    def doubtful(*given: Any) -> FaceTable:
        found = detect(*given)
        return replace(found, score=np.full(len(found), 0.6, np.float32))

    monkeypatch.setattr("feelit.run.segment.detect_and_classify", doubtful)
    clips.plain(here / "v.mp4", frames=1, size=(240, 240), face=True)
    assert feelit.analyze("v.mp4").to_pandas()["track_id"].isna().all()
    assert feelit.analyze("in/a.jpg").to_pandas()["track_id"].notna().all()


def test_photographs_beside_videos_are_left_out_with_a_word(here: Path, command: Command) -> None:
    clips.plain(here / "in" / "v.mp4", frames=3, size=(64, 48))
    ran = command("analyze", "in", "--dry-run")
    assert [line.split("\t")[0] for line in ran.out.splitlines()] == ["in/v.mp4"]
    assert ran.lines == ["feelit: in holds videos, so 4 pictures are left out (name them, or a folder without videos)"]
    ran = command("analyze", "in/a.jpg", "in/v.mp4", "--dry-run")
    assert [line.split("\t")[0] for line in ran.out.splitlines()] == ["in/a.jpg", "in/v.mp4"]


def test_what_is_no_photograph_harms_no_other(here: Path, command: Command) -> None:
    (here / "in" / "d.heic").write_bytes(b"\0\0\0\x18ftypheic" + b"\0" * 40)
    (here / "in" / "e.jpg").write_bytes(b"")
    ran = command("analyze", "in", "--out", "out", "--quiet")
    assert ran.code == 10
    assert sorted(line.partition(" ")[2].partition(" (")[0] for line in ran.lines[:-1]) == [
        "in/d.heic is a photograph in HEIC, which is not supported",
        "in/e.jpg is empty",
    ]
    assert command("status", "out").code == 10
    assert command("analyze", "in", "--out", "out", "--quiet").code == 10  # again: the others are known


def test_summaries_and_people_count_faces(analysed: pd.DataFrame, command: Command) -> None:
    people = feelit.summarize("t.parquet")
    assert people["video"].tolist() == ["in/a.jpg", "in/b.png", "in/deep/c.webp"]
    assert people["on_screen_s"].max() < 1e-6
    shares = people[[name for name in people.columns if name.startswith("share_")]]
    assert shares.dropna().sum(axis=1).to_numpy() == pytest.approx(1)
    assert len(feelit.summarize("t.parquet", by="video")) == 4
    assert command("summarize", "t.parquet").code == 0


@pytest.mark.parametrize("name", ["csv", "jsonl", "openface", "pyfeat"])
def test_tables_are_exported(name: str, analysed: pd.DataFrame, command: Command) -> None:
    assert command("export", "t.parquet", "--format", name, "--out", "tables" if name == "openface" else f"x.{name}").code == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ["events", "t.parquet"],
        ["report", "t.parquet"],
        ["plot", "t.parquet"],
        ["clips", "in/a.jpg", "t.parquet"],
        ["annotate", "in/a.jpg", "t.parquet"],
        ["live", "in/a.jpg"],
        *(["export", "t.parquet", "--format", name, "--out", "o"] for name in ("elan", "webvtt", "srt", "boris", "textgrid")),
    ],
    ids=lambda arguments: " ".join(arguments[:4:3]),
)
def test_what_needs_time_is_refused_in_a_line(arguments: list[str], analysed: pd.DataFrame, command: Command) -> None:
    before = sorted(Path().rglob("*"))
    ran = command(*arguments)
    assert (ran.code, ran.out, len(ran.lines)) == (3 if arguments[0] == "live" else 2, "", 1), ran.err
    assert "photograph" in ran.err
    assert sorted(Path().rglob("*")) == before


def test_videos_among_photographs_have_events(analysed: pd.DataFrame, here: Path) -> None:
    clips.plain(here / "v.mp4", frames=30, size=(240, 240), face=True)
    feelit.analyze("v.mp4", out="v.parquet")
    together = feelit.events(["t.parquet", "v.parquet"], kinds=("bout",))
    assert set(together["video"]) <= {"v.mp4"}


def test_an_annotated_video_of_a_photograph_is_left_out(here: Path, command: Command) -> None:
    ran = command("analyze", "in/a.jpg", "--out", "t.parquet", "--annotate", "a.mp4")
    assert (ran.code, ran.lines[-1]) == (0, "feelit: in/a.jpg is a photograph, of which there is no annotated video")
    assert not Path("a.mp4").exists()


def test_timelines_of_photographs_merge(analysed: pd.DataFrame, here: Path, command: Command) -> None:
    assert command("analyze", "in", "--out", "out", "--quiet").code == 0
    feelit.merge("out", "m.parquet")
    pd.testing.assert_frame_equal(feelit.read_timeline("m.parquet"), analysed)
