"""Where segments are run. An engine takes tasks and gives outcomes as they finish, in any order."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from feelit.errors import FeelitError

if TYPE_CHECKING:
    from feelit.run.task import Task
    from feelit.types import SegmentResult


@dataclass(frozen=True, slots=True)
class Order:
    """A task under a number, by which its outcome is known."""

    number: int
    task: Task


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an order: a result, or the reason why there is none."""

    order: Order
    result: SegmentResult | FeelitError


class Engine(Protocol):
    """The seam between the program and where it runs."""

    def run(self, orders: Iterator[Order]) -> Generator[Outcome, None, None]:
        """Every order's outcome, as they finish. Orders are drawn only as there is room for them."""
        ...
