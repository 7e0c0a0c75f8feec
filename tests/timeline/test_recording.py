from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from feelit.analysis.observations import COLUMNS
from feelit.errors import TimelineReadError, UsageError
from feelit.exports.run import export_timelines
from feelit.options.timelines import ExportOptions
from feelit.timeline.file import TimelineFile, find_timelines
from feelit.timeline.recording import frame_of, open_timelines
from feelit.timeline.schema import SCHEMA, pack_metadata
from tests.exports.made import write
from tests.timeline.reading import only
from tests.timeline.rows import regular, table_of

TWO = table_of({1: "nnh", 4: "h.h"}, regular(3))


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(counts=st.lists(st.integers(1, 9), min_size=1, max_size=6), group=st.integers(1, 12))
def test_every_video_has_its_own_rows_wherever_row_groups_end(counts: list[int], group: int, tmp_path: Path) -> None:
    tables = [table_of({1: "n" * count, i + 2: "h" * count}, regular(count), f"{i}.mp4") for i, count in enumerate(counts)]
    recordings = open_timelines(write(tmp_path / "t.parquet", *tables, group=group))
    assert [r.name for r in recordings] == [f"{i}.mp4" for i in range(len(counts))]
    assert [r.track_rows for r in recordings] == [{1: count, i + 2: count} for i, count in enumerate(counts)]
    for recording, table in zip(recordings, tables, strict=True):
        assert recording.table().to_pylist() == table.to_pylist()
        assert recording.table(COLUMNS).to_pylist() == table.select(COLUMNS).to_pylist()
        assert max(len(batch) for batch in recording.batches()) <= group
        assert recording.row_count == len(table)


def test_a_video_without_rows_is_there_too(tmp_path: Path) -> None:
    recording = only(write(tmp_path / "t.parquet", videos={"none.mp4": {"frames_sampled": 0}}))
    assert (recording.name, recording.tracks, list(recording.batches())) == ("none.mp4", (), [])
    assert recording.table(COLUMNS).schema.names == list(COLUMNS)


def test_rows_of_a_part_of_the_time(tmp_path: Path) -> None:
    recording = only(write(tmp_path / "t.parquet", table_of({1: "n" * 50}, regular(50)), group=7))
    assert recording.table(["frame"], start_s=1.0, end_s=1.3).to_pylist() == [{"frame": 30}, {"frame": 33}, {"frame": 36}]
    assert recording.table(["frame"], start_s=4.85).to_pylist() == [{"frame": 147}]
    assert recording.table(["frame"], start_s=9.0).to_pylist() == []


def test_all_columns_are_given_unless_some_are_asked_for(tmp_path: Path) -> None:
    recording = only(write(tmp_path / "t.parquet", TWO))
    assert next(recording.batches()).schema.names == SCHEMA.names
    assert recording.table(["track_id", "person_id"]).column("person_id").to_pylist() == [1, 4, 1, 1, 4]
    assert recording.people == recording.tracks == (1, 4)


def test_a_file_is_read_as_often_as_one_likes_and_closed_in_between(tmp_path: Path) -> None:
    path = write(tmp_path / "t.parquet", TWO)
    recording = only(path)
    assert recording.table().equals(recording.table())
    write(path, table_of({1: "n"}, [0.0]))
    with pytest.raises(TimelineReadError, match="changed while it was read"):
        recording.table()


def test_a_frame_a_table_and_a_file_are_the_same(tmp_path: Path) -> None:
    path = write(tmp_path / "t.parquet", TWO)
    recording = only(path)
    frame = recording.to_pandas()
    assert recording.path == path
    for source in (frame, recording, TWO, [recording], (p for p in [path]), str(path), path.parent, [path.parent, path]):
        assert only(source).table().cast(SCHEMA).equals(TWO.cast(SCHEMA))
    assert only(frame).info == recording.info
    assert frame_of(open_timelines(frame)).equals(frame)


def test_joined_and_filtered_frames_are_taken(tmp_path: Path) -> None:
    other = table_of({2: "aaa"}, regular(3), "b.mp4")
    both = pd.concat([TWO.to_pandas(), other.to_pandas()]).sort_values(["time_s", "video"])
    first, second = open_timelines(both)
    assert (first.name, second.name, first.tracks, second.tracks) == ("a.mp4", "b.mp4", (1, 4), (2,))
    assert first.table(["frame", "track_id"]).to_pylist() == TWO.select(["frame", "track_id"]).to_pylist()
    assert only(both[both["track_id"] == 4]).tracks == (4,)
    with pytest.raises(TimelineReadError, match=r"a\.mp4 is in the data frame twice"):
        open_timelines(pd.concat([both, both]))


