"""Timelines in files: every reader finds the same rows, and a bad file is reported."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import closing
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from feelit.errors import TimelineReadError
from feelit.timeline import write as store
from feelit.timeline.build import TimelineBuilder, no_rows
from feelit.timeline.file import TimelineFile
from feelit.timeline.schema import (
    FULL_SCHEMA,
    METADATA_KEY,
    PEOPLE,
    SCHEMA,
    SCHEMA_VERSION,
    completed,
    from_arrow,
    pack_metadata,
    schema_of,
    to_arrow,
)
from feelit.timeline.write import Spool, TimelineWriter
from feelit.tracking.tracker import TrackerSettings
from feelit.types import Timeline
from tests.timeline.made import recording
from tests.timeline.reading import read_table
from tests.timeline.test_schema import assert_same

METADATA = {"feelit_version": "0", "videos": {"a.mp4": {"tracks": 3}}}


@cache
def rows() -> Timeline:
    builder = TimelineBuilder(TrackerSettings(), Fraction(10))
    return Timeline.join([builder.add(recording(frames=200).whole()), builder.finish()])


def sql(query: str) -> duckdb.DuckDBPyRelation:
    found = duckdb.sql(query)
    assert found is not None
    return found


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A timeline of two videos, written bit by bit."""
    path = tmp_path / "out.parquet"
    with TimelineWriter(path, METADATA) as writer:
        for video in ("a.mp4", "b c.mp4"):
            for start in range(0, len(rows()), 50):
                writer.write(rows().rows(slice(start, start + 50)), video)
    return path


def test_rows_and_metadata_come_back(path: Path) -> None:
    table, metadata = read_table(path)
    assert metadata == {"schema_version": SCHEMA_VERSION} | METADATA
    assert_same(from_arrow(table), Timeline.join([rows(), rows()]))
    assert table.column("video").to_pylist() == ["a.mp4"] * len(rows()) + ["b c.mp4"] * len(rows())
    assert table.schema.remove_metadata() == SCHEMA


def test_some_columns_can_be_read_alone(path: Path) -> None:
    table, _ = read_table(path, ["time_s", "emotion"])
    assert table.column_names == ["time_s", "emotion"]
    assert len(table) == 2 * len(rows())


