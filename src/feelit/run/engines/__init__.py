"""Engines run segments: they take tasks and give outcomes as they finish, in any order.

The work is named by functions that load networks and decoders only where they are called, in a worker.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias

from feelit.errors import FeelitError, UsageError, internal_error
from feelit.run.engines.limits import Limits

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


Work: TypeAlias = "Callable[[Task], SegmentResult]"


class Engine(Protocol):
    """Runs segments, in this process, in workers or on a cluster."""

    def run(self, orders: Iterator[Order]) -> Generator[Outcome, None, None]:
        """The outcomes of all orders as they finish. Orders are taken from the iterator only when there is room for them."""
        ...


def analyze(task: Task) -> SegmentResult:
    """See `run.segment.analyze_segment`."""
    from feelit.run.segment import analyze_segment

    return analyze_segment(task)


def prepare(models: Models | None = None) -> None:
    """Load what `analyze` needs and, once they are known, the networks of a run.

    Raises
    ------
    ModelError
        if one does not load.
    """
    from feelit.run.segment import open_networks

    if models is not None:
        open_networks(models)


def attempt(task: Task, work: Work) -> SegmentResult | FeelitError:
    """The result of `work` on a task, or the error that prevented it."""
    try:
        return work(task)
    except FeelitError as error:
        return error
    except Exception as error:
        return internal_error(task.info.path, error)


class HereEngine:
    """Runs segments in this process, one by one: for daemonic processes, which may not start workers, and for debuggers.

    A decoder that crashes ends this process.

    Raises
    ------
    UsageError
        if there are limits, which only a worker can be ended for.
    """

    def __init__(self, limits: Limits, work: Work = analyze) -> None:
        if limits != Limits():
            message = "--segment-timeout and --memory-limit need worker processes, and there are none here"
            raise UsageError(message, "leave them out, or call from a process that may start others, with workers")
        self._work = work

    def run(self, orders: Iterator[Order]) -> Generator[Outcome, None, None]:
        """See `Engine.run`."""
        for order in orders:
            yield Outcome(order, attempt(order.task, self._work))
