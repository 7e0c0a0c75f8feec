"""`feelit live` in this process, with its story in a thread, so that a test can look at the page meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from feelit import watch
from feelit.options.videos import LiveOptions
from feelit.run.job import VideoReport


@dataclass
class Watching:
    """A session on its way; `report` or `error` is what became of it."""

    stop: threading.Event = field(default_factory=threading.Event)
    url: str = ""
    report: VideoReport | None = None
    error: BaseException | None = None
    _ready: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def begin(self, source: str, options: LiveOptions) -> None:
        """Start, and wait for the page."""
        self._thread = threading.Thread(target=self._run, args=(source, options), name="watching")
        self._thread.start()
        assert self._ready.wait(20)

    def end(self) -> None:
        """Wait until it is over by itself."""
        assert self._thread is not None
        self._thread.join(20)
        assert not self._thread.is_alive()

    def _run(self, source: str, options: LiveOptions) -> None:
        try:
            self.report = watch(source, options=options, stop=self.stop, ready=self._announced)
        except BaseException as error:
            self.error = error
        finally:
            self._ready.set()

    def _announced(self, url: str, name: str) -> None:
        self.url = url
        self._ready.set()


@contextmanager
def watching(source: object, rate: str = "native", duration: float = float("inf"), **asked: Any) -> Iterator[Watching]:
    """Watch a source for as long as the block lasts, or until it ends; nothing of it is left running."""
    before = set(threading.enumerate())
    session = Watching()
    session.begin(str(source), LiveOptions(rate=rate, duration_s=duration, device="cpu", **asked))
    try:
        yield session
    finally:
        session.stop.set()
        session.end()
        left = {t for t in set(threading.enumerate()) - before if t.name not in ("open", "capture") or not t.daemon}
        assert not left
