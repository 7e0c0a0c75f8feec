"""What the drawing needs of a timeline."""

from __future__ import annotations

from dataclasses import dataclass

from feelit.types import Bool, Columns, Float32, Float64, Int32


@dataclass(frozen=True, slots=True, eq=False)
class TimelineRows(Columns):
    """One row a tracked face a sampled frame, ordered by time and then by track."""

    time_s: Float64  # (R,) seconds on the player's clock
    track_id: Int32  # (R,)
    box: Float32  # (R, 4) px of the upright full-size frame
    emotion: Int32  # (R,) place in EMOTIONS; -1 none
    confidence: Float32  # (R,) 0..1
    probability: Float32  # (R, 8) in the order of EMOTIONS
    readable: Bool  # (R,) whether the face shows enough to claim an emotion

    def of_tracks(self, track_ids: tuple[int, ...]) -> TimelineRows:
        """The rows of some tracks only."""
        import numpy as np

        return self.rows(np.isin(self.track_id, track_ids))
