"""Detection of heads that lean far to a side, which a detector trained on upright faces misses.

At a roll of 30 degrees it finds 62 % of the faces, at 50 degrees 13 %. So leaning heads are searched for in rotated pictures:
in squares where one was in the last second and the upright picture gives no certain face, and every two seconds in the whole
frame, rotated to both sides. The result depends on the frames since the last reset, where a segment may begin.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import cv2
import numpy as np

from feelit.geometry import head_angles, iou
from feelit.types import Bool, Detections, Float32, Float64, Sample, UInt8, View
from feelit.vision.detector import MIN_DETECTABLE_PX, STRIDE_PX, FaceDetector

EVERY_S = 2.0  # interval between searches of the whole frame
ACROSS = 8  # the smallest face in the rotated frames, as a divisor of the frame's short side
LEANS_DEG = 15.0  # the least roll of a face found in a rotated picture; the others are left to the upright one
LOST_S = 1.0  # a leaning head that was not found for this long is given up
UPRIGHT_SCORE = 0.9  # where the upright picture gives a face of this score, no other is searched for
FACE_PX, SQUARE_PX = 30.0, 96  # sides of a face in its square, at most, and of the square: the face may move by its own size
SAME = 0.3  # boxes with at least this IoU are the same face

TURNS_DEG = (-40.0, 40.0)
"""Rotations of the whole frame: together with the upright one they find heads that lean by up to 60 degrees."""

SURE = 0.9
"""The least score in a rotated whole frame. In 2,390 pictures without a face the two rotations add 2 false faces at this score,
five at 0.8, nine at 0.7."""

SEEMS_DEG, TURN_DEG = 6.0, 30.0
"""A face in the upright picture with at least the first roll may lean, and its square is rotated by the second: the landmarks
of a detector of upright faces show 6 degrees at a roll of 20, and 10 at 30."""

STEP_DEG, MOST_DEG = 20.0, 60.0
"""Squares are rotated by multiples of the first. A lost face may lean more: in the next frame its square is rotated by one step
more and, beyond the second, by one step again."""


@dataclass(frozen=True, slots=True)
class _Lean:
    """A leaning head when it was last found, in px of the detector's view."""

    box: Float32  # (4,)
    turn_deg: float
    found_s: float


