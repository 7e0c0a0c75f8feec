from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from feelit.analysis.observations import TimelineSamples
from feelit.reports.faces import Quality, read_faces
from feelit.reports.faces import quality_of as judged
from feelit.timeline.recording import open_timelines
from feelit.timeline.schema import from_arrow, to_arrow
from feelit.types import Timeline
from tests.reports.meetings import Meeting, timeline_of
from tests.timeline.rows import regular, table_of


def quality_of(rows: Timeline) -> Quality:
    (recording,) = open_timelines(to_arrow(rows, "a.mp4"))
    samples = TimelineSamples(recording, "person")
    lengths_s = {person: samples.of_track(n).length_s for n, person in enumerate(samples.track_id.tolist())}
    return judged(samples.frames.time_s, read_faces(recording), lengths_s)


def rows_of(tracks: dict[int, str], times_s: list[float] | None = None, **columns: list[float]) -> Timeline:
    """A small timeline, with some columns of its faces replaced."""
    times_s = times_s or regular(max(map(len, tracks.values())))
    rows = from_arrow(table_of(tracks, times_s))
    values: dict[str, Any] = {name: np.array(column, np.float32) for name, column in columns.items()}
    return replace(rows, **values)


@pytest.mark.parametrize(
    ("column", "values", "share"),
    [
        pytest.param("face_px", [19.9, 20, 60, 60], {"small": 0.25}, id="small"),
        pytest.param("sharpness", [0.019, 0.01, 0.02, 1], {"blurred": 0.5}, id="blurred"),
        pytest.param("yaw_deg", [-31, 30, 31, 40], {"turned": 0.75}, id="turned to either side"),
        pytest.param("brightness", [49.9, 50, 90, 255], {"dark": 0.25}, id="dark"),
    ],
)
def test_reasons_are_shares_of_the_time_on_screen(column: str, values: list[float], share: dict[str, float]) -> None:
    faces = quality_of(rows_of({1: "nnnn"}, **{column: values})).faces
    expected = {"small": 0.0, "blurred": 0.0, "turned": 0.0, "dark": 0.0} | share
    assert {name: faces[name] for name in expected} == pytest.approx(expected)


def test_shares_are_weighted_by_time() -> None:
    quality = quality_of(rows_of({1: "unn"}, [0.0, 0.3, 0.4]))
    assert quality.faces["unreadable"] == pytest.approx(0.3 / 0.6)  # the last frame stands for the median interval


def test_people_have_figures_of_their_own() -> None:
    people = quality_of(rows_of({1: "uu", 4: "nu"})).people
    assert {person: faces["unreadable"] for person, faces in people.items()} == {1: 1.0, 4: 0.5}


def test_gaps_are_intervals_much_longer_than_usual() -> None:
    rows = timeline_of(Meeting(people=1, duration_s=20.0, gap_s=(5.0, 9.0)))
    quality = quality_of(rows)
    assert quality.interval_s == pytest.approx(0.1)
    (gap,) = quality.gaps
    assert gap == pytest.approx((4.9, 9.0))


@pytest.mark.parametrize("times_s", [[0.0, 0.1, 0.2, 0.6, 0.7], [0.0, 2.0, 4.0, 9.0, 11.0]], ids=["short", "usual"])
def test_what_is_short_or_usual_is_no_gap(times_s: list[float]) -> None:
    assert quality_of(rows_of({1: "nnnnn"}, times_s)).gaps == []


@pytest.mark.parametrize("tracks", [{1: "."}, {1: "..."}], ids=["one frame", "three frames"])
def test_nobody_has_no_shares(tracks: dict[int, str]) -> None:
    faces = quality_of(rows_of(tracks)).faces
    assert faces["on_screen_s"] == 0
    assert math.isnan(faces["unreadable"])
    assert math.isnan(faces["face_px"])
