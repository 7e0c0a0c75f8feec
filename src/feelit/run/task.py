"""What is to be done with a segment. Whoever hands tasks out needs no networks and no decoder, and does not load them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from feelit.options import AnalyzeOptions, Device
from feelit.storage.blocks import Pace
from feelit.types import Segment, VideoInfo


@dataclass(frozen=True, slots=True)
class Models:
    """Which networks run, and where: everything a worker needs to build them."""

    detector: Path
    expression: Path
    identity: Path | None  # None where tracks are not grouped
    device: Device
    prior: str = "auto"  # the shares of the labels that probabilities assume
    mirrored: bool = False  # whether classifier and signals also look at mirror images
    signals: Path | None = None  # None where none are asked for
    columns: tuple[str, ...] = ()  # of signals


@dataclass(frozen=True, slots=True)
class Task:
    """A segment with all that its result depends on, how many threads and frames to spend on it at a time, and the slowest
    transfer from a bucket that is put up with."""

    info: VideoInfo
    segment: Segment
    options: AnalyzeOptions
    models: Models
    batch: int = 16
    decode_threads: int = 1
    least_bytes_per_s: int = Pace.least_bytes_per_s
