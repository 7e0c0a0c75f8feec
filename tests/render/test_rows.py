from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from feelit.render.marks import COLUMNS
from feelit.render.rows import LONGEST_LABEL, TimelineView, view_to_draw
from feelit.timeline.build import no_rows
from feelit.types import Columns, Timeline


def timeline() -> Timeline:
    """Five frames at 10/s: a face in all but the third, unreadable in the fourth, happy and once for an instant angry."""
    empty: Timeline = no_rows()
    fields = {name: getattr(empty, name) for name in Timeline.__slots__ if name not in Columns.__slots__}
    blank = {name: np.zeros((5, *column.shape[1:]), column.dtype) for name, column in fields.items()}
    table = Timeline(**blank)
    probability = np.full((5, 8), 0.02, np.float32)
    probability[:, 1] = 0.86
    probability[1] = [0.02, 0.02, 0.02, 0.02, 0.86, 0.02, 0.02, 0.02]
    probability[2] = np.nan
    missing = np.array([0, 0, 1, 0, 0], bool)
    return replace(
        table,
        frame=np.arange(5),
        time_s=np.arange(5) / 10,
        track_id=np.where(missing, -1, 3).astype(np.int32),
        person_id=np.where(missing, -1, 3).astype(np.int32),
        box=np.where(missing[:, None], np.nan, [[10.0, 10, 50, 60]]).astype(np.float32),
        readable=np.array([1, 1, 0, 0, 1], bool),
        emotion=np.array([1, 1, -1, -1, 1], np.int32),
        confidence=np.array([0.6, 0.6, np.nan, np.nan, 0.7], np.float32),
        probability=probability,
    )


def drawn(table: Timeline) -> TimelineView:
    return view_to_draw(
        table, np.ones(len(table), np.float32), {3: None}, np.full((len(table), len(COLUMNS)), np.nan, np.float32)
    )


def test_rows_without_a_track_tell_only_that_the_frame_was_looked_at() -> None:
    view = drawn(timeline())
    assert view.rows.time_s.tolist() == [0.0, 0.1, 0.3, 0.4]
    assert view.sampled_time_s.tolist() == pytest.approx([0.0, 0.1, 0.2, 0.3, 0.4])


def test_the_longest_bar_is_that_of_the_emotion() -> None:
    rows = drawn(timeline()).rows
    readable = rows.rows(rows.readable)
    assert readable.probability.argmax(axis=1).tolist() == readable.emotion.tolist()


def test_nothing_is_left_that_is_not_a_number() -> None:
    rows = drawn(timeline()).rows
    for column in (rows.box, rows.confidence, rows.probability):
        assert np.isfinite(column).all()


def test_an_empty_timeline() -> None:
    view = drawn(no_rows())
    assert len(view.rows) == len(view.sampled_time_s) == 0


def test_nobody_is_known_by_the_track() -> None:
    table = timeline()
    view = drawn(replace(table, person_id=np.full(5, -1, np.int32)))
    assert {view.label(who) for who in view.rows.who.tolist()} == {"track 3"}


@pytest.mark.parametrize(
    ("name", "label"),
    [
        (None, "#3"),
        ("Anna", "Anna"),
        ("Müller", "Müller"),
        ("a\nb", "a\\nb"),
        ("Anna Maria Huber-Meier", "Anna Maria Huber.."),
    ],
)
def test_people_are_called_by_name_or_number(name: str | None, label: str) -> None:
    view = replace(drawn(timeline()), names={3: name})
    assert view.label(3) == label
    assert len(label) <= LONGEST_LABEL
