"""One pass over a video's boxes that gives every face an identity.

Association is in two stages, after ByteTrack (Zhang et al. 2022): confident boxes first, then doubtful ones for the tracks
that remain, so that a face which turns away keeps its identity while noise starts none. Tracks that are still unmatched are
looked for once more where they were last seen rather than where they were expected, as in OC-SORT (Cao et al. 2023).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from feelit.tracking import motion
from feelit.tracking.association import match, similarity
from feelit.types import Float32, Int64


@dataclass(frozen=True, slots=True)
class TrackerSettings:
    """What counts as a face, and for how long it may be missed.

    `confident` is the score from which a box may start a track. A track is a face for certain once it has `hits` boxes, or
    one box of at least `certain`, within `probation_s` of its birth; otherwise it is dropped.
    """

    confident: float = 0.5
    certain: float = 0.8
    hits: int = 3
    probation_s: float = 1.0
    patience_s: float = 1.0
    least_likeness: float = 0.15

    def at_interval(self, interval_s: float) -> TrackerSettings:
        """The same settings for frames that are `interval_s` apart: slow sampling needs longer patience."""
        return TrackerSettings(
            self.confident,
            self.certain,
            self.hits,
            max(self.probation_s, (self.hits + 1) * interval_s),
            max(self.patience_s, 2.5 * interval_s),
            self.least_likeness,
        )


class Tracker:
    """Identities over the frames of one video, fed in order.

    Attributes
    ----------
    proven : the ids that are faces for certain
    """

    def __init__(self, settings: TrackerSettings) -> None:
        self._settings = settings
        self._motion = motion.start(np.zeros((0, 4), np.float32), 0.0)
        self._id = np.zeros(0, np.int64)
        self._born_s = np.zeros(0, np.float64)
        self._hits = np.zeros(0, np.int64)
        self._last = np.zeros((0, 4), np.float32)  # boxes as last seen
        self._next = 0
        self.proven: set[int] = set()

    def update(self, time_s: float, box: Float32, score: Float32, cut: bool = False) -> Int64:
        """Identities of the boxes of the next frame.

        Parameters
        ----------
        time_s : later than the frame before
        box : (F, 4) float32, px
        score : (F,) float32
        cut : the camera cut before this frame, so nobody is where the motion model thinks

        Returns
        -------
        (F,) int64; -1 for doubtful boxes that continue no track
        """
        self._forget(time_s, cut)
        ids = np.full(len(box), -1, np.int64)
        predicted = motion.predict(self._motion, time_s)
        tracks, faces = self._associate(predicted, box, score, time_s)
        ids[faces] = self._id[tracks]
        if len(tracks):
            corrected = motion.correct(predicted.rows(tracks), box[faces], time_s)
            self._motion = motion.replace(self._motion, tracks, corrected)
            self._last[tracks] = box[faces]
            self._hits[tracks] += 1
        fresh = np.flatnonzero((ids < 0) & (score >= self._settings.confident))
        if len(fresh):
            ids[fresh] = self._begin(box[fresh], time_s)
        self._prove(ids, score)
        return ids

    def _associate(self, predicted: motion.Motion, box: Float32, score: Float32, time_s: float) -> tuple[Int64, Int64]:
        settings = self._settings
        unseen_s = time_s - self._motion.seen_s
        slack = (0.25 + 0.5 * np.minimum(unseen_s, 1.0)).astype(np.float32)
        expected = motion.boxes(predicted)
        confident = score >= settings.confident
        free_track, free_face = np.ones(len(self._id), bool), np.ones(len(box), bool)
        tracks, faces = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
        for where, stage in ((expected, confident), (expected, ~confident), (self._last, confident)):
            t, f = np.flatnonzero(free_track), np.flatnonzero(free_face & stage)
            if not len(t) or not len(f):
                continue
            rows, columns = match(similarity(where[t], box[f], slack[t]), settings.least_likeness)
            free_track[t[rows]], free_face[f[columns]] = False, False
            tracks.append(t[rows])
            faces.append(f[columns])
        return np.concatenate(tracks), np.concatenate(faces)

    def _begin(self, box: Float32, time_s: float) -> Int64:
        ids = np.arange(self._next, self._next + len(box), dtype=np.int64)
        self._next += len(box)
        self._motion = motion.Motion.join([self._motion, motion.start(box, time_s)])
        self._id = np.concatenate([self._id, ids])
        self._born_s = np.concatenate([self._born_s, np.full(len(box), time_s)])
        self._hits = np.concatenate([self._hits, np.ones(len(box), np.int64)])
        self._last = np.concatenate([self._last, box])
        return ids

    def _prove(self, ids: Int64, score: Float32) -> None:
        self.proven.update(int(i) for i in ids[(ids >= 0) & (score >= self._settings.certain)])
        self.proven.update(int(i) for i in self._id[self._hits >= self._settings.hits])

    def _forget(self, time_s: float, cut: bool) -> None:
        """End the tracks that were missed for too long, or never proved to be faces, or stood before a cut."""
        if not len(self._id):
            return
        alive = time_s - self._motion.seen_s <= self._settings.patience_s + 1e-9
        if cut:
            alive[:] = False
        doubtful = np.flatnonzero(alive & (time_s - self._born_s > self._settings.probation_s + 1e-9))
        alive[doubtful] = [int(i) in self.proven for i in self._id[doubtful]]
        if alive.all():
            return
        self._motion = self._motion.rows(alive)
        self._id, self._born_s, self._hits = self._id[alive], self._born_s[alive], self._hits[alive]
        self._last = self._last[alive]
