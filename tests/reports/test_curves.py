"""Curves survive the way into the page, at full resolution or in coarser steps that say so."""

from __future__ import annotations

import base64
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feelit.reports.curves import (
    ABSENT,
    LEVELS,
    TICKS_A_SECOND,
    UNREADABLE,
    Curves,
    Track,
    coarser,
    curves_of,
    pack,
    pack_within,
)
from feelit.timeline.schema import from_arrow
from feelit.timeline.smoothing import smooth
from feelit.types import EMOTIONS
from tests.reports.meetings import Meeting, timeline_of
from tests.timeline.rows import regular, table_of


def unpacked(packed: str, like: Curves) -> Curves:
    """What the page makes of packed curves; the sizes come from elsewhere."""
    raw = np.frombuffer(zlib.decompress(base64.b64decode(packed), -zlib.MAX_WBITS), np.uint8)
    points = len(like.time_s)
    gaps = np.ascontiguousarray(raw[: 4 * points].reshape(4, points).T).view("<u4")[:, 0].astype(np.int64)
    place, tracks = 4 * points, []
    for track in like.tracks:
        count = len(track.state)
        state = raw[place : place + count]
        levels = raw[place + count : place + 9 * count].reshape(8, count).cumsum(axis=1, dtype=np.uint8).T
        tracks.append(
            Track(track.track_id, track.first, state, np.where(state[:, None] < UNREADABLE, levels, 0).astype(np.uint8))
        )
        place += 9 * count
    assert place == len(raw)
    return Curves(np.cumsum(gaps) / TICKS_A_SECOND, tracks, like.step_s)


def same(a: Curves, b: Curves) -> bool:
    times = np.abs(a.time_s - b.time_s).max(initial=0) <= 0.5001 / TICKS_A_SECOND
    pairs = zip(a.tracks, b.tracks, strict=True)
    return bool(times) and all(np.array_equal(p.state, q.state) and np.array_equal(p.level, q.level) for p, q in pairs)


def test_states_are_those_of_the_timeline() -> None:
    (one, two) = curves_of(from_arrow(table_of({1: "hhuh....", 2: "...nn.a."}, regular(8)))).tracks
    assert (one.first, one.state.tolist()) == (0, [1, 1, UNREADABLE, 1])
    assert (two.first, two.state.tolist()) == (3, [0, 0, ABSENT, 4])
    assert one.level[2].tolist() == [0] * 8


def test_levels_are_the_smoothed_probabilities() -> None:
    rows = timeline_of(Meeting(people=2, duration_s=30.0))
    faces = rows.rows(rows.track_id == 2)
    faces = faces.rows(faces.readable)
    mean = smooth(faces.time_s, faces.track_id.astype(np.int64), faces.probability, faces.readable, np.arange(len(faces)))
    track = curves_of(rows).tracks[1]
    shown = track.level[track.state < UNREADABLE] / LEVELS
    assert np.abs(shown - mean).max() <= 0.5 / LEVELS + 1e-6


@pytest.mark.parametrize(
    "meeting",
    [
        pytest.param(Meeting(people=6, duration_s=60.0), id="six people"),
        pytest.param(Meeting(people=1, duration_s=0.1), id="one frame"),
        pytest.param(Meeting(people=0, duration_s=5.0), id="nobody"),
        pytest.param(Meeting(people=2, duration_s=900.0, gap_s=(100.0, 800.0)), id="a long gap"),
    ],
)
def test_packing_loses_nothing(meeting: Meeting) -> None:
    curves = curves_of(timeline_of(meeting))
    assert same(unpacked(pack(curves), curves), curves)
    coarse = coarser(curves, 0.5)
    assert same(unpacked(pack(coarse), coarse), coarse)


@given(st.lists(st.sampled_from("nhsau."), min_size=1, max_size=60).map("".join))
def test_whatever_a_track_does_comes_back(letters: str) -> None:
    curves = curves_of(from_arrow(table_of({7: letters}, regular(len(letters)))))
    assert same(unpacked(pack(curves), curves), curves)


def test_a_coarser_point_is_the_most_frequent_state_and_the_mean() -> None:
    curves = curves_of(from_arrow(table_of({1: "nnnhhhhhuu" + "uuuu......"}, regular(20))))
    coarse = coarser(curves, 1.0)
    (track,) = coarse.tracks
    assert coarse.time_s.tolist() == [0.5, 1.5]
    assert track.state.tolist() == [EMOTIONS.index("happiness"), UNREADABLE]
    expected = curves.tracks[0].level[:8].mean(axis=0)
    assert np.abs(track.level[0] - expected).max() <= 0.5


def test_the_finest_step_within_the_budget_is_taken() -> None:
    curves = curves_of(timeline_of(Meeting(people=3, duration_s=600.0)))
    sizes = {}
    for most in (200_000, 40_000, 10_000, 2_000):
        chosen, packed = pack_within(curves, most)
        assert len(packed) <= most
        sizes[most] = chosen.step_s or 0.1
    assert sizes[200_000] == 0.1
    assert list(sizes.values()) == sorted(sizes.values())
    assert sizes[2_000] >= 5
    with_less = pack(coarser(curves, {0.2: 0.1, 0.5: 0.2, 1.0: 0.5, 2.0: 1.0, 5.0: 2.0}.get(sizes[10_000], 0.1)))
    assert len(with_less) > 10_000


def test_what_fits_no_budget_takes_the_coarsest_step() -> None:
    chosen, _ = pack_within(curves_of(timeline_of(Meeting(people=2, duration_s=60.0))), 10)
    assert chosen.step_s == 300.0


def test_nobody_is_nothing() -> None:
    curves = curves_of(timeline_of(Meeting(people=0, duration_s=1.0)))
    assert (curves.tracks, len(curves.time_s)) == ([], 10)
