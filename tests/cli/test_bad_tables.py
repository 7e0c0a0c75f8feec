"""Every command that reads timelines refuses the same tables, in a line, and leaves nothing."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from feelit.exports.run import FORMATS
from feelit.timeline.schema import pack_metadata
from tests.clipping import made
from tests.conftest import Command

COMMANDS = {
    "summarize": ["summarize", "TIMELINE"],
    "summarize by video": ["summarize", "TIMELINE", "--by", "video"],
    "events": ["events", "TIMELINE"],
    "report": ["report", "TIMELINE", "--out", "out.html"],
    "plot": ["plot", "TIMELINE", "--out", "out.svg"],
    "annotate": ["annotate", "a.mp4", "TIMELINE", "--out", "out.mp4"],
    "clips": ["clips", "a.mp4", "TIMELINE", "--out", "out"],
    "merge": ["merge", "TIMELINE", "--out", "out.parquet"],
    "people": ["people", "TIMELINE"],
    **{f"export {name}": ["export", "TIMELINE", "--format", name, "--out", "out"] for name in FORMATS},
}


def twice(table: pa.Table) -> pa.Table:
    return pa.concat_tables([table, table])


def later_twice(table: pa.Table) -> pa.Table:
    return pa.concat_tables([table, table.slice(len(table) // 2)])


def without_times(table: pa.Table) -> pa.Table:
    return table.drop_columns(["time_s"])


def half_a_person(table: pa.Table) -> pa.Table:
    return table.append_column("person_id", table.column("track_id"))


def of_the_future(table: pa.Table) -> pa.Table:
    return table.replace_schema_metadata({b"feelit": b'{"schema_version": 99}'})


BAD = {
    "twice": twice,
    "later rows twice": later_twice,
    "no times": without_times,
    "a group of columns in part": half_a_person,
    "a version to come": of_the_future,
}


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bad")
    made.timeline(folder / "t.parquet", made.video(folder / "a.mp4"))
    return folder


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("what", COMMANDS)
def test_a_bad_table_is_refused_by_every_command(
    what: str, bad: str, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: Command
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.mp4").symlink_to(source / "a.mp4")
    table = BAD[bad](pq.read_table(source / "t.parquet"))
    pq.write_table(table, tmp_path / "t.parquet")
    ran = command(*["t.parquet" if word == "TIMELINE" else word for word in COMMANDS[what]])
    assert (ran.code, ran.out) == (3, "")
    assert "t.parquet" in ran.err
    assert "Traceback" not in ran.err
    assert {path.name for path in tmp_path.iterdir()} == {"a.mp4", "t.parquet"}


@pytest.mark.parametrize("what", [what for what in COMMANDS if what not in ("plot", "people")])
def test_a_video_in_two_tables_is_refused_by_every_command(
    what: str, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: Command
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.mp4").symlink_to(source / "a.mp4")
    folder = tmp_path / "t"
    folder.mkdir()
    table = pq.read_table(source / "t.parquet")
    for name in ("one", "two"):
        pq.write_table(table.replace_schema_metadata(table.schema.metadata or pack_metadata({})), folder / f"{name}.parquet")
    ran = command(*["t" if word == "TIMELINE" else word for word in COMMANDS[what]])
    assert (ran.code, ran.out) == (2, "")
    assert "a.mp4 is in" in ran.err
    assert "again in" in ran.err
    assert {path.name for path in tmp_path.iterdir()} == {"a.mp4", "t"}
