"""Limits of time and memory, beyond which a worker is killed.

A worker over its memory limit is killed instead of being denied memory: a decoder without memory counts a damaged packet and
continues, so the rows would depend on the machine.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from feelit.errors import FeelitError, UsageError, VideoReadError
from feelit.storage.location import Url

if TYPE_CHECKING:
    from feelit.run.task import Task

TRIES = 2
"""A segment whose worker died is retried once: memory may be short, or a disk slow, only temporarily."""

LEAST_S, FRAME_S = 120.0, 1.0
"""The default limit of a segment: `LEAST_S`, or `FRAME_S` per frame if that is more. Frames usually take milliseconds, so only
a decoder that hangs takes longer."""

INTERVAL_S = 0.2
"""The interval in which workers are checked."""


@dataclass(frozen=True, slots=True)
class Cause:
    """Why the worker of a segment died, and what to do about it."""

    why: str
    hint: str


DIED = Cause("its worker died", "the decoder crashed on it, or memory ran out; try fewer --workers or a smaller --batch")


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds per segment, None for the default of its frames; bytes of memory per worker, None for no limit.

    Memory is the private memory of a worker (anonymous pages, including swapped ones), as reported by Linux.

    Raises
    ------
    UsageError
        for a limit of memory on a system that does not report it.
    """

    segment_s: float | None = None
    memory_bytes: int | None = None

    def __post_init__(self) -> None:
        if self.memory_bytes is not None and not Path("/proc/self/status").exists():
            raise UsageError(
                "--memory-limit needs Linux, which reports the memory of a process", "leave it out, and set --workers"
            )

    def allowed_s(self, task: Task) -> float:
        """How long a segment may take."""
        return self.segment_s or max(LEAST_S, FRAME_S * task.segment.packets)

    def exceeded(self, task: Task, spent_s: float, pid: int) -> Cause | None:
        """The limit that the worker of a task has exceeded, or None."""
        if spent_s > (allowed_s := self.allowed_s(task)):
            hangs = "the storage is slow, or the decoder hangs" if isinstance(task.info.path, Url) else "the decoder hangs"
            hint = f"{hangs} on it; if the machine is merely slow, raise --segment-timeout"
            return Cause(f"it took longer than {allowed_s:g} s", hint)
        if self.memory_bytes is not None and own_bytes(pid) > self.memory_bytes:
            hint = "raise --memory-limit, or try a smaller --batch"
            return Cause(f"its worker took more than {self.memory_bytes / (1 << 20):.0f} MiB of memory", hint)
        return None


def own_bytes(pid: int) -> int:
    """The private memory of a process; 0 if it has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) << 10 for line in lines if line.startswith(("RssAnon:", "VmSwap:")))


def given_up(task: Task, cause: Cause) -> FeelitError:
    """The error of a segment whose worker died at every try."""
    message = f"{task.info.path}: segment {task.segment.index} failed at every try: {cause.why}"
    return VideoReadError(message, cause.hint)


@contextlib.contextmanager
def watching(look: Callable[[], None]) -> Iterator[None]:
    """Call `look` every INTERVAL_S in a separate thread while the block runs."""
    done = threading.Event()

    def watch() -> None:
        while not done.wait(INTERVAL_S):
            look()

    thread = threading.Thread(target=watch, name="feelit-watch", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
