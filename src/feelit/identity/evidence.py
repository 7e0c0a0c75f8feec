"""Evidence for grouping the tracks of a video: their embeddings, and which of them share a frame."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from feelit.geometry import iou
from feelit.identity.likeness import unit_vectors
from feelit.types import EmbeddingTable, FaceTable, Float32, Float64, FrameTable, Int8, Int64, Timeline, UInt8

WIDTH = 128  # the length of an embedding

MOST_EMBEDDINGS = 400
"""A track with this many embeddings drops every second one, so that memory does not grow with the length of the video."""

APART = 0.3
"""Two boxes of one frame with a smaller overlap (IoU) are two people; else they may be two boxes around the same face."""

CHANGE = 0.5  # a face whose correlation with the previous one of its track is smaller may be another person's


@dataclass(slots=True)
class TrackEvidence:
    """The evidence of one track."""

    first_s: float  # time of its first face
    last_s: float = 0.0  # and of its last one
    rows: int = 0  # number of its faces
    score: float = 0.0  # the sum of the detector's scores
    time_s: list[float] = field(default_factory=list)  # of its embeddings
    quality: list[float] = field(default_factory=list)
    vector: list[Int8] = field(default_factory=list)
    changes: list[tuple[float, float]] = field(default_factory=list)  # time and correlation of faces unlike the one before

    def embeddings(self) -> tuple[Float64, Float32, Float32]:
        """Times (K,), qualities (K,) and unit vectors (K, 128), in order of time."""
        time_s, quality = np.array(self.time_s, np.float64), np.array(self.quality, np.float32)
        vector = np.array(self.vector, np.float32).reshape(len(self.vector), WIDTH)
        order = np.argsort(time_s, kind="stable")
        return time_s[order], quality[order], unit_vectors(vector)[order]


class EvidenceBuilder:
    """Collects evidence during tracking by the tracker's ids; `finish` converts them to `track_id`."""

    def __init__(self) -> None:
        self._by_tracker: dict[int, TrackEvidence] = {}
        self._look: dict[int, Float32] = {}  # the last thumbnail of a track, as a unit vector
        self.tracks: dict[int, TrackEvidence] = {}  # by `track_id`
        self.together: dict[tuple[int, int], list[float]] = {}
        """First and last time of a shared frame, by pair of ids, the lower one first."""

    def add(self, frames: FrameTable, faces: FaceTable, ids: Int64, embeddings: EmbeddingTable) -> None:
        """Add tracked faces, before it is known which tracks are faces: `ids` (F,) are the tracker's."""
        time_s = frames.time_s[faces.row]
        for face in range(len(faces)):
            if ids[face] >= 0:
                self._compare(int(ids[face]), float(time_s[face]), faces.appearance[face])
        for face, quality, vector in zip(embeddings.face.tolist(), embeddings.quality.tolist(), embeddings.vector, strict=True):
            if ids[face] >= 0:
                track = self._by_tracker.setdefault(int(ids[face]), TrackEvidence(float(time_s[face])))
                self._keep(track, float(time_s[face]), quality, vector)

    def see(self, rows: Timeline) -> None:
        """Add final rows, in order."""
        seen = rows.rows(rows.track_id >= 0)
        edges = np.flatnonzero(np.diff(seen.frame, prepend=-1, append=-1)) if len(seen) else np.zeros(0, np.int64)
        for start, end in pairwise(edges.tolist()):
            time_s, ids = float(seen.time_s[start]), seen.track_id[start:end].tolist()
            for track, score in zip(ids, seen.score[start:end].tolist(), strict=True):
                known = self.tracks.setdefault(track, TrackEvidence(time_s))
                known.last_s, known.rows, known.score = time_s, known.rows + 1, known.score + score
            if len(ids) > 1:
                overlap = iou(seen.box[start:end], seen.box[start:end])
                for i, j in zip(*np.nonzero(np.triu(overlap < APART, 1)), strict=True):
                    pair = (min(ids[i], ids[j]), max(ids[i], ids[j]))
                    self.together.setdefault(pair, [time_s, time_s])[1] = time_s

    def embed(self, track: int, time_s: float, quality: float, vector: Int8) -> None:
        """Add an embedding of a track with final rows, for faces embedded after tracking."""
        if track in self.tracks:
            self._keep(self.tracks[track], time_s, quality, vector)

    def finish(self, names: dict[int, int]) -> None:
        """Assign the evidence to the tracks of the rows, after all rows; `names` are `track_id` by the tracker's ids."""
        for number, track in names.items():
            found = self._by_tracker.get(number)
            if found is not None and track in self.tracks:
                mine = self.tracks[track]
                mine.time_s, mine.quality, mine.vector, mine.changes = found.time_s, found.quality, found.vector, found.changes
        self._by_tracker, self._look = {}, {}

    def _compare(self, number: int, time_s: float, appearance: UInt8) -> None:
        centred = appearance.astype(np.float32) - np.float32(appearance.mean(dtype=np.float32))
        look: Float32 = centred / max(float(np.linalg.norm(centred)), 1e-3)
        before = self._look.get(number)
        self._look[number] = look
        if before is not None and (likeness := round(float(before @ look), 3)) < CHANGE:
            self._by_tracker.setdefault(number, TrackEvidence(time_s)).changes.append((time_s, likeness))

    @staticmethod
    def _keep(track: TrackEvidence, time_s: float, quality: float, vector: Int8) -> None:
        track.time_s.append(time_s)
        track.quality.append(quality)
        track.vector.append(vector)
        if len(track.vector) >= MOST_EMBEDDINGS:
            track.time_s, track.quality, track.vector = track.time_s[::2], track.quality[::2], track.vector[::2]
