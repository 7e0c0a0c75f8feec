"""Messages about waiting for a storage, for displays of progress."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator

log = logging.getLogger(__name__)

_listeners: list[Callable[[str], object]] = []


def say(text: str) -> None:
    """Report that something takes long, or is tried again; from any thread."""
    log.info("%s", text)
    for listener in _listeners:
        listener(text)


@contextlib.contextmanager
def heard_by(listener: Callable[[str], object]) -> Iterator[None]:
    """Call `listener` with each message in the block. It must not raise."""
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)
