"""The command `feelit analyze`: what it accepts, what it refuses, what it writes and what it says."""

from __future__ import annotations

import errno
import io
import json
import os
import pydoc
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from feelit.models.card import card_path
from feelit.models.paths import BUILT_IN, models_folder
from feelit.run.segment import analyze_segment
from feelit.run.task import Task
from feelit.run.workspace import Workspace
from feelit.storage.atomic import whole_file
from feelit.timeline.write import TimelineWriter
from feelit.types import SegmentResult
from tests.conftest import Command
from tests.video import clips

FEELIT = Path(sys.executable).with_name("feelit")
FIELDS = {
    "video", "status", "out", "duration_s", "decoded", "discarded", "sampled", "skipped", "decode_errors", "letterboxed",
    "faces", "tracks", "people", "cuts", "wall_s", "provider", "error", "error_kind", "hint", "exit_code", "stale",
}  # fmt: skip

pytestmark = pytest.mark.usefixtures("serial")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of clips to copy from."""
    folder = tmp_path_factory.mktemp("made")
    clips.plain(folder / "a.mp4", face=True, frames=10)
    clips.plain(folder / "b.mp4", frames=5)
    return folder


@pytest.fixture
def here(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with two videos, one of them a level down."""
    (tmp_path / "in" / "deep").mkdir(parents=True)
    shutil.copy(made / "a.mp4", tmp_path / "in" / "a.mp4")
    shutil.copy(made / "b.mp4", tmp_path / "in" / "deep" / "b.mp4")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def tree(folder: Path) -> set[str]:
    """All files below a folder, and empty folders."""
    paths = [p for p in folder.rglob("*") if p.is_file() or not any(p.iterdir())]
    return {p.relative_to(folder).as_posix() for p in paths}


INPUTS = {"in/a.mp4", "in/deep/b.mp4"}
MADE = {"out/_manifest.parquet", "out/a.mp4.parquet", "out/deep/b.mp4.parquet"}


def videos_of(path: Path) -> list[str]:
    """The videos of a timeline, in the order of their rows."""
    return list(dict.fromkeys(pq.read_table(path)["video"].to_pylist()))


# What it writes


def test_one_video_into_one_table(here: Path, command: Command) -> None:
    ran = command("analyze", "in/a.mp4")
    assert (ran.code, ran.out, len(ran.lines)) == (0, "", 1)
    assert ran.err.startswith("feelit: in/a.mp4: 0:00.4")
    assert tree(here) == {*INPUTS, "results.parquet"}
    assert videos_of(here / "results.parquet") == ["in/a.mp4"]


def test_two_inputs_into_one_table(here: Path, command: Command) -> None:
    assert command("analyze", "in/deep/b.mp4", "in/a.mp4", "--out", "deep/down/both.parquet").code == 0
    assert tree(here) == {*INPUTS, "deep/down/both.parquet"}
    assert videos_of(here / "deep/down/both.parquet") == ["in/a.mp4", "in/deep/b.mp4"]


def test_a_folder_into_a_folder_mirrors_the_tree(here: Path, command: Command) -> None:
    assert command("analyze", "in", "--out", "out").code == 0
    assert tree(here) == {*INPUTS, *MADE}
    assert videos_of(here / "out/deep/b.mp4.parquet") == ["in/deep/b.mp4"]


def test_an_input_given_twice_is_analysed_once(here: Path, command: Command) -> None:
    ran = command("analyze", "in/a.mp4", "./in/a.mp4", "in", str(here / "in" / "a.mp4"), "--json")
    assert ran.code == 0
    assert [json.loads(line)["video"] for line in ran.out.splitlines()] == ["in/a.mp4", "in/deep/b.mp4"]


def test_json_is_one_object_a_video(here: Path, command: Command) -> None:
    ran = command("analyze", "in", "gone.mp4", "--out", "out", "--json", "--rate", "native")
    assert ran.code == 10
    reports = {json.loads(line)["video"]: json.loads(line) for line in ran.out.splitlines()}
    assert all(set(report) == FIELDS for report in reports.values())
    done, failed = reports["in/a.mp4"], reports["gone.mp4"]
    assert (done["status"], done["out"], done["exit_code"]) == ("done", "out/a.mp4.parquet", 0)
    assert (done["decoded"], done["sampled"], done["skipped"], done["faces"], done["tracks"]) == (10, 10, 0, 10, 1)
    assert (failed["status"], failed["out"], failed["exit_code"]) == ("failed", None, 3)
    assert ran.lines == [
        "feelit: gone.mp4 does not exist (check the spelling, or give the folder it lies in)",
        "feelit: 1 of 3 videos failed (the others are done)",
    ]


