"""Builds a video's timeline from its segments, in order. Settled rows come out at once, so memory does not grow with length."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np

from feelit.geometry import head_angles
from feelit.identity.evidence import EvidenceBuilder
from feelit.signals.columns import POSE, SPEECH_COLUMNS
from feelit.signals.voice import VoiceFinder
from feelit.timeline.between import NEAR_S, interpolated
from feelit.timeline.counts import IN_METADATA, Counts
from feelit.timeline.quality_gate import FrontalGate, shows_enough
from feelit.timeline.schema import SCALARS
from feelit.timeline.smoothing import CONTEXT_S, SETTLED_S, LabelSmoother, smooth, steadied
from feelit.timeline.speaking import MOVES, MouthMotion, speaking
from feelit.timeline.speaking import REACH_S as SPEAKING_REACH_S
from feelit.tracking.cuts import CutDetector
from feelit.tracking.tracker import Faces, Tracker, TrackerSettings
from feelit.types import (
    EMOTIONS,
    Bool,
    EmbeddingTable,
    FaceTable,
    Float32,
    Float64,
    FrameTable,
    Int64,
    SegmentResult,
    Timeline,
    UInt8,
)

MEASURED = ("box", "score", "landmarks", "face_px", "sharpness", "brightness", "probability")
"""Columns of a timeline that are those of a `FaceTable`."""


class TimelineBuilder:
    """Joins segments, tracks, smooths, and returns rows once nothing that follows can change them.

    A row is settled when every later frame is farther away than smoothing reaches and than a new track may stay doubtful. Both
    are times, not counts of segments, so the rows do not depend on where the video was cut. With `least_s` frames are given out
    when so many seconds of them are settled: to give out few at a time takes longer.

    Attributes
    ----------
    decoded, discarded, sampled, decode_errors, letterboxed, cuts : counts of what was taken in
    faces, tracks : counts of what was given out
    """

    def __init__(
        self,
        settings: TrackerSettings,
        rate_hz: Fraction,
        first_frame: int = 0,
        evidence: EvidenceBuilder | None = None,
        voice: VoiceFinder | None = None,
        between: bool = False,
        least_s: float = 0.0,
    ) -> None:
        settings = settings.at_interval(float(1 / rate_hz))
        self._tracker = Tracker(settings)
        self._least_s = least_s
        self._between = between  # whether some faces are not classified, and interpolated
        reach_s = max(CONTEXT_S, SETTLED_S, SPEAKING_REACH_S) + (NEAR_S if between else 0)
        self._delay_s = max(settings.probation_s, reach_s) + 1e-6
        self._smoother, self._gate = LabelSmoother(), FrontalGate()
        self._mouths, self._voice = MouthMotion(), voice
        self._first_frame = first_frame
        self._cuts = CutDetector()
        self._evidence = evidence
        self._tick: int | None = None
        self._frames: list[FrameTable] = []  # not yet given out
        self._held: list[Timeline] = []  # faces under the tracker's ids: not yet given out, or in reach of those
        self._changes: list[Float32] = []  # of the mouths of these
        self._names: dict[int, int] = {}  # tracker's id -> track_id
        self.decoded = self.discarded = self.sampled = self.decode_errors = self.letterboxed = self.cuts = self.faces = 0

    @property
    def tracks(self) -> int:
        """How many identities were given out."""
        return len(self._names)

    def counts(self, duration_s: float) -> Counts:
        """What was counted up to now, of a video of that length."""
        return Counts(duration_s=duration_s, **{name: getattr(self, name) for name in (*IN_METADATA, "faces")})

    def add(self, result: SegmentResult) -> Timeline:
        """Take the next segment; the rows that are settled by it."""
        frames, faces, embeddings = self._continued(result)
        self.decoded += result.decoded
        self.discarded += result.discarded
        self.decode_errors += result.errors
        self.letterboxed += result.letterboxed
        if not len(frames):
            return no_rows()
        self.sampled += len(frames)
        ids = self._track(frames, faces)
        if self._evidence is not None:
            self._evidence.add(frames, faces, ids, embeddings)
        held = _faces_of(frames, faces, ids, self._gate)
        self._held.append(held)
        self._changes.append(self._changes_of(held, faces.mouth[ids >= 0]))
        self._frames.append(frames)
        return self._settle(float(frames.time_s[-1]) - self._delay_s)

    def newest(self) -> Timeline:
        """The faces of the last frame as they stand now, with smoothed probabilities.

        The smoothing window reaches back only, so the rows that are given out later may differ. Tracks keep the numbers that
        they are shown under here.
        """
        if not self._held:
            return no_rows()
        held = Timeline.join(self._held)
        rows = np.flatnonzero(self._proven(held) & (held.frame == self._frames[-1].frame[-1]))
        faces, mean = self._judged(held, rows, final=False)
        faces = self._named(replace(faces, probability=mean))
        return faces.rows(np.argsort(faces.track_id))

    def finish(self) -> Timeline:
        """The rest of the rows."""
        rows = self._settle(float("inf"))
        if self._evidence is not None:
            self._evidence.finish(self._names)
        return rows

    def _continued(self, result: SegmentResult) -> tuple[FrameTable, FaceTable, EmbeddingTable]:
        """Number frames over the whole video, and drop a first frame whose tick the segment before has sampled."""
        frames, faces, embeddings = result.frames, result.faces, result.embeddings
        if len(frames) and self._tick == int(frames.tick[0]):
            dropped = int((faces.row == 0).sum())  # faces are ordered by frame
            faces, embeddings = faces.rows(faces.row > 0), embeddings.rows(embeddings.face >= dropped)
            embeddings = replace(embeddings, face=embeddings.face - dropped)
            frames, faces = frames.rows(slice(1, None)), replace(faces, row=faces.row - 1)
        if len(frames):
            self._tick = int(frames.tick[-1])
        return replace(frames, frame=frames.frame + self._first_frame + self.decoded + self.discarded), faces, embeddings

    def _track(self, frames: FrameTable, faces: FaceTable) -> Int64:
        ids = np.full(len(faces), -1, np.int64)
        edges = np.searchsorted(faces.row, np.arange(len(frames) + 1))
        for i in range(len(frames)):
            mine = slice(edges[i], edges[i + 1])
            cut = self._cuts.is_cut(frames.signature[i])
            self.cuts += cut
            seen = Faces(faces.box[mine], faces.score[mine], faces.appearance[mine])
            ids[mine] = self._tracker.update(float(frames.time_s[i]), seen, cut)
        return ids

    def _settle(self, until_s: float) -> Timeline:
        """Give out the frames before `until_s`."""
        if not self._frames:
            return no_rows()
        frames, held = FrameTable.join(self._frames), Timeline.join(self._held)
        count = int(np.searchsorted(frames.time_s, until_s))
        if not count or (count < len(frames) and frames.time_s[count] - frames.time_s[0] < self._least_s):
            self._frames, self._held, self._changes = [frames], [held], [np.concatenate(self._changes)]
            return no_rows()
        due, rest = frames.rows(slice(0, count)), frames.rows(slice(count, None))
        measured, held = held, interpolated(held) if self._between else held
        rows = np.flatnonzero(self._proven(held) & (held.frame >= due.frame[0]) & (held.frame <= due.frame[-1]))
        faces = self._named(self._judged(held, rows, final=True)[0])
        self.faces += len(faces)
        if self._evidence is not None:
            self._evidence.see(faces.rows(np.lexsort((faces.track_id, faces.frame)).astype(np.int64)))
        self._frames = [rest] if len(rest) else []
        kept = held.time_s >= rest.time_s[0] - max(CONTEXT_S, SPEAKING_REACH_S) if len(rest) else np.zeros(len(held), bool)
        later = held.frame > due.frame[-1]  # more may be known of these the next time
        held = held.exchanged(np.flatnonzero(later), measured.rows(later)) if self._between else held
        self._held, self._changes = [held.rows(kept)], [np.concatenate(self._changes)[kept]]
        return _with_empty_frames(faces, due)

    def _judged(self, held: Timeline, rows: Int64, final: bool) -> tuple[Timeline, Float32]:
        """The given rows with the emotion that the smoothed probabilities show, where the face is readable, and the latter:
        (K, 8), NaN where no readable frame lies in reach."""
        time_s, track, readable = held.time_s, held.track_id.astype(np.int64), held.readable
        steady = steadied(time_s, track, held.probability, readable, rows)
        label = self._smoother.labels(time_s, track, steady, readable, rows, final)
        mean, faces = smooth(time_s, track, steady, readable, rows, talking=False), held.rows(rows)
        confidence = np.round(mean[np.arange(len(rows)), label], 4)
        judged = replace(
            faces,
            emotion=label.astype(np.int32),
            confidence=np.where(faces.readable, confidence, np.nan).astype(np.float32),
            signals=self._with_speech(held, rows),
        )
        return judged, mean

    def _changes_of(self, held: Timeline, mouths: UInt8) -> Float32:
        """(F, 4) how mouths changed, see `speaking.MOVES`."""
        if not mouths.shape[1]:
            return np.full((len(held), len(MOVES)), np.nan, np.float32)
        opening = held.signals[:, -len(SPEECH_COLUMNS) :]
        return self._mouths.add(held.time_s, held.track_id.astype(np.int64), mouths, opening)

    def _with_speech(self, held: Timeline, rows: Int64) -> Float32:
        """The signals of the given rows, the last of which are of speech."""
        signals = held.signals[rows]
        if signals.shape[1]:
            track, changes = held.track_id.astype(np.int64), np.concatenate(self._changes)
            gap = np.where(held.classified, held.signals[:, -1], np.nan)  # see `columns.OPENING`
            found = speaking(held.time_s, track, changes, gap, rows, self._voice)
            signals[:, -len(SPEECH_COLUMNS) :] = np.stack(found, axis=1)
        return signals

    def _proven(self, held: Timeline) -> Bool:
        return np.array([int(i) in self._tracker.proven for i in held.track_id], bool)

    def _named(self, faces: Timeline) -> Timeline:
        """Identities numbered from 1 in order of first appearance."""
        names = [self._names.setdefault(int(i), len(self._names) + 1) for i in faces.track_id]
        return replace(faces, track_id=np.array(names, np.int32), person_id=np.array(names, np.int32))


def no_rows() -> Timeline:
    """A timeline without rows, with the shapes and types of one that has some."""
    return _blank(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.float64))


def _blank(frame: Int64, pts: Int64, time_s: Float64, width: int = 0) -> Timeline:
    """Rows without a track; `width` is that of their `signals`."""
    count = len(frame)
    missing = np.full(count, np.nan, np.float32)
    return Timeline(
        frame=frame,
        pts=pts,
        time_s=time_s,
        track_id=np.full(count, -1, np.int32),
        person_id=np.full(count, -1, np.int32),
        box=np.full((count, 4), np.nan, np.float32),
        score=missing,
        landmarks=np.full((count, 5, 2), np.nan, np.float32),
        **dict.fromkeys(SCALARS, missing),
        readable=np.zeros(count, bool),
        emotion=np.full(count, -1, np.int32),
        confidence=missing,
        probability=np.full((count, len(EMOTIONS)), np.nan, np.float32),
        signals=np.full((count, width), np.nan, np.float32),
        classified=np.zeros(count, bool),
    )


def _faces_of(frames: FrameTable, faces: FaceTable, ids: Int64, gate: FrontalGate) -> Timeline:
    """The faces that have an identity, not yet judged: ids are the tracker's, emotions are open."""
    kept, known = faces.rows(ids >= 0), ids[ids >= 0]
    roll, yaw = head_angles(kept.landmarks)
    roll, yaw = np.round(roll, 1), np.round(yaw, 1)
    # The gate goes by landmarks in any case, so that emotions do not depend on whether signals are asked for.
    frontal = gate.frontal(frames.time_s[kept.row], known, yaw)
    readable = shows_enough(kept.face_px, kept.sharpness, kept.brightness) & frontal
    if kept.signals.shape[1]:
        pose, there = kept.signals[:, : len(POSE)], ~np.isnan(kept.signals[:, 0])
        yaw, roll = np.where(there, pose[:, 0], yaw), np.where(there, pose[:, 1], roll)
    return replace(
        _blank(frames.frame[kept.row], frames.pts[kept.row], frames.time_s[kept.row]),
        **{name: getattr(kept, name) for name in MEASURED},
        track_id=known.astype(np.int32),
        person_id=known.astype(np.int32),
        roll_deg=roll,
        yaw_deg=yaw,
        readable=readable,
        signals=kept.signals[:, len(POSE) :],
        classified=~np.isnan(kept.probability[:, 0]),
    )


def _with_empty_frames(faces: Timeline, frames: FrameTable) -> Timeline:
    """A row without a track for every frame without a face; all rows by frame, then by track."""
    empty = ~np.isin(frames.frame, faces.frame)
    blank = _blank(frames.frame[empty], frames.pts[empty], frames.time_s[empty], faces.signals.shape[1])
    rows = Timeline.join([faces, blank])
    return rows.rows(np.lexsort((rows.track_id, rows.frame)).astype(np.int64))
