"""A timeline taken apart: which frames were sampled, which faces are in them, and how long each stands for.

A sampled frame stands for the time to the next sampled frame of its video, the last one for the median of these intervals:
recordings of calls often have a variable frame rate, so rows must not be counted. A track that is missing from a sampled
frame is absent until it is seen again, and that time counts for nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from feelit.errors import TimelineReadError
from feelit.timeline.schema import METADATA_KEY, PROBABILITY_COLUMNS, unpack_metadata
from feelit.timeline.validity import refuse_impossible, refuse_standing_times, video_numbers
from feelit.types import EMOTIONS, Bool, Columns, Float32, Float64, Int64

COLUMNS = ("video", "frame", "time_s", "track_id", "readable", "emotion", "confidence", *PROBABILITY_COLUMNS)
"""The columns of a timeline that a summary needs."""

LONE_FRAME_S = 1e-9
"""What the only sampled frame of a video stands for: it holds no duration, but its shares are defined."""


@dataclass(frozen=True, slots=True, eq=False)
class Frames(Columns):
    """Every sampled frame of one or more videos, ordered by video and then by time."""

    video: Int64  # (N,) number of the video, from 0
    time_s: Float64  # (N,)
    length_s: Float64  # (N,) what the frame stands for


@dataclass(frozen=True, slots=True, eq=False)
class Samples(Columns):
    """Every face of every sampled frame, ordered by video, track and time."""

    frame: Int64  # (F,) row in `Frames`
    video: Int64  # (F,)
    track: Int64  # (F,) number of the track, from 0 on over all videos
    time_s: Float64  # (F,)
    length_s: Float64  # (F,)
    readable: Bool  # (F,)
    emotion: Int64  # (F,) index into EMOTIONS, -1 where the face is not readable
    confidence: Float32  # (F,)
    probability: Float32  # (F, 8)


class TimelineSamples:
    """A table of one or more videos, taken apart.

    Attributes
    ----------
    names : of the videos, which are numbered in order of appearance
    frames, samples : what was looked at, and what was found
    track_video, track_id : (T,) int64 each, the video and the name of every track

    Raises
    ------
    TimelineReadError
        if the table lacks columns, holds a video twice, or holds what no timeline can.
    """

    def __init__(self, table: pa.Table) -> None:
        if missing := [name for name in COLUMNS if name not in table.column_names]:
            raise TimelineReadError(f"the table lacks the columns {', '.join(missing)}", "give a timeline that feelit wrote")
        refuse_impossible(table, "the table")
        video, self.names = video_numbers(table.column("video"))
        self.names += _without_rows(table, self.names)
        frame = table.column("frame").to_numpy().astype(np.int64)
        track = pc.fill_null(table.column("track_id").cast(pa.int64(), safe=False), -1).to_numpy().astype(np.int64)
        order = np.lexsort((track, frame, video))
        video, frame, track = video[order], frame[order], track[order]
        begins = (np.diff(video, prepend=-1) != 0) | (np.diff(frame, prepend=-1) != 0)
        time_s = table.column("time_s").to_numpy()[order]
        starts = np.flatnonzero(begins)
        refuse_standing_times(time_s[starts], video[starts], self.names)
        self.frames = Frames(video[starts], time_s[starts], frame_lengths(video[starts], time_s[starts]))
        place = np.cumsum(begins) - 1
        faces = np.flatnonzero(track >= 0)
        faces = faces[np.lexsort((place[faces], track[faces], video[faces]))]
        first = (np.diff(video[faces], prepend=-1) != 0) | (np.diff(track[faces], prepend=-1) != 0)
        self.track_video, self.track_id = video[faces][first], track[faces][first]
        self.samples = self._samples(table, order[faces], place[faces], np.cumsum(first) - 1)
        self._refuse_doubles()

    def _samples(self, table: pa.Table, rows: Int64, frame: Int64, track: Int64) -> Samples:
        emotion = pc.index_in(_plain(table.column("emotion")), value_set=pa.array(EMOTIONS))
        number = pc.fill_null(emotion, -1).to_numpy().astype(np.int64)[rows]
        probability = np.stack([table.column(name).to_numpy()[rows] for name in PROBABILITY_COLUMNS], axis=1).astype(np.float32)
        confidence = table.column("confidence").to_numpy()[rows].astype(np.float32)
        known = (number >= 0) & np.isfinite(confidence) & np.isfinite(probability).all(axis=1)
        readable = table.column("readable").to_numpy()[rows].astype(bool) & known
        return Samples(
            frame=frame,
            video=self.frames.video[frame],
            track=track,
            time_s=self.frames.time_s[frame],
            length_s=self.frames.length_s[frame],
            readable=readable,
            emotion=np.where(readable, number, -1),
            confidence=confidence,
            probability=probability,
        )

    def _refuse_doubles(self) -> None:
        same = (np.diff(self.samples.track) == 0) & (np.diff(self.samples.frame) == 0)
        if same.any():
            name = self.names[int(self.samples.video[np.argmax(same)])]
            raise TimelineReadError(f"{name} is in the table twice", "give every video once, under a name of its own")


def _without_rows(table: pa.Table, names: Sequence[str]) -> list[str]:
    """The videos that a file tells of in its metadata alone."""
    if METADATA_KEY not in (table.schema.metadata or {}):
        return []
    videos = unpack_metadata(table.schema, "the table").get("videos", {})
    return [name for name, facts in videos.items() if not facts.get("frames_sampled") and name not in names]


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column.cast(pa.string()) if column.type != pa.string() else column


def frame_lengths(video: Int64, time_s: Float64) -> Float64:
    """What every sampled frame stands for, in seconds.

    Parameters
    ----------
    video : (N,) int64, in runs
    time_s : (N,) float64, rising within every video

    Returns
    -------
    (N,) float64
    """
    if not len(video):
        return np.zeros(0, np.float64)
    length = np.maximum(np.diff(time_s, append=time_s[-1]), 0.0)
    edges = np.flatnonzero(np.diff(video, prepend=video[0] - 1, append=video[-1] + 1))
    for first, end in pairwise(edges):
        length[end - 1] = np.median(length[first : end - 1]) if end - first > 1 else LONE_FRAME_S
    return length
