"""Made faces for the tracker: who they are is known, so that identities can be checked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

import numpy as np

from feelit.tracking.tracker import Faces, Tracker, TrackerSettings
from feelit.types import UInt8


@dataclass(frozen=True)
class Sight:
    """One face in one frame."""

    person: int
    x: float  # centre, px
    y: float = 200.0
    side: float = 100.0
    score: float = 0.9
    looks: int | None = None  # None: like nobody else


@cache
def portrait(looks: int) -> UInt8:
    """(64,) an aligned thumbnail; no two look alike."""
    return np.random.default_rng(looks).integers(0, 256, 64, np.uint8)


def seen(sights: list[Sight]) -> Faces:
    """What a worker would hand over."""
    box = [(s.x - s.side / 2, s.y - s.side / 2, s.x + s.side / 2, s.y + s.side / 2) for s in sights]
    looks = [portrait(s.person if s.looks is None else s.looks) for s in sights]
    return Faces(
        np.array(box, np.float32).reshape(-1, 4),
        np.array([s.score for s in sights], np.float32),
        np.array(looks, np.uint8).reshape(-1, 64),
    )


def track(frames: Iterable[tuple[float, list[Sight]]], settings: TrackerSettings | None = None) -> list[dict[int, int]]:
    """The identity of every person in every frame."""
    tracker = Tracker(settings or TrackerSettings())
    return [step(tracker, time_s, sights) for time_s, sights in frames]


def step(tracker: Tracker, time_s: float, sights: list[Sight], cut: bool = False) -> dict[int, int]:
    """Person -> identity, in one frame."""
    ids = tracker.update(time_s, seen(sights), cut)
    return {s.person: int(i) for s, i in zip(sights, ids, strict=True)}


def identities(found: list[dict[int, int]], person: int) -> set[int]:
    """Every identity that a person ever had."""
    return {frame[person] for frame in found if person in frame}
