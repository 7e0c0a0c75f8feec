from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from feelit.cli import application
from feelit.errors import FeelitError, OutputError, TimelineReadError, UsageError
from feelit.timeline.schema import pack_metadata
from tests.timeline.rows import regular, table_of


@pytest.fixture
def timeline(tmp_path: Path) -> Path:
    tables = [table_of({1: "nnnhhh", 2: "aaa..."}, regular(6), "a.mp4"), table_of({}, regular(2), "b.mp4")]
    videos = {name: {"frames_sampled": count} for name, count in (("a.mp4", 6), ("b.mp4", 2), ("none.mp4", 0))}
    path = tmp_path / "results.parquet"
    table = pa.concat_tables(tables).unify_dictionaries().combine_chunks()
    pq.write_table(table.replace_schema_metadata(pack_metadata({"videos": videos})), path)
    return path


def run(*arguments: object) -> Any:
    return CliRunner().invoke(application(), ["summarize", *map(str, arguments)], env={"COLUMNS": "160"})


def failure(*arguments: object) -> FeelitError:
    error = run(*arguments).exception
    assert isinstance(error, FeelitError)
    return error


def test_a_table_by_video_names_every_video(timeline: Path) -> None:
    result = run(timeline, "--by", "video")
    assert result.exit_code == 0
    assert [line.split()[1] for line in result.stdout.splitlines() if ".mp4" in line] == ["a.mp4", "b.mp4", "none.mp4"]


@pytest.mark.parametrize(("options", "title"), [((), "2 tracks in a.mp4"), (("--by", "person"), "2 people in a.mp4")])
def test_a_table_of_tracks_that_were_not_grouped_names_a_single_video_once(
    timeline: Path, options: tuple[str, ...], title: str
) -> None:
    result = run(timeline, *options)
    assert " ".join(result.stdout.splitlines()[0].split()) == title
    assert result.stdout.count("a.mp4") == 1


def test_json_on_standard_output(timeline: Path) -> None:
    records = json.loads(run(timeline, "--by", "video", "--format", "json").stdout)
    assert [(r["video"], r["tracks"]) for r in records] == [("a.mp4", 2), ("b.mp4", 0), ("none.mp4", 0)]


@pytest.mark.parametrize("ending", ["csv", "json", "md"])
def test_the_ending_of_out_says_what_is_written(timeline: Path, tmp_path: Path, ending: str) -> None:
    out = tmp_path / "new" / f"summary.{ending}"
    result = run(timeline, "--by", "track", "--out", out)
    assert (result.exit_code, result.stdout) == (0, "")
    assert out.read_text(encoding="utf-8") == run(timeline, "--by", "track", "--format", ending).stdout


def test_format_outweighs_the_ending(timeline: Path, tmp_path: Path) -> None:
    out = tmp_path / "summary.txt"
    run(timeline, "--by", "video", "--format", "csv", "--out", out)
    with out.open(newline="") as file:
        assert [row["video"] for row in csv.DictReader(file)] == ["a.mp4", "b.mp4", "none.mp4"]


def test_outputs_are_not_replaced_unless_forced(timeline: Path, tmp_path: Path) -> None:
    out = tmp_path / "summary.json"
    out.write_text("mine")
    assert isinstance(failure(timeline, "--out", out), OutputError)
    assert out.read_text() == "mine"
    assert run(timeline, "--out", out, "--force").exit_code == 0
    assert json.loads(out.read_text())


@pytest.mark.parametrize("arguments", [["--out", "summary.txt"], ["--out", "summary.md", "--format", "table"]])
def test_a_file_needs_a_format(timeline: Path, arguments: list[str]) -> None:
    error = failure(timeline, *arguments)
    assert isinstance(error, UsageError)
    assert "json, csv, md" in error.hint


def test_what_is_no_timeline_is_reported(tmp_path: Path) -> None:
    other = tmp_path / "other.parquet"
    pq.write_table(pa.table({"x": [1]}), other)
    for path, reason in ((tmp_path / "gone.parquet", "does not exist"), (other, "is no feelit timeline")):
        error = failure(path)
        assert isinstance(error, TimelineReadError)
        assert reason in error.message