def test_a_column_is_missing_only_where_it_is_needed() -> None:
    recording = only(TWO.to_pandas().drop(columns=["p_fear", "x0"]))
    assert len(recording.table(["frame", "y0"])) == 5
    with pytest.raises(TimelineReadError, match="the data frame lacks the columns x0, p_fear") as caught:
        recording.table(["x0", "y0", "p_fear"])
    assert "keep these columns" in (caught.value.hint or "")
    with pytest.raises(TimelineReadError, match="lacks the columns track_id, time_s"):
        open_timelines(TWO.to_pandas()[["video", "frame"]])


def test_a_frame_that_pandas_has_saved_is_read(tmp_path: Path) -> None:
    path = write(tmp_path / "t.parquet", TWO, table_of({}, regular(2), "b.mp4"))
    frame = frame_of(open_timelines(path))
    frame.to_parquet(tmp_path / "saved.parquet")
    saved, b = open_timelines(tmp_path / "saved.parquet")
    assert saved.table(["track_id", "emotion"]).to_pylist() == TWO.select(["track_id", "emotion"]).to_pylist()
    assert (saved.duration_s, b.tracks) == (2.0, ())
    frame.attrs = {}
    frame.to_parquet(tmp_path / "bare.parquet")
    with pytest.raises(TimelineReadError, match="is no feelit timeline") as caught:
        open_timelines(tmp_path / "bare.parquet")
    assert "attrs" in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param(lambda f: f.assign(track_id=1.5), "numbers that are not whole in the column track_id", id="half-a-track"),
        pytest.param(lambda f: f.assign(time_s="soon"), "has .*str.* in the column time_s", id="text"),
        pytest.param(lambda f: f.assign(frame=-1), "has -1 in the column frame", id="negative"),
        pytest.param(lambda f: f.assign(readable=[1, "x", 2, None, 0]), "a column that cannot be read", id="mixed"),
        pytest.param(lambda f: f.assign(time_s=0.0), "does not go on in time", id="time-stands"),
    ],
)
def test_frames_that_are_no_timelines_are_refused(change: Callable[[pd.DataFrame], pd.DataFrame], message: str) -> None:
    with pytest.raises(TimelineReadError, match=message):
        only(change(TWO.to_pandas())).table()


@pytest.mark.parametrize("source", [3, None, {"a": 1}.items(), [b"x", 4]])
def test_what_is_no_source_is_reported(source: Any) -> None:
    with pytest.raises((UsageError, TimelineReadError)):
        open_timelines(source)


@pytest.mark.parametrize("files", [["one.parquet", "two.parquet"], ["one.parquet"]], ids=["two-files", "one-file"])
def test_a_video_in_two_places_is_refused(files: list[str], tmp_path: Path) -> None:
    table, other = table_of({1: "nn"}, regular(2)), table_of({1: "nn"}, regular(2), "b.mp4")
    parts = [table, other, table] if len(files) == 1 else [table]
    with pytest.raises(UsageError, match=r"a\.mp4 is in .* and again in "):
        open_timelines([write(tmp_path / name, *parts) for name in files])


@pytest.mark.parametrize("group", [2, 3, 1000])
def test_rows_that_are_there_twice_are_refused(group: int, tmp_path: Path) -> None:
    path = write(tmp_path / "t.parquet", TWO, TWO, group=group)
    with pytest.raises(TimelineReadError, match=r"a\.mp4 is in .*t\.parquet twice"):
        open_timelines(path)


@pytest.mark.parametrize("group", [2, 1000])
def test_rows_in_another_order_are_put_into_order(group: int, tmp_path: Path) -> None:
    shuffled = TWO.take(np.random.default_rng(0).permutation(len(TWO)))
    recording = only(write(tmp_path / "t.parquet", shuffled, group=group))
    assert not recording.in_order
    assert recording.path is not None
    assert recording.table().to_pylist() == TWO.to_pylist()
    assert only(TWO).in_order


def test_a_damaged_file_is_reported(tmp_path: Path) -> None:
    path = write(tmp_path / "t.parquet", table_of({1: "n" * 500}, regular(500)))
    content = bytearray(path.read_bytes())
    content[4:2000] = bytes(1996)  # the pages; the footer stays
    path.write_bytes(content)
    with pytest.raises(TimelineReadError, match="damaged"):
        only(path).table()


def test_what_no_timeline_can_hold_is_refused(tmp_path: Path) -> None:
    place = TWO.column_names.index("readable")
    path = write(tmp_path / "t.parquet", TWO.set_column(place, "readable", pa.nulls(len(TWO), pa.bool_())))
    with pytest.raises(TimelineReadError, match="lacks a value in the column readable"):
        only(path).table()