class RolledFaces:
    """Detects leaning heads in the frames of one video, in order, by a detector that takes luma of any size. `view` is that of
    `Sample.small`, `least_px` the side of the smallest face, px of the frame."""

    def __init__(self, detector: FaceDetector, view: View, least_px: float) -> None:
        self._detector, self._view = detector, view
        self._scale = np.array([view.scale_x, view.scale_y], np.float32)
        least = max(least_px * view.scale_x, min(view.width_px, view.height_px) / ACROSS)
        self._shrunk = min(1.0, MIN_DETECTABLE_PX / least)
        self._leans: list[_Lean] = []
        self._again_s = 0.0

    def find(self, batch: list[Sample], upright: Detections, min_score: float) -> list[Detections]:
        """Leaning heads of the next frames, in px of the frame, one item per frame; `row` is 0. `upright` are the detections in
        their upright pictures, by frame, and `min_score` is the least score in a followed square."""
        edge = np.searchsorted(upright.row, np.arange(len(batch) + 1))
        seems = np.abs(_roll(upright)) >= SEEMS_DEG
        parts = [slice(start, end) for start, end in pairwise(edge)]
        return [self._find(sample, upright.rows(at), seems[at], min_score) for sample, at in zip(batch, parts, strict=True)]

    def _find(self, sample: Sample, upright: Detections, seems: Bool, min_score: float) -> Detections:
        if sample.reset:
            self._leans = []
        if not (sample.reset or sample.time_s >= self._again_s or self._leans or seems.any()):
            return upright.rows(slice(0, 0))
        picture = sample.small[: self._view.height_px, : self._view.width_px]
        scale = np.tile(self._scale, 2)
        sure = upright.box[upright.score >= UPRIGHT_SCORE] * scale
        found = [self._follow(picture, lean, min_score) for lean in self._leans if not _overlaps(lean.box, sure)]
        if sample.reset or sample.time_s >= self._again_s:
            found += [self._search_frame(picture, turn, max(min_score, SURE)) for turn in TURNS_DEG]
            self._again_s = sample.time_s + EVERY_S
        leaning = Detections.join(found) if found else upright.rows(slice(0, 0))
        if len(leaning):
            known = np.array([_overlaps(box, sure) for box in leaning.box * scale], bool)
            leaning = leaning.rows((np.abs(_roll(leaning)) >= LEANS_DEG) & ~known)
        self._remember(leaning, upright.rows(seems), sure, sample.time_s)
        return leaning

    def _remember(self, leaning: Detections, seem: Detections, sure: Float32, time_s: float) -> None:
        """Update the leaning heads by faces in rotated pictures, and by faces in the upright one that may lean or are certain,
        (S, 4) px of the view; those that were lost recently stay where they were."""
        scale = np.tile(self._scale, 2)
        kept: list[_Lean] = []
        for faces in (leaning, seem):
            turns = np.round(_roll(faces) / STEP_DEG) * STEP_DEG if faces is leaning else np.sign(_roll(faces)) * TURN_DEG
            box = (np.round(faces.box * scale * 8) / 8).astype(np.float32)
            for place in np.flatnonzero(faces.score >= self._detector.threshold).tolist():
                if not any(_overlaps(lean.box, box[place][None]) for lean in kept):
                    kept.append(_Lean(box[place], float(turns[place]), time_s))
        lost = [lean for lean in self._leans if time_s - lean.found_s < LOST_S - 1e-9 and not _overlaps(lean.box, sure)]
        now = np.stack([lean.box for lean in kept]) if kept else sure[:0]
        self._leans = kept + [replace(lean, turn_deg=_next(lean.turn_deg)) for lean in lost if not _overlaps(lean.box, now)]

    def _follow(self, picture: UInt8, lean: _Lean, min_score: float) -> Detections:
        """The face nearest to where a leaning head was."""
        centre, side = (lean.box[:2] + lean.box[2:]) / 2, float(np.sqrt(np.prod(lean.box[2:] - lean.box[:2])))
        factor = min(1.0, FACE_PX / max(side, 1.0))
        matrix = _turned(centre.astype(np.float64), lean.turn_deg, factor, (SQUARE_PX, SQUARE_PX))
        found = self._detected(picture, matrix, (SQUARE_PX, SQUARE_PX), min_score)
        if not len(found):
            return found
        away = np.linalg.norm(found.landmarks.mean(axis=1) * self._scale - centre, axis=1)
        return found.rows(np.array([int(np.argmin(np.round(away, 2)))], np.int64))

    def _search_frame(self, picture: UInt8, turn_deg: float, min_score: float) -> Detections:
        height, width = picture.shape
        along, across = abs(np.cos(np.radians(turn_deg))), abs(np.sin(np.radians(turn_deg)))
        sides = (width * along + height * across, width * across + height * along)
        size = int(np.ceil(sides[0] * self._shrunk)), int(np.ceil(sides[1] * self._shrunk))
        matrix = _turned(np.array([width / 2, height / 2]), turn_deg, self._shrunk, size)
        return self._detected(picture, matrix, size, min_score)

    def _detected(self, picture: UInt8, matrix: Float64, size: tuple[int, int], min_score: float) -> Detections:
        """Detections in a rotated picture of (width, height), in px of the frame. A box keeps its sides and stays upright."""
        padded = [-(-side // STRIDE_PX) * STRIDE_PX for side in size]
        view = View(size[0], size[1], padded[0], padded[1], 1.0, 1.0, self._view.color)
        shown = np.zeros((padded[1], padded[0]), np.uint8)
        shown[: size[1], : size[0]] = _warped(picture, matrix, size)
        found = self._detector.detect(shown[None], view, min_score)
        inverse = np.linalg.inv(np.vstack([matrix, [0, 0, 1]]))[:2]
        factor = float(np.hypot(matrix[0, 0], matrix[1, 0]))
        half = (found.box[:, 2:] - found.box[:, :2]) / (2 * factor)
        centre = (found.box[:, :2] + found.box[:, 2:]) / 2 @ inverse[:, :2].T + inverse[:, 2]
        margin = np.minimum(centre, np.array([self._view.width_px, self._view.height_px]) - centre)
        box = np.concatenate([centre - half, centre + half], axis=1) / np.tile(self._scale, 2)
        landmarks = (found.landmarks @ inverse[:, :2].T + inverse[:, 2]) / self._scale
        turned = Detections(found.row, box.astype(np.float32), landmarks.astype(np.float32), found.score)
        return turned.rows(np.flatnonzero(margin.min(axis=1, initial=np.inf) >= 0))


def _turned(centre: Float64, turn_deg: float, factor: float, size: tuple[int, int]) -> Float64:
    """(2, 3) the transform that brings `centre` to the middle of a picture of `size`, and a head of that roll upright."""
    angle = np.radians(-turn_deg)
    turn = factor * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    middle = np.array(size, np.float64) / 2
    return np.asarray(np.concatenate([turn, (middle - turn @ centre)[:, None]], axis=1), np.float64)


def _warped(picture: UInt8, matrix: Float64, size: tuple[int, int]) -> UInt8:
    """Warp bilinearly, after halving the picture as often as needed against aliasing; outside the frame it is black."""
    while np.hypot(matrix[0, 0], matrix[1, 0]) < 0.5 and min(picture.shape) >= 2:
        half = (picture.shape[1] // 2, picture.shape[0] // 2)
        picture = np.asarray(cv2.resize(picture, half, interpolation=cv2.INTER_AREA), np.uint8)
        matrix = np.concatenate([matrix[:, :2] * 2, matrix[:, 2:]], axis=1)
    return np.asarray(cv2.warpAffine(picture, matrix, size, flags=cv2.INTER_LINEAR), np.uint8)


def _next(turn_deg: float) -> float:
    """The rotation to try after one without a detection."""
    size = abs(turn_deg) + STEP_DEG
    return float(np.copysign(size if size <= MOST_DEG else STEP_DEG, turn_deg))


def _roll(found: Detections) -> Float32:
    """(F,) degrees, rounded to quarters, so that rotations do not depend on the last bits."""
    return (np.round(head_angles(found.landmarks)[0] * 4) / 4).astype(np.float32)


def _overlaps(box: Float32, others: Float32) -> bool:
    return bool(len(others)) and bool((iou(box[None], others) >= SAME).any())