@pytest.mark.parametrize("group", [1, 37, 1 << 15])
def test_the_size_of_row_groups_changes_nothing(group: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "ROW_GROUP", group)
    with TimelineWriter(tmp_path / "a.parquet", METADATA) as writer:
        for start in range(0, len(rows()), 10):
            writer.write(rows().rows(slice(start, start + 10)), "a.mp4")
    with closing(TimelineFile(tmp_path / "a.parquet")) as file:
        assert file.parts == -(-len(rows()) // max(10 * -(-group // 10), 10))
    assert_same(from_arrow(read_table(tmp_path / "a.parquet")[0]), rows())


@pytest.mark.parametrize(
    ("group", "on_disk"),
    [
        pytest.param(1 << 15, False, id="in-memory"),
        pytest.param(1 << 15, True, id="released"),
        pytest.param(37, False, id="more-than-a-row-group"),
    ],
)
def test_a_copy_has_the_rows_of_its_spools_under_metadata_of_its_own(
    group: int, on_disk: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "ROW_GROUP", group)
    spools = [Spool(tmp_path / "deep" / name) for name in ("a", "b")]
    for spool in spools:
        for start in range(0, len(rows()), 50):
            spool.write(rows().rows(slice(start, start + 50)), f"{spool.path.name}.mp4")
        if on_disk:
            spool.to_file()
        assert spool.path.exists() is (on_disk or len(rows()) >= group)
    with TimelineWriter(tmp_path / "both.parquet", METADATA) as writer:
        for spool in spools:
            writer.copy(spool)
    table, metadata = read_table(tmp_path / "both.parquet")
    assert metadata["videos"] == METADATA["videos"]
    assert_same(from_arrow(table), Timeline.join([rows(), rows()]))
    assert table.column("video").unique().to_pylist() == ["a.mp4", "b.mp4"]


def test_a_timeline_without_rows_is_a_timeline(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    with TimelineWriter(path, METADATA) as writer:
        writer.write(no_rows(), "a.mp4")
    table, metadata = read_table(path)
    assert metadata["videos"] == METADATA["videos"]
    assert_same(from_arrow(table), no_rows())
    assert pd.read_parquet(path).shape == (0, len(SCHEMA))
    assert pl.read_parquet(path).shape == (0, len(SCHEMA))
    assert len(sql(f"select * from '{path}'").fetchall()) == 0


def by_pandas(path: Path) -> tuple[int, dict[str, str], dict[str, int]]:
    frame = pd.read_parquet(path)
    return (
        len(frame),
        {str(n): str(t) for n, t in frame.dtypes.items()},
        {str(n): int(c) for n, c in frame.isna().sum().items()},
    )


def by_polars(path: Path) -> tuple[int, dict[str, str], dict[str, int]]:
    frame = pl.read_parquet(path)
    (nulls,) = frame.null_count().to_dicts()
    return len(frame), {n: str(t) for n, t in frame.schema.items()}, nulls


def by_duckdb(path: Path) -> tuple[int, dict[str, str], dict[str, int]]:
    found = sql(f"select * from '{path}'")
    counts = ", ".join(f"count(*) - count({name})" for name in found.columns)
    nulls = sql(f"select {counts} from '{path}'").fetchall()[0]
    types = dict(zip(found.columns, map(str, found.types), strict=True))
    (length,) = sql(f"select count(*) from '{path}'").fetchall()[0]
    return length, types, dict(zip(found.columns, nulls, strict=True))


FLOATS = [f.name for f in SCHEMA if f.type == pa.float32()]
TYPES: dict[str, Any] = {
    "pandas": {"video": "category", "frame": "int64", "pts": "int64", "time_s": "float64", "track_id": "float64"}
    | {"readable": "bool", "emotion": "category"},
    "polars": {"frame": "Int64", "pts": "Int64", "time_s": "Float64", "track_id": "Int32", "readable": "Boolean"},
    "duckdb": {"video": "VARCHAR", "frame": "BIGINT", "pts": "BIGINT", "time_s": "DOUBLE", "track_id": "INTEGER"}
    | {"readable": "BOOLEAN", "emotion": "VARCHAR"},
}
FLOAT = {"pandas": "float32", "polars": "Float32", "duckdb": "FLOAT"}
Reader = Callable[[Path], tuple[int, dict[str, str], dict[str, int]]]


@pytest.mark.parametrize(("name", "reader"), [("pandas", by_pandas), ("polars", by_polars), ("duckdb", by_duckdb)])
def test_every_reader_finds_the_same_rows_types_and_nulls(name: str, reader: Reader, path: Path) -> None:
    length, types, nulls = reader(path)
    table, _ = read_table(path)
    assert length == len(table)
    assert list(types) == SCHEMA.names
    assert nulls == {column: table.column(column).null_count for column in SCHEMA.names}
    expected = TYPES[name] | dict.fromkeys(FLOATS, FLOAT[name])
    assert {column: types[column] for column in expected} == expected
    if name == "polars":
        assert {types["video"][:11], types["emotion"][:11]} <= {"Categorical", "Enum"}


def test_every_reader_finds_the_same_values(path: Path) -> None:
    query = "select track_id, emotion, round(sum(confidence), 3) s, count(*) n from '{}' group by all order by all"
    by_sql = sql(query.format(path)).fetchall()
    frame = pl.read_parquet(path).with_columns(pl.col("emotion").cast(pl.String))
    sums = frame.group_by("track_id", "emotion").agg(pl.col("confidence").cast(pl.Float64).sum().round(3), pl.len())
    by_frame = {(t, e): (s, n) for t, e, s, n in sums.rows()}
    assert len(by_sql) > 10
    for track, emotion, total, count in by_sql:
        assert by_frame[track, emotion] == (pytest.approx(total or 0, abs=2e-3), count)


def test_the_file_states_what_was_done_to_any_reader(path: Path) -> None:
    assert METADATA_KEY in pq.read_metadata(path).metadata
    found = sql(f"select decode(value) from parquet_kv_metadata('{path}') where decode(key) = 'feelit'").fetchall()
    assert '"videos"' in found[0][0]


def test_a_file_of_the_first_version_is_read_with_a_person_for_each_track(path: Path) -> None:
    old = {METADATA_KEY: b'{"schema_version": 1, "videos": {"a.mp4": {}}}'}
    pq.write_table(pq.read_table(path).replace_schema_metadata(old), path)
    table, metadata = read_table(path, ["person_id", "person", "time_s"])
    tracks, _ = read_table(path, ["track_id"])
    assert metadata["schema_version"] == 1
    assert table.column_names == ["person_id", "person", "time_s"]
    assert table.column("person_id").to_pylist() == tracks.column("track_id").to_pylist()
    assert table.column("person").null_count == len(table)
    assert read_table(path)[0].column_names == SCHEMA.names, "only what is asked for is made up"


def test_an_optional_group_is_written_and_read(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    base = to_arrow(rows(), "a.mp4")
    person = pa.array([7 if track is not None else None for track in base.column("track_id").to_pylist()], pa.int32())
    table = completed(base, schema_of([PEOPLE]).names).set_column(5, FULL_SCHEMA.field("person_id"), person)
    with TimelineWriter(path, METADATA, [PEOPLE]) as writer:
        writer.append(table)
    again, _ = read_table(path)
    assert again.column_names == schema_of([PEOPLE]).names
    assert set(from_arrow(again).person_id.tolist()) == {-1, 7}


def test_half_a_group_is_reported(path: Path) -> None:
    table = pq.read_table(path)
    pq.write_table(table.append_column("person_id", table.column("track_id")), path)
    with pytest.raises(TimelineReadError, match="lacks the columns person, person_confidence"):
        read_table(path)


def test_the_file_is_closed_when_the_block_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "ROW_GROUP", 37)

    def fail() -> None:
        with TimelineWriter(tmp_path / "a.parquet", METADATA) as writer:
            writer.write(rows(), "a.mp4")
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    read_table(tmp_path / "a.parquet")  # it has its footer; what was not yet written is given up, for a disk may be full


def without(name: str) -> Callable[[pa.Table], pa.Table]:
    return lambda table: table.drop_columns([name])


def as_text(name: str) -> Callable[[pa.Table], pa.Table]:
    return lambda t: t.set_column(t.column_names.index(name), name, t.column(name).cast(pa.string()))


def test_a_missing_file_is_reported(tmp_path: Path) -> None:
    with pytest.raises(TimelineReadError, match="does not exist") as caught:
        read_table(tmp_path / "gone.parquet")
    assert caught.value.hint


@pytest.mark.skipif(os.name == "nt", reason="Windows has names of text only")
def test_a_name_that_is_no_text_is_reported(tmp_path: Path) -> None:
    with pytest.raises(TimelineReadError, match="is not UTF-8") as caught:
        TimelineFile(tmp_path / os.fsdecode(b"not-\xff-text.parquet"))
    assert "rename it" in caught.value.hint


def test_a_folder_is_reported(tmp_path: Path) -> None:
    with pytest.raises(TimelineReadError, match="is not a readable Parquet file"):
        read_table(tmp_path)


@pytest.mark.parametrize(
    "content", [b"", b"PAR1", b"PAR1PAR1", b"time_s,emotion\n" * 100, b"PAR1" + bytes(99) + b"PAR1"], ids=len
)
def test_what_is_no_parquet_file_is_reported(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_bytes(content)
    with pytest.raises(TimelineReadError, match="is not a readable Parquet file") as caught:
        read_table(tmp_path / "a.parquet")
    assert caught.value.hint


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param(lambda t: t.replace_schema_metadata(), "is no feelit timeline", id="no-metadata"),
        pytest.param(lambda t: t.replace_schema_metadata({METADATA_KEY: b"{"}), "damaged metadata", id="damaged-metadata"),
        pytest.param(
            lambda t: t.replace_schema_metadata({METADATA_KEY: b'{"schema_version": 99}'}), "has schema version 99", id="future"
        ),
        pytest.param(without("emotion"), "lacks the column emotion", id="missing-column"),
        pytest.param(without("x0"), "lacks the column x0", id="missing-box"),
        pytest.param(
            lambda t: t.set_column(4, "track_id", t.column("track_id").cast(pa.string())),
            "has string in the column track_id",
            id="wrong-type",
        ),
    ],
)
def test_a_file_that_is_no_timeline_is_reported(change: Callable[[pa.Table], pa.Table], message: str, path: Path) -> None:
    pq.write_table(change(pq.read_table(path)), path)
    with pytest.raises(TimelineReadError, match=message) as caught:
        read_table(path)
    assert str(path) in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize("share", [0.01, 0.3, 0.9, 0.999])
def test_a_truncated_file_is_reported(share: float, path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data))])
    with pytest.raises(TimelineReadError) as caught:
        read_table(path)
    assert caught.value.hint


def test_damaged_pages_are_reported(path: Path) -> None:
    """The footer is whole, so the file opens; what it leads to is noise."""
    data = bytearray(path.read_bytes())
    footer = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    data[4:footer] = np.random.default_rng(0).bytes(footer - 4)
    path.write_bytes(data)
    TimelineFile(path).close()
    with pytest.raises(TimelineReadError, match="is damaged") as caught:
        read_table(path)
    assert caught.value.hint


def test_rewritten_by_pandas_it_is_still_readable_if_the_metadata_is_kept(path: Path) -> None:
    """Files that pass through other tools have plain texts in place of dictionaries."""
    table = pq.read_table(path)
    plain = [c.cast(pa.string()) if pa.types.is_dictionary(c.type) else c for c in table.columns]
    pq.write_table(pa.table(plain, names=table.column_names).replace_schema_metadata(pack_metadata(METADATA)), path)
    again, _ = read_table(path)
    assert_same(from_arrow(again), Timeline.join([rows(), rows()]))
