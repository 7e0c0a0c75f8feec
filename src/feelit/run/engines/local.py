"""Runs segments in worker processes on this machine."""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import multiprocessing.context
import multiprocessing.spawn
import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator
from functools import partial
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import TYPE_CHECKING, Any

from feelit.errors import FeelitError
from feelit.logs import facts
from feelit.run.engines import InFlight, Order, Outcome, Work, analyze, attempt, prepare
from feelit.run.engines.limits import DIED, TRIES, Limits, given_up, watching
from feelit.storage import waiting

if TYPE_CHECKING:
    from feelit.run.task import Models, Task
    from feelit.types import SegmentResult

log = logging.getLogger(__name__)

PATIENCE_S = 2.0
"""The time that workers have to end before they are killed."""

MOST_EARLY_DEATHS = 3
"""How many workers in a row may die before they begin a segment; more is not a coincidence."""


class LocalEngine:
    """Runs segments in spawned processes: a fork would copy live ONNX sessions and their locks. Only the early worker may be a
    fork.

    Each worker has its own pipe and shares no lock with others, so a worker that dies at any moment (out of memory, a crash of
    the decoder) loses only its segment, and is replaced. One that exceeds the limits is killed, which counts as dying.

    `work` is called with a task in a worker, and must be importable. `models` are those of the tasks, if known beforehand:
    workers load them at once.
    """

    def __init__(self, workers: int, work: Work = analyze, limits: Limits | None = None, models: Models | None = None) -> None:
        self._most, self._work, self._limits = workers, work, limits or Limits()
        self._preparation = partial(prepare, models) if work is analyze else None
        self._running: list[_Worker] = []
        if self._preparation is not None and _early:
            self._running.append(_early.pop())
            self._running[0].prepare(self._preparation)
        self._waiting: deque[InFlight] = deque()
        self._early_deaths = 0

    def run(self, orders: Iterator[Order]) -> Generator[Outcome, None, None]:
        """See `Engine.run`. Ends all workers when the iteration ends, also if it is left early. Raises FeelitError if no worker
        process can be started.
        """
        try:
            with watching(self._kill_over_limit):
                yield from self._run(orders)
        finally:
            _end(self._running)

    def _run(self, orders: Iterator[Order]) -> Iterator[Outcome]:
        more = True
        while more or self._waiting or any(worker.item for worker in self._running):
            # Orders are fetched ahead, one per round: opening a video takes time, for which workers should not wait.
            if more and len(self._waiting) < self._most:
                order = next(orders, None)
                more = order is not None
                if order is not None:
                    self._waiting.append(InFlight(order))
            self._assign()
            drawing = more and len(self._waiting) < self._most
            idle = not any(worker.item for worker in self._running)  # as when no video needs work: no worker will answer
            outcomes = [self._outcome(worker) for worker in self._ready(0 if drawing or idle else None)]
            self._assign()  # first, so that no worker waits while the caller handles outcomes
            yield from filter(None, outcomes)

    def _assign(self) -> None:
        """Give waiting orders to idle workers, and start workers if needed and allowed."""
        while self._waiting:
            worker = next((w for w in self._running if w.item is None), None)
            if worker is None:
                if len(self._running) >= self._most or not self._spawn():
                    return
                continue
            if worker.give(self._waiting[0]):
                self._waiting.popleft()
            else:
                self._running.remove(worker)
                self._count_early_death(worker)

    def _spawn(self) -> bool:
        """Start one more worker. If that fails, the run continues with the existing ones."""
        try:
            self._running.append(_Worker(self._work))
            if self._preparation is not None:
                self._running[-1].prepare(self._preparation)
        except OSError as error:
            if not self._running:
                raise FeelitError(f"no worker process can be started: {error}", "close other programs") from error
            self._most = len(self._running)
            log.warning("no more workers can be started", extra=facts(workers=self._most, cause=str(error)))
            return False
        except RuntimeError as error:
            if not getattr(multiprocessing.current_process(), "_inheriting", False):
                raise
            hint = 'put what your script does below if __name__ == "__main__", or give workers=0'
            raise FeelitError("a worker process imported the script that was starting it", hint) from error
        log.info("a worker was started", extra=facts(pid=self._running[-1].process.pid, workers=len(self._running)))
        return True

    def _count_early_death(self, worker: _Worker) -> None:
        """Count a worker that died before it began a segment, so that no segment caused it. Raises FeelitError if too many do
        so in a row.
        """
        self._early_deaths += not (worker.begun or worker.killed)
        if self._early_deaths > MOST_EARLY_DEATHS:
            how = f"exit code {worker.process.exitcode}"
            hint = "see their messages above; workers=0 runs without worker processes"
            raise FeelitError(f"worker processes end before they begin ({how})", hint)

    def _ready(self, timeout_s: float | None) -> list[_Worker]:
        """The workers that have answered or died."""
        if not self._running:
            return []
        ready = wait([worker.pipe for worker in self._running], timeout_s)
        return [worker for worker in self._running if worker.pipe in ready]

    def _kill_over_limit(self) -> None:
        """Kill workers over a limit. A worker that has just finished may be killed idle, or on a segment that is retried."""
        for worker in list(self._running):
            item = worker.item
            if item is None or worker.process.pid is None:
                continue
            cause = self._limits.exceeded(item.order.task, time.monotonic() - item.given_s, worker.process.pid)
            if cause is not None:
                item.cause, worker.killed = cause, True
                log.warning("a worker is ended", extra=facts(pid=worker.process.pid, **item.named(cause)))
                worker.process.kill()

    def _outcome(self, worker: _Worker) -> Outcome | None:
        """The outcome from a worker that is ready. None if it has just begun, reported waiting, or died idle or with a try
        left."""
        item = worker.item
        try:
            result: SegmentResult | FeelitError | str | None = worker.pipe.recv()
        except (EOFError, OSError):
            self._running.remove(worker)
            _end([worker])
            if item is None:
                log.info("an idle worker ended, and is replaced when it is needed")
                return None
            self._count_early_death(worker)
            item.deaths += item.begun or worker.killed  # not if it died before it began the order
            if item.deaths < TRIES:
                log.warning("a worker ended; its segment is tried again", extra=facts(**item.named(item.cause)))
                self._waiting.appendleft(item)
                return None
            result = given_up(item.order.task, item.cause)
        if isinstance(result, str):
            waiting.say(result)
            return None
        assert item is not None
        if result is None:
            item.begun, worker.begun, self._early_deaths = True, True, 0
            return None
        worker.item = None
        return Outcome(item.order, result)


