"""What workers are for, by functions that name networks and decoders without loading them: only who runs them does."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from feelit.run.task import Models, Task
    from feelit.types import SegmentResult


def analyze(task: Task) -> SegmentResult:
    """See `run.segment.analyze_segment`."""
    from feelit.run.segment import analyze_segment

    return analyze_segment(task)


def prepare(models: Models | None = None) -> None:
    """Load what `analyze` needs and, once they are known, the networks of a run.

    Raises
    ------
    ModelError
        if one does not load.
    """
    from feelit.run.segment import open_networks

    if models is not None:
        open_networks(models)
