from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from feelit.analysis.observations import COLUMNS
from feelit.errors import TimelineReadError, UsageError
from feelit.timeline.gather import find_timelines, read_videos
from feelit.timeline.schema import METADATA_KEY, pack_metadata
from tests.timeline.rows import regular, table_of


def write(path: Path, *tables: pa.Table, group: int = 1000) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    joined = pa.concat_tables(tables).unify_dictionaries().combine_chunks()
    pq.write_table(joined.replace_schema_metadata(pack_metadata({"videos": {}})), path, row_group_size=group)
    return path


def names(table: pa.Table) -> list[str]:
    return list(dict.fromkeys(table.column("video").to_pylist()))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(counts=st.lists(st.integers(1, 9), min_size=1, max_size=6), group=st.integers(1, 12))
def test_every_table_holds_whole_videos(counts: list[int], group: int, tmp_path: Path) -> None:
    tables = [table_of({1: "n" * count}, regular(count), f"{i}.mp4") for i, count in enumerate(counts)]
    path = write(tmp_path / "t.parquet", *tables, group=group)
    *read, last = read_videos([path], COLUMNS)
    assert [name for table in read for name in names(table)] == [f"{i}.mp4" for i in range(len(counts))]
    assert pa.concat_tables(read).to_pylist() == pa.concat_tables(tables).select(COLUMNS).to_pylist()
    assert len(last) == 0
    assert METADATA_KEY in last.schema.metadata


def test_no_table_is_longer_than_it_must_be(tmp_path: Path) -> None:
    tables = [table_of({1: "n" * 10}, regular(10), f"{i}.mp4") for i in range(5)]
    read = list(read_videos([write(tmp_path / "t.parquet", *tables, group=5)], COLUMNS))
    assert [len(table) for table in read] == [10, 10, 10, 10, 10, 0]


def test_a_video_in_two_files_is_refused(tmp_path: Path) -> None:
    table = table_of({1: "nn"}, regular(2))
    paths = [write(tmp_path / "one.parquet", table), write(tmp_path / "two.parquet", table)]
    with pytest.raises(UsageError, match=r"a\.mp4 is in .*one\.parquet and again in .*two\.parquet"):
        list(read_videos(paths, COLUMNS))


def test_a_damaged_file_is_told(tmp_path: Path) -> None:
    path = write(tmp_path / "t.parquet", table_of({1: "n" * 500}, regular(500)))
    content = bytearray(path.read_bytes())
    content[4:2000] = bytes(1996)  # the pages; the footer stays
    path.write_bytes(content)
    with pytest.raises(TimelineReadError, match="damaged"):
        list(read_videos([path], COLUMNS))


def test_folders_are_searched_but_not_hidden_ones(tmp_path: Path) -> None:
    table = table_of({1: "nn"}, regular(2))
    wanted = [write(tmp_path / "a" / "z.parquet", table), write(tmp_path / "b.parquet", table)]
    write(tmp_path / ".b.parquet.feelit" / "all.parquet", table)
    write(tmp_path / "a" / "_manifest.parquet", table)
    (tmp_path / "notes.txt").touch()
    assert find_timelines([tmp_path, wanted[1]]) == wanted


def test_a_folder_without_timelines_is_told(tmp_path: Path) -> None:
    with pytest.raises(TimelineReadError, match="holds no timelines"):
        find_timelines([tmp_path])
