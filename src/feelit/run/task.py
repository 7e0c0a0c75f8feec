"""The work on one segment, as a record. It loads no networks and no decoder, as the parent process needs neither."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from feelit.options import AnalyzeOptions, Device
from feelit.storage.blocks import Pace
from feelit.types import Segment, VideoInfo


@dataclass(frozen=True, slots=True)
class Models:
    """The networks to run, and the device: everything that a worker needs to load them."""

    detector: Path
    expression: Path
    identity: Path | None  # None where tracks are not grouped
    device: Device
    prior: str = "auto"  # the shares of the labels that probabilities assume
    mirrored: bool = False  # whether classifier and signals also look at mirror images
    signals: Path | None = None  # None where none are asked for
    columns: tuple[str, ...] = ()  # of signals

    def moved(self, place: Callable[[Path], Path]) -> Models:
        """The same networks at other places."""
        paths = {name: getattr(self, name) for name in ("detector", "expression", "identity", "signals")}
        moved: dict[str, Any] = {name: place(path) for name, path in paths.items() if path is not None}
        return replace(self, **moved)


@dataclass(frozen=True, slots=True)
class Task:
    """A segment with everything that its result depends on, the numbers of threads and of frames per batch, and the slowest
    acceptable transfer from a bucket."""

    info: VideoInfo
    segment: Segment
    options: AnalyzeOptions
    models: Models
    batch: int = 16
    decode_threads: int = 1
    least_bytes_per_s: int = Pace.least_bytes_per_s
