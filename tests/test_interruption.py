"""Whatever ends a run, what was finished is kept, what was not is reported, and nothing is left running."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path

import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from feelit.errors import FeelitError, OutputError
from feelit.logs import facts
from feelit.options import AnalyzeOptions, RunOptions
from feelit.run import interruption, pipeline
from feelit.run.engines import Order, Outcome, Work, attempt
from feelit.run.engines.local import LocalEngine
from feelit.run.job import VideoReport
from feelit.run.pipeline import analyze_videos
from feelit.run.plan import Source, find_videos
from feelit.run.segment import analyze_segment
from feelit.run.workspace import Workspace
from feelit.storage import locks
from feelit.types import VideoInfo
from tests import works
from tests.conftest import Command, SerialEngine
from tests.video import clips

RESUMED = "feelit: interrupted; run the same command again to resume\n"
"""What an interrupted run says last."""


def test_an_interruption_that_a_finaliser_discards_is_noted_and_prints_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    class Finalised:
        def __del__(self) -> None:
            signal.raise_signal(signal.SIGTERM)

    class Broken:
        def __del__(self) -> None:
            raise ValueError("is reported")

    hook, reported = sys.unraisablehook, list[object]()
    handlers = {number: signal.getsignal(number) for number in interruption.ENDING}
    sys.unraisablehook = lambda unraisable: reported.append(unraisable.exc_type)
    try:
        interruption.handle_signals()
        Finalised()
        Broken()
        with pytest.raises(interruption.Interruption):
            interruption.raise_interruption()
    finally:
        interruption.leave_signals()
        sys.unraisablehook = hook
        for number, handler in handlers.items():
            signal.signal(number, handler)
    assert reported == [ValueError]
    assert capfd.readouterr().err == ""


def run_all(work: Work, folder: Path, workers: int = 2) -> dict[int, Outcome]:
    """Every outcome by the number of its order."""
    outcomes = list(LocalEngine(workers, work).run(works.orders(folder)))
    assert len(outcomes) == 5
    return {outcome.order.number: outcome for outcome in outcomes}


def wait_for(met: Callable[[], object], seconds: float = 60.0) -> None:
    """Wait until a condition is met."""
    deadline_s = time.monotonic() + seconds
    while not met():
        assert time.monotonic() < deadline_s, "waited in vain"
        time.sleep(0.02)


def children() -> list[psutil.Process]:
    """Living workers of this process."""
    return [
        p
        for p in psutil.Process().children()
        if p.status() != psutil.STATUS_ZOMBIE and "spawn_main" in str(p.cmdline())  # not the browser of other tests
    ]


@pytest.mark.parametrize(
    ("work", "message"),
    [
        pytest.param(works.awkward, "internal error: Awkward: for no reason", id="bug"),
        pytest.param(works.unreadable, "a.mp4 is damaged", id="expected", marks=pytest.mark.slow),
        pytest.param(works.hungry, "memory ran out", id="no-memory", marks=pytest.mark.slow),
        pytest.param(works.deadly, "segment 2 failed at every try: its worker died", id="killed"),
    ],
)
def test_a_bad_segment_costs_only_itself(work: Work, message: str, tmp_path: Path) -> None:
    outcomes = run_all(work, tmp_path)
    bad = outcomes.pop(2).result
    assert isinstance(bad, FeelitError)
    assert message in bad.message
    assert bad.hint
    assert {n: getattr(o.result, "decoded", None) for n, o in outcomes.items()} == {n: n for n in (0, 1, 3, 4)}
    assert not children()


def test_a_segment_that_memory_is_too_little_for_fails_with_a_hint(tmp_path: Path) -> None:
    bad = attempt(list(works.orders(tmp_path))[2].task, works.hungry)
    assert isinstance(bad, FeelitError)
    assert "memory ran out" in bad.message
    assert bad.hint


@pytest.mark.slow  # test_local.py kills workers at work, once
def test_a_segment_whose_worker_was_killed_once_is_tried_again(tmp_path: Path) -> None:
    outcomes = run_all(works.deadly_once, tmp_path)
    assert (tmp_path / "a.mp4.died").exists()
    assert [getattr(outcomes[n].result, "decoded", None) for n in range(5)] == [0, 1, 2, 3, 4]


def test_a_worker_killed_before_it_took_anything_harms_nothing(tmp_path: Path) -> None:
    def kill_the_first() -> None:
        wait_for(children)
        children()[0].kill()

    killer = threading.Thread(target=kill_the_first)
    killer.start()
    outcomes = run_all(works.slow, tmp_path)
    killer.join()
    assert [getattr(outcomes[n].result, "decoded", None) for n in range(5)] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    "work", [pytest.param(works.endless, id="busy", marks=pytest.mark.slow), pytest.param(works.deaf, id="deaf")]
)
def test_leaving_early_ends_the_workers_soon(work: Work, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("feelit.run.engines.local.PATIENCE_S", 0.5)
    run = LocalEngine(2, work).run(works.orders(tmp_path))

    def interrupt() -> None:
        wait_for(lambda: len(list(tmp_path.glob("a.mp4.workers/*"))) == 2)
        os.kill(os.getpid(), signal.SIGINT)

    leaver = threading.Thread(target=interrupt)
    leaver.start()
    with pytest.raises(KeyboardInterrupt):
        next(run)
    run.close()
    leaver.join()
    assert not children()


def test_no_more_workers_are_started_than_there_is_work_for(tmp_path: Path) -> None:
    outcomes = list(LocalEngine(8, works.slow).run(works.orders(tmp_path, 2)))
    assert len(outcomes) == 2
    assert len(list(tmp_path.glob("a.mp4.workers/*"))) <= 2


def test_where_no_process_can_be_started_it_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr("feelit.run.engines.local._Process._Popen", staticmethod(refuse))
    with pytest.raises(FeelitError, match="no worker process can be started"):
        next(LocalEngine(2, works.slow).run(works.orders(tmp_path)))


# The command as a process of its own


SAMPLE = Path(__file__).parents[1] / "sample_videos" / "sample.mp4"
OPTIONS = ["--rate", "3", "--min-face", "60", "--workers", "1", "--quiet"]
SEGMENTS = 4
"""The short video is cut at its keyframes, which lie four seconds apart."""


class CountingEngine(SerialEngine):
    """Runs segments in this process, and counts them."""

    done = 0

    def run(self, orders: Iterator[Order]) -> Generator[Outcome, None, None]:
        """See `Engine.run`."""
        for outcome in super().run(orders):
            CountingEngine.done += 1
            yield outcome


@pytest.fixture
def counting(monkeypatch: pytest.MonkeyPatch) -> type[CountingEngine]:
    """Segments in this process, counted from 0."""
    monkeypatch.setattr("feelit.run.pipeline.LocalEngine", CountingEngine)
    monkeypatch.setattr(CountingEngine, "done", 0)
    return CountingEngine


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixteen seconds of a face that are soon analysed: the sample takes a second of every run."""
    return clips.plain(tmp_path_factory.mktemp("video") / "a.mp4", rate=5, frames=80, gop=20, face=True)


