"""Multi-object tracking: one pass over a video's boxes that gives every face a track.

Association is in two stages, after ByteTrack (Zhang et al. 2022): confident boxes first, then doubtful ones for the remaining
tracks, so that a face that turns away keeps its track while noise starts none. Tracks that are still unmatched are matched at
their last position instead of the predicted one, as in OC-SORT (Cao et al. 2023).

Across a camera cut, or a new layout of a video call, the motion model does not apply: tracks and faces of the whole frame are
matched by appearance. People of a call who change tiles keep their tracks, and no track goes on with whoever took its place
while its person is seen elsewhere. A pause counts as a cut: recorders leave frames out while nothing moves, and a face in the
last frame before it was not missed, however long the pause.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from feelit.geometry import iou
from feelit.tracking import motion
from feelit.tracking.association import match, resemblance, similarity
from feelit.types import Bool, Columns, Float32, Float64, Int64, UInt8

SURE = 1e-3
"""Scores are clipped to this distance from 0 and 1."""


@dataclass(frozen=True, slots=True)
class TrackerSettings:
    """Settings of the tracker: what counts as a face, and for how long it may be missed.

    `confident` is the score from which a box may start a track. Each box is evidence: the log-odds of its score above those of
    `confident`, negative for doubtful boxes. A track is confirmed once the mean evidence of its boxes, times their number (at
    most `most_boxes`), reaches `proof` within `probation_s` of its start; otherwise it is dropped. So one box of 0.9 confirms a
    track, or three of 0.7, while a pattern that hovers about the threshold never does, at any sampling rate. A confirmed track
    may be missed for `patience_s`.

    `least_likeness` is the buffered overlap below which a box cannot continue a track, and `looks_weight` how much a similar
    appearance adds where several could. Aligned crops of one person, consecutive in time, correlate by 0.99 in the median and
    crops of different people by less than 0.63 in one composed video call, by up to 0.85 in others. Across a cut a track goes
    on with the face that the assignment gives it if they are alike by `same_face`, in another place by `same_face_elsewhere`.
    A track that was missed, for example behind somebody, goes on with a face that overlaps its last or predicted box by
    `same_place`, or resembles it by `same_after_miss`; else whoever passed in front of it would take the track over.
    """

    confident: float = 0.5
    proof: float = 2.0
    most_boxes: int = 10
    probation_s: float = 1.0
    patience_s: float = 1.0
    least_likeness: float = 0.15
    same_face: float = 0.8
    same_face_elsewhere: float = 0.9
    looks_weight: float = 0.3
    same_place: float = 0.4
    same_after_miss: float = 0.5

    def at_interval(self, interval_s: float) -> TrackerSettings:
        """The same settings for frames that are `interval_s` apart: slow sampling needs longer patience."""
        probation_s, patience_s = max(self.probation_s, 4 * interval_s), max(self.patience_s, 2.5 * interval_s)
        return replace(self, probation_s=probation_s, patience_s=patience_s)


@dataclass(frozen=True, slots=True, eq=False)
class Faces(Columns):
    """The boxes of one frame."""

    box: Float32  # (F, 4) px
    score: Float32  # (F,)
    appearance: UInt8  # (F, D) thumbnails of the aligned crops


class Tracker:
    """Tracks faces over the frames of one video, given in order.

    Attributes
    ----------
    proven : the ids of confirmed tracks
    """

    def __init__(self, settings: TrackerSettings) -> None:
        self._settings = settings
        self._motion = motion.start(np.zeros((0, 4), np.float32), 0.0)
        self._id = np.zeros(0, np.int64)
        self._born_s = np.zeros(0, np.float64)
        self._boxes = np.zeros(0, np.int64)  # seen so far
        self._evidence = np.zeros(0, np.float64)  # their sum
        self._last: Faces | None = None  # every track as last seen
        self._next = 0
        self._now_s = 0.0  # the frame before
        self.proven: set[int] = set()

    def update(self, time_s: float, faces: Faces, cut: bool = False) -> Int64:
        """The track ids of the faces of the next frame, (F,) int64; -1 for doubtful boxes that continue no track. At a `cut`
        the picture changed abruptly before it."""
        cut = cut or time_s - self._now_s > self._settings.patience_s
        self._forget(time_s)
        ids = np.full(len(faces), -1, np.int64)
        predicted = motion.predict(self._motion, time_s)
        tracks, matched = self._across_cut(predicted, faces, time_s) if cut else self._associate(predicted, faces, time_s)
        ids[matched] = self._id[tracks]
        if self._last is not None and len(tracks):
            if cut:  # speeds belong to the shot before
                corrected = motion.start(faces.box[matched], time_s)
            else:
                corrected = motion.correct(predicted.rows(tracks), faces.box[matched], time_s)
            self._motion = self._motion.exchanged(tracks, corrected)
            self._last = self._last.exchanged(tracks, faces.rows(matched))
            self._boxes[tracks] += 1
            self._evidence[tracks] += self._evidence_of(faces.score[matched])
        if cut:
            self._keep(np.isin(np.arange(len(self._id)), tracks))
        fresh = np.flatnonzero((ids < 0) & (faces.score >= self._settings.confident))
        if len(fresh):
            ids[fresh] = self._begin(faces.rows(fresh), time_s)
        weight = np.minimum(self._boxes, self._settings.most_boxes) / self._boxes
        self.proven.update(self._id[self._evidence * weight >= self._settings.proof].tolist())
        self._now_s = time_s
        return ids

    def _associate(self, predicted: motion.Motion, faces: Faces, time_s: float) -> tuple[Int64, Int64]:
        settings = self._settings
        tracks, matched = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
        if self._last is None or not len(self._id) or not len(faces):
            return tracks[0], matched[0]
        slack = self._slack(time_s)
        looks = resemblance(self._last.appearance, faces.appearance)
        expected = motion.boxes(predicted)
        missed = self._motion.seen_s < self._now_s
        doubted = missed[:, None] & (looks < settings.same_after_miss)
        if doubted.any():
            doubted &= np.maximum(iou(expected, faces.box), iou(self._last.box, faces.box)) < settings.same_place
        confident = faces.score >= settings.confident
        free_track, free_face = np.ones(len(self._id), bool), np.ones(len(faces), bool)
        for where, stage in ((expected, confident), (expected, ~confident), (self._last.box, confident)):
            t, f = np.flatnonzero(free_track), np.flatnonzero(free_face & stage)
            if not len(t) or not len(f):
                continue
            overlap = similarity(where[t], faces.box[f], slack[t])
            possible = (overlap >= settings.least_likeness) & ~doubted[np.ix_(t, f)]
            likeness = overlap + np.float32(settings.looks_weight) * np.maximum(looks[np.ix_(t, f)], 0)
            rows, columns = match(likeness.astype(np.float32), possible)
            free_track[t[rows]], free_face[f[columns]] = False, False
            tracks.append(t[rows])
            matched.append(f[columns])
        return np.concatenate(tracks), np.concatenate(matched)

    def _across_cut(self, predicted: motion.Motion, faces: Faces, time_s: float) -> tuple[Int64, Int64]:
        """The assignment of the largest summed similarity over the whole frame, without pairs that are not alike enough."""
        settings = self._settings
        if self._last is None or not len(self._id) or not len(faces):
            return np.zeros(0, np.int64), np.zeros(0, np.int64)
        looks = np.maximum(resemblance(self._last.appearance, faces.appearance), 0)
        slack = self._slack(time_s)
        expected = motion.boxes(predicted), self._last.box
        overlap = np.maximum(*(similarity(box, faces.box, slack) for box in expected))
        here = overlap >= settings.least_likeness
        # Doubtful boxes continue a track in its place alone, as within a shot.
        possible = here | (faces.score >= settings.confident)[None]
        # Place decides between faces that look alike, as it does within a shot.
        tracks, matched = match((looks + np.float32(0.1) * overlap).astype(np.float32), possible)
        least = np.where(here, settings.same_face, settings.same_face_elsewhere)[tracks, matched]
        same = looks[tracks, matched] >= least
        return tracks[same], matched[same]

    def _slack(self, time_s: float) -> Float32:
        """(T,) how much each track's box is widened, in box sizes."""
        return (0.25 + 0.5 * np.minimum(time_s - self._motion.seen_s, 1.0)).astype(np.float32)

    def _begin(self, faces: Faces, time_s: float) -> Int64:
        ids = np.arange(self._next, self._next + len(faces), dtype=np.int64)
        self._next += len(faces)
        self._motion = motion.Motion.join([self._motion, motion.start(faces.box, time_s)])
        self._id = np.concatenate([self._id, ids])
        self._born_s = np.concatenate([self._born_s, np.full(len(faces), time_s)])
        self._boxes = np.concatenate([self._boxes, np.ones(len(faces), np.int64)])
        self._evidence = np.concatenate([self._evidence, self._evidence_of(faces.score)])
        self._last = faces if self._last is None else Faces.join([self._last, faces])
        return ids

    def _evidence_of(self, score: Float32) -> Float64:
        odds = np.clip(score.astype(np.float64), SURE, 1 - SURE)
        least = self._settings.confident
        return np.log(odds / (1 - odds)) - float(np.log(least / (1 - least)))

    def _forget(self, time_s: float) -> None:
        """End the tracks that were missed for too long, or not confirmed in time."""
        missed_s = np.where(self._motion.seen_s < self._now_s, time_s - self._motion.seen_s, 0)
        alive = missed_s <= self._settings.patience_s + 1e-9
        doubtful = np.flatnonzero(alive & (time_s - self._born_s > self._settings.probation_s + 1e-9))
        alive[doubtful] = [int(i) in self.proven for i in self._id[doubtful]]
        self._keep(alive)

    def _keep(self, alive: Bool) -> None:
        if self._last is None or alive.all():
            return
        self._motion, self._last = self._motion.rows(alive), self._last.rows(alive)
        self._id, self._born_s = self._id[alive], self._born_s[alive]
        self._boxes, self._evidence = self._boxes[alive], self._evidence[alive]
