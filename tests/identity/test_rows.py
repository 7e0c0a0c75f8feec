"""Rows get their person, and tracks that were split their numbers."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from feelit.identity.group import Parts, group_tracks
from feelit.identity.rows import PersonRows
from feelit.timeline.schema import PEOPLE, SCHEMA, schema_of
from tests.identity.made import directions, evidence, joined, track
from tests.timeline.rows import regular, table_of

A, B, C = directions(3)
ROWS = table_of({1: "nnnn....", 2: "nnnnnnnn", 3: "....nn.."}, regular(8, 1.0))


def pieces(table: pa.Table, size: int) -> list[pa.Table]:
    return [table.slice(i, size) for i in range(0, len(table), size)]


def whole() -> Parts:
    return group_tracks(evidence({1: track(A, 0, 4), 2: track(B, 0, 8, 1), 3: track(A, 4, 6, 2)}))


def split() -> Parts:
    """Track 2 is B, and from 4 s on C; track 3, which begins then, is A."""
    tracks = {1: track(A, 0, 4), 2: joined(track(B, 0, 4, 1), track(C, 4, 8, 3)), 3: track(A, 4, 6, 2)}
    return group_tracks(evidence(tracks, {(1, 2): [0.0, 3.0], (2, 3): [4.0, 5.0]}))


@pytest.mark.parametrize("size", [1, 3, 100])
def test_rows_get_their_person_and_keep_the_rest(size: int) -> None:
    found = pa.concat_tables(PersonRows(whole(), {2: "P01"}).change(pieces(ROWS, size)))
    assert found.schema == schema_of([PEOPLE])
    assert found.select(SCHEMA.names).equals(ROWS)
    who = dict(zip(found.column("track_id").to_pylist(), found.column("person_id").to_pylist(), strict=True))
    assert who == {1: 1, 2: 2, 3: 1}
    assert found.column("person").to_pylist() == ["P01" if t == 2 else None for t in ROWS.column("track_id").to_pylist()]
    assert found.column("person_confidence").null_count == 0


def test_a_row_without_a_face_has_no_person() -> None:
    rows = table_of({1: "n."}, regular(2))
    found = pa.concat_tables(PersonRows(group_tracks(evidence({1: track(A, 0, 1)}))).change([rows]))
    assert found.column("person_id").to_pylist() == [1, None]
    assert found.column("person_confidence").to_pylist()[1] is None


def test_a_false_face_keeps_its_track_and_has_no_person() -> None:
    poster = track(A, 0, 4)
    poster.score = 0.0
    found = pa.concat_tables(PersonRows(group_tracks(evidence({1: poster}))).change([table_of({1: "nnnn"}, regular(4))]))
    assert found.column("track_id").null_count == 0
    assert found.column("person_id").null_count == 4


@pytest.mark.parametrize("size", [1, 3, 4, 100])
def test_parts_of_a_split_track_are_tracks_in_order_of_appearance(size: int) -> None:
    rows = PersonRows(split())
    found = pa.concat_tables(rows.change(pieces(ROWS, size)))
    frame, track_id = (found.column(name).to_numpy() for name in ("frame", "track_id"))
    assert rows.tracks == 4
    assert (np.lexsort((track_id, frame)) == np.arange(len(found))).all(), "rows are ordered by frame and then by track"
    by_track = dict(zip(track_id.tolist(), found.column("person_id").to_pylist(), strict=True))
    assert by_track == {1: 1, 2: 2, 3: 3, 4: 1}
    first = [found.column("time_s").to_numpy()[track_id == t].min() for t in range(1, 5)]
    assert first == sorted(first)
    assert [entry["tracks"] for entry in rows.describe()] == [[1, 4], [2], [3]]


def test_no_rows_stay_none() -> None:
    found = list(PersonRows(group_tracks(evidence({}))).change([SCHEMA.empty_table()]))
    assert [table.schema for table in found] == [schema_of([PEOPLE])]
