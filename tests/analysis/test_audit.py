"""Every check of the audit passes on what feelit writes, and fails on what it is there for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from feelit.analysis.audit import audit
from feelit.timeline.schema import SCHEMA, to_arrow
from tests.reports.meetings import Meeting, facts_of, timeline_of
from tests.timeline.rows import regular, table_of

MEETING = Meeting(people=3, duration_s=20.0)
ROWS = timeline_of(MEETING)

FILLED = "numbers stand where faces are"
READABLE = "readable follows from size, sharpness, yaw and brightness"
FOLLOW = "confidences follow from the probabilities"

Facts = dict[str, Any]
Spoil = Callable[[pa.Table, Facts], tuple[pa.Table, Facts]]


def failed(table: pa.Table, facts: Facts) -> set[str]:
    return {check.name for check in audit(table.to_batches(), facts) if not check.passed}


def put(table: pa.Table, name: str, row: int, value: object) -> pa.Table:
    """The table with one value replaced."""
    values = table.column(name).to_pylist()
    values[row] = value
    kind = SCHEMA.field(name).type
    return table.set_column(table.column_names.index(name), SCHEMA.field(name), pa.array(values, kind))


def first(table: pa.Table, **wanted: object) -> int:
    """The first row with these values."""
    return next(i for i, row in enumerate(table.to_pylist()) if all(row[name] == value for name, value in wanted.items()))


def of_face(name: str, value: object) -> Spoil:
    """Spoil one value of a readable face in the middle."""
    return lambda table, facts: (put(table, name, first(table, readable=True, track_id=2), value), facts)


def of_facts(**changed: object) -> Spoil:
    return lambda table, facts: (table, facts | changed)


def swapped(table: pa.Table, facts: Facts) -> tuple[pa.Table, Facts]:
    order = np.arange(len(table))
    order[[10, 40]] = order[[40, 10]]
    return table.take(order), facts


def later(table: pa.Table, facts: Facts) -> tuple[pa.Table, Facts]:
    """The first frame is shown after the second."""
    times = np.where(table.column("frame").to_numpy() == 0, 0.15, table.column("time_s").to_numpy())
    return table.set_column(table.column_names.index("time_s"), SCHEMA.field("time_s"), pa.array(times)), facts


def faceless_row(table: pa.Table, facts: Facts) -> tuple[pa.Table, Facts]:
    """A frame with a face has a row without one, too."""
    row = dict.fromkeys(SCHEMA.names) | {name: table.column(name)[0].as_py() for name in ("video", "frame", "pts", "time_s")}
    extra = pa.Table.from_pylist([row | {"readable": False}], schema=SCHEMA)
    return pa.concat_tables([extra, table]).unify_dictionaries(), facts


def test_what_feelit_writes_passes() -> None:
    assert failed(to_arrow(ROWS, "a.mp4"), facts_of(MEETING, ROWS)) == set()


def test_frames_without_faces_pass() -> None:
    table = table_of({1: "..", 2: ".."}, regular(2))
    facts = {"frames_sampled": 2, "tracks": 0, "duration_s": 0.2, "width_px": 640, "height_px": 360}
    assert failed(table, facts) == set()


def test_a_video_without_a_sampled_frame_passes() -> None:
    facts = {"frames_sampled": 0, "tracks": 0, "duration_s": 5.0, "width_px": 640, "height_px": 360}
    assert failed(SCHEMA.empty_table(), facts) == set()


@pytest.mark.parametrize("batch_rows", [1, 7, 100])
def test_rows_in_small_batches_give_the_same_findings(batch_rows: int) -> None:
    table, facts = to_arrow(ROWS, "a.mp4"), facts_of(MEETING, ROWS)
    spoilt = put(table, "confidence", first(table, readable=True, track_id=2), 0.01)
    for one in (table, spoilt):
        assert audit(one.to_batches(max_chunksize=batch_rows), facts) == audit(one.to_batches(), facts)


@pytest.mark.parametrize(
    ("spoil", "found"),
    [
        pytest.param(of_facts(frames_sampled=7), {"every sampled frame has a row"}, id="frames sampled"),
        pytest.param(of_facts(frames_sampled="many"), {"every sampled frame has a row"}, id="a count that is none"),
        pytest.param(of_facts(duration_s=3.0), {"times lie within the video"}, id="a shorter video"),
        pytest.param(of_facts(width_px=100), {"boxes lie in the picture"}, id="a smaller picture"),
        pytest.param(of_facts(tracks=4), {"tracks are numbered without gaps"}, id="a track more"),
        pytest.param(swapped, {"rows are in order"}, id="rows in another order"),
        pytest.param(later, {"times rise", FOLLOW}, id="times out of order"),
        pytest.param(
            lambda t, f: (pa.concat_tables([t.slice(0, 1), t]), f), {"no track is twice in a frame", FOLLOW}, id="a row twice"
        ),
        pytest.param(faceless_row, {"frames without a face have one row"}, id="no face"),
        pytest.param(of_face("sharpness", None), {FILLED, READABLE}, id="a hole"),
        pytest.param(of_face("x1", 0.0), {"boxes lie in the picture"}, id="a box turned inside out"),
        pytest.param(of_face("x0", float("nan")), {FILLED, "boxes lie in the picture"}, id="a box of no size"),
        pytest.param(of_face("emotion", None), {"emotions are claimed of readable faces only"}, id="no emotion"),
        pytest.param(of_face("emotion", "boredom"), {"emotions are claimed of readable faces only"}, id="a foreign emotion"),
        pytest.param(of_face("confidence", 0.01), {FOLLOW}, id="another confidence"),
        pytest.param(of_face("face_px", 8.0), {READABLE}, id="readable though small"),
        pytest.param(of_face("p_fear", 0.999), {"probabilities add up to 1"}, id="too likely"),
    ],
)
def test_what_is_wrong_is_found_and_nothing_else(spoil: Spoil, found: set[str]) -> None:
    assert failed(*spoil(to_arrow(ROWS, "a.mp4"), facts_of(MEETING, ROWS))) == found


def test_metadata_that_say_nothing_fail_what_needs_them() -> None:
    assert failed(to_arrow(ROWS, "a.mp4"), {}) == {
        "every sampled frame has a row",
        "times lie within the video",
        "boxes lie in the picture",
        "tracks are numbered without gaps",
    }


def test_findings_say_how_much_was_looked_at() -> None:
    found = {check.name: check.found for check in audit(to_arrow(ROWS, "a.mp4").to_batches(), facts_of(MEETING, ROWS))}
    assert found["every sampled frame has a row"] == "200 sampled frames; the metadata say 200"
    assert found["tracks are numbered without gaps"] == "3 tracks; the metadata say 3"


def test_a_track_that_was_split_after_smoothing_is_no_damage() -> None:
    """Its second part has another number; the confidences around the split still follow from both."""
    late = (ROWS.track_id == 3) & (ROWS.time_s >= 10)
    number = np.where(late, 4, ROWS.track_id).astype(np.int32)
    split = replace(ROWS, track_id=number, person_id=number)
    assert FOLLOW not in failed(to_arrow(split, "a.mp4"), facts_of(MEETING, split))
    wrong = replace(split, confidence=np.where(late, np.float32(0.01), split.confidence))
    assert FOLLOW in failed(to_arrow(wrong, "a.mp4"), facts_of(MEETING, split))
