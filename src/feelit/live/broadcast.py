"""Who is watching: a seat a page, and on each the newest message only, so that a slow page slows nobody."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

from feelit.live.latest import Latest

MOST_SEATS = 8

Seat = Latest[bytes]


class Audience:
    """The pages that are open."""

    def __init__(self) -> None:
        self._guard = threading.Condition()
        self._seats: list[Seat] = []
        self._over = False

    @property
    def watching(self) -> bool:
        """Whether anybody is there."""
        return bool(self._seats)

    @contextlib.contextmanager
    def seat(self) -> Iterator[Seat | None]:
        """A seat for as long as the block lasts; None if all are taken."""
        seat = Seat()
        with self._guard:
            free = len(self._seats) < MOST_SEATS
            if free:
                self._seats.append(seat)
            if self._over:
                seat.close()
        try:
            yield seat if free else None
        finally:
            with self._guard:
                if seat in self._seats:
                    self._seats.remove(seat)
                    self._guard.notify_all()

    def show(self, message: bytes) -> None:
        """Give everybody a message in the place of one that was not taken yet."""
        with self._guard:
            for seat in self._seats:
                seat.put(message)

    def close(self, farewell_s: float = 0.0) -> None:
        """Nothing more will be shown; what was is waited for until everybody has it, for no longer than `farewell_s`."""
        with self._guard:
            self._over = True
            for seat in self._seats:
                seat.close()
            self._guard.wait_for(lambda: not self._seats, farewell_s)
