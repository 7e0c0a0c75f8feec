"""What a worker of a Ray cluster does with a segment. Ray is not needed here."""

from __future__ import annotations

import contextlib
import faulthandler
import os
import pickle
import queue
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from feelit import __version__
from feelit.models.paths import models_folder
from feelit.run.engines.limits import INTERVAL_S, Limits, given_up
from feelit.run.engines.local import Work, attempt
from feelit.run.task import Task

GRACE_S = 5.0
"""A worker that cannot even end itself, because the decoder holds the interpreter's lock, is ended from without after this."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """What travels to a node.

    `last` says that the segment will not be tried again, `home` where the built-in models lie on the machine that sends it.
    """

    task: Task
    work: Work
    limits: Limits
    last: bool
    home: Path
    version: str


def serve(assignment: Assignment) -> bytes:
    """What a Ray worker does: the work in a thread of its own, and an eye on the limits meanwhile.

    Returns
    -------
    the pickled result or failure. Arrays by themselves would stay in the object store, pinned as long as they are in use.
    """
    if assignment.version != __version__:
        raise RuntimeError(f"feelit {__version__} is installed there, {assignment.version} here")
    task = _at_home(assignment)
    answers: queue.SimpleQueue[Any] = queue.SimpleQueue()
    started_s = time.monotonic()
    with _ended_from_without(assignment.limits.allowed_s(task) + GRACE_S):
        threading.Thread(target=lambda: answers.put(attempt(task, assignment.work)), name="work", daemon=True).start()
        while True:
            with contextlib.suppress(queue.Empty):
                return pickle.dumps(answers.get(timeout=INTERVAL_S))
            cause = assignment.limits.exceeded(task, time.monotonic() - started_s, os.getpid())
            if cause is not None and assignment.last:
                return pickle.dumps(given_up(task, cause))
            if cause is not None:
                os._exit(1)


def _at_home(assignment: Assignment) -> Task:
    """The task with built-in models where this machine has them."""

    def found(path: Path) -> Path:
        return models_folder() / path.name if path.parent == assignment.home else path

    models = assignment.task.models
    identity = found(models.identity) if models.identity is not None else None
    moved = replace(models, detector=found(models.detector), expression=found(models.expression), identity=identity)
    return replace(assignment.task, models=moved)


@contextlib.contextmanager
def _ended_from_without(after_s: float) -> Iterator[None]:
    """End this process if it is still here after so long; the interpreter is not needed for that."""
    with Path(os.devnull).open("w") as nowhere:
        faulthandler.dump_traceback_later(after_s, exit=True, file=nowhere)
        try:
            yield
        finally:
            faulthandler.cancel_dump_traceback_later()
