"""Segments in worker processes of this machine."""

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
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import TYPE_CHECKING, Any

from feelit.errors import FeelitError
from feelit.logs import facts
from feelit.run.engines import Order, Outcome, Work, analyze, attempt, prepare
from feelit.run.engines.limits import DIED, TRIES, Cause, Limits, given_up, watching
from feelit.storage import waiting

if TYPE_CHECKING:
    from feelit.run.task import Models, Task
    from feelit.types import SegmentResult

log = logging.getLogger(__name__)

PATIENCE_S = 2.0
"""The time that workers have to end before they are killed."""

MOST_EARLY_DEATHS = 3
"""The number of workers that may die in a row before they start a segment. More cannot be chance."""


@dataclass(slots=True)
class _InFlight:
    """An order in a worker: how many workers have died on it, when the last one got it and whether it has begun, and why that
    one was ended."""

    order: Order
    deaths: int = 0
    given_s: float = 0.0
    begun: bool = False
    cause: Cause = DIED


class LocalEngine:
    """Spawned processes: a fork would copy live ONNX sessions and their locks. Only the early worker may be a fork.

    Each worker has a pipe of its own and shares no lock with others, so one that dies at any moment (out of memory, a decoder's
    segmentation fault) takes only its segment with it, and is replaced. One that exceeds the limits is killed, and has died.

    `work` is what a worker does with a task: a function that can be imported. `models` are those of the tasks, as far as they
    are known beforehand: workers load them at once.
    """

    def __init__(self, workers: int, work: Work = analyze, limits: Limits | None = None, models: Models | None = None) -> None:
        self._most, self._work, self._limits = workers, work, limits or Limits()
        self._preparation = partial(prepare, models) if work is analyze else None
        self._running: list[_Worker] = []
        if self._preparation is not None and _early:
            self._running.append(_early.pop())
            self._running[0].prepare(self._preparation)
        self._waiting: deque[_InFlight] = deque()
        self._early_deaths = 0

    def run(self, orders: Iterator[Order]) -> Generator[Outcome, None, None]:
        """See `Engine.run`. Ends all workers when the iteration ends, also when it is left early.

        Raises
        ------
        FeelitError
            if not a single process can be started.
        """
        try:
            with watching(self._end_the_excessive):
                yield from self._run(orders)
        finally:
            _end(self._running)

    def _run(self, orders: Iterator[Order]) -> Iterator[Outcome]:
        more = True
        while more or self._waiting or any(worker.item for worker in self._running):
            # Orders are drawn ahead of need, one a round: to open a video takes time, and workers should not wait for it.
            if more and len(self._waiting) < self._most:
                order = next(orders, None)
                more = order is not None
                if order is not None:
                    self._waiting.append(_InFlight(order))
            self._hand_out()
            drawing = more and len(self._waiting) < self._most
            idle = not any(worker.item for worker in self._running)  # as when no video needs work: no worker will answer
            outcomes = [self._outcome(worker) for worker in self._ready(0 if drawing or idle else None)]
            self._hand_out()  # first, so that no worker waits while outcomes are looked at
            yield from filter(None, outcomes)

    def _hand_out(self) -> None:
        """Give waiting orders to idle workers, and start workers while they are needed and allowed."""
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
        """Start one more worker. If the system refuses, the run goes on with those that exist."""
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
            raise FeelitError("a process that is just being started imports the script that started it", hint) from error
        log.info("a worker was started", extra=facts(pid=self._running[-1].process.pid, workers=len(self._running)))
        return True

    def _count_early_death(self, worker: _Worker) -> None:
        """Count a worker that died before it began a segment, which is no segment's fault.

        Raises
        ------
        FeelitError
            if too many do so in a row.
        """
        self._early_deaths += not (worker.begun or worker.killed)
        if self._early_deaths > MOST_EARLY_DEATHS:
            how = f"exit code {worker.process.exitcode}"
            hint = "what they print above says why; workers=0 does without them"
            raise FeelitError(f"worker processes end before they begin ({how})", hint)

    def _ready(self, timeout_s: float | None) -> list[_Worker]:
        """The workers that have answered or died."""
        if not self._running:
            return []
        ready = wait([worker.pipe for worker in self._running], timeout_s)
        return [worker for worker in self._running if worker.pipe in ready]

    def _end_the_excessive(self) -> None:
        """Kill the workers that exceed a limit. One that has just finished dies idle, or on a segment that is tried again."""
        for worker in list(self._running):
            item = worker.item
            if item is None or worker.process.pid is None:
                continue
            cause = self._limits.exceeded(item.order.task, time.monotonic() - item.given_s, worker.process.pid)
            if cause is not None:
                item.cause, worker.killed = cause, True
                log.warning("a worker is ended", extra=facts(pid=worker.process.pid, cause=cause.why, **_named(item)))
                worker.process.kill()

    def _outcome(self, worker: _Worker) -> Outcome | None:
        """None if the worker has just begun, says what it waits for, or died: its order goes to another, or it was idle."""
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
            item.deaths += item.begun or worker.killed  # one that died before it looked at the order did not die of it
            if item.deaths < TRIES:
                log.warning("a worker ended; its segment is tried again", extra=facts(cause=item.cause.why, **_named(item)))
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
    """Start a worker for the engine that is opened within: it loads what it needs while this process loads the rest.

    It is forked where there is nothing yet that a fork could harm. That spares it the start of an interpreter, and this process
    the one that keeps account of what spawned processes share.
    """
    with contextlib.suppress(OSError):  # the engine says so when it needs workers
        _early.append(_Worker(analyze, forked=_may_fork()))
        _early[0].prepare(prepare)
    try:
        yield
    finally:
        _end(_early)


