"""The curves of one video as bytes: what every track shows at every sampled frame, or at coarser steps of a long video.

Layout, before compression by raw DEFLATE and base64: the times in units of 0.1 ms, as uint32 differences, least significant
bytes of all first; then for every track one byte a point, which of `STATES` it is in; then eight bytes a point, the smoothed
probabilities in 1/255, one emotion after the other, as differences from point to point modulo 256. Where there is no
probability the last one is repeated, which costs nothing. A track has points from its first to its last one only.
"""

from __future__ import annotations

import base64
import zlib
from dataclasses import dataclass

import numpy as np

from feelit.timeline.smoothing import smooth
from feelit.types import EMOTIONS, Bool, Float32, Float64, Int64, Timeline, UInt8

UNREADABLE, ABSENT = len(EMOTIONS), len(EMOTIONS) + 1
STATES = (*EMOTIONS, "unreadable", "absent")
"""What a track may be in: it shows an emotion, cannot be read, or is not there."""

STEPS_S = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 60.0, 300.0)
"""Steps of curves that would be too large at full resolution."""

TICKS_A_SECOND = 10_000
LEVELS = 255


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """The points of one track."""

    track_id: int
    first: int  # place of its first point among the times
    state: UInt8  # (K,) see STATES
    level: UInt8  # (K, 8) smoothed probabilities in 1/LEVELS, 0 where the state is no emotion


@dataclass(frozen=True, slots=True, eq=False)
class Curves:
    """All tracks of a video over one time axis. `step_s` is None where every sampled frame has a point."""

    time_s: Float64  # (P,) rising
    tracks: list[Track]
    step_s: float | None = None

    @property
    def interval_s(self) -> float:
        """The usual time between points; 0 for a single one."""
        return float(np.median(np.diff(self.time_s))) if len(self.time_s) > 1 else 0.0

    @property
    def raw_bytes(self) -> int:
        """Size before compression."""
        return 4 * len(self.time_s) + sum(track.state.size + track.level.size for track in self.tracks)


def curves_of(rows: Timeline) -> Curves:
    """The curves of one video at full resolution, tracks in the order of their numbers."""
    time_s = np.unique(rows.time_s)
    faces = rows.rows(rows.track_id >= 0)
    everything = np.arange(len(faces), dtype=np.int64)
    mean = smooth(faces.time_s, faces.track_id.astype(np.int64), faces.probability, faces.readable, everything)
    place = np.searchsorted(time_s, faces.time_s).astype(np.int64)
    shows = faces.readable & (faces.emotion >= 0)
    state = np.where(shows, faces.emotion, UNREADABLE).astype(np.uint8)
    tracks = []
    for track_id in np.unique(faces.track_id):
        mine = np.flatnonzero(faces.track_id == track_id)
        tracks.append(_track(int(track_id), place[mine], state[mine], mean[mine]))
    return Curves(time_s, tracks)


def coarser(curves: Curves, step_s: float) -> Curves:
    """The same with one point a step that holds a sampled frame, in its middle: the state that is most frequent in the step,
    and the mean of the probabilities where there are some."""
    step = np.floor(curves.time_s / step_s + 1e-6).astype(np.int64)
    steps, place = np.unique(step, return_inverse=True)
    tracks = [_coarser_track(track, place[track.first : track.first + len(track.state)]) for track in curves.tracks]
    return Curves((steps + 0.5).astype(np.float64) * step_s, tracks, step_s)


def pack(curves: Curves) -> str:
    """The curves in base64, see above."""
    ticks = np.round(curves.time_s * TICKS_A_SECOND).astype(np.int64)
    gaps = np.clip(np.diff(ticks, prepend=0), 0, 2**32 - 1).astype("<u4")
    planes = [gaps.view(np.uint8).reshape(-1, 4).T.tobytes()]
    for track in curves.tracks:
        held = _held(track.level, track.state < UNREADABLE)
        planes += [track.state.tobytes(), np.diff(held, axis=0, prepend=np.zeros((1, 8), np.uint8)).T.tobytes()]
    deflater = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return base64.b64encode(b"".join(map(deflater.compress, planes)) + deflater.flush()).decode("ascii")


def pack_within(curves: Curves, most_bytes: int) -> tuple[Curves, str]:
    """The finest curves that fit into so many characters, packed; the coarsest if none do."""
    candidate, packed = curves, ""
    for step_s in (None, *(step_s for step_s in STEPS_S if step_s > 1.5 * curves.interval_s)):
        candidate = curves if step_s is None else coarser(curves, step_s)
        # Smoothed probabilities shrink to between a third and two thirds; what is far too large need not be tried.
        packed = pack(candidate) if candidate.raw_bytes < 6 * most_bytes else ""
        if packed and len(packed) <= most_bytes:
            return candidate, packed
    return candidate, packed or pack(candidate)


def _track(track_id: int, place: Int64, state: UInt8, mean: Float32) -> Track:
    """A track out of the points that it has; it is absent at those between."""
    first, count = int(place[0]), int(place[-1] - place[0]) + 1
    states, levels = np.full(count, ABSENT, np.uint8), np.zeros((count, len(EMOTIONS)), np.uint8)
    states[place - first] = state
    level = np.round(np.clip(np.nan_to_num(mean), 0, 1) * LEVELS).astype(np.uint8)
    levels[place - first] = np.where(state[:, None] < UNREADABLE, level, 0)
    return Track(track_id, first, states, levels)


def _coarser_track(track: Track, place: Int64) -> Track:
    first, count = int(place[0]), int(place[-1] - place[0]) + 1
    place = place - first
    votes = np.bincount(place * len(STATES) + track.state, minlength=count * len(STATES)).reshape(count, len(STATES))
    shows = track.state < UNREADABLE
    shown = np.maximum(np.bincount(place[shows], minlength=count), 1)
    sums = [np.bincount(place[shows], track.level[shows, k], count) for k in range(len(EMOTIONS))]
    state = votes.argmax(axis=1).astype(np.uint8)
    level = np.round(np.stack(sums, axis=1) / shown[:, None]).astype(np.uint8)
    return Track(track.track_id, first, state, np.where(state[:, None] < UNREADABLE, level, 0).astype(np.uint8))


def _held(level: UInt8, valid: Bool) -> UInt8:
    """(K, 8) the levels, with those that are not valid replaced by the last valid ones."""
    last = np.maximum.accumulate(np.where(valid, np.arange(len(level)), -1))
    held: UInt8 = np.where(last[:, None] >= 0, level[np.maximum(last, 0)], 0).astype(np.uint8)
    return held
