"""docs/schema.md is what users build on, so it is checked against the code."""

from __future__ import annotations

import re
import shutil
from fractions import Fraction
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from feelit.analysis.summary import headings
from feelit.identity.select import no_embeddings
from feelit.run import manifest
from feelit.run.job import Job
from feelit.run.plan import Plan, Source
from feelit.run.segment import no_faces
from feelit.run.workspace import Shelf, Workspace
from feelit.timeline import quality_gate as readable
from feelit.timeline import smoothing
from feelit.timeline.build import no_rows
from feelit.timeline.schema import FULL_SCHEMA, GROUPS, PEOPLE, SCHEMA, SCHEMA_VERSION, from_arrow
from feelit.timeline.write import TimelineWriter
from feelit.types import FrameTable, Sampling, Segment, SegmentResult, VideoInfo
from tests.timeline.rows import regular, table_of

TEXT = (Path(__file__).parents[2] / "docs" / "schema.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
TYPES = {
    "dictionary of string": pa.dictionary(pa.int32(), pa.string()),
    "int32": pa.int32(),
    "int64": pa.int64(),
    "float32": pa.float32(),
    "float64": pa.float64(),
    "bool": pa.bool_(),
    "string": pa.string(),
    "timestamp[us, UTC]": pa.timestamp("us", "UTC"),
}


def section(title: str) -> str:
    """From a heading to the next one of any level."""
    return re.split(r"^#+ ", TEXT.split(f"# {title}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]


def table_rows(title: str) -> list[list[str]]:
    """The cells of the tables in a section, without headings and rules."""
    lines = [line.strip("| ") for line in section(title).splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in line.split("|")] for line in lines]


def names(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def test_every_column_is_described_in_order() -> None:
    assert [name for row in table_rows("Columns") for name in names(row[0])] == SCHEMA.names


def test_every_optional_column_is_described_in_order() -> None:
    described = [name for row in table_rows("Optional columns") for name in names(row[0])]
    assert described == [field.name for fields in GROUPS.values() for field in fields]


@pytest.mark.parametrize("row", table_rows("Optional columns"), ids=lambda row: names(row[0])[0])
def test_optional_columns_have_the_types_described(row: list[str]) -> None:
    for name in names(row[0]):
        assert FULL_SCHEMA.field(name).type == TYPES[row[1]]
        assert FULL_SCHEMA.field(name).nullable


@pytest.mark.parametrize("row", table_rows("Columns"), ids=lambda row: names(row[0])[0])
def test_columns_have_the_types_and_nulls_described(row: list[str]) -> None:
    for name in names(row[0]):
        assert SCHEMA.field(name).type == TYPES[row[1]]
        assert SCHEMA.field(name).nullable is (row[-1] != "never")


def test_every_column_of_the_manifest_is_described_in_order() -> None:
    assert [name for row in table_rows("The manifest") for name in names(row[0])] == manifest.SCHEMA.names


@pytest.mark.parametrize("row", table_rows("The manifest"), ids=lambda row: names(row[0])[0])
def test_columns_of_the_manifest_have_the_types_and_nulls_described(row: list[str]) -> None:
    for name in names(row[0]):
        assert manifest.SCHEMA.field(name).type == TYPES[row[1]]
        assert manifest.SCHEMA.field(name).nullable is (row[-1] != "never")


def test_nulls_are_where_they_are_said_to_be() -> None:
    table = table_of({1: "nu."}, regular(3))
    kinds = {"never": [False, False, False], "no face": [False, False, True], "not readable": [False, True, True]}
    for row in table_rows("Columns"):
        for name in names(row[0]):
            assert table.column(name).is_null().to_pylist() == kinds[row[-1]], name


def test_the_version_is_that_of_the_code() -> None:
    assert f"**schema\nversion {SCHEMA_VERSION}**" in TEXT


def test_thresholds_are_those_of_the_code() -> None:
    limits = {names(row[0])[0]: [float(cell) for cell in row[1:] if cell] for row in table_rows("Readable")[:2]}
    assert limits == {"face_px": [readable.LEAST_FACE_PX], "sharpness": [readable.LEAST_SHARPNESS]}
    assert f"| absolute value of `yaw_deg` | | {readable.MOST_YAW_DEG:g} |" in section("Readable")
    assert f"up to {readable.LEAVE_YAW_DEG:g}" in section("Readable")
    assert f"again at {readable.RETURN_YAW_DEG:g}" in section("Readable")
    assert f"sigma {smoothing.SIGMA_S} s, truncated at {smoothing.REACH_S} s to either side" in section("Smoothing")
    assert (smoothing.SWING, smoothing.SWINGS, smoothing.SWING_REACH_S, smoothing.BETWEEN_REACH_S) == (0.2, 4, 1.0, 0.5)
    assert "reverses by 0.2 or more four times\nwithin a second to either side" in section("Smoothing")


def test_the_metadata_of_a_video_are_described(tmp_path: Path) -> None:
    info = VideoInfo(
        Path("a.mp4"), 64, 48, Fraction(1), 1, Fraction(1, 1000), Fraction(25), True, 0, 1.0, "h264", False, 25, 1, "0"
    )
    segment = Segment(0, None, None, 25)
    job = Job(
        Source(Path("a.mp4"), "a.mp4", "a.mp4"), info, Plan((segment,), 0), Sampling(), Shelf(tmp_path), [PEOPLE, "speech"]
    )
    whole = np.zeros(0, np.int64)
    frames = FrameTable(whole, whole, np.zeros(0), whole, np.zeros((0, 256), np.uint8))
    job.accept(segment, SegmentResult(frames, no_faces(), no_embeddings(), 25, 0, 0, 0, 0.5, "CPU"))
    _, *videos = section("Metadata").split("And for every video:")
    described = re.findall(r"^\| (.*?) \|", videos[0], flags=re.MULTILINE)
    assert [name for cell in described for name in names(cell)] == list(job.metadata())


@pytest.mark.parametrize("by", ["person", "track", "video"])
def test_the_columns_of_summaries_are_described(by: str) -> None:
    reported = {name for row in table_rows("Summaries") if row[2] in (by, "all") for name in names(row[0])}
    families = ("share_", "p_", "moment_")
    actual = headings(by)  # type: ignore[arg-type]
    assert {n for n in actual if not n.startswith(families)} == {n for n in reported if not n.startswith(families)}
    assert {f for f in families if any(n.startswith(f) for n in actual)} == {
        f for f in families if any(n.startswith(f) for n in reported)
    }


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda text: re.findall(r"import (\w+)", text)[-1])
def test_examples_run(
    example: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip(re.findall(r"import (\w+)", example)[0])
    monkeypatch.chdir(tmp_path)
    metadata = {"videos": {"a.mp4": {"frames_sampled": 6}}}
    with TimelineWriter(Path("results.parquet"), metadata) as writer:
        writer.write(from_arrow(table_of({1: "nnnhhh", 2: "..aaa."}, regular(6), confidence={(1, 4): 0.95})), "a.mp4")
        writer.write(no_rows(), "b.mp4")
    (tmp_path / "timelines").mkdir()
    shutil.copy("results.parquet", "timelines/a.mp4.parquet")
    workspace = Workspace(tmp_path / "timelines")
    workspace.open(fresh=False)
    kept = manifest.Manifest(tmp_path / "timelines", workspace, None)
    kept.open([manifest.Entry(video="a.mp4", output="a.mp4.parquet"), manifest.Entry(video="b.mp4", output="b.mp4.parquet")])
    kept.close()
    workspace.close()
    exec(compile(example, "docs/schema.md", "exec"), {})
    assert capsys.readouterr().out.strip()
