"""Engines run segments: they take tasks and yield outcomes as they finish, in any order.

Work is passed as functions that load networks and decoders only when called, in a worker.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias

from feelit.errors import FeelitError, UsageError, as_failure
from feelit.run.engines.limits import DIED, Cause, Limits

if TYPE_CHECKING:
    from feelit.run.task import Models, Task
    from feelit.types import SegmentResult


@dataclass(frozen=True, slots=True)
class Order:
    """A task with the number that identifies its outcome."""

    number: int
    task: Task


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of an order, or the reason why there is none."""

    order: Order
    result: SegmentResult | FeelitError


@dataclass(slots=True)
class InFlight:
    """An order in flight: how many workers and nodes were lost on it, when the present worker got it, whether it has begun, and
    why it was killed."""

    order: Order
    deaths: int = 0
    losses: int = 0
    given_s: float = 0.0
    begun: bool = False
    cause: Cause = DIED

    def named(self, cause: Cause) -> dict[str, str | int]:
        """Facts for a log: the segment, and why its worker ended."""
        task = self.order.task
        return {"cause": cause.why, "video": str(task.info.path), "segment": task.segment.index}


Work: TypeAlias = "Callable[[Task], SegmentResult]"


class Engine(Protocol):
    """Runs segments, in this process, in workers or on a cluster."""

    def run(self, orders: Iterator[Order]) -> Generator[Outcome, None, None]:
        """Yield the outcomes of all orders as they finish. The iterator is advanced only when there is room for an order."""
        ...


def analyze(task: Task) -> SegmentResult:
    """See `run.segment.analyze_segment`."""
    from feelit.run.segment import analyze_segment

    return analyze_segment(task)


def prepare(models: Models | None = None) -> None:
    """Load what `analyze` needs and, if `models` are given, their networks. Raises ModelError if a network cannot be loaded."""
    from feelit.run.segment import open_networks

    if models is not None:
        open_networks(models)


def attempt(task: Task, work: Work) -> SegmentResult | FeelitError:
    """The result of `work` on a task, or the error that prevented it."""
    try:
        return work(task)
    except Exception as error:
        return as_failure(task.info.path, error)


class HereEngine:
    """Runs segments in this process, one by one: for daemonic processes, which may not start workers, and for debuggers.

    A decoder that crashes ends this process.

    Raises
    ------
    UsageError
        if there are limits, which need a worker that can be killed.
    """

    def __init__(self, limits: Limits, work: Work = analyze) -> None:
        if limits != Limits():
            message = "--segment-timeout and --memory-limit need worker processes, but there are none"
            raise UsageError(message, "leave them out, or give workers in a process that may start others")
        self._work = work

    def run(self, orders: Iterator[Order]) -> Generator[Outcome, None, None]:
        for order in orders:
            yield Outcome(order, attempt(order.task, self._work))
