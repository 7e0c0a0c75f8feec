from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from feelit.analysis.observations import COLUMNS
from feelit.errors import TimelineReadError, UsageError
from feelit.exports.recordings import find_recordings
from feelit.exports.run import ExportOptions, export_timelines
from feelit.timeline.schema import SCHEMA
from tests.exports.made import write
from tests.timeline.rows import regular, table_of


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(counts=st.lists(st.integers(1, 9), min_size=1, max_size=6), group=st.integers(1, 12))
def test_every_video_has_its_own_rows_wherever_row_groups_end(counts: list[int], group: int, tmp_path: Path) -> None:
    tables = [table_of({1: "n" * count, i + 2: "h" * count}, regular(count), f"{i}.mp4") for i, count in enumerate(counts)]
    recordings = find_recordings([write(tmp_path / "t.parquet", *tables, group=group)])
    assert [r.name for r in recordings] == [f"{i}.mp4" for i in range(len(counts))]
    assert [r.tracks for r in recordings] == [(1, i + 2) for i in range(len(counts))]
    for recording, table in zip(recordings, tables, strict=True):
        assert pa.concat_tables(recording.rows()).to_pylist() == table.to_pylist()
        assert recording.table().to_pylist() == table.select(COLUMNS).to_pylist()
        assert max(len(part) for part in recording.rows()) <= group


def test_a_video_without_rows_is_there_too(tmp_path: Path) -> None:
    path = write(tmp_path / "t.parquet", videos={"none.mp4": {"frames_sampled": 0}})
    (recording,) = find_recordings([path])
    assert (recording.name, recording.tracks, list(recording.rows())) == ("none.mp4", (), [])
    assert recording.table().schema.names == list(COLUMNS)


def test_of_some_tracks_only_their_rows_are_given_but_bouts_see_every_frame(tmp_path: Path) -> None:
    tables = [table_of({1: "nn", 2: "h."}, regular(2), "a.mp4"), table_of({1: "a"}, regular(1), "b.mp4")]
    first, second = find_recordings([write(tmp_path / "t.parquet", *tables)], tracks=(2,))
    assert (first.tracks, second.tracks) == ((2,), ())
    assert pa.concat_tables(first.rows(["track_id", "frame"])).to_pylist() == [{"track_id": 2, "frame": 0}]
    assert pa.concat_tables(second.rows()).to_pylist() == []
    assert first.table().to_pylist() == tables[0].select(COLUMNS).to_pylist()


def test_a_track_that_no_video_has_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "t.parquet", table_of({1: "nn", 4: "hh"}, regular(2)))
    with pytest.raises(UsageError, match="no track 7 in this timeline") as caught:
        find_recordings([path], tracks=(1, 7))
    assert caught.value.hint == "its tracks: 1, 4"


@pytest.mark.parametrize("files", [["one.parquet", "two.parquet"], ["one.parquet"]], ids=["two-files", "one-file"])
def test_a_video_in_two_places_is_refused(files: list[str], tmp_path: Path) -> None:
    table, other = table_of({1: "nn"}, regular(2)), table_of({1: "nn"}, regular(2), "b.mp4")
    parts = [table, other, table] if len(files) == 1 else [table]
    with pytest.raises(UsageError, match=r"a\.mp4 is in .* and again in "):
        find_recordings([write(tmp_path / name, *parts) for name in files])


def test_a_damaged_file_is_told(tmp_path: Path) -> None:
    path = write(tmp_path / "t.parquet", table_of({1: "n" * 500}, regular(500)))
    content = bytearray(path.read_bytes())
    content[4:2000] = bytes(1996)  # the pages; the footer stays
    path.write_bytes(content)
    with pytest.raises(TimelineReadError, match="damaged"):
        list(find_recordings([path])[0].rows())


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        pytest.param({"duration_s": 3}, 3.0, id="whole"),
        pytest.param({"duration_s": 2.5}, 2.5, id="fraction"),
        pytest.param({}, None, id="not-told"),
        pytest.param({"duration_s": "long"}, None, id="no-number"),
        pytest.param({"duration_s": 0}, None, id="nothing"),
    ],
)
def test_the_length_is_what_the_metadata_tell(told: dict[str, object], expected: float | None, tmp_path: Path) -> None:
    path = write(tmp_path / "t.parquet", table_of({1: "nn"}, regular(2)), videos={"a.mp4": told})
    assert find_recordings([path])[0].duration_s == expected


def test_all_columns_are_given_unless_some_are_asked_for(tmp_path: Path) -> None:
    (recording,) = find_recordings([write(tmp_path / "t.parquet", table_of({1: "nn"}, regular(2)))])
    assert next(recording.rows()).column_names == SCHEMA.names


def test_what_no_timeline_can_hold_is_refused(tmp_path: Path) -> None:
    table = table_of({1: "nnhh"}, regular(4))
    place = table.column_names.index("readable")
    path = write(tmp_path / "t.parquet", table.set_column(place, "readable", pa.nulls(4, pa.bool_())))
    (recording,) = find_recordings([path])
    with pytest.raises(TimelineReadError, match="lacks a value in the column readable"):
        list(recording.rows())


@pytest.mark.parametrize("name", ["../../evil.mp4", "/evil.mp4", "a/../../../evil.mp4"])
def test_no_name_of_a_video_leads_out_of_the_folder(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = tmp_path / "a" / "b"
    here.mkdir(parents=True)
    monkeypatch.chdir(here)
    path = write(tmp_path / "t.parquet", table_of({1: "nnhh"}, regular(4), name), videos={name: {}})
    before = {p for p in tmp_path.rglob("*") if p.is_file()}
    (written,) = export_timelines([path], ExportOptions(here / "out", "webvtt", None, False))
    assert written.resolve().is_relative_to(here / "out")
    assert {p for p in tmp_path.rglob("*") if p.is_file()} - before == {written}
