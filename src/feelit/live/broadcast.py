"""Messages to all open pages: each subscriber holds the newest message only, so that a slow page slows nobody."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

from feelit.live.latest import Latest

MOST_SUBSCRIBERS = 8

Subscriber = Latest[bytes]


class Broadcast:
    """The pages that are open."""

    def __init__(self) -> None:
        self._guard = threading.Condition()
        self._subscribers: list[Subscriber] = []
        self._over = False

    @property
    def watching(self) -> bool:
        """Whether anybody is there."""
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
        """Give everybody a message in the place of one that was not taken yet."""
        with self._guard:
            for subscriber in self._subscribers:
                subscriber.put(message)

    def close(self, farewell_s: float = 0.0) -> None:
        """Nothing more will be shown; what was is waited for until everybody has it, for no longer than `farewell_s`."""
        with self._guard:
            self._over = True
            for subscriber in self._subscribers:
                subscriber.close()
            self._guard.wait_for(lambda: not self._subscribers, farewell_s)
