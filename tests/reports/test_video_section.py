from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from feelit.analysis.event import Event, Kind
from feelit.analysis.summary import VideoSummary, summaries
from feelit.reports.faces import quality_of
from feelit.reports.video_section import Findings, plain, strip_of, title_of
from feelit.timeline.schema import from_arrow
from tests.reports.meetings import curves_of
from tests.timeline.rows import regular, table_of

NAN = float("nan")


def event(kind: Kind, p_value: float, strength: float) -> Event:
    return Event("a.mp4", kind, (1,), None, 0.0, 1.0, 0.5, strength, NAN, NAN, NAN, p_value, p_value)


def test_the_surest_events_come_first_and_no_kind_crowds_out_the_others() -> None:
    sure = [event(Kind.absence, 0.002, NAN)] * 3 + [event(Kind.peak, 0.002, 0.5), event(Kind.peak, 0.002, 0.9)]
    doubtful = [event(Kind.shared, 0.4, 0.9), event(Kind.shared, NAN, 0.9), event(Kind.peak, 0.3, 0.9)]
    (video,) = summaries(table_of({1: "nn"}, regular(2)), "video")
    assert isinstance(video, VideoSummary)
    table = table_of({}, regular(2))
    quality = quality_of(np.arange(2.0), {}, {})
    ranked = Findings(video, [], {}, [*doubtful, *sure], {}, quality, curves_of(table)).surest
    first = [(e.kind.value, None if math.isnan(e.strength) else e.strength) for e in ranked[:4]]
    assert first == [("peak", 0.9), ("absence", None), ("peak", 0.5), ("absence", None)]
    assert {e.p_value for e in ranked[5:7]} == {0.3, 0.4}
    assert math.isnan(ranked[7].p_value)


def test_a_miniature_has_a_digit_a_column_and_people_who_follow_one_another_share_a_lane() -> None:
    curves = curves_of(table_of({1: "nnn.....", 2: "....hhuu", 3: "aaaaaaaa"}, regular(8)))
    one, two = strip_of(curves, 0.8)
    assert set(one[:50]) == {"0"}
    assert set(one[81:119]) == {"1"}
    assert set(one[121:]) == {"8"}
    assert set(two) == {"4"}


def test_of_many_lanes_the_fullest_are_shown() -> None:
    tracks = dict.fromkeys(range(1, 6), "n" * 8) | {6: "h......."}
    lanes = strip_of(curves_of(table_of(tracks, regular(8))), 0.8)
    assert lanes == ["0" * 160] * 5


@pytest.mark.parametrize(
    ("name", "title"),
    [("may/a.mp4", "a.mp4"), ("a.mp4", "a.mp4"), ("", ""), ("/", "/")],
    ids=["in a folder", "alone", "empty", "a root"],
)
def test_a_title_is_the_last_part_of_a_name(name: str, title: str) -> None:
    assert title_of(name) == title


def test_what_is_undefined_is_none() -> None:
    assert plain({"a": (NAN, math.inf, 0.123456), "b": [1, True, None, "x"]}) == {
        "a": [None, None, 0.1235],
        "b": [1, True, None, "x"],
    }


def test_miniatures_are_of_the_whole_video_even_where_only_a_part_was_sampled() -> None:
    rows = from_arrow(table_of({1: "nnnn"}, regular(4)))
    curves = curves_of(replace(rows, time_s=rows.time_s + 5.0))
    (lane,) = strip_of(curves, 10.0)
    shown = np.flatnonzero(np.array(list(lane)) == "0")
    assert (shown.min(), shown.max()) == pytest.approx((80, 89), abs=1)
