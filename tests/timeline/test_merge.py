"""Timelines joined: the rows, the order and the bytes of a single run over all their videos."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import feelit
from feelit.errors import FeelitError, OutputError, TimelineReadError, UsageError
from feelit.timeline import write as store
from feelit.timeline.merge import merge_files
from feelit.timeline.schema import from_arrow
from feelit.timeline.write import TimelineWriter
from tests.conftest import Command
from tests.timeline.reading import read_table
from tests.timeline.rows import regular, table_of

RECORD = {"feelit_version": "1", "config": {"rate": "10", "start_s": 0.0}, "models": {"detector": {"name": "face"}}}
SHOWN = {"a.mp4": "nnnhhh", "b/c.mp4": "..aaa.", "b.mp4": "", "z.mp4": "nu" * 30}


def written(path: Path, names: list[str], record: dict[str, Any] = RECORD) -> Path:
    """A timeline of some of the videos, as a run over them writes it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with TimelineWriter(path, record | {"videos": {name: {"fingerprint": name} for name in names}}) as writer:
        for name in names:
            writer.write(from_arrow(table_of({1: SHOWN[name]}, regular(len(SHOWN[name])))), name)
    return path


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param([["a.mp4"], ["b.mp4"], ["b/c.mp4"], ["z.mp4"]], id="a-file-a-video"),
        pytest.param([["z.mp4"], ["b/c.mp4"], ["a.mp4"], ["b.mp4"]], id="in-any-order"),
        pytest.param([["a.mp4", "b/c.mp4"], ["b.mp4", "z.mp4"]], id="files-that-interlock"),
        pytest.param([["a.mp4", "b.mp4", "b/c.mp4", "z.mp4"]], id="one-file"),
    ],
)
@pytest.mark.parametrize("group", [5, 1 << 14])
def test_the_whole_has_the_rows_of_a_single_run(
    parts: list[list[str]], group: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "ROW_GROUP", group)
    single = written(tmp_path / "single.parquet", sorted(SHOWN))
    paths = [written(tmp_path / f"{n}.parquet", names) for n, names in enumerate(parts)]
    assert merge_files(paths, tmp_path / "all.parquet", False) == len(SHOWN)
    (rows, about), (expected, reported) = read_table(tmp_path / "all.parquet"), read_table(single)
    assert rows.equals(expected)
    assert (about, list(about["videos"])) == (reported, list(reported["videos"]))
    if group > 1000:
        assert (tmp_path / "all.parquet").read_bytes() == single.read_bytes()


@pytest.mark.usefixtures("serial")
def test_a_folder_becomes_the_file_of_a_single_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: Command) -> None:
    from tests.video import clips

    monkeypatch.chdir(tmp_path)
    Path("in").mkdir()
    for name, frames in {"a.mp4": 8, "_b.mp4": 4, "c.mp4": 5}.items():
        clips.plain(tmp_path / "in" / name, frames=frames, face=True)
    clips.not_a_video(tmp_path / "in" / "broken.mp4")
    assert command("analyze", "in", "--out", "single.parquet").code == 10
    assert command("analyze", "in", "--out", "out").code == 10
    ran = command("merge", "out", "--out", "all.parquet")
    assert (ran.code, ran.out) == (0, "")
    assert ran.lines == ["feelit: 1 of 4 videos of out are not in it (see feelit status out)"]
    assert Path("all.parquet").read_bytes() == Path("single.parquet").read_bytes()
    for number in (1, 2):
        command("analyze", "in", "--out", f"part-{number}.parquet", "--shard", f"{number}/2")
    feelit.merge(sorted(tmp_path.glob("part-*.parquet")), "again.parquet")
    assert Path("again.parquet").read_bytes() == Path("single.parquet").read_bytes()


def test_a_file_that_another_tool_has_rewritten_is_taken(tmp_path: Path) -> None:
    path = written(tmp_path / "a.parquet", ["a.mp4", "z.mp4"])
    expected, metadata = read_table(path)[0], pq.read_schema(path).metadata
    plain = [c.cast(pa.string()) if pa.types.is_dictionary(c.type) else c for c in expected.columns]
    pq.write_table(pa.table(plain, names=expected.column_names).replace_schema_metadata(metadata), path)
    merge_files([path], tmp_path / "all.parquet", False)
    assert from_arrow(read_table(tmp_path / "all.parquet")[0]).time_s.tolist() == from_arrow(expected).time_s.tolist()


