"""Runs from buckets and into buckets: the same rows, whole outputs, resumed where they stopped."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import feelit
from feelit.run.segment import analyze_segment
from feelit.run.task import Task
from feelit.storage import blocks, objects
from feelit.storage.location import Url
from feelit.types import SegmentResult
from tests.conftest import Command, SerialEngine
from tests.storage.conftest import Bucket
from tests.storage.proxy import Fault
from tests.video import clips
from tests.video.photographs import encoded, face, with_exif
from tests.video.photographs import stored as upside

A, B = "s3://lab/videos/may/a.mp4", "s3://lab/videos/b.mkv"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """may/a.mp4, of several segments, and b.mkv, each with a face; b.mkv comes first in the alphabet."""
    folder = tmp_path_factory.mktemp("videos")
    (folder / "may").mkdir()
    clips.plain(folder / "may" / "a.mp4", face=True, rate=5, frames=15, gop=5)
    clips.plain(folder / "b.mkv", face=True, rate=5, frames=10)
    return folder


@pytest.fixture
def stored(bucket: Bucket, made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, serial: None) -> Bucket:
    """The same two in the bucket, below videos/, with things that are no videos; the working folder is empty."""
    monkeypatch.setattr("feelit.run.pipeline.LEAST_SEGMENT_S", 1.0)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    bucket.put("videos/may/a.mp4", made / "may" / "a.mp4")
    bucket.put("videos/b.mkv", made / "b.mkv")
    bucket.put("videos/notes.txt", b"")
    bucket.put("videos/.hidden/c.mp4", b"")
    bucket.proxy.forget()
    return bucket


def read(content: bytes | Path) -> tuple[pa.Table, dict[str, Any]]:
    """The rows of a timeline, without what their videos are called, and the metadata."""
    table = pq.read_table(io.BytesIO(content) if isinstance(content, bytes) else content)
    metadata = {key.decode(): json.loads(value) for key, value in table.schema.metadata.items()}
    return table.drop_columns("video").replace_schema_metadata(), metadata


def local_copy(made: Path, name: str, command: Command) -> tuple[pa.Table, dict[str, Any]]:
    """What a run on the file gives."""
    out = Path(f"{name.replace('/', '-')}.parquet")
    assert command("analyze", made / name, "--out", out).code == 0
    return read(out)


def test_rows_are_those_of_the_files_bit_for_bit(stored: Bucket, made: Path, command: Command) -> None:
    ran = command("analyze", "--quiet", A, B, "--out", "s3://lab/all.parquet")
    assert (ran.code, ran.err) == (0, "")
    rows, _ = read(stored.get("all.parquet"))
    (b, _), (a, _) = local_copy(made, "b.mkv", command), local_copy(made, "may/a.mp4", command)
    assert len(a) == 15
    assert rows.equals(pa.concat_tables([b, a]))
    names = pq.read_table(io.BytesIO(stored.get("all.parquet"))).column("video").unique().to_pylist()
    assert names == [B, A]


def test_metadata_are_those_of_the_file(stored: Bucket, made: Path, command: Command) -> None:
    assert command("analyze", A, "--out", "there.parquet").code == 0
    (_, there), (_, here) = read(Path("there.parquet")), local_copy(made, "may/a.mp4", command)
    assert list(_videos(there)) == [A]
    assert list(_videos(there).values()) == list(_videos(here).values())


def _videos(metadata: dict[str, Any]) -> dict[str, Any]:
    (found,) = [value["videos"] for value in metadata.values() if isinstance(value, dict) and "videos" in value]
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("given", ["s3://lab/videos", pytest.param("s3://lab/videos/", marks=pytest.mark.slow)])
def test_a_prefix_is_searched_like_a_folder_and_mirrored(stored: Bucket, command: Command, given: str) -> None:
    ran = command("analyze", given, "--out", "s3://lab/timelines/", "--json")
    assert ran.code == 0
    reported = [json.loads(line) for line in ran.out.splitlines()]
    assert [(line["video"], line["status"], line["out"]) for line in reported] == [
        (B, "done", "s3://lab/timelines/b.mkv.parquet"),
        (A, "done", "s3://lab/timelines/may/a.mp4.parquet"),
    ]
    written = [key for key in stored.names() if key.startswith("timelines/")]
    assert written == ["timelines/_manifest.parquet", "timelines/b.mkv.parquet", "timelines/may/a.mp4.parquet"]


def test_photographs_of_a_prefix_are_analysed_where_there_are_no_videos(stored: Bucket, command: Command) -> None:
    for name, orientation in (("a.jpg", 6), ("deep/b.png", 3)):
        stored.put(f"stills/{name}", with_exif(encoded(upside(face(120), orientation), Path(name).suffix), orientation))
        stored.put(f"videos/{name}", b"")
    ran = command("analyze", "s3://lab/stills/", "--out", "t.parquet", "--quiet")
    assert (ran.code, ran.err) == (0, "")
    rows = pq.read_table("t.parquet")
    assert rows.column("video").to_pylist() == ["s3://lab/stills/a.jpg", "s3://lab/stills/deep/b.png"]
    assert max(abs(roll) for roll in rows.column("roll_deg").to_pylist()) < 12
    ran = command("analyze", "s3://lab/videos/", "--dry-run")
    assert [line.split("\t")[0] for line in ran.out.splitlines()] == [B, A]
    assert ran.lines == [
        "feelit: s3://lab/videos/ holds videos, so 2 pictures are left out (name them, or a folder without videos)"
    ]


def test_a_second_run_reads_no_video_and_writes_no_timeline(stored: Bucket, command: Command) -> None:
    assert command("analyze", "s3://lab/videos/", "--out", "s3://lab/timelines").code == 0
    stored.proxy.forget()
    again = command("analyze", "s3://lab/videos/", "--out", "s3://lab/timelines/", "--json")
    assert [json.loads(line)["status"] for line in again.out.splitlines()] == ["unchanged", "unchanged"]
    assert stored.proxy.count("GET", "/videos/") == stored.proxy.count("HEAD", "/videos/") == 0
    assert stored.proxy.count("PUT", ".mkv.parquet") == stored.proxy.count("PUT", ".mp4.parquet") == 0


def test_a_timeline_in_a_bucket_takes_few_requests(stored: Bucket, command: Command) -> None:
    """It is looked for, by name and as a folder; it is written; its size is asked for."""
    assert command("analyze", "s3://lab/videos/may/", "--out", "s3://lab/timelines").code == 0
    about = [asked.method for asked in stored.proxy.asked if "a.mp4.parquet" in asked.path]
    assert about == ["HEAD", "GET", "PUT", "HEAD"]


def test_a_video_that_was_replaced_is_analysed_again(stored: Bucket, made: Path, command: Command) -> None:
    assert command("analyze", B, "--out", "s3://lab/timelines").code == 0
    before = stored.get("timelines/lab/videos/b.mkv.parquet")
    clips.plain(made / "other.mkv", face=True, rate=5, frames=8)
    stored.put("videos/b.mkv", made / "other.mkv")
    assert command("analyze", B, "--out", "s3://lab/timelines").code == 0
    assert stored.get("timelines/lab/videos/b.mkv.parquet") != before


def test_a_timeline_of_other_settings_stays_unless_forced(stored: Bucket, command: Command) -> None:
    assert command("analyze", B, "--out", "s3://lab/timelines").code == 0
    before = stored.get("timelines/lab/videos/b.mkv.parquet")
    ran = command("analyze", B, "--out", "s3://lab/timelines", "--rate", "5")
    assert ran.code == 5
    assert "s3://lab/timelines/lab/videos/b.mkv.parquet exists already, and was made with other settings" in ran.err
    assert stored.get("timelines/lab/videos/b.mkv.parquet") == before
    assert command("analyze", B, "--out", "s3://lab/timelines", "--rate", "5", "--force").code == 0
    assert stored.get("timelines/lab/videos/b.mkv.parquet") != before


def test_the_state_of_a_folder_in_a_bucket_is_reported(stored: Bucket, command: Command) -> None:
    stored.put("videos/broken.mp4", b"no video")
    assert command("analyze", "s3://lab/videos", "--out", "s3://lab/timelines").code == 10
    reported = command("status", "s3://lab/timelines", "--json")
    counts = json.loads(reported.out)
    assert (counts["videos"], counts["done"], counts["failed"], counts["running"]) == (3, 2, 1, False)
    assert command("status", "s3://lab/videos").code == 3


def test_shards_into_a_bucket_leave_parts_that_a_run_without_folds(stored: Bucket, command: Command) -> None:
    for shard in ("1/2", "2/2"):
        assert command("analyze", "s3://lab/videos", "--out", "s3://lab/timelines", "--shard", shard).code == 0
    assert json.loads(command("status", "s3://lab/timelines", "--json").out)["done"] == 2
    assert any("_manifest-" in key for key in stored.names())
    assert command("analyze", "s3://lab/videos", "--out", "s3://lab/timelines").code == 0
    assert not any("_manifest-" in key for key in stored.names())
    assert json.loads(command("status", "s3://lab/timelines", "--json").out)["done"] == 2


def test_timelines_in_a_bucket_are_read_and_joined(stored: Bucket, command: Command) -> None:
    assert command("analyze", "s3://lab/videos", "--out", "s3://lab/timelines").code == 0
    assert command("analyze", "s3://lab/videos", "--out", "one.parquet").code == 0
    for name in ("summarize", "events"):
        there = command(name, "s3://lab/timelines/", "--format", "json")
        assert (there.code, there.out) == (0, command(name, "one.parquet", "--format", "json").out)
    assert command("export", "s3://lab/timelines", "--format", "webvtt", "--out", "tables").code == 0
    assert sorted(path.as_posix() for path in Path("tables").rglob("*.vtt")) == [
        "tables/lab/videos/b.mkv.vtt",
        "tables/lab/videos/may/a.mp4.vtt",
    ]
    assert command("report", "s3://lab/timelines", "--quiet").code == 0
    assert A in Path("report.html").read_text(encoding="utf-8")
    assert command("merge", "s3://lab/timelines", "--out", "s3://lab/joined.parquet").code == 0
    assert read(stored.get("joined.parquet"))[0].equals(read(Path("one.parquet"))[0])


def test_what_is_made_of_timelines_goes_into_a_bucket(stored: Bucket, made: Path, command: Command) -> None:
    video, table = str(made / "b.mkv"), "t.parquet"
    assert command("analyze", video, "--out", table).code == 0
    for arguments in (
        ["summarize", table, "--out", "s3://lab/out/s.csv"],
        ["events", table, "--out", "s3://lab/out/e.json"],
        ["report", table, "--video", video, "--out", "s3://lab/out/r.html"],
        ["plot", table, "--out", "s3://lab/out/p.svg"],
        ["annotate", video, table, "--out", "s3://lab/out/a.mp4"],
    ):
        ran = command(*arguments)
        assert (ran.code, ran.err) == (0, ""), arguments
        again = command(*arguments)
        assert (again.code, again.lines) == (
            5, [f"feelit: {arguments[-1]} exists already (give another --out, or --force to replace it)"]
        )  # fmt: skip
    starts = {name: stored.get(f"out/{name}")[:8] for name in ("s.csv", "r.html", "p.svg")}
    assert starts == {"s.csv": b"video,pe", "r.html": b"<!doctyp", "p.svg": b"<?xml ve"}
    assert stored.get("out/a.mp4")[4:8] == b"ftyp"
    assert json.loads(stored.get("out/e.json")) is not None


def test_from_python(stored: Bucket, made: Path) -> None:
    there, here = feelit.analyze(A).to_pandas(), feelit.analyze(made / "may" / "a.mp4").to_pandas()
    assert there.drop(columns="video").equals(here.drop(columns="video"))
    assert set(there["video"]) == {A}


def test_a_dry_run_lists_and_writes_nothing(stored: Bucket, command: Command) -> None:
    ran = command("analyze", "s3://lab/videos", "--out", "s3://lab/timelines", "--dry-run")
    assert ran.out.splitlines() == [
        f"{B}\t0:02.0\ts3://lab/timelines/b.mkv.parquet",
        f"{A}\t0:03.0\ts3://lab/timelines/may/a.mp4.parquet",
    ]
    assert stored.proxy.count("PUT") == 0
    assert not list(Path().iterdir())


def test_a_table_that_is_there_stays(stored: Bucket, command: Command) -> None:
    stored.put("all.parquet", b"mine")
    ran = command("analyze", A, "--out", "s3://lab/all.parquet")
    assert (ran.code, ran.lines) == (
        5,
        ["feelit: s3://lab/all.parquet exists already (give another --out, or --force to replace it)"],
    )
    assert stored.get("all.parquet") == b"mine"
    assert stored.proxy.count("GET", "videos") == 0, "reported before any work"
    assert command("analyze", A, "--out", "s3://lab/all.parquet", "--force").code == 0
    assert stored.get("all.parquet")[:4] == b"PAR1"


def test_a_table_that_somebody_writes_meanwhile_stays(stored: Bucket, command: Command) -> None:
    stored.fail(Fault("meanwhile", "PUT", meanwhile=lambda: stored.put("all.parquet", b"theirs")))
    assert command("analyze", A, "--out", "s3://lab/all.parquet").code == 5
    assert stored.get("all.parquet") == b"theirs"


def test_nothing_of_an_output_is_seen_before_it_is_whole(stored: Bucket, command: Command) -> None:
    seen: list[list[str]] = []
    stored.fail(Fault("meanwhile", "PUT", path="all.parquet", meanwhile=lambda: seen.append(stored.names())))
    assert command("analyze", A, B, "--out", "s3://lab/all.parquet").code == 0
    assert [key for key in seen[0] if key.endswith(".parquet")] == []
    assert stored.proxy.count("PUT") == 1


@pytest.mark.parametrize(
    "place", [pytest.param((), id="cache"), pytest.param(("--workspace", "kept"), id="workspace", marks=pytest.mark.slow)]
)
def test_an_upload_that_failed_costs_no_analysis_again(
    stored: Bucket, made: Path, command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: tuple[str, ...]
) -> None:
    stored.fail(Fault("403", "PUT", times=99))
    ran = command("analyze", A, "--out", "s3://lab/all.parquet", "--quiet", *place)
    assert (ran.code, ran.lines) == (
        5,
        ["feelit: s3://lab/all.parquet is refused: AccessDenied (check the credentials and what they allow)"],
    )
    kept = Path("kept") if place else tmp_path / "cache" / "feelit"
    assert [folder.name.partition("-")[0] for folder in kept.iterdir()] == ["all.parquet"]
    stored.fail()
    monkeypatch.setattr("tests.conftest.attempt", None)  # nothing is left to be analysed
    assert command("analyze", A, "--out", "s3://lab/all.parquet", *place).code == 0
    assert list(kept.iterdir()) == []


def test_a_run_goes_on_where_the_storage_failed(
    stored: Bucket, made: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocks, "BLOCK", 1 << 12)
    monkeypatch.setattr(blocks, "KEPT", 4)
    tasks: list[int] = []

    def counted(task: Task) -> SegmentResult:
        tasks.append(task.segment.index)
        if len(tasks) == 2:
            objects._latest.clear()
            stored.fail(Fault("503", times=99))
        return analyze_segment(task)

    monkeypatch.setattr("feelit.run.pipeline.LocalEngine", lambda workers, **_: SerialEngine(workers, counted))
    ran = command("analyze", A, "--out", "s3://lab/all.parquet")
    assert ran.code == 3
    assert ran.lines[0].startswith(f"feelit: {A} cannot be reached: the storage answered SlowDown")
    assert "all.parquet" not in stored.names()
    stored.fail()
    assert command("analyze", A, "--out", "s3://lab/all.parquet").code == 0
    assert tasks == [0, 1, 1, 2]


def test_a_video_that_changes_while_it_is_analysed_fails(
    stored: Bucket, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocks, "BLOCK", 1 << 12)
    monkeypatch.setattr(blocks, "KEPT", 4)
    stored.fail(Fault("meanwhile", path="a.mp4", after=9, meanwhile=lambda: stored.put("videos/may/a.mp4", bytes(1 << 20))))
    ran = command("analyze", A, "--out", "all.parquet")
    assert (ran.code, ran.lines) == (3, [f"feelit: {A} has changed since it was opened (run the same command again)"])
    assert not Path("all.parquet").exists()


def test_a_missing_video_is_reported_and_harms_no_other(stored: Bucket, command: Command) -> None:
    ran = command("analyze", "s3://lab/none.mp4", B, "--out", "s3://lab/timelines")
    assert ran.code == 10
    assert ran.lines[0].startswith("feelit: s3://lab/none.mp4 does not exist (check the spelling, and the endpoint http://127.")
    assert "timelines/lab/videos/b.mkv.parquet" in stored.names()


def test_a_key_stays_below_the_folder_of_outputs(stored: Bucket, made: Path, command: Command, tmp_path: Path) -> None:
    stored.put("odd/../../evil.mkv", made / "b.mkv")
    assert command("analyze", "s3://lab/odd/", "--out", "timelines").code == 0
    found = [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*evil*")]
    assert found == ["here/timelines/%2E%2E/%2E%2E/evil.mkv.parquet"]


def test_a_worker_process_opens_objects_itself(stored: Bucket, made: Path) -> None:
    """Through the installed command, in processes of its own; nothing of it is patched."""
    code = "from feelit.cli import main; main()"
    run = [sys.executable, "-c", code, "analyze", B, A, "--out", "s3://lab/all.parquet", "--workers", "1", "--quiet"]
    done = subprocess.run(run, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    frames = read(stored.get("all.parquet"))[0].column("frame").to_pylist()
    assert frames == feelit.analyze([made / "b.mkv", made / "may" / "a.mp4"]).to_pandas()["frame"].tolist()


def test_a_run_on_files_knows_of_no_storage(made: Path, tmp_path: Path) -> None:
    """Who names no address has no library loaded that could talk to anybody."""
    code = (
        "import sys; from feelit.cli import application\n"
        f"try: application()(['analyze', {str(made / 'b.mkv')!r}, '--out', {str(tmp_path / 'out')!r}, '--workers', '0'])\n"
        "except SystemExit: pass\n"
        "print(sorted({'s3fs', 'gcsfs', 'botocore', 'aiohttp'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
    assert (tmp_path / "out").is_dir()


@pytest.mark.parametrize(
    ("arguments", "code", "reported"),
    [
        pytest.param(["analyze", "s3://me:hush@lab/a.mp4"], 2, "s3://...@lab/a.mp4 holds more than", id="credentials"),
        pytest.param(["analyze", "https://a.org/b.mp4?sig=hush"], 2, "https://a.org/b.mp4?... cannot be read", id="https"),
        pytest.param(["analyze", "s3://nobody/"], 3, "s3://nobody/ cannot be reached: there is no such bucket", id="no bucket"),
        pytest.param(["analyze", "s3://lab/none/"], 3, "s3://lab/none/ holds no videos", id="no videos"),
        pytest.param(["analyze", "s3://lab/none"], 3, "s3://lab/none is no video, and no folder", id="neither"),
        pytest.param(
            ["analyze", A, "--out", "s3://nobody/t.parquet"], 5, "s3://nobody/t.parquet cannot", id="no bucket for a table"
        ),
        pytest.param(
            ["analyze", A, "--out", "s3://nobody/t"], 5, "s3://nobody/t cannot be reached", id="no bucket for a folder"
        ),
        pytest.param(["analyze", A, "--out", "s3://lab/t.csv"], 2, "--out s3://lab/t.csv is neither", id="another kind"),
        pytest.param(["analyze", "gs://lab/a.mp4"], 6, "gs:// needs the package gcsfs", id="no package"),
        pytest.param(["summarize", "s3://lab/none.parquet"], 3, "s3://lab/none.parquet does not exist", id="no timeline"),
        pytest.param(["summarize", "s3://lab/videos"], 3, "s3://lab/videos holds no timelines", id="no timelines"),
        pytest.param(["summarize", A], 3, f"{A} holds no timelines", id="a video"),
    ],
)
def test_what_cannot_be_done_is_reported_in_one_line(
    stored: Bucket, command: Command, monkeypatch: pytest.MonkeyPatch, arguments: list[str], code: int, reported: str
) -> None:
    monkeypatch.setitem(sys.modules, "gcsfs", None)  # which stands for a module that is not there
    ran = command(*arguments)
    assert ran.code == code
    assert len(ran.lines) == 1
    assert ran.lines[0].startswith(f"feelit: {reported}")
    assert "hush" not in ran.err


def test_objects_are_written_by_a_name_that_means_a_folder(stored: Bucket, command: Command) -> None:
    """s3://lab/t.parquet/ ends in a slash: not a table."""
    assert command("analyze", B, "--out", "s3://lab/t.parquet/").code == 0
    assert "t.parquet/lab/videos/b.mkv.parquet" in stored.names()
    assert objects.info(Url("s3", "lab", "t.parquet"), feelit.OutputError) is None
