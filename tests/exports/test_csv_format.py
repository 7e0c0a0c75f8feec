from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feelit.exports.csv_format import csv_cells, csv_lines, fixed, json_cells, quoted
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


FLOATS = st.floats(width=32, allow_nan=False, allow_infinity=False)


def column(values: list[object], kind: pa.DataType) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array(values, kind)])


@given(st.lists(FLOATS, min_size=1))
def test_numbers_can_be_read_back(values: list[float]) -> None:
    read = [np.float32(cell) for cell in csv_cells(column(list(values), pa.float32()))]
    assert read == [np.float32(value) for value in values]


@given(st.lists(st.one_of(st.none(), FLOATS), min_size=1))
def test_json_numbers_can_be_read_back(values: list[float | None]) -> None:
    read = json.loads(f"[{','.join(json_cells(column(list(values), pa.float32())))}]")
    assert [None if v is None else np.float32(v) for v in read] == [None if v is None else np.float32(v) for v in values]


@pytest.mark.parametrize("value", [None, float("nan"), float("inf"), -float("inf")])
def test_what_is_no_number_is_missing(value: float | None) -> None:
    values = pa.chunked_array([pa.array([value, 1.0], pa.float64(), from_pandas=False)])
    assert csv_cells(values) == ["", "1"]
    assert json_cells(values) == ["null", "1"]


def test_decimals_need_no_more_digits_than_they_have() -> None:
    assert csv_cells(column([0.1, 12.625], pa.float32())) == ["0.1", "12.625"]
    assert csv_cells(column([0.1], pa.float64())) == ["0.1"]


@given(st.lists(st.one_of(st.none(), st.text()), min_size=1))
def test_texts_survive_json(values: list[str | None]) -> None:
    encoded = pa.chunked_array([pa.array(values, pa.string()).dictionary_encode()])
    assert json.loads(f"[{','.join(json_cells(encoded))}]") == values


@given(st.lists(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=2, max_size=2), min_size=1))
def test_texts_survive_quoting(rows: list[list[str]]) -> None:
    for delimiter in ",\t":
        text = csv_lines(([quoted(cell) for cell in row] for row in rows), delimiter)
        read = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
        assert [[cell.removeprefix("'") for cell in row] for row in read] == rows


@pytest.mark.parametrize("text", ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "'", "'=1"])
def test_no_text_is_a_formula(text: str) -> None:
    (cell,) = next(csv.reader(io.StringIO(quoted(text), newline="")))
    assert cell == f"'{text}"
    (from_column,) = next(csv.reader(io.StringIO(csv_cells(column([text], pa.string()))[0], newline="")))
    assert from_column == cell


@pytest.mark.parametrize("text", ["a=1", "", "1-2", "a.mp4", "“=”"])
def test_other_texts_stay_as_they_are(text: str) -> None:
    assert quoted(text) == text


def test_columns_of_bools() -> None:
    assert csv_cells(column([True, False], pa.bool_())) == json_cells(column([True, False], pa.bool_())) == ["true", "false"]


def test_fixed_decimals() -> None:
    assert fixed(np.array([0.1, float("nan"), 2]), 3) == ["0.100", "", "2.000"]