_early: list[_Worker] = []


@contextlib.contextmanager
def early_worker() -> Iterator[None]:
    """Start a worker for an engine opened in the block: it loads its modules while this process loads others.

    It is forked if that is still safe. That saves the start of an interpreter, and of the resource tracker of spawned
    processes.
    """
    with contextlib.suppress(OSError):  # the engine reports it when it needs workers
        _early.append(_Worker(analyze, forked=_may_fork()))
        _early[0].prepare(prepare)
    try:
        yield
    finally:
        _end(_early)


def _may_fork() -> bool:
    """Whether a fork is safe: on Linux, with a single thread and none of the libraries that keep threads or locks. The system
    libraries of other platforms do."""
    heavy = ("numpy", "pyarrow", "cv2", "av", "onnxruntime", "torch")
    return sys.platform == "linux" and threading.active_count() == 1 and not any(name in sys.modules for name in heavy)


class _Worker:
    """A process, our end of its pipe, its current order, whether it ever began one, and whether we killed it."""

    def __init__(self, work: Work, forked: bool = False) -> None:
        self.pipe, theirs = multiprocessing.Pipe()
        self.item: InFlight | None = None
        self.begun = self.killed = False
        process: Any = multiprocessing.get_context("fork").Process if forked else _Process
        given = (theirs, work, self.pipe if forked else None)
        self.process: BaseProcess = process(target=_serve, args=given, name="feelit-worker", daemon=True)
        try:
            with _interrupts_blocked(tracked=not forked):
                self.process.start()
        except BaseException:
            self.pipe.close()
            raise
        finally:
            theirs.close()  # then the worker has the only copy, and its death closes the pipe

    def prepare(self, preparation: Callable[[], None]) -> None:
        """Let the worker load modules and models in advance. An error occurs again with the first task, which reports it."""
        with contextlib.suppress(OSError):
            self.pipe.send(preparation)

    def give(self, item: InFlight) -> bool:
        """Send an order to the worker. Returns False if the worker is dead."""
        try:
            self.pipe.send(item.order.task)
        except OSError:
            _end([self])
            return False
        item.given_s, item.begun, item.cause = time.monotonic(), False, DIED
        self.item = item
        return True


