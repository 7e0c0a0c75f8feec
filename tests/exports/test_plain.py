from __future__ import annotations

import io
import json
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from feelit.timeline.schema import SCHEMA
from tests.exports.made import text_of, write
from tests.timeline.rows import regular, table_of

TABLES = (
    table_of({1: "nhu.", 2: "..a."}, regular(4), 'a, b\n<c> "d".mp4'),
    table_of({1: "hh"}, [0.0, 1 / 3], "é.mp4"),
)


@pytest.fixture
def timeline(tmp_path: Path) -> Path:
    return write(tmp_path / "t.parquet", *TABLES, group=3)


def test_csv_is_read_back_by_pandas(timeline: Path) -> None:
    types = {field.name: _dtype(str(field.type)) for field in SCHEMA}
    read = pd.read_csv(io.StringIO(text_of(timeline, "csv")), dtype=types)
    expected = pd.concat([table.to_pandas() for table in TABLES], ignore_index=True)
    pd.testing.assert_frame_equal(read, expected.astype(types), check_exact=True)


def _dtype(kind: str) -> str:
    names = {"int64": "int64", "int32": "Int32", "double": "float64", "float": "float32", "bool": "bool"}
    return names.get(kind, "str")


def test_json_lines_are_the_rows(timeline: Path) -> None:
    lines = text_of(timeline, "jsonl").splitlines()
    assert {tuple(json.loads(line)) for line in lines} == {tuple(SCHEMA.names)}
    read = pa.Table.from_pylist([json.loads(line) for line in lines])
    expected = pa.concat_tables(TABLES).unify_dictionaries()
    assert read.cast(expected.schema.remove_metadata()).to_pylist() == expected.to_pylist()


def test_a_timeline_without_rows_has_headings_only(tmp_path: Path) -> None:
    path = write(tmp_path / "t.parquet")
    assert text_of(path, "csv") == ",".join(SCHEMA.names) + "\n"
    assert text_of(path, "jsonl") == ""


def test_only_the_rows_of_some_tracks(timeline: Path) -> None:
    lines = text_of(timeline, "jsonl", tracks=(2,)).splitlines()
    assert [(row["track_id"], row["frame"]) for row in map(json.loads, lines)] == [(2, 6)]
