"""Rows become Arrow columns and come back; what has no value is null, not a number that looks like one."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields
from fractions import Fraction

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feelit.errors import TimelineReadError
from feelit.timeline.build import TimelineBuilder, no_rows
from feelit.timeline.schema import METADATA_KEY, SCHEMA, SCHEMA_VERSION, from_arrow, pack_metadata, to_arrow, unpack_metadata
from feelit.tracking.tracker import TrackerSettings
from feelit.types import EMOTIONS, Timeline
from tests.timeline.made import recording


@pytest.fixture(scope="module")
def rows() -> Timeline:
    builder = TimelineBuilder(TrackerSettings(), Fraction(10))
    return Timeline.join([builder.add(recording(frames=200).whole()), builder.finish()])


def assert_same(a: Timeline, b: Timeline) -> None:
    for f in fields(Timeline):
        one: object = getattr(a, f.name)
        np.testing.assert_array_equal(one, getattr(b, f.name), err_msg=f.name, strict=True)


def chunked(table: pa.Table) -> pa.Table:
    """The same rows in many pieces, as a file of many row groups gives them."""
    return pa.concat_tables([table.slice(n, 7) for n in range(0, len(table), 7)])


def through_ipc(table: pa.Table) -> pa.Table:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return pa.ipc.open_stream(sink.getvalue()).read_all()


@pytest.mark.parametrize(
    "way", [lambda t: t, chunked, through_ipc, lambda t: t.combine_chunks()], ids=["as-is", "chunks", "ipc", "one"]
)
def test_rows_come_back_bit_for_bit(rows: Timeline, way: Callable[[pa.Table], pa.Table]) -> None:
    assert_same(from_arrow(way(to_arrow(rows, "a.mp4"))), rows)


def test_no_rows_come_back_as_no_rows() -> None:
    table = to_arrow(no_rows(), "a.mp4")
    assert table.schema == SCHEMA
    assert_same(from_arrow(table), no_rows())


def test_the_table_has_the_schema_and_its_promises_on_nulls(rows: Timeline) -> None:
    table = to_arrow(rows, "a.mp4")
    table.validate(full=True)
    assert table.schema == SCHEMA
    for field in SCHEMA:
        assert field.nullable or table.column(field.name).null_count == 0, field.name


def test_what_has_no_value_is_null_and_nothing_is_nan(rows: Timeline) -> None:
    table = to_arrow(rows, "a.mp4").to_pylist()
    named = {f.name for f in SCHEMA if f.nullable}
    assert len(table) == len(rows)
    for row, track, readable in zip(table, rows.track_id.tolist(), rows.readable.tolist(), strict=True):
        missing = {name for name, value in row.items() if value is None}
        assert missing == (named if track < 0 else set() if readable else {"emotion", "confidence"})
        assert not any(isinstance(value, float) and value != value for value in row.values())


def test_names_and_numbers_of_emotions_agree(rows: Timeline) -> None:
    names = to_arrow(rows, "a.mp4").column("emotion").to_pylist()
    assert names == [EMOTIONS[i] if i >= 0 else None for i in rows.emotion.tolist()]
    assert None in names
    assert len(set(names)) > 3


def test_several_videos_follow_one_another(rows: Timeline) -> None:
    both = pa.concat_tables([to_arrow(rows, "a.mp4"), to_arrow(rows, "b.mp4")]).unify_dictionaries()
    assert_same(from_arrow(both), Timeline.join([rows, rows]))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(), lambda v: st.lists(v) | st.dictionaries(st.text(), v)
)


@given(st.dictionaries(st.text(min_size=1).filter(lambda key: key != "schema_version"), JSON, max_size=4))
def test_metadata_comes_back(content: dict[str, object]) -> None:
    packed = SCHEMA.with_metadata(pack_metadata(content))
    assert unpack_metadata(packed, "a.parquet") == {"schema_version": SCHEMA_VERSION} | content


def test_metadata_is_one_json_object_in_utf_8() -> None:
    (key,) = packed = pack_metadata({"videos": {"Größe.mp4": {}}})
    assert key == METADATA_KEY == b"feelit"
    assert "Größe".encode() in packed[key]
    assert json.loads(packed[key]) == {"schema_version": 2, "videos": {"Größe.mp4": {}}}


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        pytest.param(None, "is no feelit timeline", id="none"),
        pytest.param(b"", "damaged metadata", id="empty"),
        pytest.param(b"{", "damaged metadata", id="half"),
        pytest.param(b"\xff", "damaged metadata", id="no-utf-8"),
        pytest.param(b"[]", "damaged metadata", id="list"),
        pytest.param(b"null", "damaged metadata", id="null"),
        pytest.param(b"{}", "damaged metadata", id="no-version"),
        pytest.param(b'{"schema_version": null}', "damaged metadata", id="null-version"),
        pytest.param(b'{"schema_version": "new"}', "damaged metadata", id="version-a-word"),
        pytest.param(b'{"schema_version": Infinity}', "damaged metadata", id="infinite-version"),
        pytest.param(b'{"schema_version": 3}', "has schema version 3", id="future"),
        pytest.param(b'{"schema_version": 0}', "has schema version 0", id="past"),
    ],
)
def test_bad_metadata_is_reported_with_a_way_out(raw: bytes | None, message: str) -> None:
    schema = SCHEMA if raw is None else SCHEMA.with_metadata({METADATA_KEY: raw})
    with pytest.raises(TimelineReadError, match=message) as caught:
        unpack_metadata(schema, "a.parquet")
    assert caught.value.message.startswith("a.parquet")
    assert caught.value.hint
