"""What is gathered of faces besides what they show."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from feelit.reports.curves import NO, UNKNOWN, YES
from feelit.reports.faces import _speaking, boxes_of, read_faces
from feelit.timeline import recording
from feelit.timeline.recording import Recording, open_timelines
from feelit.timeline.schema import to_arrow
from tests.reports.films import rows_of_film
from tests.reports.meetings import Meeting, timeline_of, write

ROWS = rows_of_film()
TIMES = [float(t) for t in ROWS.time_s]


def opened(source: pa.Table | Path) -> Recording:
    (only,) = open_timelines(source)
    return only


@pytest.mark.parametrize(
    ("column", "values"),
    [
        pytest.param("yaw_deg", [25, -25, 2, 20], id="frontal"),
        pytest.param("face_px", [30, 40, 90, 60], id="large"),
        pytest.param("sharpness", [0.03, 0.1, 0.4, 0.05], id="sharp"),
        pytest.param("readable", [False, False, True, False], id="readable"),
    ],
)
def test_a_portrait_is_the_best_view(column: str, values: list[float]) -> None:
    rows = ROWS.rows(slice(0, 4))
    even = {"yaw_deg": 0, "face_px": 60, "sharpness": 0.2, "readable": True, "score": 0.9}
    rows = replace(rows, **{name: np.full(4, value, getattr(rows, name).dtype) for name, value in even.items()})
    rows = replace(rows, **{column: np.array(values, getattr(rows, column).dtype)})
    assert read_faces(opened(to_arrow(rows, "a.mp4")))[1].best_s == TIMES[2]


@pytest.mark.parametrize("batch_rows", [7, 1 << 16], ids=["small batches", "one batch"])
def test_a_person_has_the_faces_of_all_tracks_in_order_of_time(
    batch_rows: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording, "BATCH_ROWS", batch_rows)
    meeting = Meeting(people=3, duration_s=6.0)
    rows = timeline_of(meeting)
    people = read_faces(opened(write(tmp_path / "a.parquet", [meeting], people={1: 1, 2: None, 3: 2})))
    assert list(people) == [1, 2]
    for person, track in ((1, 1), (2, 3)):
        mine = rows.rows(rows.track_id == track)
        assert people[person].face_px.tolist() == mine.face_px.tolist()
        assert people[person].flaws[:, 0].tolist() == (~mine.readable).tolist()
        assert people[person].tracks == [(track, mine.time_s[0], mine.time_s[-1])]


def test_tracks_of_a_person_follow_one_another(tmp_path: Path) -> None:
    rows = timeline_of(Meeting(people=1, duration_s=4.0))
    rows = rows.rows(rows.track_id > 0)
    half = len(rows) // 2
    later = replace(rows, track_id=np.where(np.arange(len(rows)) < half, 9, 4).astype(np.int32))
    table = to_arrow(later, "a.mp4").append_column("person_id", pa.array([5] * len(rows), pa.int32()))
    table = table.append_column("person", pa.nulls(len(rows), pa.dictionary(pa.int32(), pa.string())))
    table = table.append_column("person_confidence", pa.nulls(len(rows), pa.float32()))
    assert [track for track, _, _ in read_faces(opened(table))[5].tracks] == [9, 4]


def test_boxes_are_those_of_the_samples_that_are_asked_for() -> None:
    found = boxes_of(opened(to_arrow(ROWS, "a.mp4")), {(TIMES[3], 1), (TIMES[4], 9), (TIMES[5] + 0.01, 1)})
    assert {key: box.tolist() for key, box in found.items()} == {(TIMES[3], 1): ROWS.box[3].tolist()}


@pytest.mark.parametrize(
    "column",
    [
        pytest.param(pa.array([True, False, None]), id="truth values"),
        pytest.param(pa.array([0.5, 0.49, None], pa.float32()), id="probabilities"),
    ],
)
def test_speaking_is_yes_no_or_unknown(column: pa.Array) -> None:
    assert _speaking(column).tolist() == [YES, NO, UNKNOWN]