def _may_fork() -> bool:
    """Whether this process has no second thread and no library with state of its own. Elsewhere than on Linux, those of the
    system have some."""
    heavy = ("numpy", "pyarrow", "cv2", "av", "onnxruntime", "torch")
    return sys.platform == "linux" and threading.active_count() == 1 and not any(name in sys.modules for name in heavy)


def _named(item: _InFlight) -> dict[str, object]:
    task = item.order.task
    return {"video": str(task.info.path), "segment": task.segment.index}


class _Worker:
    """A process, our end of its pipe, what it is working on, whether it ever began anything, and whether we killed it."""

    def __init__(self, work: Work, forked: bool = False) -> None:
        self.pipe, theirs = multiprocessing.Pipe()
        self.item: _InFlight | None = None
        self.begun = self.killed = False
        process: Any = multiprocessing.get_context("fork").Process if forked else _Process
        target, given = (_serve_forked, (self.pipe, theirs, work)) if forked else (_serve, (theirs, work))
        self.process: BaseProcess = process(target=target, args=given, name="feelit-worker", daemon=True)
        try:
            with _interrupts_blocked(tracked=not forked):
                self.process.start()
        except BaseException:
            self.pipe.close()
            raise
        finally:
            theirs.close()  # the worker's own copy is the only one now, so that its death closes the pipe

    def prepare(self, preparation: Callable[[], None]) -> None:
        """Let the worker load while nothing waits for it. A failure occurs again with the first task, and is reported then."""
        with contextlib.suppress(OSError):
            self.pipe.send(preparation)

    def give(self, item: _InFlight) -> bool:
        """Whether the worker is alive to take it."""
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
            worker.process.join(PATIENCE_S)  # one that waits for a dead network disk cannot be killed, nor waited for
        worker.pipe.close()
    workers.clear()


def _serve_forked(ours: Connection, theirs: Connection, work: Work) -> None:
    """The same in a forked worker, which has a copy of the parent's end of the pipe."""
    ours.close()
    _serve(theirs, work)


def _serve(pipe: Connection, work: Work) -> None:
    """Run tasks one by one in a worker, until its parent ends, in whatever way."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, name="parent-watch", daemon=True).start()
    lock = threading.Lock()  # what a storage is waited for is said by any thread

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
            send(None)  # begun: from here on it is the task that a death is put down to
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
    """Workers inherit the mask: Ctrl-C reaches the parent alone, which then ends them in order.

    `tracked` says that a resource tracker comes with the first of them. That would take the mask off again.
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
    """Keep workers from importing the user's script: it may lack a `__main__` guard, and tasks need nothing of it."""
    namespace: dict[str, object] = vars(sys.modules["__main__"])
    hidden: dict[str, object] = {name: namespace.pop(name) for name in ("__file__", "__spec__") if name in namespace}
    namespace["__spec__"] = None
    try:
        yield
    finally:
        namespace.update(hidden)


@contextlib.contextmanager
def _spawn_named() -> Iterator[None]:
    """Let workers know that processes are spawned, whatever this process prefers: they do not know joblib's "loky"."""
    namespace = vars(multiprocessing.spawn)
    known = namespace["get_start_method"]
    namespace["get_start_method"] = lambda: "spawn"
    try:
        yield
    finally:
        namespace["get_start_method"] = known