def test_a_second_run_on_a_folder_changes_nothing(here: Path, command: Command) -> None:
    command("analyze", "in", "--out", "out")
    before = {p: p.stat().st_mtime_ns for p in here.glob("out/**/*.mp4.parquet")}
    (here / "in" / "c.mp4").write_bytes((here / "in" / "a.mp4").read_bytes())
    ran = command("analyze", "in", "--out", "out", "--json")
    assert {r["video"]: r["status"] for r in map(json.loads, ran.out.splitlines())} == {
        "in/a.mp4": "unchanged", "in/c.mp4": "done", "in/deep/b.mp4": "unchanged",
    }  # fmt: skip
    assert {p: p.stat().st_mtime_ns for p in before} == before
    first = next(r for r in map(json.loads, ran.out.splitlines()) if r["video"] == "in/a.mp4")
    assert first["decoded"] + first["discarded"] == 10
    assert (first["sampled"], first["skipped"], first["tracks"]) == (4, first["decoded"] - 4, 1)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda here: ["--rate", "5"], id="other-settings"),
        pytest.param(lambda here: (here / "b.parquet").replace(here / "out/a.mp4.parquet"), id="other-video"),
        pytest.param(lambda here: (here / "out/a.mp4.parquet").write_bytes(b"PAR1"), id="no-timeline"),
    ],
)
def test_a_timeline_that_is_not_of_this_run_is_in_the_way(
    change: Callable[[Path], object], here: Path, command: Command
) -> None:
    command("analyze", "in/a.mp4", "in/deep/b.mp4", "--out", "out")
    (here / "out/in/a.mp4.parquet").rename(here / "out/a.mp4.parquet")
    (here / "out/in/deep/b.mp4.parquet").rename(here / "b.parquet")
    changed = change(here)
    extra = changed if isinstance(changed, list) else []
    before = (here / "out/a.mp4.parquet").read_bytes()
    ran = command("analyze", "in", "--out", "out", "--json", *extra)
    statuses = {r["video"]: (r["status"], r["exit_code"]) for r in map(json.loads, ran.out.splitlines())}
    assert (ran.code, statuses["in/a.mp4"], statuses["in/deep/b.mp4"]) == (10, ("failed", 5), ("done", 0))
    assert "exists already" in ran.lines[0]
    assert "--force" in ran.lines[0]
    assert (here / "out/a.mp4.parquet").read_bytes() == before
    assert command("analyze", "in", "--out", "out", "--force", *extra).code == 0
    assert (here / "out/a.mp4.parquet").read_bytes() != before


def test_a_video_that_is_gone_is_reported_as_such_beside_its_timeline(here: Path, command: Command) -> None:
    command("analyze", "in/a.mp4", "--out", "out")
    (here / "in/a.mp4").unlink()
    ran = command("analyze", "in/a.mp4", "--out", "out")
    assert (ran.code, ran.lines[0].startswith("feelit: in/a.mp4 does not exist")) == (3, True)


def test_an_existing_table_is_kept_unless_forced(here: Path, command: Command) -> None:
    (here / "results.parquet").write_text("mine")
    ran = command("analyze", "in/a.mp4")
    assert (ran.code, ran.lines) == (
        5,
        ["feelit: results.parquet exists already (give another --out, or --force to replace it)"],
    )
    assert (here / "results.parquet").read_text() == "mine"
    assert command("analyze", "in/a.mp4", "--force").code == 0
    assert videos_of(here / "results.parquet") == ["in/a.mp4"]


def test_a_failing_video_does_not_spoil_the_table_of_the_others(here: Path, command: Command) -> None:
    clips.not_a_video(here / "in" / "c.mp4")
    ran = command("analyze", "--quiet", "in")
    assert (ran.code, len(ran.lines)) == (10, 2)
    assert videos_of(here / "results.parquet") == ["in/a.mp4", "in/deep/b.mp4"]