def _end(workers: list[_Worker]) -> None:
    """Terminate workers, and kill those that do not end in time."""
    for worker in workers:
        worker.process.terminate()
    deadline_s = time.monotonic() + PATIENCE_S
    for worker in workers:
        worker.process.join(max(0.0, deadline_s - time.monotonic()))
        if worker.process.is_alive():
            worker.process.kill()
            worker.process.join(PATIENCE_S)  # one that is blocked by a dead network disk cannot be killed
        worker.pipe.close()
    workers.clear()


def _serve(pipe: Connection, work: Work, parents: Connection | None) -> None:
    """Run tasks one by one in a worker, until its parent ends for whatever reason."""
    if parents is not None:  # a forked worker has a copy of its parent's end of the pipe, too
        parents.close()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, name="parent-watch", daemon=True).start()
    lock = threading.Lock()  # any thread may report that storage is waiting

    def send(content: object) -> None:
        with lock:
            pipe.send(content)

    def say(text: str) -> None:
        with contextlib.suppress(OSError):  # the parent is gone
            send(text)

    with contextlib.suppress(EOFError, OSError), waiting.heard_by(say):
        while True:
            task: Task | Callable[[], None] = pipe.recv()
            if callable(task):
                with contextlib.suppress(Exception):
                    task()
                continue
            send(None)  # begun: from here on a death counts against the task
            send(attempt(task, work))


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


class _Process(multiprocessing.context.SpawnProcess):
    @staticmethod
    def _Popen(process_obj: Any) -> Any:  # noqa: N802  # the name is multiprocessing's
        with _main_hidden(), _spawn_named():
            return multiprocessing.context.SpawnProcess._Popen(process_obj)


@contextlib.contextmanager
def _interrupts_blocked(tracked: bool) -> Iterator[None]:
    """Block SIGINT while a worker starts, which inherits the mask: only the parent gets Ctrl-C, and then ends the workers.

    With `tracked`, the resource tracker is started first: its start would lift the mask.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    if tracked:
        from multiprocessing import resource_tracker

        resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextlib.contextmanager
def _main_hidden() -> Iterator[None]:
    """Keep workers from importing the user's script: it may lack a `__main__` guard, and tasks do not need it."""
    namespace: dict[str, object] = vars(sys.modules["__main__"])
    hidden: dict[str, object] = {name: namespace.pop(name) for name in ("__file__", "__spec__") if name in namespace}
    namespace["__spec__"] = None
    try:
        yield
    finally:
        namespace.update(hidden)


@contextlib.contextmanager
def _spawn_named() -> Iterator[None]:
    """Pass "spawn" to workers as the start method, whatever this process uses: they would not know joblib's "loky"."""
    namespace = vars(multiprocessing.spawn)
    known = namespace["get_start_method"]
    namespace["get_start_method"] = lambda: "spawn"
    try:
        yield
    finally:
        namespace["get_start_method"] = known
