"""feelit people on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import feelit
from feelit.timeline.schema import pack_metadata
from tests.conftest import Command
from tests.timeline.rows import regular, table_of


@pytest.fixture
def timeline(tmp_path: Path) -> Path:
    """Two tracks of one video, not grouped."""
    path = tmp_path / "results.parquet"
    table = table_of({1: "nnuu..", 2: "..aaaa"}, regular(6), "a.mp4")
    pq.write_table(table.replace_schema_metadata(pack_metadata({"videos": {"a.mp4": {"frames_sampled": 6}}})), path)
    return path


def test_a_table_has_one_row_per_person(timeline: Path, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    ran = command("people", timeline)
    assert ran.code == 0
    assert "2 people in a.mp4" in " ".join(ran.out.split())


def test_json_holds_times_and_tracks(timeline: Path, command: Command) -> None:
    first, second = json.loads(command("people", timeline, "--json").out)
    assert first == {
        "video": "a.mp4",
        "person_id": 1,
        "person": None,
        "seen_s": 0.4,
        "readable_s": 0.2,
        "tracks": [1],
        "confidence": None,
        "first_s": 0.0,
        "last_s": 0.3,
    }
    assert (second["person_id"], second["seen_s"], second["first_s"]) == (2, 0.4, 0.2)


def test_python_gives_the_same_rows(timeline: Path) -> None:
    found = feelit.people(timeline)
    assert found["person_id"].tolist() == [1, 2]
    assert found["readable_s"].round(3).tolist() == [0.2, 0.4]
    assert found["tracks"].tolist() == [(1,), (2,)]


def test_a_file_that_is_missing_is_one_line(tmp_path: Path, command: Command) -> None:
    ran = command("people", tmp_path / "nothing.parquet")
    assert (ran.code, ran.out, len(ran.lines)) == (3, "", 1)
