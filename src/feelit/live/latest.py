"""Room for one thing, the newest: what makes frames drop instead of lag."""

from __future__ import annotations

import threading
from typing import Generic, TypeVar

T = TypeVar("T")


class Latest(Generic[T]):
    """Hands things from one thread to another. A new one takes the place of one that nobody has taken yet.

    Attributes
    ----------
    dropped : things that a newer one replaced
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._thing: T | None = None
        self._closed = False
        self.dropped = 0

    @property
    def over(self) -> bool:
        """Whether there is nothing left to take, and nothing more will come."""
        with self._changed:
            return self._closed and self._thing is None

    def put(self, thing: T) -> None:
        """Leave a thing; never waits."""
        with self._changed:
            self.dropped += self._thing is not None
            self._thing = thing
            self._changed.notify()

    def take(self, timeout_s: float) -> T | None:
        """The newest thing, waited for; None where none came in time, or none will come any more."""
        with self._changed:
            self._changed.wait_for(lambda: self._thing is not None or self._closed, timeout_s)
            thing, self._thing = self._thing, None
            return thing

    def close(self) -> None:
        """Wake whoever waits: nothing more will come; what was left can still be taken."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
