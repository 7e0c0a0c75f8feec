"""Runs segments as tasks on a running Ray cluster.

Every node needs this version of feelit and the videos under the same paths: docs/clusters.md.
"""

from __future__ import annotations

import contextlib
import faulthandler
import logging
import os
import pickle
import queue
import threading
import time
from collections import deque
from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from feelit import __version__
from feelit.errors import FeelitError
from feelit.logs import facts
from feelit.models.paths import models_folder
from feelit.options import Device
from feelit.run.engines import InFlight, Order, Outcome, Work, analyze, attempt
from feelit.run.engines.cluster import CHECK_S, Head, import_ray, joined, line_of, lost, reachable
from feelit.run.engines.limits import DIED, INTERVAL_S, TRIES, Cause, Limits, given_up
from feelit.run.task import Task
from feelit.storage.location import absolute

GRACE_S = 5.0
"""A timer in C ends a worker this long after its limit, if the decoder holds the interpreter lock so that it cannot end
itself."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """A task as sent to a node.

    `last` is whether this is the segment's last try, `home` the folder of the built-in models on the sending machine.
    """

    task: Task
    work: Work
    limits: Limits
    last: bool
    home: Path
    version: str


def serve(assignment: Assignment) -> bytes:
    """Run a task on a Ray worker in a separate thread, while this thread checks the limits.

    The result or error is pickled: bare arrays would stay pinned in the object store as long as they are in use.
    """
    if assignment.version != __version__:
        raise RuntimeError(f"feelit {__version__} is installed there, {assignment.version} here")
    task = _with_local_models(assignment)
    answers: queue.SimpleQueue[Any] = queue.SimpleQueue()
    started_s = time.monotonic()
    with _exit_timer(assignment.limits.allowed_s(task) + GRACE_S):
        threading.Thread(target=lambda: answers.put(attempt(task, assignment.work)), name="work", daemon=True).start()
        while True:
            with contextlib.suppress(queue.Empty):
                return pickle.dumps(answers.get(timeout=INTERVAL_S))
            cause = assignment.limits.exceeded(task, time.monotonic() - started_s, os.getpid())
            if cause is not None and assignment.last:
                return pickle.dumps(given_up(task, cause))
            if cause is not None:
                os._exit(1)


def _with_local_models(assignment: Assignment) -> Task:
    """The task with the paths of this machine's built-in models."""

    def found(path: Path) -> Path:
        return models_folder() / path.name if path.parent == assignment.home else path

    return replace(assignment.task, models=assignment.task.models.moved(found))


@contextlib.contextmanager
def _exit_timer(after_s: float) -> Iterator[None]:
    """End this process after a time, even if the interpreter is blocked."""
    with Path(os.devnull).open("w") as nowhere:
        faulthandler.dump_traceback_later(after_s, exit=True, file=nowhere)
        try:
            yield
        finally:
            faulthandler.cancel_dump_traceback_later()


log = logging.getLogger(__name__)

LOSSES = 5
"""A segment fails after this many lost nodes. They are rarely its fault, but a segment that crashes every node must fail."""

AHEAD = 2
"""The default number of tasks in flight per slot of the cluster: nodes never wait for the next task, and an autoscaler sees
the queue."""

GPU_SHARE = 0.25
"""The share of a GPU per task: models mostly wait for decoding on the CPU, so four tasks share one."""

NODES_LOST = Cause("its nodes were lost", "the cluster loses nodes, or the segment takes all memory of one; set --memory-limit")
OUT_OF_MEMORY = Cause("Ray ended its worker because memory ran out", "give nodes more memory, or try a smaller --batch")