def other(**changes: object) -> dict[str, Any]:
    return RECORD | {"config": {"rate": "5", "start_s": 0.0}} if not changes else RECORD | changes


def shuffled(path: Path) -> None:
    table = pq.read_table(path)
    pq.write_table(
        table.take(pa.array([len(table) - 1, *range(len(table) - 1)])).replace_schema_metadata(table.schema.metadata), path
    )


def nameless(path: Path) -> None:
    table = pq.read_table(path)
    about = {key: value for key, value in json.loads(table.schema.metadata[b"feelit"]).items() if key != "videos"}
    pq.write_table(table.replace_schema_metadata({b"feelit": json.dumps(about).encode()}), path)


@pytest.mark.parametrize(
    ("harm", "kind", "said"),
    [
        pytest.param(lambda p: written(p, ["b.mp4"], other()), UsageError, "config: rate is 5, not 10", id="settings"),
        pytest.param(
            lambda p: written(p, ["b.mp4"], other(results_version=2)), UsageError, "results_version is 2", id="version"
        ),
        pytest.param(lambda p: written(p, ["b.mp4"], other(models={})), UsageError, "models", id="models"),
        pytest.param(lambda p: written(p, ["a.mp4"]), UsageError, "a.mp4 is in .* and again in", id="duplicate"),
        pytest.param(lambda p: p.unlink(), TimelineReadError, "does not exist", id="missing"),
        pytest.param(lambda p: p.write_bytes(b"PAR1"), TimelineReadError, "is not a readable Parquet file", id="damaged"),
        pytest.param(shuffled, UsageError, "z.mp4 is in .* and again in", id="order"),
        pytest.param(nameless, TimelineReadError, "does not say which videos", id="nameless"),
    ],
)
def test_what_does_not_fit_is_reported_and_nothing_is_written(
    harm: Callable[[Path], object], kind: type[FeelitError], said: str, tmp_path: Path
) -> None:
    paths = [written(tmp_path / "1.parquet", ["a.mp4"]), written(tmp_path / "2.parquet", ["b/c.mp4", "z.mp4"])]
    harm(paths[1])
    with pytest.raises(kind, match=said) as caught:
        merge_files(paths, tmp_path / "all.parquet", False)
    assert caught.value.hint
    assert {p.name for p in tmp_path.iterdir()} <= {"1.parquet", "2.parquet"}


def test_releases_that_make_the_same_rows_are_joined(tmp_path: Path) -> None:
    paths = [written(tmp_path / "1.parquet", ["a.mp4"]), written(tmp_path / "2.parquet", ["b.mp4"], other(feelit_version="2"))]
    merge_files(paths, tmp_path / "all.parquet", False)
    assert read_table(tmp_path / "all.parquet")[1]["feelit_version"] == "1, 2"


def test_existing_files_and_other_endings_are_refused(tmp_path: Path, command: Command) -> None:
    path = written(tmp_path / "a.parquet", ["a.mp4"])
    assert command("merge", path, "--out", tmp_path / "all.csv").code == 2
    other_path = written(tmp_path / "b.parquet", ["b.mp4"])
    assert command("merge", path, "--out", other_path).code == 5
    with pytest.raises(OutputError, match="exists already"):
        feelit.merge([path], other_path)
    before = path.read_bytes()
    for arguments in ([], ["--force"]):  # what is read is never replaced
        assert command("merge", path, "--out", path, *arguments).code == 2
    assert path.read_bytes() == before
    assert command("merge", path, "--out", other_path, "--force").code == 0


def test_memory_does_not_grow_with_the_number_of_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "ROW_GROUP", 1 << 10)
    peaks = []
    for count in (1, 8):
        path = tmp_path / f"{count}.parquet"
        with TimelineWriter(path, RECORD | {"videos": {"a.mp4": {}}}) as writer:
            rows = from_arrow(table_of({1: "n" * 1000}, regular(1000)))
            for n in range(8 * count):
                writer.write(replace(rows, frame=rows.frame + 3000 * n, time_s=rows.time_s + 100 * n), "a.mp4")
        before = pa.total_allocated_bytes()
        pool = pa.proxy_memory_pool(pa.default_memory_pool())
        default = pa.default_memory_pool()
        pa.set_memory_pool(pool)
        try:
            merge_files([path], tmp_path / f"all-{count}.parquet", False)
        finally:
            pa.set_memory_pool(default)
        peaks.append(pool.max_memory())
        assert pa.total_allocated_bytes() - before < 1 << 20
    assert peaks[1] < 1.5 * peaks[0]
