"""A tier, a speaker or a subject a person."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest
import srt
from praatio import textgrid
from pympi import Elan

from feelit.errors import OutputError, UsageError
from feelit.exports.run import FORMATS, export_timelines
from feelit.options.timelines import ExportOptions
from tests.exports.made import described, grouped, text_of, write
from tests.timeline.rows import regular, table_of

SHOWN = {1: "nnhhh......", 2: ".......aaaa", 3: "sssssssssss", 4: "hhhhhhhhhhh"}
PEOPLE = {1: 1, 2: 1, 3: 2}  # of track 4 nothing is known: it is nobody
NAMES: dict[int, str | None] = {1: "Ann", 2: None}


@pytest.fixture
def timeline(tmp_path: Path) -> Path:
    return made(tmp_path, NAMES)


def made(folder: Path, names: dict[int, str | None], name: str = "t") -> Path:
    table = grouped(table_of(SHOWN, regular(11), f"{name}.mp4"), PEOPLE, {p: n for p, n in names.items() if n})
    return write(folder / f"{name}.parquet", table, videos={f"{name}.mp4": described(names)})


def test_a_person_is_one_tier_whatever_the_tracks_do(timeline: Path, tmp_path: Path) -> None:
    out = tmp_path / "t.eaf"
    out.write_text(text_of(timeline, "elan"), encoding="utf-8")
    eaf = Elan.Eaf(str(out))
    emotions = [name for name in eaf.get_tier_names() if not name.endswith("confidence")]
    assert emotions[:2] == ["Ann", "person 2"]
    assert not any("track" in name for name in emotions)
    assert [value for *_, value in eaf.get_annotation_data_for_tier("Ann")] == ["neutral", "happiness", "anger"]
    assert eaf.get_parameters_for_tier("Ann")["PARTICIPANT"] == "Ann"


def test_people_speak_in_captions_and_are_subjects(timeline: Path) -> None:
    first = next(srt.parse(text_of(timeline, "srt")))
    assert first.content.split("\n") == ["Ann: neutral 0.75", "person 2: surprise 0.75"]
    assert "<v Ann>Ann: <c.happiness>happiness</c> 0.75</v>" in text_of(timeline, "webvtt")
    rows = list(csv.DictReader(io.StringIO(text_of(timeline, "boris")), delimiter="\t"))
    assert [row["Subject"] for row in rows] == ["Ann", "person 2", "Ann", "Ann"]
    assert 'name = "Ann"' in text_of(timeline, "textgrid")


@pytest.mark.parametrize("people", [("Ann",), ("1",), (1,)])
def test_only_some_people(timeline: Path, tmp_path: Path, people: Any) -> None:
    options = ExportOptions(format="csv", out=tmp_path / "x.csv", people=people)
    export_timelines(timeline, options)
    with (tmp_path / "x.csv").open(newline="") as file:
        assert {row["track_id"] for row in csv.DictReader(file)} == {"1", "2"}
    export_timelines(timeline, ExportOptions(out=tmp_path / "x.srt", people=people))
    assert "person 2" not in (tmp_path / "x.srt").read_text()


def test_tracks_are_still_to_be_had(timeline: Path, tmp_path: Path) -> None:
    for name, options in {"a": ExportOptions(tracks=(2,)), "b": ExportOptions(by="track")}.items():
        export_timelines(timeline, ExportOptions(out=tmp_path / f"{name}.srt", tracks=options.tracks, by=options.by))
        assert "track 2: anger" in (tmp_path / f"{name}.srt").read_text()


def test_rows_of_faces_name_the_person(timeline: Path) -> None:
    openface = list(csv.DictReader(io.StringIO(text_of(timeline, "openface"))))
    assert {(row["face_id"], row["person_id"], row["person"]) for row in openface} == {
        ("1", "1", "Ann"), ("2", "1", "Ann"), ("3", "2", ""), ("4", "", ""),
    }  # fmt: skip
    pyfeat = list(csv.DictReader(io.StringIO(text_of(timeline, "pyfeat"))))
    assert {(row["Identity"], row["track_id"], row["person"]) for row in pyfeat} == {
        ("Person_1", "1", "Ann"), ("Person_1", "2", "Ann"), ("Person_2", "3", ""), ("", "4", ""),
    }  # fmt: skip


@pytest.mark.parametrize("name", ['A "B" <C> & D', "=cmd|x", "a\nb", "Zoë", "Ann --> Bob", "person 2"])
def test_no_name_breaks_a_format(name: str, tmp_path: Path) -> None:
    path = made(tmp_path, {1: name, 2: None})
    out = tmp_path / "t.eaf"
    out.write_text(text_of(path, "elan"), encoding="utf-8")
    tiers = list(Elan.Eaf(str(out)).get_tier_names())
    assert len(tiers) == len(set(tiers)) >= 4
    out = tmp_path / "t.TextGrid"
    out.write_text(text_of(path, "textgrid"), encoding="utf-8")
    assert len(set(textgrid.openTextgrid(str(out), includeEmptyIntervals=True).tierNames)) == 2
    cues = list(srt.parse(text_of(path, "srt")))
    assert all(len(cue.content.split("\n")) <= 2 for cue in cues)
    text = text_of(path, "webvtt")
    assert text.count(" --> ") == len(cues)
    subjects = {row["Subject"] for row in csv.DictReader(io.StringIO(text_of(path, "boris")), delimiter="\t")}
    assert not any(subject.startswith("=") for subject in subjects)


def test_who_is_in_no_video_is_refused_and_who_is_in_one_is_not(tmp_path: Path) -> None:
    files = [made(tmp_path, {1: "Ann", 2: None}, "a"), made(tmp_path, {1: "Bob", 2: None}, "b")]
    with pytest.raises(UsageError, match="no person Eve in these timelines"):
        export_timelines(files, ExportOptions(format="csv", out=tmp_path / "x.csv", people=("Ann", "Eve")))
    with pytest.raises(UsageError, match="no person Eve in this timeline"):
        export_timelines(files[:1], ExportOptions(format="csv", out=tmp_path / "x.csv", people=("Eve",)))
    export_timelines(files, ExportOptions(format="csv", out=tmp_path / "x.csv", people=("Ann",)))
    with (tmp_path / "x.csv").open(newline="") as file:
        assert {row["video"] for row in csv.DictReader(file)} == {"a.mp4"}


@pytest.mark.parametrize("name", [name for name, kind in FORMATS.items() if kind.one_video])
def test_an_export_that_fails_leaves_no_folder(
    name: str, timeline: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("feelit.storage.atomic.settle", full)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(OutputError):
        export_timelines(timeline, ExportOptions(format=name, out=tmp_path / "new" / "deep"))
    assert sorted(tmp_path.rglob("*")) == before
