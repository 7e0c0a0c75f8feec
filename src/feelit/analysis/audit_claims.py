"""Checks that the confidences of a timeline follow from its probabilities.

Rows are checked in batches, together with the surrounding rows that the smoothing needs.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from feelit.timeline.smoothing import CONTEXT_S, smooth
from feelit.types import Bool, Float64, Int64, Timeline

CONFIDENCE_TOLERANCE = 0.001
"""Confidences are rounded to 0.0001, and sums differ in their last bits between processors."""


KNOWN_S = 3 * CONTEXT_S
"""Time on either side of a compared claim that must be known: the smoothing window, and a track before or after its own."""

_AT_A_TIME = 1 << 16
"""Faces that are compared together: with fewer, call overhead dominates."""


class ConfidencesFollow:
    """Compares claims, the emotion and confidence of a row, with the smoothed probabilities.

    Attributes
    ----------
    looked_at : number of claims compared
    wrong : number of claims that do not follow from the probabilities
    """

    def __init__(self) -> None:
        self.looked_at = self.wrong = 0
        # Faces that are still needed: claims not yet compared, and faces that affect their smoothing.
        self._rest: list[Timeline] = []
        self._compared_s = -np.inf  # claims before this time were compared

    def add(self, faces: Timeline) -> None:
        """Add the faces of the next frames."""
        if len(faces):
            self._rest.append(faces)
            if sum(map(len, self._rest)) >= _AT_A_TIME:
                rows = Timeline.join(self._rest)
                until_s = float(rows.time_s.max()) - KNOWN_S
                self._compare(rows, until_s)
                self._rest = [rows.rows(~(rows.time_s < until_s - KNOWN_S))]

    def finish(self) -> None:
        """Compare the remaining claims."""
        if self._rest:
            self._compare(Timeline.join(self._rest), np.inf)

    def _compare(self, rows: Timeline, until_s: float) -> None:
        """Compare the claims not yet compared that lie before `until_s`."""
        rows = rows.rows(np.lexsort((rows.time_s, rows.track_id)).astype(np.int64))
        due: Bool = ~(rows.time_s < self._compared_s) & ~(rows.time_s >= until_s)
        claims: Int64 = np.flatnonzero(due & rows.readable & (rows.emotion >= 0)).astype(np.int64)
        wrong = claims
        track_id = rows.track_id.astype(np.int64)
        for talking in (True, False):  # older timelines did not correct surprise while talking
            mean = smooth(rows.time_s, track_id, rows.probability, rows.readable, wrong, talking=talking)
            shown = np.nan_to_num(mean[np.arange(len(wrong)), rows.emotion[wrong]], nan=-1)
            off: Float64 = np.abs(shown - rows.confidence[wrong])
            wrong = wrong[~(off <= CONFIDENCE_TOLERANCE)]
        spans = _spans(rows) if len(wrong) else {}
        self.wrong += sum(
            not _at_a_split(spans, track, time_s)
            for track, time_s in zip(rows.track_id[wrong].tolist(), rows.time_s[wrong].tolist(), strict=True)
        )
        self.looked_at += len(claims)
        self._compared_s = max(self._compared_s, until_s)


def _spans(rows: Timeline) -> dict[int, tuple[float, float]]:
    """Beginning and end of every track; the rows are ordered by track and then by time."""
    first = np.flatnonzero(np.diff(rows.track_id, prepend=rows.track_id[:1] - 1))
    last = np.append(first[1:], len(rows)) - 1
    times = zip(rows.time_s[first].tolist(), rows.time_s[last].tolist(), strict=True)
    return dict(zip(rows.track_id[first].tolist(), times, strict=True))


def _at_a_split(spans: Mapping[int, tuple[float, float]], track: int, now_s: float) -> bool:
    """Whether a track before or after this one is close enough to have affected the smoothing at `now_s`.

    A track that shows two people in turn is split when the video is complete, after its probabilities were smoothed.
    """
    begin_s, end_s = spans[track]
    return any(
        (now_s - begin_s <= CONTEXT_S and 0 < begin_s - last_s <= CONTEXT_S)
        or (end_s - now_s <= CONTEXT_S and 0 < first_s - end_s <= CONTEXT_S)
        for other, (first_s, last_s) in spans.items()
        if other != track
    )
