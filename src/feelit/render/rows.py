"""What the drawing needs of a timeline."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from feelit.timeline.smoothing import smooth
from feelit.types import Bool, Columns, Float32, Float64, Int32, Timeline


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


def rows_to_draw(timeline: Timeline) -> tuple[TimelineRows, Float64]:
    """What annotating needs of the timeline of one video.

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
