"""What workers do in tests of the engine: functions that a spawned process can import, cheap, good and bad."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import numpy as np

from feelit.errors import VideoReadError
from feelit.segment import Task, no_faces
from feelit.types import FrameTable, SegmentResult


def result_of(task: Task) -> SegmentResult:
    """No frames; the index of the segment as the number of those that were decoded."""
    none = np.zeros(0, np.int64)
    frames = FrameTable(none, none, np.zeros(0, np.float64), none, np.zeros((0, 256), np.uint8))
    return SegmentResult(frames, no_faces(), task.segment.index, 0, 0.5, "none")


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
    """Never comes back, and does not end when it is told to."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    return endless(task)


class Awkward(Exception):  # noqa: N818
    """Cannot be pickled back: its constructor needs a keyword."""

    def __init__(self, *, why: str) -> None:
        super().__init__(why)


def awkward(task: Task) -> SegmentResult:
    """A bug on segment 2."""
    if task.segment.index == 2:
        raise Awkward(why="for no reason")
    return result_of(task)


def unreadable(task: Task) -> SegmentResult:
    """An expected failure on segment 2."""
    if task.segment.index == 2:
        raise VideoReadError("a.mp4 is damaged", "mend it")
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


def deadly_once(task: Task) -> SegmentResult:
    """Kills its worker on segment 2, the first time."""
    mark = Path(f"{task.info.path}.died")
    if task.segment.index == 2 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return result_of(task)
