"""Engines run segments: they take tasks and give outcomes as they finish, in any order.

The work is named by functions that load networks and decoders only where they are called, in a worker.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from feelit.errors import FeelitError

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
