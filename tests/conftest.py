"""Shared fixtures: the command line in this process, and segments without worker processes."""

from __future__ import annotations

import contextlib
import functools
import gc
import itertools
import os
import signal
import sys
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import typer.main
from hypothesis import settings
from hypothesis.configuration import set_hypothesis_home_dir

from feelit.cli import COMMANDS, application, main
from feelit.models.card import sha256_of
from feelit.models.paths import models_folder
from feelit.run.engines import Order, Outcome, Work, attempt
from feelit.run.engines.limits import Limits
from feelit.run.interruption import ENDING
from feelit.run.segment import analyze_segment
from feelit.run.task import Models
from feelit.vision import session

pytest_plugins = ["tests.browser"]

# properties are checked on the same examples in every run; HYPOTHESIS_PROFILE=thorough looks for new ones
settings.register_profile("steady", deadline=None, derandomize=True, database=None, max_examples=25)
settings.register_profile("thorough", deadline=None, database=None, max_examples=2000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))

REPOSITORY = Path(__file__).parents[1]
# Hypothesis keeps its table of Unicode there, which takes it 2 s; in the folders of tests none would be found again
set_hypothesis_home_dir(REPOSITORY / ".hypothesis")
# processes that tests start run in other folders, and some of them unpickle classes of `tests`
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (str(REPOSITORY), os.environ.get("PYTHONPATH"))))
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # each of them would compile the whole program
# a shell starts background jobs with SIGINT ignored, nohup with SIGHUP, and what tests interrupt inherits that
signal.signal(signal.SIGINT, signal.default_int_handler)
if hasattr(signal, "SIGHUP"):
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One worker more than there are cores: some tests wait for a clock, a child process or a disk."""
    return 1 + (len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Thousands of tests and all that they import stay; to look through them for garbage again and again takes a tenth of the
    time of the suite.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Let the garbage of the suite be found again before it ends."""
    gc.unfreeze()


@dataclass(frozen=True)
class Ran:
    """What became of a command."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        """What it said on standard error."""
        return self.err.splitlines()


Command = Callable[..., Ran]


class SerialEngine:
    """Runs segments in this process, one after the other: a worker process would take a second to start."""

    def __init__(
        self, workers: int, work: Work = analyze_segment, limits: Limits | None = None, models: Models | None = None
    ) -> None:
        self._work = work

    def run(self, orders: Iterator[Order]) -> Generator[Outcome, None, None]:
        """See `Engine.run`."""
        for order in orders:
            yield Outcome(order, attempt(order.task, self._work))


@contextlib.contextmanager
def serially() -> Iterator[None]:
    """No worker processes in this block, which fixtures of whole modules need."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("feelit.run.pipeline.LocalEngine", SerialEngine)
        yield


@pytest.fixture
def serial(monkeypatch: pytest.MonkeyPatch) -> None:
    """No worker processes in this test."""
    monkeypatch.setattr("feelit.run.pipeline.LocalEngine", SerialEngine)


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Command]:
    """Calls `feelit` in this process."""

    def call(*arguments: object) -> Ran:
        monkeypatch.setattr(sys, "argv", ["feelit", *map(str, arguments)])
        with pytest.raises(SystemExit) as caught:
            main()
        return Ran(int(caught.value.code or 0), *capsys.readouterr())

    handlers = {number: signal.getsignal(number) for number in ENDING}
    yield call
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.fixture(scope="session", autouse=True)
def no_sync() -> Iterator[None]:
    """What tests write need not survive a power cut; processes that they start wait for the disk."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda descriptor: None)
        yield


@pytest.fixture(scope="session", autouse=True)
def made_once() -> Iterator[None]:
    """What a process of the program makes once, and this one hundreds of times: the checksums and the networks of the built-in
    models, and the parsers of commands.
    """
    load = session._create
    checksum, parsed = functools.cache(sha256_of), functools.cache(typer.main.get_command)
    loaded = functools.cache(lambda model, providers: load(model, list(providers)))
    declared = functools.cache(application)

    def is_built_in(model: Path) -> bool:
        return model.parent == models_folder()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("feelit.run.pipeline.sha256_of", lambda model: (checksum if is_built_in(model) else sha256_of)(model))
        patch.setattr(session, "_create", lambda m, given: loaded(m, tuple(given)) if is_built_in(m) else load(m, given))
        patch.setattr("feelit.cli.application", lambda names=COMMANDS: declared(tuple(names)))
        patch.setattr("typer.main.get_command", parsed)
        yield


@pytest.fixture(scope="session")
def own_folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Paths of folders that do not exist yet; `mktemp` would take seconds of the suite for all of them."""
    root = tmp_path_factory.mktemp("cwd")
    return (root / str(number) for number in itertools.count())


@pytest.fixture(autouse=True)
def own_folder(own_folders: Iterator[Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every test starts in an empty folder: nothing is read from, or left in, the folder in which pytest was started."""
    folder = next(own_folders)
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def tmp_path(own_folders: Iterator[Path]) -> Path:
    """An empty folder, as pytest's, without the link to it that nobody follows: it takes longer than many tests."""
    folder = next(own_folders)
    folder.mkdir()
    return folder


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs in this process that meet another one soon give up waiting for its end."""
    monkeypatch.setattr("feelit.run.workspace.PATIENCE_S", 0.1)


def children() -> set[int]:
    """The process numbers of the direct children of this process; empty where there is no /proc."""
    found: set[int] = set()
    tasks = Path("/proc/self/task")
    for thread in tasks.iterdir() if tasks.exists() else ():  # before every test: a glob takes three times as long
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # a thread may end between the listing and the read
            found.update(map(int, (thread / "children").read_text(encoding="ascii").split()))
    return found


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    """What a failing test has started does not outlive it: a server would go on for as long as the machine does."""
    before = children()
    try:
        return (yield)
    except BaseException:
        for number in children() - before:
            with contextlib.suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)
        raise
