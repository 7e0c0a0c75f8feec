"""Do the confidences of a timeline follow from its probabilities?

Rows are checked some at a time, with what the smoothing needs of those around them.
"""

from __future__ import annotations

import numpy as np

from feelit.timeline.smoothing import CONTEXT_S, smooth
from feelit.types import Bool, Float64, Int64, Timeline

CONFIDENCE_TOLERANCE = 0.001
"""Confidences are rounded to 0.0001, and the sums of other processors differ in their last bits."""


KNOWN_S = 3 * CONTEXT_S
"""What is known on either side of a claim that is compared: the window, and a track before or after its own."""


class ConfidencesFollow:
    """Compares claims with smoothed probabilities.

    Attributes
    ----------
    looked_at : how many claims were compared
    wrong : how many are not what the probabilities give
    """

    def __init__(self) -> None:
        self.looked_at = self.wrong = 0
        self._rest: list[
            Timeline
        ] = []  # faces that are needed yet: claims that were not compared, and what is in reach of them
        self._compared_s = -np.inf  # claims before this time were compared

    def add(self, faces: Timeline) -> None:
        """The faces of the next frames."""
        if len(faces):
            rows = Timeline.join([*self._rest, faces])
            until_s = float(rows.time_s.max()) - KNOWN_S
            self._compare(rows, until_s)
            self._rest = [rows.rows(~(rows.time_s < until_s - KNOWN_S))]

    def finish(self) -> None:
        """Compare what is left."""
        if self._rest:
            self._compare(self._rest[0], np.inf)

    def _compare(self, rows: Timeline, until_s: float) -> None:
        """Claims from where comparing stopped, to before `until_s`."""
        rows = rows.rows(np.lexsort((rows.time_s, rows.track_id)).astype(np.int64))
        due: Bool = ~(rows.time_s < self._compared_s) & ~(rows.time_s >= until_s)
        claims: Int64 = np.flatnonzero(due & rows.readable & (rows.emotion >= 0)).astype(np.int64)
        follows = np.zeros(len(claims), bool)
        for talking in (True, False):  # older timelines did not take surprise out of talking
            track = rows.track_id.astype(np.int64)
            mean = smooth(rows.time_s, track, rows.probability, rows.readable, claims, talking=talking)
            shown = np.nan_to_num(mean[np.arange(len(claims)), rows.emotion[claims]], nan=-1)
            off: Float64 = np.abs(shown - rows.confidence[claims])
            follows |= off <= CONFIDENCE_TOLERANCE
        wrong = claims[~follows]
        self.wrong += sum(not _at_a_split(rows, int(claim)) for claim in wrong)
        self.looked_at += len(claims)
        self._compared_s = max(self._compared_s, until_s)


def _at_a_split(rows: Timeline, claim: int) -> bool:
    """Whether another track ends just before its own begins, or begins just after it ends, within reach of a claim.

    A track that shows two people in turn is split when a video is complete, after its probabilities were smoothed.
    """
    mine = rows.track_id == rows.track_id[claim]
    now_s, begin_s, end_s = float(rows.time_s[claim]), float(rows.time_s[mine].min()), float(rows.time_s[mine].max())
    for other in np.unique(rows.track_id[~mine]):
        times = rows.time_s[rows.track_id == other]
        if now_s - begin_s <= CONTEXT_S and 0 < begin_s - times.max() <= CONTEXT_S:
            return True
        if end_s - now_s <= CONTEXT_S and 0 < times.min() - end_s <= CONTEXT_S:
            return True
    return False