def test_want_of_memory_is_one_line_wherever_it_strikes(here: Path, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def short(*_: object) -> object:
        raise ImportError("libarrow.so: failed to map segment from shared object")

    def shorter(*_: object) -> object:
        raise MemoryError

    cases = [("resolve", short, ""), ("probe", shorter, "in/a.mp4: "), ("open_output", shorter, "")]
    for name, raising, subject in cases:
        with monkeypatch.context() as patch:
            patch.setattr(f"feelit.run.pipeline.{name}", raising)
            ran = command("analyze", "in/a.mp4")
        assert (ran.code, len(ran.lines)) == (7, 1)
        assert ran.lines[0].startswith(f"feelit: {subject}memory ran out (try fewer --workers")


def test_too_small_an_address_space_is_refused_before_libraries_end_the_process(here: Path) -> None:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (500 << 20, 500 << 20))

    def feelit(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([FEELIT, *arguments], preexec_fn=limit, cwd=here, capture_output=True, text=True, check=False)

    done = feelit("analyze", "in/a.mp4")
    assert (done.returncode, done.stdout) == (7, "")
    assert done.stderr == "feelit: 500 MiB of address space are too little (at least 1280 MiB are needed: see ulimit -v)\n"
    assert feelit("analyze", "--help").returncode == 0


def test_a_locale_without_letters_is_no_hindrance(here: Path) -> None:
    (here / "ünï.mp4").write_bytes((here / "in/a.mp4").read_bytes())
    environment = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0"}

    def feelit(*arguments: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run([FEELIT, *arguments], env=environment, cwd=here, capture_output=True, check=False)

    done = feelit("analyze", "ünï.mp4", "--workers", "0", "--json")
    assert (done.returncode, done.stderr) == (0, b"")
    assert json.loads(done.stdout.decode("ascii"))["video"] == "ünï.mp4"
    assert videos_of(here / "results.parquet") == ["ünï.mp4"]
    refused = feelit("analyze", "ünï.mp4", "--workers", "0", "--out", "ü.parquet")
    assert refused.returncode == 2
    assert b"set PYTHONUTF8=1" in refused.stderr


@pytest.mark.parametrize(
    "where", ["feelit.run.pipeline.probe", "feelit.run.job.Job.accept", "feelit.run.output_folder.DatasetOutput.commit"]
)
def test_what_nobody_reckoned_with_costs_the_video_that_it_came_from(
    where: str, here: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    room, _, name = where.rpartition(".")
    owner = pydoc.locate(room)
    known = getattr(owner, name)

    def stumble(*arguments: object) -> object:
        subject = arguments[-1] if name == "commit" else arguments[0]
        video = getattr(getattr(subject, "source", None), "path", subject)
        if Path(str(video)).name == "a.mp4":
            raise IndexError("tuple index out of range")
        return known(*arguments)

    monkeypatch.setattr(owner, name, stumble)
    ran = command("analyze", "--quiet", "in", "--out", "out")
    assert (ran.code, len(ran.lines)) == (10, 2)
    assert ran.lines[0].startswith("feelit: in/a.mp4: internal error: IndexError: tuple index out of range (please report it")
    assert (here / "out/deep/b.mp4.parquet").exists()
    assert not (here / "out/a.mp4.parquet").exists()


@pytest.fixture
def locked_folder(here: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that may not be searched, whoever runs the tests: permissions do not bind root."""
    (here / "in" / "locked").mkdir()
    search = os.scandir

    def refuse(folder: object) -> object:
        if isinstance(folder, Path) and folder.name == "locked":
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return search(folder)  # type: ignore[call-overload]  # whatever os.scandir takes

    monkeypatch.setattr(os, "scandir", refuse)
    return Path("in", "locked")


@pytest.mark.parametrize("out", ["results.parquet", "out"])
def test_a_folder_without_videos_does_not_harm_the_others(out: str, here: Path, command: Command) -> None:
    (here / "empty").mkdir()
    ran = command("analyze", "empty", "in", "--out", out, "--json")
    assert (ran.code, len(ran.lines)) == (10, 2)
    assert ran.lines[0].startswith("feelit: empty holds no videos (")
    assert ran.lines[1].startswith("feelit: 1 of 3 inputs failed")
    reports = [json.loads(line) for line in ran.out.splitlines()]
    assert [(r["video"], r["status"], r["exit_code"]) for r in reports] == [
        ("empty", "failed", 3),
        ("in/a.mp4", "done", 0),
        ("in/deep/b.mp4", "done", 0),
    ]
    assert (here / "results.parquet").exists() if out == "results.parquet" else tree(here) >= MADE


def test_a_folder_that_may_not_be_searched_harms_no_other(locked_folder: Path, here: Path, command: Command) -> None:
    ran = command("analyze", "--quiet", "in", "--out", "out")
    assert (ran.code, len(ran.lines)) == (10, 2)
    assert ran.lines[0].startswith(f"feelit: {locked_folder} cannot be searched: Permission denied (")
    assert tree(here) - {"in/locked"} == {*INPUTS, *MADE}
    (here / locked_folder).rmdir()
    assert command("analyze", "in", "--out", "out").code == 0
    assert command("status", "out").code == 0


def test_where_no_folder_has_videos_all_are_named(locked_folder: Path, here: Path, command: Command) -> None:
    (here / "empty").mkdir()
    before = tree(here)
    ran = command("analyze", "empty", str(locked_folder), "--out", "out")
    assert (ran.code, len(ran.lines)) == (10, 3)
    assert ran.lines[2].startswith("feelit: 2 of 2 inputs failed")
    assert tree(here) == before


def test_a_dry_run_names_folders_without_videos(here: Path, command: Command) -> None:
    (here / "empty").mkdir()
    ran = command("analyze", "empty", "in/a.mp4", "--dry-run")
    assert ran.code == 0
    assert ran.out.splitlines()[0] == "empty\tcannot be read: empty holds no videos"


def test_a_dry_run_lists_and_writes_nothing(here: Path, command: Command) -> None:
    clips.empty(here / "in" / "c.mp4")
    before = tree(here)
    ran = command("analyze", "in", "--out", "out", "--dry-run")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.splitlines() == [
        "in/a.mp4\t0:00.4\tout/a.mp4.parquet",
        "in/c.mp4\tcannot be read: in/c.mp4 is empty",
        "in/deep/b.mp4\t0:00.2\tout/deep/b.mp4.parquet",
    ]
    assert tree(here) == before


# Names and lists


NAMES = [
    "two words.mp4",
    'quote\'d "twice".mp4',
    "new\nline.mp4",
    "[bold]brackets[red].mp4",
    "-dash.mp4",
    "10:30.mp4",
    "bytes\udcff.mp4",
    "\x1b[31mred.mp4",
    "long" * 60 + ".mp4",
]


@pytest.mark.parametrize("name", NAMES, ids=lambda name: ascii(name)[1:14])
@pytest.mark.parametrize("out", ["out", "out.parquet"])
def test_any_file_name_will_do(name: str, out: str, here: Path, command: Command) -> None:
    folder = here / "odd"
    folder.mkdir()
    shutil.copy(here / "in" / "deep" / "b.mp4", folder / name)
    ran = command("analyze", "odd", "--out", out, "--json")
    (report,) = map(json.loads, ran.out.splitlines())
    shown = name.replace("\udcff", "\\xff")
    assert (ran.code, ran.err, report["video"]) == (0, "", f"odd/{shown}")
    timeline = here / out / f"{shown}.parquet" if out == "out" else here / out
    assert videos_of(timeline) == [f"odd/{shown}"]
    if out == "out":
        assert json.loads(command("analyze", "odd", "--out", out, "--json").out)["status"] == "unchanged"


@pytest.mark.parametrize("name", ["new\nline.mp4", "bytes\udcff.mp4", "\x1b[31mred.mp4", "[/b] x.mp4", "x" * 300 + ".mp4"])
def test_a_failure_is_one_line_whatever_the_name(name: str, here: Path, command: Command) -> None:
    ran = command("analyze", name, "--json")
    (report,) = map(json.loads, ran.out.splitlines())
    assert (ran.code, len(ran.lines), report["status"]) == (3, 1, "failed")
    assert all(c.isprintable() for c in ran.lines[0])
    assert "does not exist" in ran.lines[0] or "File name too long" in ran.lines[0]


def test_an_output_whose_name_would_be_too_long_costs_its_video(here: Path, command: Command) -> None:
    shutil.copy(here / "in" / "a.mp4", here / "in" / ("x" * 249 + ".mp4"))
    ran = command("analyze", "in", "--out", "out", "--json")
    assert ran.code == 10
    assert {r["status"]: r["exit_code"] for r in map(json.loads, ran.out.splitlines())} == {"done": 0, "failed": 5}
    assert "File name too long" in ran.lines[0]
    assert tree(here / "out") == {"_manifest.parquet", "a.mp4.parquet", "deep/b.mp4.parquet"}


@pytest.mark.parametrize(
    ("listed", "names"),
    [
        pytest.param(b"in/a.mp4\nin/deep/b.mp4\n", ["in/a.mp4", "in/deep/b.mp4"], id="lines"),
        pytest.param(b"in/a.mp4\r\n\r\nin/deep/b.mp4", ["in/a.mp4", "in/deep/b.mp4"], id="windows-lines"),
        pytest.param(b"in/a.mp4\0new\nline\n\0", ["in/a.mp4", "new\nline\n"], id="nul"),
        pytest.param(b"bytes\xff.mp4\n", ["bytes\\xff.mp4"], id="not-text"),
        pytest.param(b"in\n", ["in/a.mp4", "in/deep/b.mp4"], id="folder"),
    ],
)
def test_a_list_on_standard_input(
    listed: bytes, names: list[str], here: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (b"new\nline\n", b"bytes\xff.mp4"):
        (Path(os.fsdecode(name))).write_bytes((here / "in" / "deep" / "b.mp4").read_bytes())
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(listed), "utf-8"))
    ran = command("analyze", "-", "--json")
    assert ran.code == 0
    assert [json.loads(line)["video"] for line in ran.out.splitlines()] == names


# What it refuses


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        pytest.param([], 2, "Missing argument", id="no-input"),
        pytest.param([""], 2, "an input is empty", id="empty-input"),
        pytest.param(["nothing"], 3, "nothing does not exist", id="missing"),
        pytest.param(["empty"], 3, "empty holds no videos", id="folder-without-videos"),
        pytest.param(["in/a.mp4", "--out", "results.csv"], 2, "neither a .parquet file nor a folder", id="out-csv"),
        pytest.param(["in/a.mp4", "--out", "in/a.mp4"], 2, "neither a .parquet file nor a folder", id="out-is-the-video"),
        pytest.param(
            ["in/a.mp4", "--out", "in/a.mp4/x.parquet"], 5, "cannot be written: Not a directory", id="file-for-a-folder"
        ),
        pytest.param(["in/a.mp4", "--out", "in/a.mp4/x"], 5, "cannot be written: Not a directory", id="file-for-folders"),
        pytest.param(["in/a.mp4", "--out", "/proc/feelit/x.parquet"], 5, "cannot be written", id="proc"),
        pytest.param(["in/a.mp4", "--out", "x" * 300 + ".parquet"], 5, "File name too long", id="out-too-long"),
        pytest.param(["in/a.mp4", "--out", "bytes\udcff"], 2, "is not a name in utf-8", id="out-no-text"),
        pytest.param(["in/a.mp4", "--rate", "fast"], 2, "is no rate", id="rate"),
        pytest.param(["in/a.mp4", "--rate", "1e999999999"], 2, "is no rate", id="rate-of-a-billion-digits"),
        pytest.param(["in/a.mp4", "--rate", "1e300"], 2, "is no rate", id="rate-beyond-64-bits"),
        pytest.param(["in/a.mp4", "--start", "2", "--end", "1"], 2, "is not before", id="start-after-end"),
        pytest.param(["in/a.mp4", "--start", "soon"], 2, "--start", id="start-is-no-number"),
        pytest.param(["in/a.mp4", "--workers", "-1"], 2, "--workers -1 is less than none", id="no-workers"),
        pytest.param(
            ["in/a.mp4", "--workers", "0", "--engine", "ray"], 2, "--workers 0 is no work for a cluster", id="no-workers-of-ray"
        ),
        pytest.param(
            ["in/a.mp4", "--workers", "0", "--segment-timeout", "9"], 2, "need worker processes", id="no-workers-to-end"
        ),
        pytest.param(["in/a.mp4", "--device", "tpu"], 2, "--device", id="device"),
        pytest.param(["in/a.mp4", "--speed"], 2, "No such option", id="option"),
        pytest.param(["in/a.mp4", "--config", "gone.toml"], 2, "gone.toml does not exist", id="no-config"),
        pytest.param(["in/a.mp4", "--config", "in"], 2, "cannot be read", id="config-is-a-folder"),
        pytest.param(["in/a.mp4", "--detector", "retina"], 4, "model retina does not exist", id="detector"),
        pytest.param(["in/a.mp4", "--classifier", "in"], 4, "model in does not exist", id="classifier"),
        pytest.param(["in/a.mp4", "--detector", "expression"], 4, "not a face detector", id="wrong-task-detector"),
        pytest.param(["in/a.mp4", "--classifier", "face"], 4, "not for expressions", id="wrong-task-classifier"),
    ],
)
def test_the_impossible_is_reported_in_time(arguments: list[str], code: int, said: str, here: Path, command: Command) -> None:
    (here / "empty").mkdir()
    before = tree(here)
    ran = command("analyze", *arguments)
    assert ran.code == code
    assert said in ran.lines[-1]
    assert ran.lines[0].startswith("Usage: ") or (
        len(ran.lines) == 1 and ran.err.startswith("feelit: ") and ran.err.endswith(")\n")
    )
    assert tree(here) == before


def _damage_card(folder: Path, content: bytes | None) -> None:
    card = card_path(folder / BUILT_IN["expression"])
    if content is None:
        card.unlink()
    else:
        card.write_bytes(content)


def _relabel(folder: Path) -> None:
    card = card_path(folder / BUILT_IN["expression"])
    content = json.loads(card.read_text(encoding="utf-8"))
    card.write_text(json.dumps(content | {"labels": ["joy", "rage", *content["labels"][2:]]}))


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        pytest.param(lambda f: _damage_card(f, None), "has no card", id="no-card"),
        pytest.param(lambda f: _damage_card(f, b"{"), "cannot be read", id="half-a-card"),
        pytest.param(lambda f: _damage_card(f, b"[]"), "is not a JSON object", id="list"),
        pytest.param(lambda f: _damage_card(f, b'{"name": "x"}'), "lacks a required field", id="bare-card"),
        pytest.param(_relabel, "has the label joy, which feelit does not know", id="labels"),
        pytest.param(lambda f: (f / BUILT_IN["expression"]).write_bytes(b"no model"), "cannot be loaded", id="damaged-model"),
    ],
)
def test_a_bad_model_ends_the_run_with_4(harm: Callable[[Path], None], said: str, here: Path, command: Command) -> None:
    folder = here / "models"
    folder.mkdir()
    for path in (models_folder() / BUILT_IN["expression"], card_path(models_folder() / BUILT_IN["expression"])):
        shutil.copy(path, folder)
    harm(folder)
    ran = command("analyze", "in", "--classifier", folder / BUILT_IN["expression"])
    assert (ran.code, len(ran.lines)) == (4, 1)
    assert said in ran.lines[0]
    assert ran.lines[0].endswith(")")
    assert not list(here.glob("*.parquet")) + list(here.glob(".*"))


# Options from a file


def test_options_come_from_a_file_and_the_command_line_overrides_them(here: Path, command: Command) -> None:
    (here / "run.toml").write_text(
        'inputs = ["in/a.mp4"]\nout = "from-file.parquet"\nrate = 5\nmin-face = 30\njson = true\nworkers = 1\nresume = false\n'
    )
    ran = command("analyze", "--config", "run.toml")
    assert ran.code == 0
    report = json.loads(ran.out)
    assert (report["video"], report["out"], report["sampled"]) == ("in/a.mp4", "from-file.parquet", 2)
    ran = command("analyze", "in/deep/b.mp4", "--rate", "native", "--config", "run.toml", "--out", "b.parquet")
    report = json.loads(ran.out)
    assert (report["video"], report["out"], report["sampled"]) == ("in/deep/b.mp4", "b.parquet", 5)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        pytest.param("spede = 1", "names unknown options: spede", id="unknown"),
        pytest.param("config = 'x'", "names unknown options: config", id="itself"),
        pytest.param("[analyze]\nrate = 5", "names unknown options: analyze", id="table"),
        pytest.param('workers = "two"', "workers is 'two', not a whole number", id="text-for-a-number"),
        pytest.param("workers = true", "workers is True, not a whole number", id="bool-for-a-number"),
        pytest.param("batch = 2.5", "batch is 2.5, not a whole number", id="float-for-an-integer"),
        pytest.param("min-face = '40'", "min-face is '40', not a number", id="text-for-a-float"),
        pytest.param("rate = [10]", "rate is [10], not a rate", id="list-for-a-text"),
        pytest.param("start = 2024-01-01", "not a time", id="date"),
        pytest.param("force = 'yes'", "force is 'yes', not true or false", id="text-for-a-switch"),
        pytest.param("inputs = ['a', 1]", "inputs is 1, not a text in quotes", id="number-for-an-input"),
        pytest.param("out = 5", "out is 5, not a text in quotes", id="number-for-a-path"),
        pytest.param("device = 1", "device is 1, not a text in quotes", id="number-for-a-choice"),
        pytest.param("rate = 5\nrate = 6", "cannot be read", id="twice"),
    ],
)
def test_a_wrong_option_in_a_file_is_reported(line: str, said: str, here: Path, command: Command) -> None:
    (here / "run.toml").write_text(line + "\n")
    ran = command("analyze", "in/a.mp4", "--config", "run.toml")
    assert (ran.code, len(ran.lines)) == (2, 1)
    assert said in ran.lines[0]
    assert ran.lines[0].endswith(")")


# The disk


def _refuse(number: int) -> Callable[..., None]:
    def call(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    return call


@pytest.mark.parametrize("out", ["out", "out.parquet"])
@pytest.mark.parametrize(
    ("place", "number", "said"),
    [
        pytest.param((Path, "mkdir"), errno.EACCES, "permission denied", id="forbidden"),
        pytest.param((Path, "mkdir"), errno.EROFS, "permission denied", id="read-only"),
        pytest.param((TimelineWriter, "write"), errno.ENOSPC, "no space left on the disk", id="full-while-collecting"),
        pytest.param((TimelineWriter, "copy"), errno.ENOSPC, "no space left on the disk", id="full-at-the-end"),
        pytest.param((Path, "replace"), errno.EIO, "Input/output error", id="broken"),
    ],
)
def test_a_disk_that_refuses_is_reported_and_nothing_is_left_half_written(
    place: tuple[type, str], number: int, said: str, out: str, here: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(*place, _refuse(number))
        ran = command("analyze", "--quiet", "in/a.mp4", "--out", out)
    assert (ran.code, len(ran.lines)) == (5, 1)
    assert said in ran.lines[0]
    left = {name for name in tree(here) if not name.startswith(f".{out}.feelit/")}
    assert left - {"out", "out/in", "out/_manifest.parquet"} == INPUTS
    assert command("analyze", "in/a.mp4", "--out", out).code == 0
    made = {"out.parquet"} if out == "out.parquet" else {"out/_manifest.parquet", "out/in/a.mp4.parquet"}
    assert tree(here) == {*INPUTS, *made}


def test_one_output_that_is_in_the_way_costs_its_video_only(here: Path, command: Command) -> None:
    (here / "out").mkdir()
    (here / "out" / "deep").write_text("a file where a folder is needed")
    ran = command("analyze", "in", "--out", "out", "--json")
    assert ran.code == 10
    assert {r["video"]: r["exit_code"] for r in map(json.loads, ran.out.splitlines())} == {"in/a.mp4": 0, "in/deep/b.mp4": 5}
    assert "out/deep/b.mp4.parquet cannot be written: File exists" in ran.lines[0]


def test_a_folder_on_another_disk_gets_whole_files_too(here: Path, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    rename = Path.replace

    def refuse(self: Path, target: Path) -> Path:
        if self.parent != Path(target).parent:
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        return rename(self, target)

    monkeypatch.setattr(Path, "replace", refuse)
    assert command("analyze", "in", "--out", "out").code == 0
    assert tree(here) == {*INPUTS, *MADE}


def test_the_workspace_moves_into_a_folder_whose_parent_may_not_be_written(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (here / "out").mkdir()
    assert Workspace(here / "out").folder == here / ".out.feelit"
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != here)
    assert Workspace(here / "out").folder == here / "out" / ".out.feelit"


@pytest.mark.usefixtures("impatient")
def test_two_runs_cannot_write_one_output(here: Path, command: Command) -> None:
    workspace = Workspace(Path("results.parquet"))
    workspace.open(fresh=False)
    ran = command("analyze", "in/a.mp4")
    assert (ran.code, ran.lines) == (
        5, ["feelit: another run is writing results.parquet (wait for its end, or give another --out)"]
    )  # fmt: skip
    workspace.leave()
    assert command("analyze", "in/a.mp4").code == 0


@pytest.fixture
def small_disk(here: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """A file system with room for so many KiB."""
    folder = here / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={request.param}k", "tmpfs", str(folder)], check=False, capture_output=True
    ) if shutil.which("mount") else None  # fmt: skip
    if mounted is None or mounted.returncode:
        pytest.skip("no file system can be mounted here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize(
    ("out", "small_disk"),
    [
        pytest.param("small/out", 24, id="folder"),  # room for a part of the timeline
        pytest.param("small/out", 12, id="folder-and-no-rows"),
        pytest.param("small/out.parquet", 36, id="table"),  # room for the segment, none for the rows
    ],
    indirect=["small_disk"],
)
def test_a_disk_that_is_really_full(out: str, here: Path, small_disk: Path, command: Command) -> None:
    clips.plain(here / "long.mp4", face=True, frames=50)
    ran = command("analyze", "long.mp4", "--out", out, "--rate", "native")
    assert (ran.code, len(ran.lines)) == (5, 1)
    assert "no space left on the disk (free some, then run again)" in ran.lines[0]
    files = [p for p in small_disk.rglob("*") if p.is_file() and "feelit/" not in p.as_posix()]
    assert files == ([here / "small/out/_manifest.parquet"] if out == "small/out" else [])


@pytest.mark.skipif(not hasattr(signal, "SIGXFSZ"), reason="no limit on file sizes here")
def test_a_limit_on_file_sizes_ends_the_run_with_5(here: Path) -> None:
    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))

    ran = subprocess.run(
        [FEELIT, "analyze", "in/a.mp4"], preexec_fn=limit, capture_output=True, text=True, check=False, timeout=120
    )  # fmt: skip
    assert (ran.returncode, ran.stdout) == (5, "")
    assert len(ran.stderr.splitlines()) == 1, ran.stderr
    assert "cannot be written: File too large" in ran.stderr
    assert tree(here) == INPUTS


# Bugs and streams


def test_a_bug_on_one_video_harms_no_other(here: Path, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def work(task: Task) -> SegmentResult:
        if task.info.path.name == "a.mp4":
            raise ZeroDivisionError("division\nby zero")
        return analyze_segment(task)

    from tests.conftest import SerialEngine

    monkeypatch.setattr("feelit.run.pipeline.LocalEngine", lambda workers, limits, **_: SerialEngine(workers, work, limits))
    ran = command("analyze", "--quiet", "in")
    assert (ran.code, len(ran.lines)) == (10, 2)
    assert "in/a.mp4: internal error: ZeroDivisionError: division\\nby zero" in ran.lines[0]
    assert videos_of(here / "results.parquet") == ["in/deep/b.mp4"]


def shell(line: str, here: Path) -> subprocess.CompletedProcess[str]:
    """A line of the shell, with `feelit` in it."""
    environment = os.environ | {"PATH": f"{FEELIT.parent}{os.pathsep}{os.environ['PATH']}"}
    command = ["bash", "-c", f"set -o pipefail; {line}"]
    return subprocess.run(command, cwd=here, env=environment, capture_output=True, text=True, check=False, timeout=120)


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        pytest.param("feelit analyze in --json --workers 1 | head -c 1", 0, "", id="reader-leaves"),
        pytest.param("feelit analyze in gone.mp4 --json <&- >&- 2>&-", 10, "", id="all-closed", marks=pytest.mark.slow),
        pytest.param(
            "feelit analyze in --json --workers 1 >/dev/full", 5, "feelit: standard output cannot be written", id="full"
        ),
    ],
)
def test_streams_that_are_closed_full_or_left_do_no_harm(line: str, code: int, said: str, here: Path) -> None:
    if "/dev/full" in line and not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    ran = shell(line, here)
    assert ran.returncode == code, ran.stderr
    assert ran.stderr.startswith(said)
    assert len(ran.stderr.splitlines()) == bool(said)
    assert (here / "results.parquet").exists() == (code != 5)
    assert not list(here.glob(".*/*/*.tmp*"))


def test_whole_files_have_short_temporary_names(here: Path) -> None:
    target = here / ("x" * 247 + ".parquet")
    with whole_file(target) as temporary:
        temporary.write_text("whole")
    assert target.read_text() == "whole"
