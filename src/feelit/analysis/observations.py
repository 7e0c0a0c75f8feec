"""The samples of a timeline: which frames were sampled, which faces are in them, and how much time each represents.

A sampled frame represents the time up to the next sampled frame, the last one the median of these intervals. Recorded calls
often have a variable frame rate, so counting rows would be wrong. A track that is missing from a sampled frame is absent until
it is seen again; that time is not counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from feelit.timeline.recording import Recording
from feelit.timeline.schema import PROBABILITY_COLUMNS
from feelit.types import EMOTIONS, Bool, Columns, Float32, Float64, Int64

COLUMNS = ("video", "frame", "time_s", "track_id", "readable", "emotion", "confidence", *PROBABILITY_COLUMNS)
"""The columns of a timeline that a summary needs."""

LONE_FRAME_S = 1e-9  # the time of a single sampled frame: it has no duration, but its shares are defined


@dataclass(frozen=True, slots=True, eq=False)
class Frames(Columns):
    """Every sampled frame of a video, in order of time."""

    time_s: Float64  # (N,)
    length_s: Float64  # (N,) time that the frame represents


@dataclass(frozen=True, slots=True, eq=False)
class Samples(Columns):
    """Faces of sampled frames, ordered by track and time."""

    frame: Int64  # (F,) row in `Frames`
    track: Int64  # (F,) number of the track, from 0 on
    time_s: Float64  # (F,)
    length_s: Float64  # (F,)
    readable: Bool  # (F,)
    emotion: Int64  # (F,) index into EMOTIONS, -1 where the face is not readable
    confidence: Float32  # (F,)
    probability: Float32  # (F, 8)


class TimelineSamples:
    """The samples of one video, at about fifty bytes per face.

    Parameters
    ----------
    recording : the timeline
    by : whether one series of samples is a "track" or a "person". With "person", "track" below means person, each with at most
        one face per frame; faces without a person are left out

    Attributes
    ----------
    name : of the video
    frames : the sampled frames
    track_id : (T,) int64, the ids of the tracks; a track's number is its index here
    bounds : (T + 1,) int64, the first sample of every track, then the total number of samples

    Raises
    ------
    TimelineReadError
        if a column is missing or has invalid values.
    """

    def __init__(self, recording: Recording, by: Literal["track", "person"] = "track") -> None:
        self.name = recording.name
        column, rows_of = ("track_id", recording.track_rows) if by == "track" else ("person_id", recording.person_rows())
        self.track_id = np.array(list(rows_of), np.int64)
        self.bounds = np.cumsum([0, *rows_of.values()]).astype(np.int64)
        faces, next_row = int(self.bounds[-1]), self.bounds[:-1].copy()
        self._frame, self._emotion = np.empty(faces, np.int32), np.empty(faces, np.int8)
        self._readable, self._confidence = np.empty(faces, bool), np.empty(faces, np.float32)
        self._probability = np.empty((faces, len(EMOTIONS)), np.float32)
        times, frames, last = [np.zeros(0, np.float64)], 0, -1
        for batch in recording.batches([column if name == "track_id" else name for name in COLUMNS]):
            frame = batch.column("frame").to_numpy().astype(np.int64, copy=False)
            begins = np.diff(frame, prepend=last) > 0
            times.append(batch.column("time_s").to_numpy()[begins])
            track = pc.fill_null(batch.column(column).cast(pa.int64(), safe=False), -1).to_numpy()
            rows = np.flatnonzero(track >= 0)
            place = _places(np.searchsorted(self.track_id, track[rows]), next_row)
            self._frame[place] = (np.cumsum(begins) + (frames - 1))[rows]
            self._store(batch, rows, place)
            frames, last = frames + len(times[-1]), int(frame[-1])
        time_s = np.concatenate(times)
        self.frames = Frames(time_s, frame_lengths(time_s, recording.duration_s))

    def _store(self, batch: pa.RecordBatch, rows: Int64, place: Int64) -> None:
        """Store the given rows of a batch at `place`."""
        emotion = pc.index_in(batch.column("emotion").cast(pa.string()), value_set=pa.array(EMOTIONS))
        number = pc.fill_null(emotion, -1).to_numpy()[rows]
        confidence = _floats(batch.column("confidence"))[rows]
        probability = np.stack([_floats(batch.column(name))[rows] for name in PROBABILITY_COLUMNS], axis=1)
        known = (number >= 0) & np.isfinite(confidence) & np.isfinite(probability).all(axis=1)
        readable = batch.column("readable").to_numpy(zero_copy_only=False)[rows] & known
        self._readable[place], self._confidence[place], self._probability[place] = readable, confidence, probability
        self._emotion[place] = np.where(readable, number, -1)

    def of_track(self, track: int) -> Samples:
        """The samples of one track, by its number."""
        part = slice(int(self.bounds[track]), int(self.bounds[track + 1]))
        frame = self._frame[part].astype(np.int64)
        return Samples(
            frame=frame,
            track=np.broadcast_to(np.int64(track), frame.shape),
            time_s=self.frames.time_s[frame],
            length_s=self.frames.length_s[frame],
            readable=self._readable[part],
            emotion=self._emotion[part].astype(np.int64),
            confidence=self._confidence[part],
            probability=self._probability[part],
        )

    def occupied(self) -> Bool:
        """(N,) bool, which frames hold a face."""
        result = np.zeros(len(self.frames), bool)
        result[self._frame] = True
        return result

    def readable_times(self, track: int, start_s: float, end_s: float) -> Float64:
        """The times of the readable samples of a track from `start_s` to `end_s`, both included."""
        mine = slice(int(self.bounds[track]), int(self.bounds[track + 1]))
        low, high = np.searchsorted(self.frames.time_s, start_s), np.searchsorted(self.frames.time_s, end_s, side="right")
        first, end = np.searchsorted(self._frame[mine], np.array([low, high], self._frame.dtype))  # same dtype: avoids a copy
        frame = self._frame[mine][first:end]
        return self.frames.time_s[frame[self._readable[mine][first:end]]]


def _places(track: Int64, next_row: Int64) -> Int64:
    """(F,) track numbers -> (F,) the rows in which to store their samples. Advances `next_row`."""
    order = np.argsort(track, kind="stable")
    count = np.bincount(track, minlength=len(next_row))
    place = np.empty(len(track), np.int64)
    place[order] = np.arange(len(track)) + np.repeat(next_row - (np.cumsum(count) - count), count)
    next_row += count
    return place


def _floats(column: pa.Array) -> Float32:
    result: Float32 = column.to_numpy(zero_copy_only=False).astype(np.float32, copy=False)
    return result


def frame_lengths(time_s: Float64, end_s: float | None = None) -> Float64:
    """The time that every sampled frame represents, in seconds.

    Parameters
    ----------
    time_s : (N,) float64, rising
    end_s : where the video ends, if known: the last frame represents at most the time up to it

    Returns
    -------
    (N,) float64
    """
    if not len(time_s):
        return np.zeros(0, np.float64)
    length = np.diff(time_s, append=time_s[-1])
    length[-1] = np.median(length[:-1]) if len(length) > 1 else LONE_FRAME_S
    if end_s is not None and end_s > time_s[-1]:
        length[-1] = min(length[-1], end_s - time_s[-1])
    return length
