"""Segments as tasks of a Ray cluster that runs already. The only Ray imports.

Every node must have this version of feelit, and see the videos under the same paths: docs/clusters.md.
"""

from __future__ import annotations

import contextlib
import faulthandler
import logging
import os
import pickle
import queue
import signal
import threading
import time
from collections import deque
from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from feelit import __version__
from feelit.engines import Order, Outcome
from feelit.engines.address import reachable
from feelit.engines.limits import DIED, INTERVAL_S, TRIES, Cause, Limits, given_up
from feelit.engines.local import Work, attempt
from feelit.errors import FeelitError, MissingExtraError
from feelit.models import models_folder
from feelit.segment import Task, analyze_segment

LOSSES = 5
"""So many nodes a segment may lose, which is rarely its fault; one that fells node after node must end all the same."""

AHEAD = 2
"""Unless told otherwise so many tasks are in flight for each that the cluster can run: nodes never wait for the next one, and
a cluster that grows with what waits for it sees that something does."""

GPU_SHARE = 0.25
"""What a task asks of a GPU: decoding on the CPU keeps a model waiting most of the time, so four share one."""

GRACE_S = 10.0
"""A worker that cannot even end itself, because the decoder holds the interpreter's lock, is ended from without after this."""

JOINING = "run it on a node of the cluster, or through ray://HOST:10001; Ray and Python must be the same there"

FELLED = Cause("its nodes were lost", "the cluster loses nodes, or the segment takes all memory of one; set --memory-limit")
STARVED = Cause("Ray ended its worker because memory ran out", "give nodes more memory, or try a smaller --batch")


@dataclass(slots=True)
class _Parcel:
    """An order on its way, how many workers have died on it, and how many nodes."""

    order: Order
    deaths: int = 0
    losses: int = 0


