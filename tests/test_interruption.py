"""Whatever ends a run, what was finished is kept, what was not is told, and nothing is left running."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import psutil
import pytest

from feelit.engines import Order, Outcome
from feelit.engines.local import LocalEngine, Work
from feelit.errors import FeelitError
from feelit.segment import Models, Task
from feelit.types import Sampling, Segment, VideoInfo
from tests import works


def orders(folder: Path, count: int = 5) -> Iterator[Order]:
    """Tasks that hold just enough for the workers of `works`."""
    info = VideoInfo(folder / "a.mp4", 1, 1, 0, Fraction(1), Fraction(25), 0, 1.0, "none", False, 1, 1, "")
    models = Models(Path("detector"), Path("classifier"), "cpu")
    for n in range(count):
        yield Order(n, Task(info, Segment(n, None, None, 1), Sampling(), 10.0, models))


def run_all(work: Work, folder: Path, workers: int = 2) -> dict[int, Outcome]:
    """Every outcome by the number of its order."""
    outcomes = list(LocalEngine(workers, work).run(orders(folder)))
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
        if p.status() != psutil.STATUS_ZOMBIE and "resource_tracker" not in str(p.cmdline())
    ]


@pytest.mark.parametrize(
    ("work", "message"),
    [
        pytest.param(works.awkward, "internal error: Awkward: for no reason", id="bug"),
        pytest.param(works.unreadable, "a.mp4 is damaged", id="expected"),
        pytest.param(works.hungry, "memory ran out", id="no-memory"),
        pytest.param(works.deadly, "the worker died twice on segment 2", id="killed"),
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


@pytest.mark.parametrize("work", [works.endless, works.deaf], ids=["busy", "deaf"])
def test_leaving_early_ends_the_workers_soon(work: Work, tmp_path: Path) -> None:
    run = LocalEngine(2, work).run(orders(tmp_path))
    left_s: list[float] = []

    def interrupt() -> None:
        wait_for(lambda: len(list(tmp_path.glob("a.mp4.workers/*"))) == 2)
        left_s.append(time.perf_counter())
        os.kill(os.getpid(), signal.SIGINT)

    leaver = threading.Thread(target=interrupt)
    leaver.start()
    with pytest.raises(KeyboardInterrupt):
        next(run)
    run.close()
    leaver.join()
    assert not children()
    assert time.perf_counter() - left_s[0] < 5


def test_no_more_workers_are_started_than_there_is_work_for(tmp_path: Path) -> None:
    outcomes = list(LocalEngine(8, works.slow).run(orders(tmp_path, 2)))
    assert len(outcomes) == 2
    assert len(list(tmp_path.glob("a.mp4.workers/*"))) <= 2


def test_where_no_process_can_be_started_it_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr("feelit.engines.local._Process._Popen", staticmethod(refuse))
    with pytest.raises(FeelitError, match="no worker process can be started"):
        next(LocalEngine(2, works.slow).run(orders(tmp_path)))