@pytest.fixture(scope="module")
def undisturbed(video: Path, tmp_path_factory: pytest.TempPathFactory) -> pa.Table:
    """The rows of a run on it that nobody interrupts."""
    return rows_of(video, tmp_path_factory.mktemp("undisturbed") / "out.parquet")


def rows_of(video: Path, out: Path) -> pa.Table:
    """The rows of a run in this process that nobody interrupts."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("feelit.run.pipeline.LocalEngine", SerialEngine)
        analyze_videos(
            find_videos([str(video)]), AnalyzeOptions(rate="3", min_face_px=60), RunOptions(out=out, workers=1), Silent()
        )
    return pq.read_table(out)


class Silent:
    """Watches a run and says nothing."""

    def started(self, source: Source, info: VideoInfo) -> None: ...

    def advanced(self, source: Source, frames: int) -> None: ...

    def finished(self, report: VideoReport) -> None: ...


FEELIT = (str(Path(sys.executable).with_name("feelit")),)

HELD = """
from functools import partial
from feelit.cli import main
from feelit.run import interruption, pipeline
from tests import works

pipeline.LocalEngine = partial(pipeline.LocalEngine, work=works.held)
main()
"""
"""The command, whose worker never comes to the end of the second segment: it is interrupted at work, however slow this is."""


def start(out: Path, program: Sequence[str] = FEELIT, video: Path = SAMPLE) -> subprocess.Popen[str]:
    """The command in a session of its own, as if a terminal had started it."""
    command = [*program, "analyze", str(video), "--out", str(out), *OPTIONS]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)


def kept(out: Path) -> list[Path]:
    """The segments that were finished."""
    return list(out.parent.glob(f".{out.name}.feelit/*/[!.]*.npz"))


def session(leader: int) -> list[str]:
    """What is alive of a session."""
    alive = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, ProcessLookupError):
            if os.getsid(process.pid) == leader and process.status() != psutil.STATUS_ZOMBIE:
                alive.append(" ".join(process.cmdline()))
    return alive


@pytest.mark.parametrize(
    ("number", "whole_group", "code", "said"),
    [
        pytest.param(signal.SIGINT, True, 130, RESUMED, id="ctrl-c"),
        pytest.param(
            signal.SIGTERM,
            False,
            130,
            RESUMED,
            id="sigterm",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            signal.SIGHUP,
            False,
            130,
            RESUMED,
            id="terminal-closed",
            marks=pytest.mark.slow,
        ),
        pytest.param(signal.SIGKILL, False, -signal.SIGKILL, "", id="kill-9", marks=pytest.mark.slow),
    ],
)
def test_an_interrupted_run_goes_on_where_it_stopped(
    number: signal.Signals,
    whole_group: bool,
    code: int,
    said: str,
    video: Path,
    undisturbed: pa.Table,
    tmp_path: Path,
    command: Command,
    counting: type[CountingEngine],
) -> None:
    out = tmp_path / "out.parquet"
    process = start(out, [sys.executable, "-c", HELD], video)
    wait_for(lambda: kept(out) or process.poll() is not None)
    (os.killpg if whole_group else os.kill)(process.pid, number)
    stdout, stderr = process.communicate(timeout=60)
    assert (process.returncode, stdout, stderr) == (code, "", said)
    wait_for(lambda: not session(process.pid), 10)
    assert [p.name for p in tmp_path.iterdir()] == [".out.parquet.feelit"]
    assert len(kept(out)) == 1
    ran = command("analyze", video, "--out", out, *OPTIONS)
    assert (ran.code, ran.err, counting.done) == (0, "", SEGMENTS - 1)
    assert pq.read_table(out).equals(undisturbed)
    assert [p.name for p in tmp_path.iterdir()] == ["out.parquet"]


@pytest.mark.usefixtures("counting")
def test_an_interruption_that_a_library_discards_ends_the_run_all_the_same(
    video: Path, tmp_path: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, take = tmp_path / "out.parquet", pipeline._Analysis.take

    def discarding(self: pipeline._Analysis, outcome: Outcome) -> None:
        with contextlib.suppress(BaseException):
            signal.raise_signal(signal.SIGTERM)
        take(self, outcome)

    monkeypatch.setattr(pipeline._Analysis, "take", discarding)
    ran = command("analyze", video, "--out", out, *OPTIONS)
    assert (ran.code, ran.err, len(kept(out))) == (130, RESUMED, 1)


@pytest.mark.slow
def test_a_worker_that_is_killed_costs_nothing_but_time(tmp_path: Path) -> None:
    out = tmp_path / "out.parquet"
    process = start(out)
    wait_for(lambda: kept(out) or process.poll() is not None)  # then it is at work on the next segment
    workers = [p for p in psutil.Process(process.pid).children() if "resource_tracker" not in " ".join(p.cmdline())]
    assert len(workers) == 1
    workers[0].kill()
    stdout, stderr = process.communicate(timeout=60)
    assert (process.returncode, stdout, stderr) == (0, "", "")
    assert pq.read_table(out).equals(rows_of(SAMPLE, tmp_path / "again.parquet"))


def test_without_resume_everything_is_done_again(
    video: Path,
    undisturbed: pa.Table,
    tmp_path: Path,
    command: Command,
    counting: type[CountingEngine],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out = tmp_path / "out.parquet"

    class StopError(BaseException):
        """As an interruption would."""

    def interrupted(self: CountingEngine, orders: Iterator[Order]) -> Generator[Outcome, None, None]:
        yield Outcome(order := next(orders), attempt(order.task, analyze_segment))
        raise StopError

    with monkeypatch.context() as patch:
        patch.setattr(CountingEngine, "run", interrupted)
        with pytest.raises(StopError):
            command("analyze", video, "--out", out, *OPTIONS)
    assert len(kept(out)) == 1
    assert command("analyze", video, "--out", out, *OPTIONS, "--no-resume").code == 0
    assert counting.done == SEGMENTS
    assert pq.read_table(out).equals(undisturbed)
    assert [p.name for p in tmp_path.iterdir()] == ["out.parquet"]


def test_an_interruption_before_anything_is_finished_leaves_nothing(tmp_path: Path) -> None:
    process = start(tmp_path / "out.parquet")
    wait_for(lambda: list(tmp_path.glob(".out.parquet.feelit")) or process.poll() is not None)
    os.killpg(process.pid, signal.SIGINT)
    _, stderr = process.communicate(timeout=60)
    assert (process.returncode, stderr) == (130, RESUMED)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("where", "usual"), [("feelit.storage.locks.is_at", locks.is_at), ("feelit.run.pipeline.facts", facts)], ids=["lock", "log"]
)
def test_an_interruption_while_the_folder_is_made_leaves_nothing(
    where: str, usual: Callable[..., object], tmp_path: Path, command: Command, serial: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    class StopError(BaseException):
        """As an interruption would."""

    def interrupted(*given: object, **named: object) -> None:
        raise StopError

    with monkeypatch.context() as patch:
        once = iter([interrupted])
        patch.setattr(where, lambda *given, **named: next(once, usual)(*given, **named))
        with pytest.raises(StopError):
            command("analyze", SAMPLE, "--out", tmp_path / "out.parquet", *OPTIONS)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("impatient")
def test_a_run_that_meets_another_leaves_its_folder_alone(tmp_path: Path, command: Command, serial: None) -> None:
    other = Workspace(tmp_path / "out.parquet")
    other.open(fresh=False)
    assert command("analyze", SAMPLE, "--out", tmp_path / "out.parquet", *OPTIONS).code == OutputError.exit_code
    assert other.root.is_dir()
    other.leave()
    assert list(tmp_path.iterdir()) == []


TWICE = """
import atexit, os, signal
from feelit import cli

def interrupted() -> None:
    os.kill(os.getpid(), signal.SIGTERM)

atexit.register(interrupted)
cli.application = lambda names: interrupted
cli.main()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no such signals")
def test_a_second_interruption_while_the_program_ends_is_not_reported_as_a_traceback() -> None:
    done = subprocess.run([sys.executable, "-c", TWICE], capture_output=True, text=True, check=False)
    assert done.stderr == RESUMED
    assert done.returncode in (-signal.SIGTERM, 130)
