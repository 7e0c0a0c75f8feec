"""Timelines from strangers: what cannot be is refused in one line, whoever reads it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from feelit.analysis.event import Kind
from feelit.analysis.events import find_events
from feelit.analysis.summary import summaries
from feelit.errors import TimelineReadError
from feelit.timeline.schema import METADATA_KEY, SCHEMA, from_arrow, pack_metadata
from feelit.timeline.validity import MOST_NAME, video_numbers
from feelit.timeline.write import TimelineWriter
from feelit.types import MOST_S
from tests.conftest import Command
from tests.timeline.reading import only, read_table
from tests.timeline.rows import regular, table_of

SOUND = table_of({1: "nnnnhhhhhhh....uuuaaaaassn"}, regular(26, 0.4))
Read = Callable[[Path], object]


def write(path: Path, table: pa.Table, metadata: dict[bytes, bytes] | None = None, **how: Any) -> Path:
    pq.write_table(table.replace_schema_metadata(pack_metadata({}) if metadata is None else metadata), path, **how)
    return path


def with_value(name: str, value: object, row: int = 3) -> pa.Table:
    """The sound table with another value in one row."""
    place, field = SCHEMA.get_field_index(name), SCHEMA.field(name)
    values = SOUND.column(name).to_pylist()
    values[row] = value
    return SOUND.set_column(place, pa.field(name, field.type), pa.array(values, field.type))


def read_whole(path: Path) -> object:
    return read_table(path)


def read_by_video(path: Path) -> object:
    return summaries(path, "track")


@pytest.mark.parametrize("read", [read_whole, read_by_video])
@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        pytest.param("video", None, "lacks a value in the column video", id="no-name"),
        pytest.param("video", "x" * (MOST_NAME + 1), "a text of more than 16384 characters", id="endless-name"),
        pytest.param("video", "a\0.mp4", "has a NUL in the column video", id="name-that-no-file-has"),
        pytest.param("frame", None, "lacks a value in the column frame", id="no-frame"),
        pytest.param("frame", -1, "has -1 in the column frame", id="negative-frame"),
        pytest.param("frame", 2**62, r"has 4\.61169e\+18 in the column frame", id="huge-frame"),
        pytest.param("time_s", None, "lacks a value in the column time_s", id="no-time"),
        pytest.param("time_s", float("nan"), "lacks a value in the column time_s", id="time-nan"),
        pytest.param("time_s", float("inf"), "has inf in the column time_s", id="time-infinite"),
        pytest.param("time_s", -1e300, r"has -1e\+300 in the column time_s", id="time-before-everything"),
        pytest.param("time_s", 1.01 * MOST_S, "in the column time_s", id="time-after-thirty-years"),
        pytest.param("track_id", -5, "has -5 in the column track_id", id="negative-track"),
        pytest.param("readable", None, "lacks a value in the column readable", id="neither-readable-nor-not"),
        pytest.param("confidence", 60.0, "has 60 in the column confidence", id="percent"),
        pytest.param("p_fear", -0.5, "has -0.5 in the column p_fear", id="negative-probability"),
        pytest.param("p_anger", float("inf"), "has inf in the column p_anger", id="endless-probability"),
    ],
)
def test_impossible_values_are_reported(name: str, value: object, message: str, read: Read, tmp_path: Path) -> None:
    path = write(tmp_path / "t.parquet", with_value(name, value))
    with pytest.raises(TimelineReadError, match=message) as caught:
        read(path)
    assert str(path) in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize("name", ["x0", "nose_y", "yaw_deg", "sharpness"])
@pytest.mark.parametrize("value", [1e30, float("-inf")])
def test_boxes_and_measures_have_limits(name: str, value: float, tmp_path: Path) -> None:
    with pytest.raises(TimelineReadError, match=f"in the column {name}"):
        read_table(write(tmp_path / "t.parquet", with_value(name, value)))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("track_id", None, id="no-track"),
        pytest.param("confidence", float("nan"), id="nan-for-null"),
        pytest.param("emotion", "bored", id="unknown-emotion"),
        pytest.param("p_fear", None, id="no-probability"),
        pytest.param("time_s", 1.2000001, id="another-time"),
        pytest.param("pts", -(2**63), id="any-pts"),
    ],
)
def test_what_is_odd_but_possible_is_read_and_summed_up(name: str, value: object, tmp_path: Path) -> None:
    path = write(tmp_path / "t.parquet", with_value(name, value))
    assert only(path).row_count == len(SOUND)
    assert summaries(path, "track")
    assert find_events(path)


def test_a_readable_face_without_probabilities_counts_as_unreadable() -> None:
    (without,) = summaries(with_value("p_fear", None), "track")
    (whole,) = summaries(SOUND, "track")
    assert without.shown.readable_s == pytest.approx(whole.shown.readable_s - 0.4)


@pytest.mark.parametrize("time_s", [0.1, 0.8], ids=["falls", "stands"])
def test_times_that_do_not_go_on_are_reported(time_s: float) -> None:
    with pytest.raises(TimelineReadError, match=r"a\.mp4 does not go on in time after 0\.800 s"):
        summaries(with_value("time_s", time_s), "track")


def test_frames_next_to_one_another_beside_a_long_pause_do_not_vanish() -> None:
    """In running sums a nanosecond beside three years is nothing, and 0 / 0 no mean."""
    table = table_of({1: "nnnhhhhhhhhh"}, [0.0, 1e8, *(1e8 + i * 1e-7 for i in range(1, 11))])
    assert all(np.isfinite([e.low, e.high]).all() for e in find_events(table) if e.kind is Kind.bout)


@pytest.mark.parametrize("order", [range(26), reversed(range(26))], ids=["in-order", "reversed"])
def test_the_order_of_rows_does_not_matter(order: Any) -> None:
    assert summaries(SOUND.take(list(order)), "track") == summaries(SOUND, "track")


def test_numbers_that_arrow_cannot_reckon_with_are_reported(tmp_path: Path) -> None:
    place = SCHEMA.get_field_index("nose_x")
    half = SOUND.set_column(place, "nose_x", pa.array(np.ones(len(SOUND), np.float16)))
    with pytest.raises(TimelineReadError, match="has halffloat in the column nose_x"):
        read_table(write(tmp_path / "t.parquet", half))


@pytest.mark.parametrize("kind", [pa.uint32(), pa.int8(), pa.int64()], ids=str)
def test_tracks_may_be_numbers_of_any_width(kind: pa.DataType, tmp_path: Path) -> None:
    place = SCHEMA.get_field_index("track_id")
    table = SOUND.set_column(place, "track_id", SOUND.column("track_id").cast(kind))
    assert summaries(table, "track") == summaries(SOUND, "track")
    read, _ = read_table(write(tmp_path / "t.parquet", table))
    assert set(from_arrow(read).track_id.tolist()) == {-1, 1}


def test_text_that_is_not_utf_8_is_reported(tmp_path: Path) -> None:
    names = pa.array([b"a\xff.mp4"] * len(SOUND), pa.binary()).view(pa.string())
    path = write(tmp_path / "t.parquet", SOUND.set_column(0, "video", names))
    for read in (read_whole, read_by_video):
        with pytest.raises(TimelineReadError, match="is damaged"):
            read(path)


def test_a_column_that_is_there_twice_is_reported(tmp_path: Path) -> None:
    twice = SOUND.append_column("x0", SOUND.column("x0"))
    with pytest.raises(TimelineReadError, match="has the column x0 more than once"):
        read_table(write(tmp_path / "t.parquet", twice))


@pytest.mark.parametrize(
    ("about", "message"),
    [
        pytest.param({"videos": []}, "videos are no objects", id="list"),
        pytest.param({"videos": None}, "videos are no objects", id="null"),
        pytest.param({"videos": {"a.mp4": 3}}, "videos are no objects", id="number-for-a-video"),
        pytest.param({"schema_version": 10**400}, "damaged metadata|schema version", id="endless-version"),
        pytest.param({"videos": {"\ud800.mp4": {}}}, "damaged metadata", id="half-a-character"),
        pytest.param({"schema_version": {}}, "damaged metadata", id="object-for-a-version"),
    ],
)
def test_metadata_of_a_wrong_shape_are_reported(about: dict[str, Any], message: str, tmp_path: Path) -> None:
    raw = {METADATA_KEY: json.dumps({"schema_version": 1} | about).encode()}
    with pytest.raises(TimelineReadError, match=message):
        read_table(write(tmp_path / "t.parquet", SOUND, raw))


@pytest.mark.parametrize("raw", [b"[" * 100_000, b'{"a":' * 100_000, b"[]", b"\xff", b"null"], ids=lambda raw: repr(raw[:6]))
def test_metadata_that_are_no_object_are_reported(raw: bytes, tmp_path: Path) -> None:
    with pytest.raises(TimelineReadError, match="damaged metadata"):
        read_table(write(tmp_path / "t.parquet", SOUND, {METADATA_KEY: raw}))


def test_a_small_file_that_claims_a_flood_of_rows_is_not_read(tmp_path: Path, command: Command) -> None:
    rows = 1_000_000
    path = write(tmp_path / "bomb.parquet", pa.table({field.name: pa.nulls(rows, field.type) for field in SCHEMA}))
    assert path.stat().st_size < rows / 5
    ran = command("summarize", path)
    assert (ran.code, len(ran.lines)) == (3, 1)
    assert f"claims {rows} rows in {path.stat().st_size} bytes" in ran.err


def test_a_group_of_rows_that_unpacks_to_too_much_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "t.parquet", SOUND)
    monkeypatch.setattr("feelit.timeline.file.MOST_GROUP_BYTES", 1000)
    with pytest.raises(TimelineReadError, match="a row group of more than"):
        read_table(path)


def test_what_feelit_writes_is_dense(tmp_path: Path) -> None:
    """So that no file of its own is ever taken for a flood: a row takes more than a byte, even with nobody in the picture."""
    path, count = tmp_path / "t.parquet", np.arange(300_000)
    nobody = from_arrow(table_of({1: "."}, [0.0])).rows(np.zeros(len(count), np.int64))
    with TimelineWriter(path, {}) as writer:
        writer.write(replace(nobody, frame=count, pts=512 * count, time_s=count / 25), "a.mp4")
    assert path.stat().st_size > 300_000
    assert len(read_table(path)[0]) == 300_000


@pytest.mark.parametrize(
    ("chunks", "numbers", "names"),
    [
        pytest.param([], [], [], id="nothing"),
        pytest.param([["b", "b", "a"]], [0, 0, 1], ["b", "a"], id="in-order-of-appearance"),
        pytest.param([["a"], [], ["b", "a"]], [0, 1, 0], ["a", "b"], id="chunks"),
    ],
)
@pytest.mark.parametrize("coded", [True, False], ids=["dictionary", "plain"])
def test_videos_are_numbered(chunks: list[list[str]], numbers: list[int], names: list[str], coded: bool) -> None:
    arrays = [pa.array(chunk, pa.string()) for chunk in chunks]
    if coded:
        arrays = [array.dictionary_encode() for array in arrays]
    kind = pa.dictionary(pa.int32(), pa.string()) if coded else pa.string()
    found, reported = video_numbers(pa.chunked_array(arrays, kind))
    assert (found.tolist(), reported) == (numbers, names)


def test_a_dictionary_may_hold_a_name_twice_and_one_that_is_not_used() -> None:
    array = pa.DictionaryArray.from_arrays(pa.array([2, 3, 0], pa.int32()), pa.array(["a", "unused", "b", "a"]))
    found, reported = video_numbers(pa.chunked_array([array]))
    assert (found.tolist(), reported) == ([0, 1, 1], ["b", "a"])
