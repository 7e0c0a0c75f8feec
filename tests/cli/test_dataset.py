"""A folder of timelines and its manifest: readable at any moment, resumed by what changed, shared by shards."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

import feelit
from feelit.errors import TimelineReadError
from feelit.models.paths import model_path
from feelit.options import Shard
from feelit.run.engines import Order, Outcome
from feelit.run.manifest import MANIFEST, SCHEMA, Entry, Manifest, read_manifest
from feelit.run.plan import find_videos
from feelit.run.provenance import RESULTS_VERSION
from feelit.run.workspace import Workspace
from tests.conftest import Command, SerialEngine
from tests.video import clips

pytestmark = pytest.mark.usefixtures("serial")

OUT = Path("out")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Clips to copy from, all of them different."""
    folder = tmp_path_factory.mktemp("made")
    for frames in range(3, 9):
        clips.plain(folder / f"{frames}.mp4", frames=frames, face=frames == 8)
    return folder


@pytest.fixture
def here(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a folder of videos, one of them hidden from careless readers and one that is none."""
    for name, frames in {"a.mp4": 8, "_b.mp4": 4, "deep/c.mp4": 5, "_video=1/d.mp4": 6}.items():
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(made / f"{frames}.mp4", tmp_path / "in" / name)
    clips.not_a_video(tmp_path / "in" / "broken.mp4")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(command: Command, *options: object, code: int = 10) -> dict[str, dict[str, Any]]:
    """Analyse the folder; reports by video."""
    ran = command("analyze", "in", "--out", OUT, "--json", *options)
    assert ran.code == code, ran.err
    return {report["video"]: report for report in map(json.loads, ran.out.splitlines())}


def statuses(reports: dict[str, dict[str, Any]]) -> dict[str, str]:
    return {Path(name).stem: report["status"] for name, report in reports.items()}


def entries() -> dict[str, Entry]:
    """The manifest by the stems of the videos."""
    return {Path(entry.video).stem: entry for entry in read_manifest(OUT).values()}


ALL = {"a": "done", "_b": "done", "c": "done", "d": "done", "broken": "failed"}


# What readers see


def by_duckdb(folder: Path) -> set[str]:
    found: Any = duckdb.sql(f"SELECT DISTINCT video FROM '{folder}/**/[!_.]*.parquet'")
    return {row[0] for row in found.fetchall()}


def by_polars(folder: Path) -> set[str]:
    return set(pl.scan_parquet(f"{folder}/**/[!_.]*.parquet").select(pl.col("video").cast(pl.String)).collect()["video"])


def by_pandas(folder: Path) -> set[str]:
    return set(pd.read_parquet(folder)["video"])


def by_pyarrow(folder: Path) -> set[str]:
    return set(ds.dataset(folder).to_table()["video"].to_pylist())


READERS = [by_duckdb, by_polars, by_pandas, by_pyarrow]


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(
    "within", [pytest.param(False, id="workspace-beside", marks=pytest.mark.slow), pytest.param(True, id="workspace-within")]
)
def test_every_reader_sees_one_table_of_what_is_done_at_any_moment(
    reader: Callable[[Path], set[str]], within: bool, here: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    if within:  # as where the output is a volume that is mounted
        monkeypatch.setattr("feelit.run.workspace._needs_inside", lambda out: True)
    seen: list[set[str]] = []
    noted: list[dict[str, str]] = []

    class Watched(SerialEngine):
        def run(self, orders: Iterator[Order]) -> Generator[Outcome, None, None]:
            for outcome in super().run(orders):
                yield outcome
                seen.append(reader(OUT))
                noted.append({stem: entry.status for stem, entry in entries().items()})
                pq.read_table(OUT / MANIFEST)

    monkeypatch.setattr("feelit.run.pipeline.LocalEngine", Watched)
    run(command)
    assert [len(videos) for videos in seen] == [1, 2, 3, 4]
    assert [list(statuses.values()).count("done") for statuses in noted] == [1, 2, 3, 4]
    assert noted[0] | {"broken": "failed"} == {"_b": "done", "a": "pending", "broken": "failed", "c": "pending", "d": "pending"}
    assert reader(OUT) == seen[-1] == {"in/_b.mp4", "in/_video=1/d.mp4", "in/a.mp4", "in/deep/c.mp4"}


@pytest.mark.parametrize("reader", READERS)
def test_nothing_unfinished_is_seen(
    reader: Callable[[Path], set[str]], here: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Readers look just before each file gets its name, when its temporary and the spools are there."""
    monkeypatch.setattr("feelit.run.workspace._needs_inside", lambda out: True)
    rename, seen = Path.replace, list[int]()

    def watched(self: Path, target: Path) -> Path:
        if target.name.endswith(".mp4.parquet") and any(OUT.glob("*.mp4.parquet")):
            seen.append(len(reader(OUT)))
        return rename(self, target)

    monkeypatch.setattr(Path, "replace", watched)
    run(command)
    assert seen == [1, 2, 3]


def test_the_manifest_states_what_the_reports_tell(here: Path, command: Command) -> None:
    reports = run(command)
    table = pq.read_table(OUT / MANIFEST)
    assert table.schema.equals(SCHEMA)
    rows = {row["video"]: row for row in table.to_pylist()}
    assert list(rows) == sorted(rows) == sorted(reports)
    for name, row in rows.items():
        common = {key: row[key] for key in reports[name].keys() & row.keys()}
        assert common == {key: reports[name][key] for key in common}
        stat = (here / name).stat()
        assert (row["size_bytes"], row["mtime_ns"], row["missing"]) == (stat.st_size, stat.st_mtime_ns, False)
        assert (OUT / row["output"]).exists() == (row["status"] == "done")
        if row["status"] == "done":
            assert row["output_bytes"] == (OUT / row["output"]).stat().st_size
    assert rows["in/_video=1/d.mp4"]["output"] == "%5Fvideo%3D1/d.mp4.parquet"
    assert {rows[n]["settings"] for n in rows if n != "in/broken.mp4"} != {None}
    assert rows["in/broken.mp4"]["error"] == reports["in/broken.mp4"]["error"]
    frame = feelit.read_manifest(OUT)
    assert frame.set_index("video")["status"].to_dict() == {name: row["status"] for name, row in rows.items()}


# What is done again


def test_what_did_not_change_is_known_without_being_opened(
    here: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = run(command)
    for place in ("fingerprint", "open_timelines"):
        monkeypatch.setattr(f"feelit.run.output_folder.{place}", None)
    again = run(command)
    assert statuses(again) == {stem: status.replace("done", "unchanged") for stem, status in ALL.items()}
    same = {"duration_s", "decoded", "sampled", "faces", "tracks", "cuts", "out", "provider"}
    assert all(first[n][key] == again[n][key] for n in first for key in same)


def test_a_video_that_was_only_touched_is_not_done_again(here: Path, command: Command) -> None:
    run(command)
    os.utime("in/a.mp4", ns=(1, 1))
    assert statuses(run(command))["a"] == "unchanged"
    assert entries()["a"].mtime_ns == 1


@pytest.mark.parametrize("keep_time", [False, True], ids=["later", "same-time-other-size"])
def test_a_video_that_changed_is_done_again_in_one_step(keep_time: bool, here: Path, made: Path, command: Command) -> None:
    run(command)
    before, old = Path("in/a.mp4").stat(), entries()
    shutil.copyfile(made / "7.mp4", "in/a.mp4")
    if keep_time:
        os.utime("in/a.mp4", ns=(before.st_atime_ns, before.st_mtime_ns))
    again = run(command)
    assert statuses(again) == {**dict.fromkeys(ALL, "unchanged"), "a": "done", "broken": "failed"}
    assert again["in/a.mp4"]["decoded"] + again["in/a.mp4"]["discarded"] == 7
    assert entries()["a"].fingerprint != old["a"].fingerprint
    assert entries()["c"] == old["c"]
    facts = feelit.read_timeline(OUT / "a.mp4.parquet").attrs["videos"]["in/a.mp4"]
    assert facts["frames_decoded"] + facts["frames_discarded"] == 7


def test_a_changed_video_that_fails_keeps_its_old_timeline_and_is_reported_as_failed(here: Path, command: Command) -> None:
    run(command)
    before = (OUT / "a.mp4.parquet").read_bytes()
    clips.not_a_video(here / "in" / "a.mp4")
    assert statuses(run(command))["a"] == "failed"
    assert entries()["a"].status == "failed"
    assert (OUT / "a.mp4.parquet").read_bytes() == before


def test_other_settings_need_force_and_leave_the_manifest_as_it_is(here: Path, command: Command) -> None:
    run(command)
    before = entries()
    again = run(command, "--rate", "5")
    assert set(statuses(again).values()) == {"failed"}
    assert "was made with other settings" in again["in/a.mp4"]["error"]
    assert {s: e for s, e in entries().items() if s != "broken"} == {s: e for s, e in before.items() if s != "broken"}
    assert statuses(run(command, "--rate", "5", "--force")) == ALL
    assert entries()["a"].settings != before["a"].settings


def test_a_new_release_that_makes_the_same_rows_changes_nothing(
    here: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(command)
    monkeypatch.setattr("feelit.run.provenance.__version__", "9.9.9")
    for stale in ((), ("--stale",)):
        again = run(command, *stale)
        assert statuses(again) == ALL | dict.fromkeys(("a", "_b", "c", "d"), "unchanged")
        assert not any(report["stale"] for report in again.values())
    (OUT / MANIFEST).unlink()
    assert statuses(run(command))["a"] == "unchanged"


@pytest.mark.parametrize("lost", [False, True], ids=["manifest", "manifest-lost"])
def test_timelines_of_an_older_version_stand_until_they_are_asked_for(
    lost: bool, here: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(command)
    before = (OUT / "a.mp4.parquet").read_bytes()
    monkeypatch.setattr("feelit.run.provenance.RESULTS_VERSION", RESULTS_VERSION + 1)
    if lost:
        (OUT / MANIFEST).unlink()
    shutil.copy("in/a.mp4", "in/new.mp4")
    again = run(command)
    assert statuses(again) == ALL | dict.fromkeys(("a", "_b", "c", "d"), "unchanged") | {"new": "done"}
    assert [Path(name).stem for name, report in again.items() if report["stale"]] == ["_b", "d", "a", "c"]
    assert (OUT / "a.mp4.parquet").read_bytes() == before
    ran = command("status", OUT, "--stale")
    assert [line.split("\t")[0] for line in ran.out.splitlines()] == [
        "in/_b.mp4",
        "in/_video=1/d.mp4",
        "in/a.mp4",
        "in/deep/c.mp4",
    ]
    found = json.loads(command("status", OUT, "--json", "--stale").out)
    assert (found["stale"], found["stale_timelines"][2]) == (4, {"video": "in/a.mp4", "output": "a.mp4.parquet"})
    assert statuses(run(command, "--stale")) == ALL | {"new": "unchanged"}
    assert json.loads(command("status", OUT, "--json").out)["stale"] == 0
    assert set(statuses(run(command, "--stale")).values()) == {"unchanged", "failed"}


def test_a_newer_model_of_the_same_name_leaves_timelines_standing_and_one_of_another_name_does_not(
    here: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(command)
    monkeypatch.setattr("feelit.run.pipeline.sha256_of", lambda path: "f" * 64)
    assert {report["stale"] for report in run(command).values() if report["status"] == "unchanged"} == {True}
    error = run(command, "--classifier", model_path("expression"))["in/a.mp4"]["error"]
    assert error.endswith("exists already, and was made with other settings or models")


def test_timelines_of_a_newer_feelit_are_not_replaced_unasked(
    here: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("feelit.run.provenance.RESULTS_VERSION", RESULTS_VERSION + 1)
    run(command)
    monkeypatch.setattr("feelit.run.provenance.RESULTS_VERSION", RESULTS_VERSION)
    for _ in range(2):
        assert "was made by a newer feelit" in run(command, "--stale")["in/a.mp4"]["error"]


def test_stale_needs_a_folder(here: Path, command: Command) -> None:
    ran = command("analyze", "in", "--out", "out.parquet", "--stale")
    assert (ran.code, ran.lines[0].startswith("feelit: --stale needs a folder")) == (2, True)


def test_a_manifest_of_an_earlier_release_is_read(here: Path, command: Command) -> None:
    run(command)
    table = pq.read_table(OUT / MANIFEST)
    pq.write_table(table.drop_columns(["discarded", "provenance"]), OUT / MANIFEST)
    assert entries()["a"].updated > 0
    assert json.loads(command("status", OUT, "--json").out)["stale"] == 4
    assert statuses(run(command))["a"] == "unchanged"
    assert json.loads(command("status", OUT, "--json").out)["stale"] == 0


def test_a_timeline_that_was_deleted_or_replaced_is_made_again_or_refused(here: Path, command: Command) -> None:
    run(command)
    (OUT / "a.mp4.parquet").unlink()
    (OUT / "deep" / "c.mp4.parquet").write_bytes(b"mine")
    again = run(command)
    assert (statuses(again)["a"], statuses(again)["c"]) == ("done", "failed")
    assert "is no timeline" in again["in/deep/c.mp4"]["error"]


def test_a_lost_manifest_is_made_again_from_the_timelines(here: Path, command: Command) -> None:
    run(command)
    before = entries()
    (OUT / MANIFEST).unlink()
    assert statuses(run(command))["a"] == "unchanged"
    for stem in ("a", "_b", "c", "d"):
        known = replace(before[stem], wall_s=0.0, provider=None, updated=entries()[stem].updated)
        assert entries()[stem] == known


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(b"PAR1", "is damaged", id="damaged"),
        pytest.param(None, "is not a manifest of this feelit", id="foreign"),
    ],
)
def test_another_file_in_the_place_of_the_manifest_is_reported(
    content: bytes | None, said: str, here: Path, command: Command
) -> None:
    OUT.mkdir()
    if content is None:
        pq.write_table(pa.table({"x": [1]}), OUT / MANIFEST)
    else:
        (OUT / MANIFEST).write_bytes(content)
    for arguments in (["analyze", "in", "--out", OUT], ["status", OUT]):
        ran = command(*arguments)
        assert (ran.code, len(ran.lines)) == (3, 1)
        assert said in ran.lines[0]


def test_retry_failed_takes_the_failed_ones_only(here: Path, made: Path, command: Command) -> None:
    assert command("analyze", "in", "--out", OUT, "--retry-failed").code == 3
    run(command)
    shutil.copy(made / "7.mp4", "in/broken.mp4")
    shutil.copy(made / "7.mp4", "in/new.mp4")
    shutil.copyfile(made / "3.mp4", "in/a.mp4")
    assert statuses(run(command, "--retry-failed", code=0)) == {"broken": "done"}
    assert (entries()["new"].status, entries()["a"].decoded + entries()["a"].discarded) == ("pending", 8)
    assert run(command, "--retry-failed", code=0) == {}


def test_copies_of_a_video_do_not_share_their_rows(here: Path, command: Command) -> None:
    for name in ("x.mp4", "y.mp4"):
        shutil.copy("in/a.mp4", here / name)
    assert command("analyze", "x.mp4", "y.mp4", "--out", "both.parquet").code == 0
    table = feelit.read_timeline("both.parquet")
    rows = {name: rows.drop(columns="video").reset_index(drop=True) for name, rows in table.groupby("video", observed=True)}
    assert list(rows) == ["x.mp4", "y.mp4"]
    pd.testing.assert_frame_equal(rows["x.mp4"], rows["y.mp4"])


# What is missing, and how far it is


def test_videos_that_vanish_keep_their_rows_and_are_reported(here: Path, command: Command) -> None:
    run(command)
    for name in ("in/a.mp4", "in/broken.mp4"):
        Path(name).unlink()
    run(command, code=0)
    assert {stem for stem, entry in entries().items() if entry.missing} == {"a", "broken"}
    assert entries()["a"].status == "done"
    ran = command("status", OUT, "--json")
    reported = json.loads(ran.out)
    assert (ran.code, reported["done"], reported["failed"], reported["missing"], reported["videos"]) == (0, 4, 0, 2, 5)
    clips.not_a_video(here / "in" / "broken.mp4")
    run(command)
    assert {stem for stem, entry in entries().items() if entry.missing} == {"a"}


def test_status_states_of_failures_and_of_what_remains(here: Path, made: Path, command: Command) -> None:
    ran = command("status", OUT)
    assert (ran.code, ran.lines[0].startswith("feelit: out has no manifest")) == (3, True)
    run(command)
    ran = command("status", OUT, "--json", "--failed")
    reported = json.loads(ran.out)
    counts = {key: reported[key] for key in ("running", "videos", "done", "failed", "remaining", "missing")}
    assert (ran.code, counts) == (
        10, {"running": False, "videos": 5, "done": 4, "failed": 1, "remaining": 0, "missing": 0}
    )  # fmt: skip
    assert reported["duration_s"] == pytest.approx((8 + 4 + 5 + 6) / 25)
    assert [(f["video"], f["error_kind"], f["exit_code"]) for f in reported["failures"]] == [
        ("in/broken.mp4", "VideoReadError", 3)
    ]
    ran = command("status", OUT, "--failed")
    assert (ran.code, ran.out.split("\t")[0], len(ran.out.splitlines())) == (10, "in/broken.mp4", 1)
    shutil.copy(made / "7.mp4", "in/new.mp4")
    run(command, "--retry-failed", code=3)
    ran = command("status", OUT)
    assert (ran.code, len(ran.lines)) == (11, 1)
    assert "1 of 6 videos remain" in ran.lines[0]
    assert "out: no run goes on" in ran.out


def test_status_sees_a_run_that_goes_on(here: Path, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    reported: list[dict[str, Any]] = []

    class Asking(SerialEngine):
        def run(self, orders: Iterator[Order]) -> Generator[Outcome, None, None]:
            from feelit.run.status import status

            for outcome in super().run(orders):
                yield outcome
                found = status(OUT)
                reported.append({"running": found.running, "remaining": found.remaining})

    monkeypatch.setattr("feelit.run.pipeline.LocalEngine", Asking)
    run(command)
    assert [moment["running"] for moment in reported] == [True] * 4
    assert [moment["remaining"] for moment in reported] == [4, 3, 2, 0]  # broken.mp4 fails on the way to the fourth


# Shards


def test_a_shard_is_decided_by_the_place_alone() -> None:
    places = [f"folder-{n % 7}/video-{n}.mp4" for n in range(3000)]
    for count in (2, 8):
        shards = [Shard(number + 1, count) for number in range(count)]
        owners = [[shard.number for shard in shards if shard.takes(place)] for place in places]
        assert all(len(owner) == 1 for owner in owners)
        sizes = [owners.count([shard.number]) for shard in shards]
        assert max(sizes) < 1.2 * len(places) / count
    assert [Shard(1, 4).takes(f"{n}.mp4") for n in range(12)] == [n in (2, 3, 4, 8) for n in range(12)]  # for ever


@pytest.mark.parametrize("text", ["0/2", "3/2", "1", "1/0", "-1/2", "a/b", "1/2/3", "", "1.5/2", "１/2"])
def test_what_is_no_shard_is_refused(text: str, here: Path, command: Command) -> None:
    ran = command("analyze", "in", "--out", OUT, "--shard", text)
    assert (ran.code, len(ran.lines)) == (2, 1)
    assert "is no shard" in ran.lines[0]


def test_shards_together_make_the_folder_of_a_single_run(here: Path, command: Command) -> None:
    run(command)
    whole = {path.relative_to(OUT): path.read_bytes() for path in OUT.rglob("*.mp4.parquet")}
    before = entries()
    shutil.rmtree(OUT)
    done: dict[str, str] = {}
    for number in (3, 1, 2):
        ran = command("analyze", "in", "--out", OUT, "--json", "--shard", f"{number}/3")
        assert ran.code in (0, 3, 10)
        done |= statuses({report["video"]: report for report in map(json.loads, ran.out.splitlines())})
        assert len(entries()) == len(ALL)  # what remains is known from the first shard on
        assert [path.name for path in OUT.glob("_manifest*")] == [MANIFEST]  # the last one has folded the parts
    assert done == ALL
    assert {path.relative_to(OUT): path.read_bytes() for path in OUT.rglob("*.mp4.parquet")} == whole
    for stem, entry in entries().items():
        assert entry == replace(before[stem], updated=entry.updated, wall_s=entry.wall_s)
    assert not list(here.glob(".out.feelit"))
    assert statuses(run(command))["a"] == "unchanged"


@pytest.mark.usefixtures("impatient")
def test_shards_run_at_the_same_time_and_refuse_their_own_kind(here: Path, command: Command) -> None:
    other = Workspace(OUT, Shard(2, 2))
    other.open(fresh=False)
    manifest = Manifest(OUT, other, Shard(2, 2))
    OUT.mkdir()
    manifest.open([Entry(video=source.name, output=f"{source.place}.parquet") for source in find_videos(["in"])])
    theirs = next(entry for entry in manifest.entries.values() if Path(entry.video).stem != "broken")
    manifest.note(replace(theirs, status="done", decoded=99))
    manifest.write()
    assert command("analyze", "in", "--out", OUT, "--shard", "1/2").code in (0, 10)
    assert sorted(path.name for path in OUT.glob("_manifest*")) == [
        "_manifest-1-of-2.parquet",
        "_manifest-2-of-2.parquet",
        MANIFEST,
    ]
    assert read_manifest(OUT)[theirs.output].decoded == 99
    assert command("status", OUT, "--json").code == 11
    for options in (["--shard", "2/2"], []):
        ran = command("analyze", "in", "--out", OUT, *options)
        assert (ran.code, len(ran.lines)) == (5, 1)
        assert "another run is writing" in ran.lines[0]
    manifest.close()
    other.leave()
    assert [path.name for path in OUT.glob("_manifest*")] == [MANIFEST]
    assert read_manifest(OUT)[theirs.output].decoded == 99
    assert not list(here.glob(".out.feelit"))


def test_a_shard_without_videos_is_no_failure(here: Path, command: Command) -> None:
    empty = next(n for n in range(1, 1000) if not any(Shard(n, 999).takes(s.place) for s in find_videos(["in"])))
    ran = command("analyze", "in", "--out", OUT, "--shard", f"{empty}/999", "--json")
    assert (ran.code, ran.out, ran.err) == (0, "", "")


# What a crash leaves


@pytest.mark.parametrize(
    "number",
    [pytest.param(signal.SIGINT, id="ctrl-c"), pytest.param(signal.SIGKILL, id="kill-9", marks=pytest.mark.slow)],
)
def test_an_interrupted_run_goes_on_to_the_same_bytes(number: signal.Signals, here: Path, command: Command) -> None:
    shutil.copy("in/a.mp4", "in/e.mp4")
    run(command, "--rate", "native")
    whole = {path.relative_to(OUT): path.read_bytes() for path in OUT.rglob("*.mp4.parquet")}
    shutil.rmtree(OUT)
    feelit_command = [str(Path(sys.executable).with_name("feelit")), "analyze", "in", "--out", "out", "--rate", "native"]
    process = subprocess.Popen([*feelit_command, "--workers", "1"], stderr=subprocess.DEVNULL)
    while process.poll() is None and not any(OUT.rglob("*.mp4.parquet")):
        time.sleep(0.01)
    process.send_signal(number)
    process.wait(timeout=60)
    done = {entry.output for entry in read_manifest(OUT).values() if entry.status == "done"}
    assert (
        done <= {path.as_posix() for path in whole} == {e.output for e in read_manifest(OUT).values()} - {"broken.mp4.parquet"}
    )
    if number == signal.SIGINT:
        there = {path.relative_to(OUT).as_posix() for path in OUT.rglob("*.mp4.parquet")}
        assert done <= there
        assert len(there - done) <= 1  # the one that got its name just before
        assert not list(here.glob(".out.feelit"))
    assert command("status", OUT, "--json").code in (10, 11)
    run(command, "--rate", "native")
    assert {path.relative_to(OUT): path.read_bytes() for path in OUT.rglob("*.mp4.parquet")} == whole
    assert not list(here.glob(".out.feelit"))


def test_what_a_killed_run_noted_is_not_lost(here: Path, command: Command) -> None:
    run(command)
    workspace = Workspace(OUT)
    workspace.open(fresh=False)
    manifest = Manifest(OUT, workspace, None)
    manifest.open([])
    known = entries()["a"].decoded
    lost = replace(entries()["a"], decoded=1234)
    manifest.note(lost)
    with workspace.journal.open("a") as journal:
        journal.write('\n["half a li')
    workspace.leave()  # as the system would: nothing is written
    assert pq.read_table(OUT / MANIFEST, filters=[("video", "=", "in/a.mp4")])["decoded"].to_pylist() == [known]
    assert entries()["a"].decoded == 1234
    run(command)
    assert pq.read_table(OUT / MANIFEST, filters=[("video", "=", "in/a.mp4")])["decoded"].to_pylist() == [1234]
    assert not list(here.glob(".out.feelit"))


def test_the_newer_of_two_rows_counts_whatever_the_clocks_say(here: Path) -> None:
    OUT.mkdir()
    workspace = Workspace(OUT)
    workspace.open(fresh=False)
    manifest = Manifest(OUT, workspace, None)
    manifest.open([Entry(video="a", output="a.parquet")])
    manifest.note(Entry(video="a", output="a.parquet", status="failed"))
    (known,) = manifest.entries.values()
    pushed = pq.read_table(OUT / MANIFEST)
    ahead = pushed.set_column(
        pushed.column_names.index("updated"), SCHEMA.field("updated"), pa.array([2**52], SCHEMA.field("updated").type)
    )
    pq.write_table(ahead, OUT / MANIFEST)  # by a machine whose clock is a century ahead
    again = Manifest(OUT, workspace, None)
    again.open([])
    again.note(replace(known, status="done"))
    again.close()
    assert read_manifest(OUT)["a.parquet"].status == "done"
    workspace.leave()


def test_a_folder_without_manifest_is_reported(tmp_path: Path) -> None:
    with pytest.raises(TimelineReadError, match="has no manifest"):
        feelit.read_manifest(tmp_path)
