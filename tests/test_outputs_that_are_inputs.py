"""No command replaces what it reads, under whatever name the output is given."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

import feelit
from feelit.errors import OutputError, UsageError
from feelit.storage.atomic import refuse_to_overwrite
from feelit.storage.location import Url
from feelit.storage.stat import InputFiles, files_below
from tests.clipping.made import timeline as timeline_of
from tests.clipping.made import video as video_at
from tests.conftest import Command

SAME: dict[str, Callable[[Path, Path], Path]] = {
    "itself": lambda there, name: there,
    "a longer path": lambda there, name: Path(there.parent, "..", there.parent.name, there.name),
    "a symbolic link": lambda there, name: _linked(there, name, Path.symlink_to),
    "a hard link": lambda there, name: _linked(there, name, Path.hardlink_to),
    "a folder that is a link": lambda there, name: _linked(there.parent, Path("folder"), Path.symlink_to) / there.name,
}
"""Ways to name a file that there is."""


def _linked(there: Path, name: Path, link: Callable[[Path, Path], None]) -> Path:
    link(there.parent / name, there)
    return there.parent / name


def _video(folder: Path) -> Path:
    return video_at(folder / "v.mp4")


def _picture(folder: Path) -> Path:
    cv2.imwrite(str(folder / "q.png"), np.full((64, 64), 128, np.uint8))
    return folder / "q.png"


def _renamed(path: Path, name: str) -> Path:
    return path.rename(path.with_name(name))


@pytest.mark.parametrize("way", SAME)
@pytest.mark.parametrize(
    ("arguments", "out"),
    [
        pytest.param(["summarize", "t.parquet", "--format", "csv"], "t.parquet", id="summarize"),
        pytest.param(["summarize", ".", "--format", "csv"], "t.parquet", id="summarize a folder"),
        pytest.param(["events", "t.parquet", "--format", "json"], "t.parquet", id="events"),
        pytest.param(["export", "t.parquet", "--format", "csv"], "t.parquet", id="export"),
        pytest.param(["merge", "t.parquet"], "t.parquet", id="merge"),
        pytest.param(["plot", "t.png"], "t.png", id="plot"),
        pytest.param(["report", "t.html"], "t.html", id="report"),
        pytest.param(["report", "t.parquet", "--video", "v.html"], "v.html", id="report, of its video"),
        pytest.param(["annotate", "v.mp4", "t.parquet"], "v.mp4", id="annotate"),
        pytest.param(["annotate", "v.mp4", "t.mp4"], "t.mp4", id="annotate, of its timeline"),
        pytest.param(["explain", "expression", "q.png"], "q.png", id="explain"),
        pytest.param(["explain", "m.png", "q.png"], "m.png", id="explain, of its model"),
        pytest.param(["analyze", "v.parquet"], "v.parquet", id="analyze"),
        pytest.param(["live", "v.parquet"], "v.parquet", id="live"),
    ],
)
def test_no_input_is_replaced(arguments: list[str], out: str, way: str, tmp_path: Path, command: Command) -> None:
    given = tmp_path / "given"
    given.mkdir()
    video = _video(given)
    timeline = timeline_of(given / "t.parquet", video)
    _picture(given)
    name = Path(out)
    if name.stem == "t" and name.suffix != ".parquet":
        _renamed(timeline, out)
    elif name.stem == "v":
        _renamed(video, out)
    elif name.stem == "m":
        (given / out).write_bytes(b"a model")
    before = (given / out).read_bytes()
    target = SAME[way](given / out, Path(f"link{name.suffix}"))
    inputs = [str(given / text) if (given / text).exists() else text for text in arguments[1:]]
    ran = command(arguments[0], *inputs, "--out", target, "--force")
    assert (ran.code, ran.out, len(ran.lines)) == (2, "", 1), ran.err
    assert "and would be replaced (choose another name for the output)" in ran.err
    assert (given / out).read_bytes() == before
    assert target.exists()


def test_no_annotated_video_replaces_an_input(tmp_path: Path, command: Command) -> None:
    video = _video(tmp_path)
    ran = command("analyze", video, "--out", tmp_path / "t.parquet", "--annotate", video, "--force")
    assert (ran.code, len(ran.lines)) == (2, 1)
    assert "v.mp4 is read, and would be replaced" in ran.err
    assert not (tmp_path / "t.parquet").exists()  # said before the work


@pytest.mark.usefixtures("serial")
def test_no_timeline_in_a_folder_replaces_a_video(tmp_path: Path, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    video = _video(tmp_path)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "v.mp4.parquet").hardlink_to(video)
    before = video.read_bytes()
    ran = command("analyze", "v.mp4", "--out", "out", "--force", "--quiet")
    assert (ran.code, (tmp_path / "out" / "v.mp4.parquet").read_bytes()) == (2, before)
    assert "v.mp4.parquet is read under the name v.mp4, and would be replaced" in ran.err


def test_no_index_of_clips_replaces_an_input(tmp_path: Path) -> None:
    video = _renamed(_video(tmp_path), "clips.csv")
    timeline = timeline_of(tmp_path / "t.parquet", video)
    with pytest.raises(UsageError, match=r"clips\.csv is read, and would be replaced"):
        feelit.clips(video, timeline, tmp_path, at_s=(0.5,), force=True)


def test_scores_replace_neither_a_model_nor_data(tmp_path: Path, command: Command) -> None:
    faces = tmp_path / "faces" / "happy"
    faces.mkdir(parents=True)
    picture = _renamed(_picture(faces), "confusion.png")
    ran = command("evaluate", "expression", "--data", faces.parent, "--out", faces, "--force")
    assert (ran.code, len(ran.lines)) == (2, 1)
    assert "confusion.png is read, and would be replaced" in ran.err
    assert picture.exists()


def test_training_replaces_no_data(tmp_path: Path, command: Command) -> None:
    pytest.importorskip("torch")
    out = tmp_path / "run"
    out.mkdir()
    data = tmp_path / "train.csv"
    data.write_text("path,label\n")
    (out / "curves.png").hardlink_to(data)
    ran = command("train", "hog", "--data", data, "--out", out)
    assert (ran.code, len(ran.lines)) == (2, 1)
    assert "curves.png is read under the name" in ran.err


def test_python_refuses_too(tmp_path: Path) -> None:
    video = _video(tmp_path)
    timeline = timeline_of(tmp_path / "t.parquet", video)
    link = tmp_path / "link.parquet"
    link.symlink_to(timeline)
    for write in (
        lambda: feelit.merge(timeline, link, force=True),
        lambda: feelit.export([timeline], link, format="csv", force=True),
        lambda: feelit.annotate(video, timeline, video, force=True),
        lambda: feelit.clips(video, timeline, _linked(video, Path("clips.csv"), Path.symlink_to).parent, force=True),
    ):
        with pytest.raises(UsageError, match="would be replaced"):
            write()


def test_a_second_run_over_a_folder_replaces_its_own_output(tmp_path: Path, command: Command) -> None:
    timeline_of(tmp_path / "t.parquet", _video(tmp_path))
    for _ in range(2):
        ran = command("summarize", tmp_path, "--out", tmp_path / "summary.csv", "--force")
        assert (ran.code, ran.err) == (0, "")


def test_what_is_read_is_said_rather_than_that_it_exists(tmp_path: Path) -> None:
    place = tmp_path / "a"
    refuse_to_overwrite(place, False, InputFiles([place]))  # neither is there
    place.write_text("")
    with pytest.raises(UsageError, match="would be replaced"):
        refuse_to_overwrite(place, False, InputFiles([tmp_path / "missing", place]))
    with pytest.raises(OutputError, match="exists already"):
        refuse_to_overwrite(place, False, InputFiles([tmp_path / "missing"]))


def test_an_object_is_its_address() -> None:
    inputs = InputFiles([Url("s3", "bucket", "a.parquet", tag="1")])
    assert inputs.find(Url("s3", "bucket", "a.parquet")) is not None
    assert inputs.find(Url("gs", "bucket", "a.parquet")) is None
    assert inputs.find(Path("bucket/a.parquet")) is None


def test_inputs_are_looked_at_once_and_only_if_an_output_is_there(tmp_path: Path) -> None:
    asked: list[Path] = []

    def places() -> list[Path]:
        asked.append(tmp_path)
        return [tmp_path]

    inputs = InputFiles(place for _ in range(1) for place in places())
    refuse_to_overwrite(tmp_path / "new", False, inputs)
    assert asked == []
    (tmp_path / "new").touch()
    for _ in range(2):
        refuse_to_overwrite(tmp_path / "new", True, inputs)
    assert asked == [tmp_path]


def test_files_below_a_folder(tmp_path: Path) -> None:
    for name in ("a", "scores.json", "deep/scores.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = {os.fspath(path.relative_to(tmp_path)) for path in files_below(tmp_path, ["scores.json"])}
    assert found == {"a", os.path.join("deep", "scores.json")}  # noqa: PTH118  # as os.walk gives it
    assert list(files_below(tmp_path / "a", ["a"])) == [tmp_path / "a"]


def test_a_frame_is_no_file(tmp_path: Path) -> None:
    timeline = timeline_of(tmp_path / "t.parquet", _video(tmp_path))
    frame: pd.DataFrame = feelit.read_timeline(timeline)
    feelit.export(frame, timeline, format="csv", force=True)  # nothing is read from there
    assert timeline.read_bytes()[:4] != b"PAR1"
