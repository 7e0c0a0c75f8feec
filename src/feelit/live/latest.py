"""Room for one item, the newest, so that frames are dropped instead of delayed; and messages to all open pages."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


class Latest(Generic[T]):
    """Passes items from one thread to another. A new item replaces one that was not taken yet."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._thing: T | None = None
        self._closed = False
        self.dropped = 0  # the number of items that were replaced

    @property
    def over(self) -> bool:
        """Whether nothing is left to take, and nothing more will come."""
        with self._changed:
            return self._closed and self._thing is None

    def put(self, thing: T) -> None:
        """Put an item; never blocks."""
        with self._changed:
            self.dropped += self._thing is not None
            self._thing = thing
            self._changed.notify()

    def take(self, timeout_s: float) -> T | None:
        """Wait for the newest item; None if none comes in time, or after the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._thing is not None or self._closed, timeout_s)
            thing, self._thing = self._thing, None
            return thing

    def close(self) -> None:
        """End: wake threads that wait. The last item can still be taken."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()


MOST_SUBSCRIBERS = 8

Subscriber = Latest[bytes]


class Broadcast:
    """Sends messages to all open pages. Each subscriber holds only the newest message, so a slow page delays no other."""

    def __init__(self) -> None:
        self._guard = threading.Condition()
        self._subscribers: list[Subscriber] = []
        self._over = False

    @property
    def watching(self) -> bool:
        """Whether any page is open."""
        return bool(self._subscribers)

    @contextlib.contextmanager
    def subscriber(self) -> Iterator[Subscriber | None]:
        """A new subscriber for as long as the block lasts; None if there are MOST_SUBSCRIBERS already."""
        subscriber = Subscriber()
        with self._guard:
            free = len(self._subscribers) < MOST_SUBSCRIBERS
            if free:
                self._subscribers.append(subscriber)
            if self._over:
                subscriber.close()
        try:
            yield subscriber if free else None
        finally:
            with self._guard:
                if subscriber in self._subscribers:
                    self._subscribers.remove(subscriber)
                    self._guard.notify_all()

    def show(self, message: bytes) -> None:
        """Send a message to all pages; it replaces one that a page has not taken yet."""
        with self._guard:
            for subscriber in self._subscribers:
                subscriber.put(message)

    def close(self, farewell_s: float = 0.0) -> None:
        """End, and wait until all pages have taken the last message, for at most `farewell_s` seconds."""
        with self._guard:
            self._over = True
            for subscriber in self._subscribers:
                subscriber.close()
            self._guard.wait_for(lambda: not self._subscribers, farewell_s)
