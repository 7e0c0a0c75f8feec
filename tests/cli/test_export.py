from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest
import srt

from feelit.exports.run import FORMATS
from feelit.options.timelines import EXPORT_FORMATS
from feelit.timeline.schema import METADATA_KEY, SCHEMA
from tests.conftest import Command
from tests.exports.made import speaks, write
from tests.timeline.rows import regular, table_of


@pytest.fixture
def timeline(tmp_path: Path) -> Path:
    return write(tmp_path / "t.parquet", table_of({1: "nnnhhh", 3: "aaa..."}, regular(6), "é.mp4"))


def test_the_choices_are_the_formats() -> None:
    assert tuple(FORMATS) == EXPORT_FORMATS


@pytest.mark.parametrize("name", FORMATS)
def test_standard_output_is_the_default_and_may_be_named(name: str, tmp_path: Path, command: Command) -> None:
    timeline = write(tmp_path / "t.parquet", speaks(table_of({1: "nnnhhh", 3: "aaa..."}, regular(6), "é.mp4")))
    ran = command("export", timeline, "--format", name)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == command("export", timeline, "--format", name, "--out", "-").out
    assert ran.out.endswith("\n")


def test_a_file_is_written_in_silence(timeline: Path, tmp_path: Path, command: Command) -> None:
    ran = command("export", timeline, "--out", tmp_path / "new" / "x.srt", "--tracks", "3")
    assert (ran.code, ran.out, ran.err) == (0, "", "")
    (cue,) = srt.parse((tmp_path / "new" / "x.srt").read_text(encoding="utf-8"))
    assert cue.content == "track 3: anger 0.75"


def test_csv_on_standard_output_is_utf_8(timeline: Path, command: Command) -> None:
    ran = command("export", timeline, "--format", "csv")
    headings, first = ran.out.splitlines()[:2]
    assert headings.split(",") == SCHEMA.names
    assert first.startswith("é.mp4,0,0,0,1,")


@pytest.mark.parametrize(
    ("arguments", "code", "reported"),
    [
        pytest.param(
            ["--format", "csv", "--tracks", "1,7"], 2, "no track 7 in this timeline (its tracks: 1, 3)", id="unknown-track"
        ),
        pytest.param(["--format", "csv", "--tracks", "one"], 2, "--tracks one is no list of track ids", id="no-list"),
        pytest.param([], 2, "standard output does not say what to write (choose --format csv, jsonl, elan,", id="no-format"),
        pytest.param(["--out", "x.txt"], 2, "--out x.txt does not say what to write", id="unknown-ending"),
        pytest.param(["--out", "t.parquet", "--format", "csv", "--force"], 2, "is read, and would be replaced", id="itself"),
        pytest.param(["--out", ".", "--format", "csv"], 2, "--out . is a folder", id="folder"),
    ],
)
def test_mistakes_are_reported_in_a_line(
    arguments: list[str], code: int, reported: str, timeline: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(timeline.parent)
    ran = command("export", "t.parquet", *arguments)
    assert (ran.code, ran.out, len(ran.lines)) == (code, "", 1)
    assert reported in ran.err
    assert [p.name for p in timeline.parent.iterdir()] == ["t.parquet"]


def test_outputs_are_not_replaced_unless_forced(timeline: Path, tmp_path: Path, command: Command) -> None:
    out = tmp_path / "x.vtt"
    out.write_text("mine")
    ran = command("export", timeline, "--out", out)
    assert (ran.code, out.read_text()) == (5, "mine")
    assert command("export", timeline, "--out", out, "--force").code == 0
    assert out.read_text(encoding="utf-8").startswith("WEBVTT")


def test_what_is_no_timeline_is_reported(timeline: Path, tmp_path: Path, command: Command) -> None:
    other = tmp_path / "other.parquet"
    pq.write_table(pq.read_table(timeline).replace_schema_metadata({METADATA_KEY: b'{"schema_version": 7}'}), other)
    for path, reason in ((tmp_path / "gone.parquet", "does not exist"), (other, "has schema version 7")):
        ran = command("export", path, "--format", "csv")
        assert (ran.code, ran.out, len(ran.lines)) == (3, "", 1)
        assert reason in ran.err
