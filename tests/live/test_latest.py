"""The room for one thing: a slow taker misses things and is never late, and nobody waits for a taker."""

from __future__ import annotations

import threading
import time

from hypothesis import given
from hypothesis import strategies as st

from feelit.live.latest import Latest


@given(st.lists(st.booleans(), max_size=40))
def test_what_is_taken_is_the_newest_and_the_rest_is_counted(takes: list[bool]) -> None:
    """After every thing that is put, somebody takes or does not."""
    room: Latest[int] = Latest()
    taken = []
    for number, take in enumerate(takes):
        room.put(number)
        if take:
            taken.append(room.take(0.0))
            assert room.take(0.0) is None
    assert taken == [number for number, take in enumerate(takes) if take]
    waiting = bool(takes) and not takes[-1]
    assert room.dropped == len(takes) - len(taken) - waiting


def test_who_waits_is_woken() -> None:
    room: Latest[str] = Latest()
    threading.Timer(0.05, room.put, ["here"]).start()
    assert room.take(10.0) == "here"


def test_waiting_has_an_end() -> None:
    room: Latest[str] = Latest()
    begun_s = time.monotonic()
    assert room.take(0.05) is None
    assert 0.04 <= time.monotonic() - begun_s < 5


def test_what_was_left_can_be_taken_after_the_end() -> None:
    room: Latest[str] = Latest()
    room.put("last")
    room.close()
    assert not room.over
    assert (room.take(10.0), room.over, room.take(10.0)) == ("last", True, None)
