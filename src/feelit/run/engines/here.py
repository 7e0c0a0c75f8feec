"""Segments in this process, one after the other."""

from __future__ import annotations

from collections.abc import Generator, Iterator

from feelit.errors import UsageError
from feelit.run.engines import Order, Outcome, analyze
from feelit.run.engines.limits import Limits
from feelit.run.engines.local import Work, attempt


class HereEngine:
    """No worker processes: for those who may not start any, and for debuggers. A decoder that crashes takes this process along.

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
