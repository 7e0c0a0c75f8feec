"""What workers do in tests of the engine: functions that a spawned process can import, cheap, good and bad."""

from __future__ import annotations

import ctypes
import inspect
import os
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import TypeVar

import numpy as np

from feelit.errors import VideoReadError
from feelit.options import AnalyzeOptions
from feelit.run.engines import Order, Outcome, analyze
from feelit.run.engines.limits import Cause, Limits
from feelit.run.task import Models, Task
from feelit.storage import waiting
from feelit.types import EmbeddingTable, FaceTable, FrameTable, Segment, SegmentResult, VideoInfo

Table = TypeVar("Table")


def orders(folder: Path, count: int = 5) -> Iterator[Order]:
    """Tasks that hold just enough for the functions below: segments of a video `a.mp4` that there is not."""
    info = VideoInfo(folder / "a.mp4", 1, 1, Fraction(1), 1, Fraction(1), Fraction(25), True, 0, 1.0, "none", False, 1, 1, "")
    models = Models(Path("detector"), Path("classifier"), None, "cpu")
    for n in range(count):
        yield Order(n, Task(info, Segment(n, None, None, 1), AnalyzeOptions(min_face_px=10.0), models))


def reported(outcomes: Iterable[Outcome]) -> dict[int, str]:
    """What became of orders, by their numbers: the frames that were decoded, or the failure in words."""
    results = {outcome.order.number: outcome.result for outcome in outcomes}
    return {n: str(r.decoded if isinstance(r, SegmentResult) else r) for n, r in sorted(results.items())}


def result_of(task: Task) -> SegmentResult:
    """No frames, in columns of no shape in particular; the index of the segment as the number of those that were decoded.

    Nothing is loaded for it that takes a worker longer to import than its work.
    """
    return SegmentResult(empty(FrameTable), empty(FaceTable), empty(EmbeddingTable), task.segment.index, 0, 0, 0, 0.5, "none")


def empty(table: Callable[..., Table]) -> Table:
    """A table without rows."""
    return table(**{name: np.zeros(0, np.float32) for name in inspect.signature(table).parameters})


def slow(task: Task) -> SegmentResult:
    """Good, in 0.2 s; leaves the number of the process beside the video, so that a test can find it."""
    notes = Path(f"{task.info.path}.workers")
    notes.mkdir(exist_ok=True)
    (notes / str(os.getpid())).touch()
    time.sleep(0.2)
    return result_of(task)


def endless(task: Task) -> SegmentResult:
    """Never comes back."""
    slow(task)
    time.sleep(600)
    return result_of(task)


def deaf(task: Task) -> SegmentResult:
    """Never comes back, and does not end when it is reported to."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    return endless(task)


class Awkward(Exception):  # noqa: N818
    """Cannot be pickled back: its constructor needs a keyword."""

    def __init__(self, *, why: str) -> None:
        super().__init__(why)


def waiting_for_long(task: Task) -> SegmentResult:
    """Says what it waits for, from another thread, and is done."""
    thread = threading.Thread(target=waiting.say, args=(f"waiting for {task.segment.index}",))
    thread.start()
    thread.join()
    return result_of(task)


def awkward(task: Task) -> SegmentResult:
    """A bug on segment 2."""
    if task.segment.index == 2:
        raise Awkward(why="for no reason")
    return result_of(task)


class Unborn:
    """A work whose arrival ends a worker before it has looked at a task, as a broken environment does."""

    def __call__(self, task: Task) -> SegmentResult:
        return result_of(task)

    def __reduce__(self) -> tuple[object, ...]:
        return os._exit, (7,)


def unreadable(task: Task) -> SegmentResult:
    """An expected failure on segment 2."""
    if task.segment.index == 2:
        raise VideoReadError("a.mp4 is damaged", "fix it")
    return result_of(task)


def hungry(task: Task) -> SegmentResult:
    """No memory on segment 2."""
    if task.segment.index == 2:
        raise MemoryError
    return result_of(task)


def deadly(task: Task) -> SegmentResult:
    """Kills its worker on segment 2, always."""
    if task.segment.index == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return result_of(task)


def watched(task: Task) -> SegmentResult:
    """`deadly_once`, that leaves a mark beside the video when segment 0 is done."""
    result = deadly_once(task)
    if task.segment.index == 0:
        Path(f"{task.info.path}.done").touch()
    return result


def deadly_once(task: Task) -> SegmentResult:
    """Kills its worker on segment 2, the first time."""
    mark = Path(f"{task.info.path}.died")
    if task.segment.index == 2 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return result_of(task)


def note_of(task: Task, pid: int) -> Path:
    """What a worker that will not come back leaves beside the video."""
    return Path(f"{task.info.path}.{pid}.lost")


@dataclass(frozen=True)
class Patient(Limits):
    """Limits of time for workers that have left their note on one of some segments: what is merely slow is never ended."""

    segments: tuple[int, ...] = ()

    def allowed_s(self, task: Task) -> float:
        """See `Limits.allowed_s`."""
        return super().allowed_s(task) if task.segment.index in self.segments else 600.0

    def exceeded(self, task: Task, spent_s: float, pid: int) -> Cause | None:
        """See `Limits.exceeded`."""
        return super().exceeded(task, spent_s if note_of(task, pid).exists() else 0.0, pid)


def lost(task: Task) -> SegmentResult:
    """Never comes back: from segment 1 by waiting, from 2 deaf to SIGTERM as well, from 3 once with the interpreter's lock."""
    mark = Path(f"{task.info.path}.stuck")
    if task.segment.index in (1, 2) or (task.segment.index == 3 and not mark.exists()):
        note_of(task, os.getpid()).touch()
    if task.segment.index == 1:
        time.sleep(600)
    if task.segment.index == 2:
        deaf(task)
    if task.segment.index == 3 and not mark.exists():
        mark.touch()
        ctypes.PyDLL(None).sleep(600)
    return result_of(task)


def greedy(task: Task) -> SegmentResult:
    """Takes 320 MiB of memory on segment 2, always, and on segment 3, the first time, and does not come back."""
    mark = Path(f"{task.info.path}.greedy")
    once = task.segment.index == 3 and not mark.exists()
    if once:
        mark.touch()
    if task.segment.index == 2 or once:
        taken = np.ones(320 << 20, np.uint8)
        time.sleep(600)
        del taken
    return result_of(task)


def held(task: Task) -> SegmentResult:
    """Analyses segment 0, and each of the others again and again without an end."""
    while True:
        result = analyze(task)
        if task.segment.index == 0:
            return result


def felling(task: Task) -> SegmentResult:
    """Kills the node of a Ray cluster that it runs on, which is the parent of a worker, and itself with it."""
    os.kill(os.getppid(), signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)
    return result_of(task)


def on_gpu(task: Task) -> SegmentResult:
    """Tells as the provider which GPUs it may use."""
    return replace(result_of(task), provider=os.environ.get("CUDA_VISIBLE_DEVICES", "none"))


def excessive(task: Task) -> SegmentResult:
    """`lost` on segments 1 and 3, `greedy` on segment 2."""
    return greedy(task) if task.segment.index == 2 else lost(task)
