"""Segments in worker processes of this machine."""

from __future__ import annotations

import contextlib
import multiprocessing
import multiprocessing.context
import os
import signal
import sys
import threading
from collections.abc import Generator, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import Any

from pebble import ProcessExpired, ProcessPool

from feelit.engines import Order, Outcome
from feelit.errors import FeelitError, VideoReadError
from feelit.segment import analyze_segment
from feelit.types import SegmentResult

TRIES = 2
"""A segment whose worker dies is tried once more: memory may be short only for the moment."""


class LocalEngine:
    """Spawned processes: a fork would copy live ONNX sessions and their locks.

    A worker that dies (out of memory, a decoder's segmentation fault) takes only its segment with it.
    """

    def __init__(self, workers: int) -> None:
        self._workers = workers

    def run(self, orders: Iterator[Order]) -> Generator[Outcome, None, None]:
        """See `Engine.run`. Ends all workers when the iteration ends, also when it is left early."""
        pool = ProcessPool(max_workers=self._workers, initializer=_start_worker, context=_Context())
        running: dict[Future[SegmentResult], tuple[Order, int]] = {}
        try:
            more = True
            while more or running:
                while more and len(running) < 2 * self._workers:
                    order = next(orders, None)
                    more = order is not None
                    if order is not None:
                        running[pool.schedule(analyze_segment, args=[order.task])] = (order, 1)
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    order, tries = running.pop(future)
                    outcome = _outcome(order, future)
                    if outcome is None and tries < TRIES:
                        running[pool.schedule(analyze_segment, args=[order.task])] = (order, tries + 1)
                    else:
                        yield outcome or Outcome(order, _died(order))
        finally:
            pool.stop()  # type: ignore[no-untyped-call]  # pebble types some of its methods
            pool.join()


def _outcome(order: Order, future: Future[SegmentResult]) -> Outcome | None:
    """None if the worker died."""
    try:
        return Outcome(order, future.result())
    except ProcessExpired:
        return None
    except FeelitError as error:
        return Outcome(order, error)
    except Exception as error:  # a bug in a worker costs one video, not the run
        message = f"{order.task.info.path}: internal error: {type(error).__name__}: {error}"
        return Outcome(order, FeelitError(message, "please report it, with the video if you may"))


def _died(order: Order) -> FeelitError:
    message = f"{order.task.info.path}: the worker died twice on segment {order.task.segment.index}"
    return VideoReadError(message, "the decoder crashed on it, or memory ran out; try fewer --workers or a smaller --batch")


def _start_worker() -> None:
    """A worker ends with its parent, however that ends."""
    threading.Thread(target=_end_with_parent, name="parent-watch", daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


class _Process(multiprocessing.context.SpawnProcess):
    @staticmethod
    def _Popen(process_obj: Any) -> Any:  # noqa: N802  # the name that multiprocessing calls
        with _interrupts_blocked(), _main_hidden():
            return multiprocessing.context.SpawnProcess._Popen(process_obj)


class _Context(multiprocessing.context.SpawnContext):
    Process = _Process


@contextlib.contextmanager
def _interrupts_blocked() -> Iterator[None]:
    """Workers inherit the mask: Ctrl-C reaches the parent alone, which then ends them in order."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
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
