"""kill -9 at moments drawn by lot, and a clock that is set back: the rows stay those of a run that nobody disturbs."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.conftest import Command
from tests.moments import moments
from tests.test_interruption import session, wait_for
from tests.video import clips

OPTIONS = ["--rate", "2", "--min-face", "60", "--device", "cpu"]
SEED = 20


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three segments, of four seconds each."""
    return clips.plain(tmp_path_factory.mktemp("video") / "a.mp4", rate=5, frames=60, gop=20, face=True)


def start(video: Path, out: Path, workers: int = 2) -> subprocess.Popen[bytes]:
    """The command as a process of its own, with so many workers."""
    command = [sys.executable, "-c", "from feelit.cli import main; main()", "analyze", str(video), *OPTIONS]
    return subprocess.Popen([*command, "--out", str(out), "--workers", str(workers), "--quiet"], start_new_session=True)


@pytest.fixture(scope="module")
def undisturbed(video: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[pa.Table, float]:
    """The rows of a run that nobody disturbs, and how many seconds it takes."""
    out = tmp_path_factory.mktemp("undisturbed") / "out.parquet"
    start_s = time.perf_counter()
    assert start(video, out).wait(timeout=120) == 0
    return pq.read_table(out), time.perf_counter() - start_s


@pytest.mark.parametrize("share", moments(6, SEED))
def test_a_run_that_is_killed_is_resumed(
    share: float, video: Path, undisturbed: tuple[pa.Table, float], tmp_path: Path, command: Command, serial: None
) -> None:
    rows, whole_s = undisturbed
    out = tmp_path / "out.parquet"
    process = start(video, out)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(timeout=share * whole_s)
    process.kill()
    process.wait(timeout=10)
    wait_for(lambda: not session(process.pid), 10)
    if not out.exists():
        ran = command("analyze", "--quiet", video, *OPTIONS, "--out", out)
        assert (ran.code, ran.err) == (0, "")
    assert pq.read_table(out).equals(rows)
    assert {p.name for p in tmp_path.iterdir()} <= {"out.parquet", ".out.parquet.feelit"}


@pytest.mark.slow
@pytest.mark.parametrize("share", moments(6, SEED + 1))
def test_a_run_goes_on_without_a_worker_that_is_killed(
    share: float, video: Path, undisturbed: tuple[pa.Table, float], tmp_path: Path
) -> None:
    rows, whole_s = undisturbed
    out = tmp_path / "out.parquet"
    process = start(video, out)
    parent = psutil.Process(process.pid)

    def workers() -> list[psutil.Process]:
        with contextlib.suppress(psutil.Error):
            return [p for p in parent.children() if "spawn_main" in " ".join(p.cmdline())]
        return []

    wait_for(lambda: workers() or process.poll() is not None)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(timeout=share * whole_s / 2)  # workers come in the first half of so short a run
    for worker in workers()[:1]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(worker.pid, signal.SIGKILL)
    assert process.wait(timeout=60) == 0
    assert pq.read_table(out).equals(rows)
    assert [p.name for p in tmp_path.iterdir()] == ["out.parquet"]


BACKWARDS = """
import itertools, time
for name, hour in (("time", 3600), ("time_ns", 3600 * 10**9)):
    setattr(time, name, (lambda began, back: lambda: began - next(back))(getattr(time, name)(), itertools.count(0, hour)))
"""


def test_a_clock_that_is_set_back_changes_nothing(
    video: Path, undisturbed: tuple[pa.Table, float], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By an hour whenever somebody looks at it, in the run and in its worker."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(BACKWARDS)
    path = os.pathsep.join([str(tmp_path / "site"), *filter(None, [os.environ.get("PYTHONPATH")])])
    monkeypatch.setenv("PYTHONPATH", path)
    look = "import time; print(time.time() - time.time() > 3000)"
    assert subprocess.check_output([sys.executable, "-c", look], text=True) == "True\n"
    out = tmp_path / "out" / "out.parquet"
    out.parent.mkdir()
    assert start(video, out, workers=1).wait(timeout=120) == 0
    assert pq.read_table(out).equals(undisturbed[0])
