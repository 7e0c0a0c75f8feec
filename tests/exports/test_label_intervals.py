from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from feelit.exports.label_intervals import LabelInterval, LabelIntervals, in_milliseconds, label_intervals
from feelit.timeline.recording import open_timelines
from tests.exports.made import write
from tests.timeline.rows import CERTAIN, regular, table_of

GAPS = st.lists(st.tuples(st.floats(0, 5), st.floats(0, 5)), max_size=20)
"""How long nothing is shown, and how long the bout after it is, in seconds."""


def show(tmp_path: Path, tracks: dict[int, str], interval_s: float = 0.1, duration_s: float | None = None) -> LabelIntervals:
    count = len(next(iter(tracks.values())))
    facts = {} if duration_s is None else {"duration_s": duration_s}
    table = table_of(tracks, regular(count, interval_s))
    return label_intervals(open_timelines(write(tmp_path / "t.parquet", table, videos={"a.mp4": facts}))[0])


def test_bouts_become_intervals_and_what_cannot_be_read_is_not_shown(tmp_path: Path) -> None:
    shown = show(tmp_path, {1: "nnnhhh", 2: "aa..aa", 3: "uuuuuu"})
    assert shown.tracks == {
        1: [LabelInterval(1, "neutral", 0, 300, CERTAIN), LabelInterval(1, "happiness", 300, 600, CERTAIN)],
        2: [LabelInterval(2, "anger", 0, 200, CERTAIN), LabelInterval(2, "anger", 400, 600, CERTAIN)],
        3: [],
    }
    assert shown.end_ms == 600


def test_times_are_those_of_the_frames(tmp_path: Path) -> None:
    times = [0.0, 0.3333, 0.34, 2.0015, 2.9, 3.1]
    path = write(tmp_path / "t.parquet", table_of({1: "nnhhhh"}, times), videos={"a.mp4": {}})
    (first, second) = label_intervals(open_timelines(path)[0]).tracks[1]
    assert (first.start_ms, first.end_ms, second.start_ms) == (0, 340, 340)
    assert second.end_ms == 3100 + round(1000 * np.median(np.diff(times)))


def test_the_last_frame_does_not_last_longer_than_the_video(tmp_path: Path) -> None:
    shown = show(tmp_path, {1: "nnn"}, 0.1, duration_s=0.24)
    assert (shown.tracks[1][-1].end_ms, shown.end_ms) == (240, 240)


def test_a_container_that_states_too_short_a_length_squeezes_nothing(tmp_path: Path) -> None:
    shown = show(tmp_path, {1: "nnnhhh"}, 0.1, duration_s=0.1)
    assert [(s.start_ms, s.end_ms) for s in shown.tracks[1]] == [(0, 300), (300, 500)]
    assert shown.end_ms == 500


def test_a_single_frame_is_shown_for_a_millisecond(tmp_path: Path) -> None:
    shown = show(tmp_path, {1: "n"})
    assert shown.tracks == {1: [LabelInterval(1, "neutral", 0, 1, CERTAIN)]}
    assert shown.end_ms == 1


def test_the_confidence_is_the_mean_over_the_samples_of_the_emotion(tmp_path: Path) -> None:
    """The blip of surprise in the middle belongs to the bout, but says nothing about happiness."""
    table = table_of({1: "hhshh"}, [0, 0.1, 0.2, 0.3, 0.6], confidence={(1, 0): 0.5, (1, 2): 0.1, (1, 3): 0.9})
    (bout,) = label_intervals(open_timelines(write(tmp_path / "t.parquet", table))[0]).tracks[1]
    expected = (0.1 * 0.5 + 0.1 * CERTAIN + 0.3 * 0.9 + 0.1 * CERTAIN) / 0.6
    assert (bout.emotion, bout.confidence) == ("happiness", round(expected, 4))


def test_a_video_without_rows_shows_nothing(tmp_path: Path) -> None:
    path = write(tmp_path / "t.parquet", videos={"a.mp4": {"duration_s": 3.5}})
    assert label_intervals(open_timelines(path)[0]) == LabelIntervals({}, 3500)


def intervals(gaps: list[tuple[float, float]], first_s: float) -> tuple[list[float], list[float]]:
    edges = first_s + np.cumsum([length for pair in gaps for length in pair])
    return edges[::2].tolist(), edges[1::2].tolist()


@given(GAPS, st.floats(-2, 1e6))
def test_milliseconds_never_overlap_and_never_vanish(gaps: list[tuple[float, float]], first_s: float) -> None:
    times = in_milliseconds(*intervals(gaps, first_s))
    assert len(times) == len(gaps)
    assert all(0 <= start < end for start, end in times)
    assert all(end <= start for (_, end), (start, _) in pairwise(times))


@given(st.lists(st.tuples(st.floats(0.0015, 5), st.floats(0.0015, 5)), max_size=20), st.floats(0, 1e6))
def test_milliseconds_are_right_to_half_of_one(gaps: list[tuple[float, float]], first_s: float) -> None:
    starts, ends = intervals(gaps, first_s)
    for (start_ms, end_ms), start_s, end_s in zip(in_milliseconds(starts, ends), starts, ends, strict=True):
        assert abs(start_ms - start_s * 1000) <= 0.5 + 1e-3
        assert abs(end_ms - end_s * 1000) <= 0.5 + 1e-3


@given(st.lists(st.integers(2, 90_000), min_size=1, max_size=30), st.sampled_from([90_000, 12_800, 30_000, 24]))
def test_bouts_that_touch_still_touch(lengths: list[int], time_base: int) -> None:
    """Ends are sums of floating-point lengths, and may miss the next start by their last bits."""
    starts = (np.cumsum([0, *lengths[:-1]]) / time_base).tolist()
    times = in_milliseconds(starts, [start + length / time_base for start, length in zip(starts, lengths, strict=True)])
    assert all(end == start for (_, end), (start, _) in pairwise(times))


def test_bouts_of_no_length_have_a_confidence(tmp_path: Path) -> None:
    path = write(tmp_path / "t.parquet", table_of({1: "nnhhnn"}, [i * 1e-12 for i in range(6)]), videos={"a.mp4": {}})
    for interval in label_intervals(open_timelines(path)[0]).tracks[1]:
        assert interval.confidence == CERTAIN
