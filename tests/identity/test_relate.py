"""People of several recordings: numbers in all files, names by photographs, embeddings that are kept or forgotten."""

from __future__ import annotations

import json
import shutil
import stat
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pyarrow.parquet as pq
import pytest

import feelit
import feelit.identity.relate  # now, or it would be imported while a test changes what it takes from others
from feelit.errors import TimelineReadError, UsageError
from feelit.timeline.recording import open_timelines
from tests.conftest import Command, serially
from tests.video import clips

KEPT = "_identity.parquet"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two videos of one face and a video of none, and their timelines."""
    folder = tmp_path_factory.mktemp("recordings")
    clips.plain(folder / "a.mp4", frames=50, face=True, gop=12)
    clips.plain(folder / "b.mp4", frames=40, face=True, gop=12)
    clips.plain(folder / "nobody.mp4", frames=10)
    with serially():
        for name in ("a", "b", "nobody"):
            feelit.analyze(folder / f"{name}.mp4", folder / f"{name}.parquet", rate=5, workers=1, device="cpu")
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    for path in made.glob("*.parquet"):
        shutil.copy(path, tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def photographs(made: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    with av.open(str(made / "a.mp4")) as container:
        frames = [frame.to_ndarray(format="bgr24") for frame in container.decode(video=0)]
    pictures = {
        "one": frames[20],
        "none": np.full((200, 200, 3), 90, np.uint8),
        "two": np.concatenate([frames[20], frames[20]], axis=1),
    }
    place = tmp_path_factory.mktemp("photographs")
    paths = {name: place / f"{name}.png" for name in pictures}
    for name, picture in pictures.items():
        cv2.imwrite(str(paths[name]), picture)
    (place / "text.jpg").write_text("no picture", encoding="utf-8")
    return paths | {"text": place / "text.jpg", "gone": place / "gone.jpg"}


def numbers(folder: Path) -> dict[str, set[int]]:
    return {path.stem: set(pq.read_table(path)["person_id"].drop_null().to_pylist()) for path in folder.glob("[!_]*.parquet")}


def test_one_person_has_one_number_and_one_name_in_all_files(folder: Path) -> None:
    feelit.people(folder / "b.parquet", name={1: "P01"})
    found = feelit.people(folder, across=True)
    assert numbers(folder) == {"a": {1}, "b": {1}, "nobody": set()}
    assert found["person"].tolist() == ["P01", "P01"]
    assert "1 joined" in " ".join(found.attrs["notes"])
    assert "embedding" not in pq.read_schema(folder / "a.parquet").names
    assert not (folder / KEPT).exists(), "nothing is kept unless somebody asks"


def test_numbers_stay_when_files_are_added_and_can_be_taken_back(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = {path.name: pq.read_table(path) for path in folder.glob("[!_]*.parquet")}
    monkeypatch.setattr("feelit.identity.across.JOIN", 1 - 1e-15)  # nobody is sure enough
    found = feelit.people(folder, across=True)
    assert sorted(found["person_id"]) == [1, 2]
    (proposal,) = found.attrs["proposals"]
    assert {proposal["video"], proposal["other_video"]} == set(found["video"])
    assert 0.9 < proposal["probability"] <= 1
    monkeypatch.undo()
    feelit.people(folder, across=True)
    assert numbers(folder) == {"a": {1}, "b": {1}, "nobody": set()}
    feelit.people(folder, within=True)
    for name, table in before.items():
        after = pq.read_table(folder / name)
        assert after.equals(table)
        assert json.loads(after.schema.metadata[b"feelit"]) == json.loads(table.schema.metadata[b"feelit"])


def test_corrections_and_shared_numbers_go_together(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("feelit.identity.across.JOIN", 1 - 1e-15)
    feelit.people(folder, across=True)
    feelit.people(folder / "b.parquet", name={2: "P02"}, split=[(2, 0.8)])
    assert numbers(folder)["b"] == {2, 3}
    with pytest.raises(UsageError, match="there is no person 1"):
        feelit.people(folder / "b.parquet", name={1: "P01"})
    (recording,) = open_timelines(folder / "b.parquet")
    assert recording.person_name(2) == "P02"


def test_embeddings_are_kept_for_the_owner_alone_used_without_the_video_and_forgotten(
    folder: Path, made: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    feelit.people(folder, across=True, keep_identity=True)
    kept = folder / KEPT
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert len(open_timelines(folder)) == 3, "it is no timeline"

    def fail(*_: object) -> None:
        raise AssertionError("the video was looked at")

    monkeypatch.setattr("feelit.identity.relate.embed_faces", fail)
    assert feelit.people(folder, across=True)["person_id"].tolist() == [1, 1]
    ran = command("people", folder, "--forget")
    assert ran.code == 0
    assert "embeddings of 16 faces in 2 videos" in ran.err
    assert not kept.exists()
    assert "no embeddings are kept here" in command("people", folder, "--forget").err


def test_kept_embeddings_of_another_analysis_are_made_again(folder: Path, made: Path, serial: None) -> None:
    feelit.people(folder, across=True, keep_identity=True)
    feelit.analyze(made / "a.mp4", folder / "a.parquet", rate=3, workers=1, device="cpu", force=True)
    found = feelit.people(folder, across=True, keep_identity=True)
    assert found["person_id"].tolist() == [1, 1]


def test_without_embeddings_and_video_it_says_so_and_changes_nothing(folder: Path, made: Path) -> None:
    before = (folder / "b.parquet").read_bytes()
    hidden = made / "a.hidden"
    (made / "a.mp4").rename(hidden)
    try:
        with pytest.raises(UsageError, match=r"no embeddings of .*a\.mp4 are stored, and its video cannot be used") as caught:
            feelit.people(folder, across=True)
        assert "--videos" in caught.value.hint
    finally:
        hidden.rename(made / "a.mp4")
    assert (folder / "b.parquet").read_bytes() == before


def test_photographs_name_people(folder: Path, photographs: dict[str, Path]) -> None:
    found = feelit.people(folder, enrol={"Ann": [photographs["one"]]})
    assert found["person"].tolist() == ["Ann", "Ann"], found.attrs["notes"]
    text = (folder / "people.toml").read_text(encoding="utf-8")
    assert text.count('by = "photographs, probability ') == 2


def test_photographs_do_not_replace_a_name(folder: Path, photographs: dict[str, Path]) -> None:
    feelit.people(folder / "a.parquet", name={1: "Eva"})
    found = feelit.people(folder / "a.parquet", enrol={"Ann": photographs["one"]})
    assert found["person"].tolist() == ["Eva"]
    assert "looks like Ann, but is called Eva" in found.attrs["notes"][-1]


def test_a_person_who_may_be_meant_is_not_named(
    folder: Path, photographs: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("feelit.identity.relate.JOIN", 1.0)
    found = feelit.people(folder / "a.parquet", enrol={"Ann": [photographs["one"]]})
    assert found["person"].isna().all()
    assert "may be Ann, with probability" in found.attrs["notes"][-1]


@pytest.mark.parametrize(
    ("which", "message"),
    [
        ("none", "shows no face"),
        ("two", "shows 2 faces"),
        ("text", "is not a readable picture"),
        ("gone", "cannot be read"),
    ],
)
def test_photographs_that_show_no_one_person_are_refused_and_nothing_is_changed(
    folder: Path, photographs: dict[str, Path], which: str, message: str
) -> None:
    before = (folder / "a.parquet").read_bytes()
    with pytest.raises(UsageError, match=message) as caught:
        feelit.people(folder, enrol={"Ann": [photographs["one"], photographs[which]]}, name={1: "Eva"}, video="a.mp4")
    assert caught.value.hint
    assert (folder / "a.parquet").read_bytes() == before
    assert not (folder / "people.toml").exists()


@pytest.mark.parametrize(
    "asked",
    [
        {"across": True, "within": True},
        {"forget": True, "across": True},
        {"keep_identity": True},
        {"enrol": ["Ann"]},
        {"enrol": ["=a.jpg"]},
        {"enrol": ["Ann=a.jpg", "Ann=b.jpg"]},
        {"enrol": {"Ann": []}},
    ],
)
def test_options_that_make_no_sense_are_refused(folder: Path, asked: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        feelit.people(folder, **asked)


def test_a_damaged_file_of_embeddings_is_named(folder: Path) -> None:
    (folder / KEPT).write_text("damaged", encoding="utf-8")
    with pytest.raises(TimelineReadError, match="is not a readable file of embeddings"):
        feelit.people(folder, across=True)
    assert "unreadable content" in " ".join(feelit.people(folder, forget=True).attrs["notes"])
