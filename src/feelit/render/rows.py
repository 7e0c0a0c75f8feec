"""What the drawing needs of a timeline."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from feelit.errors import VideoReadError
from feelit.storage.location import Location, refuse_url
from feelit.timeline.recording import Recording, TimelineSources, one_video, open_timelines
from feelit.timeline.schema import from_arrow
from feelit.timeline.smoothing import smooth
from feelit.types import Bool, Columns, Float32, Float64, Int32, Timeline
from feelit.video.probe import fingerprint


@dataclass(frozen=True, slots=True, eq=False)
class TimelineRows(Columns):
    """One row a tracked face a sampled frame, ordered by time and then by track."""

    time_s: Float64  # (R,) seconds on the player's clock
    track_id: Int32  # (R,)
    box: Float32  # (R, 4) px of the upright full-size frame
    emotion: Int32  # (R,) place in EMOTIONS; -1 none
    confidence: Float32  # (R,) 0..1
    probability: Float32  # (R, 8) in the order of EMOTIONS, smoothed as the emotion is
    readable: Bool  # (R,) whether the face shows enough to claim an emotion

    def of_tracks(self, track_ids: tuple[int, ...]) -> TimelineRows:
        """The rows of some tracks only."""
        return self.rows(np.isin(self.track_id, track_ids))


def recording_of(video: Location, timelines: TimelineSources) -> Recording:
    """What timelines say of a video, which is known by its content.

    Raises
    ------
    TimelineReadError
        if they are none, or none of this video as it is now.
    VideoReadError
        if the video is missing.
    """
    if isinstance(video, Path):
        refuse_url(video)
        if not video.is_file():
            raise VideoReadError(f"{video} does not exist", "check the spelling")
    return one_video(open_timelines(timelines), fingerprint(video), str(video))


def rows_of(recording: Recording) -> tuple[TimelineRows, Float64]:
    """What annotating needs of a timeline, see `rows_to_draw`."""
    return rows_to_draw(from_arrow(recording.table()))


def rows_to_draw(timeline: Timeline) -> tuple[TimelineRows, Float64]:
    """What annotating needs of the rows of one video, in order.

    Returns
    -------
    rows : the rows that have a track; their probabilities are smoothed, so that the longest bar is that of the emotion
    sampled_time_s : (N,) float64, the time of every frame that was looked at
    """
    faces = timeline.rows((timeline.track_id >= 0) & np.isfinite(timeline.box).all(axis=1))
    everything = np.arange(len(faces), dtype=np.int64)
    mean = smooth(faces.time_s, faces.track_id.astype(np.int64), faces.probability, faces.readable, everything)
    rows = TimelineRows(
        time_s=faces.time_s,
        track_id=faces.track_id,
        box=faces.box,
        emotion=faces.emotion,
        confidence=np.nan_to_num(faces.confidence),
        probability=np.nan_to_num(mean),
        readable=faces.readable,
    )
    return rows, np.unique(timeline.time_s)
