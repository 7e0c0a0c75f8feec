"""Made recordings: what workers would give of people who sit, sway, leave and come back, without any pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise

import numpy as np

from feelit.identity.select import no_embeddings
from feelit.run.segment import APPEARANCE_PX, SIGNATURE_PX
from feelit.types import EMOTIONS, FaceTable, Float32, Float64, FrameTable, SegmentResult

FRONTAL = np.array([[0.33, 0.38], [0.67, 0.38], [0.5, 0.58], [0.36, 0.75], [0.64, 0.75]], np.float32)
TIME_BASE = Fraction(1, 90_000)
THRESHOLD = 0.5


@dataclass(frozen=True)
class Recording:
    """Every decoded frame of a video with its faces; nothing is sampled yet."""

    frames: FrameTable
    faces: FaceTable

    def segments(self, cuts: Sequence[int]) -> list[SegmentResult]:
        """The results of workers if the video is cut before the given decoded frames; two equal cuts make an empty segment.

        Like `SegmentReader`, every segment samples the first frame it has of every tick.
        """
        edges = [0, *sorted(cuts), len(self.frames)]
        return [self._segment(first, end) for first, end in pairwise(edges)]

    def whole(self) -> SegmentResult:
        """The result if the video is not cut."""
        return self.segments([])[0]

    def _segment(self, first: int, end: int) -> SegmentResult:
        tick = self.frames.tick[first:end]
        sampled = np.flatnonzero(np.diff(tick, prepend=-1) > 0) + first
        frames = self.frames.rows(sampled)
        faces = self.faces.rows(np.isin(self.faces.row, sampled))
        return SegmentResult(
            replace(frames, frame=frames.frame - first),
            replace(faces, row=np.searchsorted(sampled, faces.row).astype(np.int64)),
            no_embeddings(),
            decoded=end - first,
            discarded=0,
            errors=0,
            letterboxed=0,
            threshold=THRESHOLD,
            provider="made",
        )


def recording(frames: int = 100, seed: int = 0, people: int = 3, rate_hz: int = 10, fps: int = 25) -> Recording:
    """`people` in a call; each is now and then away, not found, found doubtfully, too blurred to read or turned away.

    The picture is cut once, in the middle, and is a little unsteady in time.
    """
    rng = np.random.default_rng(seed)
    pts = np.arange(frames, dtype=np.int64) * (90_000 // fps) + rng.integers(0, 90_000 // fps // 2, frames)
    tick = np.array([int(p * TIME_BASE * rate_hz // 1) for p in pts.tolist()], np.int64)
    scene = rng.integers(0, 256, (2, SIGNATURE_PX**2))
    table = FrameTable(
        frame=np.arange(frames, dtype=np.int64),
        pts=pts,
        time_s=np.array([float(p * TIME_BASE) for p in pts.tolist()]),
        tick=tick,
        signature=scene[(np.arange(frames) >= frames // 2).astype(int)].astype(np.uint8),
    )
    faces = FaceTable.join([_person(rng, n, frames) for n in range(people)])
    return Recording(table, faces.rows(np.lexsort((-faces.score, faces.row)).astype(np.int64)))


def _person(rng: np.random.Generator, seat: int, frames: int) -> FaceTable:
    """One person in a place of their own, in the frames in which they are found."""
    here = np.repeat(rng.random(frames // 20 + 1) < 0.8, 20)[:frames] & (rng.random(frames) < 0.9)
    row = np.flatnonzero(here).astype(np.int64)
    count = len(row)
    side = 80 + 20 * np.sin(row / 17 + seat)[:, None]
    corner = np.stack([300 * seat + 40 + 30 * np.sin(row / 9), 60 + 10 * np.cos(row / 13)], axis=1) + rng.normal(
        0, 1, (count, 2)
    )
    landmarks = corner[:, None] + FRONTAL * side[:, None]
    landmarks[:, 2, 0] += side[:, 0] * rng.choice([0, 0.02, 0.4], count, p=[0.5, 0.3, 0.2])
    looks = rng.integers(0, 256, APPEARANCE_PX**2)
    return FaceTable(
        row=row,
        box=_rounded(np.concatenate([corner, corner + side], axis=1), 8),
        landmarks=_rounded(landmarks, 8),
        score=_rounded(rng.choice([0.3, 0.6, 0.9], count, p=[0.2, 0.4, 0.4]) + rng.random(count) / 20, 1024),
        face_px=_rounded(side[:, 0], 8),
        sharpness=_rounded(rng.choice([0.001, 0.3], count, p=[0.1, 0.9]), 1024),
        brightness=_rounded(rng.uniform(60, 200, count), 8),
        appearance=np.clip(looks + rng.normal(0, 8, (count, APPEARANCE_PX**2)), 0, 255).astype(np.uint8),
        probability=_rounded(rng.dirichlet(np.full(len(EMOTIONS), 0.3), count), 4096),
        signals=np.zeros((count, 0), np.float32),
        mouth=np.zeros((count, 0), np.uint8),
    )


def _rounded(values: Float64, steps: int) -> Float32:
    return (np.round(values * steps) / steps).astype(np.float32)
