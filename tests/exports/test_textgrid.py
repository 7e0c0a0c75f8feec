from __future__ import annotations

from itertools import pairwise
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from praatio import textgrid

from feelit.exports.label_intervals import LabelInterval
from feelit.exports.textgrid import covered
from tests.exports.made import text_of, write
from tests.timeline.rows import regular, table_of


def read(path: Path, tracks: tuple[int, ...] | None = None) -> textgrid.Textgrid:
    """What praatio makes of it; it complains about gaps and overlaps."""
    out = path.with_suffix(".TextGrid")
    out.write_text(text_of(path, "textgrid", tracks), encoding="utf-8", newline="")
    return textgrid.openTextgrid(str(out), includeEmptyIntervals=True, reportingMode="error", duplicateNamesMode="error")


def entries(grid: textgrid.Textgrid, name: str) -> list[tuple[float, float, str]]:
    return [tuple(entry) for entry in grid.getTier(name).entries]


def test_a_tier_a_track_that_covers_the_whole_time(tmp_path: Path) -> None:
    table = table_of({1: "nnnhhh", 2: ".uaa..", 3: "uuuuuu"}, regular(6))
    grid = read(write(tmp_path / "t.parquet", table))
    assert (grid.minTimestamp, grid.maxTimestamp) == (0, 2)
    assert grid.tierNames == ("track 1", "track 2", "track 3")
    assert entries(grid, "track 1") == [(0, 0.3, "neutral"), (0.3, 0.6, "happiness"), (0.6, 2, "")]
    assert entries(grid, "track 2") == [(0, 0.2, ""), (0.2, 0.4, "anger"), (0.4, 2, "")]
    assert entries(grid, "track 3") == [(0, 2, "")]


def test_only_some_tracks(tmp_path: Path) -> None:
    path = write(tmp_path / "t.parquet", table_of({1: "nn", 2: "hh"}, regular(2)))
    assert read(path, (2,)).tierNames == ("track 2",)


def test_a_video_without_faces_has_no_tiers(tmp_path: Path) -> None:
    text = text_of(write(tmp_path / "t.parquet", table_of({}, regular(2))), "textgrid")
    assert text.splitlines()[3:] == ["xmin = 0", "xmax = 2.000", "tiers? <exists>", "size = 0", "item []:"]


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(1, 5)), max_size=9), st.integers(0, 3))
def test_intervals_follow_one_another_from_beginning_to_end(gaps: list[tuple[int, int]], rest: int) -> None:
    intervals, now_ms = [], 0
    for pause, length in gaps:
        intervals.append(LabelInterval(1, "fear", now_ms + pause, now_ms + pause + length, 0.5))
        now_ms += pause + length
    end_ms = max(1, now_ms + rest)
    made = covered(intervals, end_ms)
    assert (made[0][0], made[-1][1]) == (0, end_ms)
    assert all(start < end for start, end, _ in made)
    assert all(before[1] == after[0] for before, after in pairwise(made))
    assert [(start, end) for start, end, label in made if label] == [(s.start_ms, s.end_ms) for s in intervals]
    assert not any(a[2] == b[2] == "" for a, b in pairwise(made))
