"""Selects the faces of a segment to embed: the best of each place in every five seconds.

Most faces of a track are redundant, as they change little between frames. Tracks are not known yet, so a place is a sequence of
boxes that overlap from frame to frame while the face looks the same. Windows restart at every frame at which a segment may
begin, so the selection does not depend on segments or batch sizes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from feelit.geometry import head_angles, iou
from feelit.tracking.association import standardized
from feelit.types import Bool, EmbeddingTable, FaceTable, Float32, Int8, Int64, Sample, UInt8
from feelit.vision.identity import LENGTH_STEPS, IdentityModel

WINDOW_S = 5.0
"""One face per place is chosen in each window of this length. Keyframes begin new windows and are often 2, 4, 5 or 10 s apart:
a short window before one would spend an embedding on few faces."""

LEAST_OVERLAP = 0.2
LEAST_LIKENESS = 0.7
"""A face belongs to a place with at least this overlap with its last box, and this correlation of thumbnails."""

FULL_PX = 70.0
FULL_SHARPNESS = 0.12
FRONTAL_DEG = 45.0
"""Faces have the full quality from this size and sharpness on; with the yaw it falls, to a minimum near this angle."""


@dataclass(slots=True)
class _Place:
    """A place: its last box and thumbnail, and its best face so far."""

    box: Float32
    look: Float32  # the thumbnail as a unit vector
    quality: float = 0.0
    face: int = -1  # among the faces of the segment
    crop: UInt8 | None = field(default=None, repr=False)


class FaceSelector:
    """Takes the batches of a segment in order, and returns embeddings of selected faces at the end.

    Parameters
    ----------
    identity : the network that embeds the chosen faces
    least_score : the least score of the detector
    """

    def __init__(self, identity: IdentityModel, least_score: float) -> None:
        self._identity, self._least_score = identity, least_score
        self._places: list[_Place] = []
        self._ends_s = -np.inf
        self._face: list[int] = []
        self._quality: list[float] = []
        self._vector: list[Float32] = []

    def take(self, batch: Sequence[Sample], faces: FaceTable, seen: int) -> None:
        """Add the next frames.

        Parameters
        ----------
        batch : the frames, with pixels
        faces : all detections in them; `row` counts from the first of the frames
        seen : number of detections in the frames before
        """
        quality = quality_of(faces.landmarks, faces.face_px, faces.sharpness)
        look = standardized(faces.appearance)
        for row, sample in enumerate(batch):
            if sample.reset or sample.time_s >= self._ends_s:
                self._close(batch, faces, seen)
                self._ends_s = sample.time_s + WINDOW_S
            mine = np.flatnonzero((faces.row == row) & (faces.score >= self._least_score))
            if len(mine):
                self._assign(faces.box[mine], look[mine], quality[mine], mine + seen)
        for place in self._places:  # the pixels of this batch are not available later
            self._crop(place, batch, faces, seen)

    def finish(self) -> EmbeddingTable:
        """The embeddings of the chosen faces, in the order of the faces."""
        self._close((), None, 0)
        order = np.argsort(np.array(self._face, np.int64), kind="stable")
        vector = np.stack(self._vector) if self._vector else np.zeros((0, 128), np.float32)
        return EmbeddingTable(
            face=np.array(self._face, np.int64)[order],
            quality=np.array(self._quality, np.float32)[order],
            vector=vector_bytes(vector)[order],
        )

    def _assign(self, box: Float32, look: Float32, quality: Float32, face: Int64) -> None:
        """Assign every face of a frame to the place that it overlaps most, or to a new one."""
        free_face, free_place = np.ones(len(box), bool), np.ones(len(self._places), bool)
        if self._places:
            overlap = iou(np.stack([p.box for p in self._places]), box)
            possible: Bool = (overlap >= LEAST_OVERLAP) & (np.stack([p.look for p in self._places]) @ look.T >= LEAST_LIKENESS)
            for flat in np.argsort(-np.where(possible, overlap, 0), axis=None, kind="stable").tolist():
                p, f = divmod(flat, len(box))
                if not possible[p, f]:
                    break
                if free_place[p] and free_face[f]:
                    free_place[p] = free_face[f] = False
                    self._update(self._places[p], box[f], look[f], float(quality[f]), int(face[f]))
        for f in np.flatnonzero(free_face):
            place = _Place(box[f], look[f])
            self._update(place, box[f], look[f], float(quality[f]), int(face[f]))
            self._places.append(place)

    @staticmethod
    def _update(place: _Place, box: Float32, look: Float32, quality: float, face: int) -> None:
        place.box, place.look = box, look
        if quality > place.quality:
            place.quality, place.face, place.crop = quality, face, None

    def _crop(self, place: _Place, batch: Sequence[Sample], faces: FaceTable, seen: int) -> None:
        if place.crop is None and place.face >= seen:
            at = place.face - seen
            sample = batch[int(faces.row[at])]
            place.crop = self._identity.crop(sample.luma, sample.levels, faces.landmarks[at : at + 1])[0]

    def _close(self, batch: Sequence[Sample], faces: FaceTable | None, seen: int) -> None:
        """End a window: embed the best face of every place."""
        for place in self._places:
            if place.face < 0:
                continue
            if faces is not None:
                self._crop(place, batch, faces, seen)
            assert place.crop is not None
            self._face.append(place.face)
            self._quality.append(place.quality)
            self._vector.append(self._identity.embed(place.crop[None])[0])
        self._places = []


def quality_of(landmarks: Float32, face_px: Float32, sharpness: Float32) -> Float32:
    """How well faces can be identified, 0..1, in steps of 1/256: by size, sharpness and yaw.

    Parameters
    ----------
    landmarks : (F, 5, 2) float32, px
    face_px, sharpness : (F,) float32

    Returns
    -------
    (F,) float32; near 0 for faces that can hardly be compared
    """
    yaw = head_angles(landmarks)[1]
    frontal = np.clip(1 - (np.abs(yaw) / FRONTAL_DEG) ** 2, 0.05, 1)
    size, sharp = np.minimum(face_px / FULL_PX, 1), np.minimum(sharpness / FULL_SHARPNESS, 1)
    result: Float32 = (np.ceil(size * np.sqrt(sharp) * frontal * 256) / 256).astype(np.float32)
    return result


def best_of_stretches(rows: Int64, merit: Float32, count: int) -> list[int]:
    """Of each of `count` stretches with equal numbers of rows, (K,) indices into `merit`, the row with the highest merit."""
    return [int(part[np.argmax(merit[part])]) for part in np.array_split(rows, count) if len(part)]


def vector_bytes(vector: Float32) -> Int8:
    """Quantise unit vectors in steps of 1/256: (K, D) float32 -> (K, D) int8."""
    return np.clip(np.round(vector * LENGTH_STEPS), -127, 127).astype(np.int8)


def no_embeddings() -> EmbeddingTable:
    """An empty table."""
    return EmbeddingTable(np.zeros(0, np.int64), np.zeros(0, np.float32), np.zeros((0, 128), np.int8))