@pytest.mark.parametrize(
    ("reported", "expected"),
    [
        pytest.param({"duration_s": 3}, 3.0, id="whole"),
        pytest.param({"duration_s": 2.5}, 2.5, id="fraction"),
        pytest.param({}, None, id="not-reported"),
        pytest.param({"duration_s": "long"}, None, id="no-number"),
        pytest.param({"duration_s": 0}, None, id="nothing"),
    ],
)
def test_the_length_is_what_the_metadata_tell(reported: dict[str, object], expected: float | None, tmp_path: Path) -> None:
    path = write(tmp_path / "t.parquet", TWO, videos={"a.mp4": reported})
    assert only(path).duration_s == only(path).info.duration_s == expected


def test_what_the_metadata_say_is_at_hand(tmp_path: Path) -> None:
    about = {"models": {"detector": {"name": "face-v5"}}, "config": 3, "videos": {"a.mp4": {"width_px": 640, "codec": 1}}}
    pq.write_table(TWO.replace_schema_metadata(pack_metadata(about)), tmp_path / "t.parquet")
    info = only(tmp_path / "t.parquet").info
    assert (info.width_px, info.codec, info.config, info.edits) == (640, None, {}, ())
    assert info.models["detector"]["name"] == "face-v5"


def test_folders_are_searched_but_not_hidden_ones(tmp_path: Path) -> None:
    wanted = [write(tmp_path / "a" / "z.parquet", TWO), write(tmp_path / "b.parquet", TWO)]
    write(tmp_path / ".b.parquet.feelit" / "all.parquet", TWO)
    write(tmp_path / "a" / "_manifest.parquet", TWO)
    (tmp_path / "notes.txt").touch()
    assert find_timelines([tmp_path, wanted[1]]) == wanted


def test_a_folder_without_timelines_is_reported(tmp_path: Path) -> None:
    with pytest.raises(TimelineReadError, match="holds no timelines"):
        open_timelines(tmp_path)


def test_a_file_is_opened_by_a_home_folder_but_not_by_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "t.parquet", TWO)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert only("~/t.parquet").path == path
    with pytest.raises(UsageError, match="is bytes, not a path"):
        only(str(path).encode())


def test_every_part_is_checked_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from feelit.timeline import file

    checked: list[str] = []
    monkeypatch.setattr(file, "refuse_impossible", lambda table, name: checked.extend(table.column_names))
    recording = only(write(tmp_path / "t.parquet", TWO))
    recording.table()
    recording.table()
    assert sorted(checked) == sorted(SCHEMA.names)


def test_a_file_stays_open_while_its_videos_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a table of many short videos no row group is read twice for the same columns."""
    path = write(tmp_path / "t.parquet", *(table_of({1: "nn"}, regular(2), f"{i:02}.mp4") for i in range(20)), group=8)
    recordings = open_timelines(path)
    read: list[int] = []
    real = TimelineFile._read

    def counted(self: TimelineFile, part: int, columns: Any) -> pa.Table:
        read.append(part)
        return real(self, part, columns)

    monkeypatch.setattr(TimelineFile, "_read", counted)
    for recording in recordings:
        recording.table()
    assert read == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("name", ["../../evil.mp4", "/evil.mp4", "a/../../../evil.mp4"])
def test_no_name_of_a_video_leads_out_of_the_folder(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = tmp_path / "a" / "b"
    here.mkdir(parents=True)
    monkeypatch.chdir(here)
    path = write(tmp_path / "t.parquet", table_of({1: "nnhh"}, regular(4), name), videos={name: {}})
    before = {p for p in tmp_path.rglob("*") if p.is_file()}
    (written,) = export_timelines(path, ExportOptions(out=here / "out", format="webvtt"))
    assert isinstance(written, Path)
    assert written.resolve().is_relative_to(here / "out")
    assert {p for p in tmp_path.rglob("*") if p.is_file()} - before == {written}


def test_two_threads_read_one_file_that_one_of_them_closes(tmp_path: Path) -> None:
    recording = only(write(tmp_path / "t.parquet", table_of({1: "nh" * 50}, regular(100)), group=5))
    whole = recording.table().to_pylist()
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda _: recording.table().to_pylist(), range(8)))
    assert found == [whole] * 8


def test_reading_that_stops_half_way_goes_on_from_the_start(tmp_path: Path) -> None:
    recording = only(write(tmp_path / "t.parquet", table_of({1: "nh" * 50}, regular(100)), group=5))
    batches = recording.batches()
    first = next(batches).to_pylist()
    batches.close()  # type: ignore[attr-defined]  # a generator
    assert recording.table().to_pylist()[:5] == first
    assert recording.row_count == 100
