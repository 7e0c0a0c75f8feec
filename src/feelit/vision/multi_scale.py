"""Multi-scale detection: every frame at a small scale, and at a larger one for small faces from time to time.

A face of 24 px at 720p needs a picture of six times the area in which a face of 60 px is found. Faces that small do not come
and go with every frame. So the whole frame is searched at the large scale once a second, or every two seconds while it shows no
small faces, and in between only the squares around those that it showed. The result depends on the frames since the last reset,
and resets are where segments may begin, so rows do not depend on the segments. Leaning heads are searched for in rotated
pictures, see `rolled`.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from feelit.geometry import area, nms
from feelit.scaling import detector_view
from feelit.types import Bool, Detections, Float32, Sample, View
from feelit.vision.detector import MAX_OVERLAP, MIN_DETECTABLE_PX, FaceDetector
from feelit.vision.rolled import RolledFaces

USUAL_ACROSS = 12  # the smallest face searched for in every frame, as a divisor of the frame's short side: 60 px at 720p
SMALL_ACROSS = 30  # the same for the large scale: 24 px at 720p
EVERY_S = 1.0  # interval between searches of the whole frame at the large scale while it shows small faces
EMPTY_EVERY_S = 2.0  # the same while it shows none
MOST_PLACES = 0.5  # if squares cover more than this share of the frame, the whole frame is searched

PLACE_PX = 96
"""Side of the square around a small face, in px of the large view: the face may move by its own size before it leaves."""

SMALL_PX = MIN_DETECTABLE_PX * 8 / 3
"""The largest face taken from the large scale, in px of its view: a little larger than those found in every frame, and small
enough for its square."""


class MultiScaleDetector:
    """Detects the faces of the frames of one video, in order.

    Networks with a colour input, or an input of a fixed size, search every frame at one scale, that for `min_face_px`.

    `view` is that of `Sample.small`. The smallest face has sides of `min_face_px`; None stands for 1/30 of the short side, or
    1/12 for networks with one scale. `leaning` heads are searched for as well, see `rolled`.
    """

    def __init__(
        self, detector: FaceDetector, width_px: int, height_px: int, min_face_px: float | None, *, leaning: bool = True
    ) -> None:
        self._detector = detector
        self._size = np.array([width_px, height_px])
        usual_px = min(width_px, height_px) / USUAL_ACROSS
        closer = detector.color == "luma" and detector.any_size
        least_px = min_face_px or (min(width_px, height_px) / SMALL_ACROSS if closer else usual_px)
        self.view = detector.view_of(width_px, height_px, max(least_px, usual_px) if closer else least_px)
        self._close = detector.view_of(width_px, height_px, least_px)
        self._closer = self._close != self.view
        self._rolled = RolledFaces(detector, self.view, least_px) if closer and leaning else None
        self._again_s = 0.0
        self._centre = np.zeros((0, 2), np.float32)  # of the small faces in the last whole frame at the large scale

    def find(self, batch: list[Sample], min_score: float) -> Detections:
        """Faces from `min_score` on, in px of the frame, by frame and then by falling score. `batch` is at least one frame, the
        next ones of the video."""
        found = self._detector.detect(np.stack([sample.small for sample in batch]), self.view, min_score)
        if self._closer:
            none = found.rows(slice(0, 0))
            small = [self._find_small(sample, none, min_score) for sample in batch]
            found = united(found, [part.rows(self._is_small(part.box)) for part in small])
        return found if self._rolled is None else united(found, self._rolled.find(batch, found, min_score))

    def _find_small(self, sample: Sample, none: Detections, min_score: float) -> Detections:
        if sample.reset or sample.time_s >= self._again_s:
            found = self._search_frame(sample, min_score)
            box = found.box[self._is_small(found.box)]
            # Rounded to eighths, so that the squares do not depend on the last bits.
            self._centre = (np.round((box[:, :2] + box[:, 2:]) * 4) / 8).astype(np.float32)
            self._again_s = sample.time_s + (EVERY_S if len(self._centre) else EMPTY_EVERY_S)
            return found
        squares = len(self._centre) * PLACE_PX**2
        if squares > MOST_PLACES * self._close.width_px * self._close.height_px:
            return self._search_frame(sample, min_score)
        return self._search_squares(sample, min_score) if len(self._centre) else none

    def _is_small(self, box: Float32) -> Bool:
        return area(box) * (self._close.scale_x * self._close.scale_y) < SMALL_PX**2

    def _search_frame(self, sample: Sample, min_score: float) -> Detections:
        shown = detector_view(sample.luma, self._close, sample.levels, last_step="bilinear")
        return self._detector.detect(shown[None], self._close, min_score)

    def _search_squares(self, sample: Sample, min_score: float) -> Detections:
        """The faces within the squares; those cut by the edge of a square, but not of the frame, are left out."""
        scale = np.array([self._close.scale_x, self._close.scale_y])
        side = np.minimum(np.round(PLACE_PX / scale), self._size).astype(np.int64)
        corner = np.unique(np.clip(np.round(self._centre - side / 2), 0, self._size - side).astype(np.int64), axis=0)
        width, height = (max(1, round(float(px))) for px in side * scale)
        view = View(width, height, PLACE_PX, PLACE_PX, width / side[0], height / side[1], self.view.color)
        luma = [sample.luma[y : y + side[1], x : x + side[0]] for x, y in corner]
        shown = [detector_view(part, view, sample.levels, last_step="bilinear") for part in luma]
        found = self._detector.detect(np.stack(shown), view, min_score)
        low_cut, high_cut = corner > 0, corner + side < self._size
        whole = (found.box[:, :2] > 0) | ~low_cut[found.row], (found.box[:, 2:] < side) | ~high_cut[found.row]
        shift = corner[found.row].astype(np.float32)
        box, landmarks = found.box + np.tile(shift, 2), found.landmarks + shift[:, None]
        return Detections(found.row, box, landmarks, found.score).rows((whole[0] & whole[1]).all(axis=1))


def united(found: Detections, small: list[Detections]) -> Detections:
    """The detections of frames together with further ones in each of them, after non-maximum suppression.

    Frames without further detections stay as they are, whatever the others of their batch hold.
    """
    closer = [replace(part, row=np.full(len(part), i, np.int64)) for i, part in enumerate(small) if len(part)]
    if not closer:
        return found
    both = Detections.join([found, *closer])
    mixed = np.isin(both.row, [part.row[0] for part in closer])
    chosen = np.flatnonzero(mixed)[nms(both.box[mixed], both.score[mixed], MAX_OVERLAP, both.row[mixed])]
    keep = np.concatenate([np.flatnonzero(~mixed), chosen])
    return both.rows(keep[np.lexsort((-both.score[keep], both.row[keep]))])