class RayEngine:
    """Tasks in flight are bounded, so that neither the driver nor the object store fills; results are taken as they come.

    Ray's own retries are off: a segment whose worker died is sent once more, as by `LocalEngine`, and one whose node was lost
    is sent elsewhere.

    Parameters
    ----------
    address : "auto", HOST:PORT or ray://HOST:PORT
    device : where models run, which says what a task asks for
    limits : what a segment may cost
    most : tasks in flight; None stands for `AHEAD` a slot of the cluster
    work : what a worker does with a task: a function that can be imported on the nodes

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
        device: Literal["auto", "cpu", "cuda"] = "cpu",
        limits: Limits | None = None,
        most: int | None = None,
        work: Work = analyze_segment,
    ) -> None:
        self._ray = _import_ray()
        self._address = address if self._ray.is_initialized() else reachable(address)
        self._device, self._limits, self._most, self._work = device, limits or Limits(), most, work
        self._flying: dict[Any, _Parcel] = {}
        self._waiting: deque[_Parcel] = deque()

    def run(self, orders: Iterator[Order]) -> Generator[Outcome, None, None]:
        """See `Engine.run`. Cancels what is in flight when the iteration ends; the cluster goes on.

        Raises
        ------
        FeelitError
            if the cluster cannot be joined, is lost, or cannot do the work at all.
        """
        with _joined(self._ray, self._address):
            submit = _Submitter(self._ray, self._share_of_gpu(), self._limits, self._work)
            try:
                yield from self._run(orders, submit)
            except self._ray.exceptions.RayError as error:
                message = f"the Ray cluster at {self._address} was lost: {_first_line(error)}"
                raise FeelitError(message, "run the same command again to resume") from error
            finally:
                with contextlib.suppress(self._ray.exceptions.RayError):
                    for reference in self._flying:
                        self._ray.cancel(reference, force=True)

    def _run(self, orders: Iterator[Order], submit: _Submitter) -> Iterator[Outcome]:
        more = True
        while more or self._waiting or self._flying:
            most = self._room()
            if len(self._flying) < most and more and not self._waiting:
                order = next(orders, None)
                more = order is not None
                if order is not None:
                    self._waiting.append(_Parcel(order))
            while self._waiting and len(self._flying) < most:
                parcel = self._waiting.popleft()
                self._flying[submit(parcel)] = parcel
            if not self._flying:
                continue
            drawing = more and len(self._flying) < most
            ready, _ = self._ray.wait(list(self._flying), num_returns=1, timeout=0 if drawing else None)
            for reference in ready:
                outcome = self._outcome(reference, self._flying.pop(reference))
                if outcome is not None:
                    yield outcome

    def _room(self) -> int:
        """How many tasks may be in flight now; nodes come and go."""
        if self._most is not None:
            return self._most
        has = self._ray.cluster_resources()
        slots = has.get("CPU", 0.0)
        if (share := self._share_of_gpu()) > 0:
            slots = min(slots, has.get("GPU", 0.0) / share)
        return AHEAD * max(1, int(slots))

    def _share_of_gpu(self) -> float:
        """What a task asks of a GPU.

        Raises
        ------
        FeelitError
            if it must have one and the cluster has none.
        """
        if self._device == "cpu":
            return 0.0
        has_gpus = self._ray.cluster_resources().get("GPU", 0.0) > 0
        if self._device == "cuda" and not has_gpus:
            hint = "start a node that has one and tells Ray so (ray start --num-gpus), or choose --device cpu"
            raise FeelitError(f"the Ray cluster at {self._address} has no GPU", hint)
        return GPU_SHARE if has_gpus else 0.0

    def _outcome(self, reference: Any, parcel: _Parcel) -> Outcome | None:
        """None if the segment is to be sent again."""
        errors = self._ray.exceptions
        try:
            answer: bytes = self._ray.get(reference)
        except errors.RayTaskError as error:  # not the work's failure, which travels in words: ours, or a node's
            hint = "every node needs this version of feelit, installed as here: see docs/clusters.md"
            raise FeelitError(f"a node of the Ray cluster cannot run tasks: {_last_line(error)}", hint) from error
        except (errors.WorkerCrashedError, errors.OutOfMemoryError) as error:
            parcel.deaths += 1
            if parcel.deaths < TRIES:
                self._waiting.appendleft(parcel)
                return None
            cause = STARVED if isinstance(error, errors.OutOfMemoryError) else DIED
            return Outcome(parcel.order, given_up(parcel.order.task, cause))
        except (errors.NodeDiedError, errors.ObjectLostError, errors.LocalRayletDiedError, errors.TaskCancelledError):
            parcel.losses += 1
            if parcel.losses < LOSSES:
                self._waiting.appendleft(parcel)
                return None
            return Outcome(parcel.order, given_up(parcel.order.task, FELLED))
        return Outcome(parcel.order, pickle.loads(answer))


class _Submitter:
    """Sends parcels off."""

    def __init__(self, ray: Any, gpu_share: float, limits: Limits, work: Work) -> None:
        options = {"num_cpus": 1, "num_gpus": gpu_share, "max_retries": 0}
        # At the last try a worker that exceeds a limit says so, and ends because it may take one call only.
        self._first = ray.remote(**options, max_calls=0)(_serve)
        self._last = ray.remote(**options, max_calls=1)(_serve)
        self._limits, self._work = limits, work

    def __call__(self, parcel: _Parcel) -> Any:
        last = parcel.deaths == TRIES - 1
        task = replace(_absolute(parcel.order.task), decode_threads=1)
        job = _Job(task, self._work, self._limits, last, models_folder().resolve(), __version__)
        return (self._last if last else self._first).remote(job)


@dataclass(frozen=True, slots=True)
class _Job:
    """What travels to a node. `home` is where the built-in models lie on the machine that sends it."""

    task: Task
    work: Work
    limits: Limits
    last: bool
    home: Path
    version: str


def _absolute(task: Task) -> Task:
    """The same task for workers that have other working folders."""
    models = replace(task.models, detector=task.models.detector.absolute(), expression=task.models.expression.absolute())
    return replace(task, info=replace(task.info, path=task.info.path.absolute()), models=models)


def _serve(job: _Job) -> bytes:
    """What a Ray worker does: the work in a thread of its own, and an eye on the limits meanwhile.

    Returns
    -------
    the pickled result or failure. Arrays by themselves would stay in the object store, pinned as long as they are in use.
    """
    if job.version != __version__:
        raise RuntimeError(f"feelit {__version__} is installed there, {job.version} here")
    task = _at_home(job)
    answers: queue.SimpleQueue[Any] = queue.SimpleQueue()
    started_s = time.monotonic()
    with _ended_from_without(job.limits.allowed_s(task) + GRACE_S):
        threading.Thread(target=lambda: answers.put(attempt(task, job.work)), name="work", daemon=True).start()
        while True:
            with contextlib.suppress(queue.Empty):
                return pickle.dumps(answers.get(timeout=INTERVAL_S))
            cause = job.limits.exceeded(task, time.monotonic() - started_s, os.getpid())
            if cause is not None and job.last:
                return pickle.dumps(given_up(task, cause))
            if cause is not None:
                os._exit(1)


def _at_home(job: _Job) -> Task:
    """The task with built-in models where this machine has them."""

    def found(path: Path) -> Path:
        return models_folder() / path.name if path.parent == job.home else path

    models = job.task.models
    return replace(job.task, models=replace(models, detector=found(models.detector), expression=found(models.expression)))


@contextlib.contextmanager
def _ended_from_without(after_s: float) -> Iterator[None]:
    """End this process if it is still here after so long; the interpreter is not needed for that."""
    with Path(os.devnull).open("w") as nowhere:
        faulthandler.dump_traceback_later(after_s, exit=True, file=nowhere)
        try:
            yield
        finally:
            faulthandler.cancel_dump_traceback_later()


def _import_ray() -> Any:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # else it reports home
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # else it warns that it will hide GPUs no more
    try:
        import ray
        import ray.exceptions
    except ImportError as error:
        raise MissingExtraError("--engine ray needs Ray, which is not installed", "pip install 'feelit[ray]'") from error
    return ray


@contextlib.contextmanager
def _joined(ray: Any, address: str) -> Iterator[None]:
    """As a driver of the cluster, and as quiet as may be. A caller who is one already stays one."""
    if ray.is_initialized():
        yield
        return
    handler = signal.getsignal(signal.SIGTERM)
    try:
        ray.init(address, logging_level=logging.CRITICAL, log_to_driver=False)
    except Exception as error:  # connections fail in a dozen ways
        raise FeelitError(f"the Ray cluster at {address} cannot be joined: {_first_line(error)}", JOINING) from error
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, handler)  # Ray puts its own there
    ray._private.worker._worker_logs_enabled = False  # news of nodes that died would go to standard output, among the results
    try:
        yield
    finally:
        ray._private.worker._worker_logs_enabled = True
        ray.shutdown()


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)


def _last_line(error: Exception) -> str:
    return next(reversed(str(error).split("\n")), type(error).__name__)