class RayEngine:
    """Runs segments on a Ray cluster. The number of tasks in flight is limited, so that neither the driver nor the object store
    fills.

    Ray's own retries are off: a segment whose worker died is sent once more, as by `LocalEngine`, and one whose node was lost
    is sent to another.

    Parameters
    ----------
    address : "auto", HOST:PORT or ray://HOST:PORT
    device : where models run; determines the GPU share of a task
    limits : of time and memory
    most : tasks in flight; None means `AHEAD` per slot of the cluster
    work : called with a task in a worker; must be importable on the nodes

    Raises
    ------
    MissingExtraError
        if Ray is not installed.
    FeelitError
        if no cluster answers.
    """

    def __init__(
        self,
        address: str,
        device: Device = "cpu",
        limits: Limits | None = None,
        most: int | None = None,
        work: Work = analyze,
    ) -> None:
        self._ray = import_ray()
        self._address = address if self._ray.is_initialized() else reachable(address)
        self._device, self._limits, self._most, self._work = device, limits or Limits(), most, work
        self._flying: dict[Any, InFlight] = {}
        self._waiting: deque[InFlight] = deque()

    def run(self, orders: Iterator[Order]) -> Generator[Outcome, None, None]:
        """See `Engine.run`. Cancels tasks in flight when the iteration ends; the cluster keeps running. Raises FeelitError if
        the cluster cannot be joined, is lost, or cannot run tasks at all.
        """
        with joined(self._ray, self._address):
            submit = _Submitter(self._ray, self._share_of_gpu(), self._limits, self._work)
            head = Head(self._ray, self._address)
            try:
                yield from self._run(orders, submit, head)
            except (self._ray.exceptions.RayError, ConnectionError) as error:  # the latter with ray://
                raise lost(self._address, line_of(error)) from error
            except SystemError as error:  # wraps what a signal handler raises inside Ray's core
                raise error.__cause__ or error from None
            finally:
                with contextlib.suppress(self._ray.exceptions.RayError, ConnectionError):
                    for reference in self._flying if head.answers else ():
                        self._ray.cancel(reference, force=True)

    def _run(self, orders: Iterator[Order], submit: _Submitter, head: Head) -> Iterator[Outcome]:
        more, most = True, 1
        while more or self._waiting or self._flying:
            head.check()
            if head.answers:  # else the call blocks until Ray gives up
                most = self._room()
            if len(self._flying) < most and more and not self._waiting:
                order = next(orders, None)
                more = order is not None
                if order is not None:
                    self._waiting.append(InFlight(order))
            while self._waiting and len(self._flying) < most:
                item = self._waiting.popleft()
                self._flying[submit(item)] = item
            if not self._flying:
                continue
            drawing = more and len(self._flying) < most
            ready, _ = self._ray.wait(list(self._flying), num_returns=1, timeout=0 if drawing else CHECK_S)
            for reference in ready:
                outcome = self._outcome(reference, self._flying.pop(reference))
                if outcome is not None:
                    yield outcome

    def _room(self) -> int:
        """How many tasks may be in flight at present; the number of nodes may change."""
        if self._most is not None:
            return self._most
        has = self._ray.cluster_resources()
        slots = has.get("CPU", 0.0)
        if (share := self._share_of_gpu()) > 0:
            slots = min(slots, has.get("GPU", 0.0) / share)
        return AHEAD * max(1, int(slots))

    def _share_of_gpu(self) -> float:
        """The share of a GPU per task. Raises FeelitError if a GPU is required and the cluster has none."""
        if self._device == "cpu":
            return 0.0
        has_gpus = self._ray.cluster_resources().get("GPU", 0.0) > 0
        if self._device == "cuda" and not has_gpus:
            hint = "start a node that has one and announces it (ray start --num-gpus), or choose --device cpu"
            raise FeelitError(f"the Ray cluster at {self._address} has no GPU", hint)
        return GPU_SHARE if has_gpus else 0.0

    def _outcome(self, reference: Any, item: InFlight) -> Outcome | None:
        """The outcome of a finished task; None if its segment is sent again."""
        errors = self._ray.exceptions
        try:
            answer: bytes = self._ray.get(reference)
        except errors.RayTaskError as error:  # not an error of the work, which `serve` returns
            hint = "every node needs this version of feelit, installed as here: see docs/clusters.md"
            raise FeelitError(f"a node of the Ray cluster cannot run tasks: {line_of(error, -1)}", hint) from error
        except (errors.WorkerCrashedError, errors.OutOfMemoryError) as error:
            item.deaths += 1
            cause = OUT_OF_MEMORY if isinstance(error, errors.OutOfMemoryError) else DIED
            return self._again(item, item.deaths < TRIES, cause)
        except (errors.NodeDiedError, errors.ObjectLostError, errors.TaskCancelledError):
            item.losses += 1
            return self._again(item, item.losses < LOSSES, NODES_LOST)
        return Outcome(item.order, pickle.loads(answer))

    def _again(self, item: InFlight, may: bool, cause: Cause) -> Outcome | None:
        """Send a segment again if it `may` be; else its failure."""
        if not may:
            return Outcome(item.order, given_up(item.order.task, cause))
        log.warning("a task was lost; its segment is sent again", extra=facts(**item.named(cause)))
        self._waiting.appendleft(item)
        return None


class _Submitter:
    """Submits segments to the cluster."""

    def __init__(self, ray: Any, gpu_share: float, limits: Limits, work: Work) -> None:
        options = {"num_cpus": 1, "num_gpus": gpu_share, "max_retries": 0}
        # At the last try a worker over a limit returns the error; max_calls=1 then ends it.
        self._first = ray.remote(**options, max_calls=0)(serve)
        self._last = ray.remote(**options, max_calls=1)(serve)
        self._limits, self._work = limits, work

    def __call__(self, item: InFlight) -> Any:
        last = item.deaths == TRIES - 1
        task = replace(_absolute(item.order.task), decode_threads=1)
        assignment = Assignment(task, self._work, self._limits, last, models_folder().resolve(), __version__)
        return (self._last if last else self._first).remote(assignment)


def _absolute(task: Task) -> Task:
    """The task with absolute paths, for workers with other working folders."""
    return replace(task, info=replace(task.info, path=absolute(task.info.path)), models=task.models.moved(Path.absolute))
