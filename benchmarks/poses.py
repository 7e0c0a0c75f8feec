"""Recall of faces with roll, and of large faces.

    python benchmarks/poses.py FACES.parquet [--first 150]

FACES has photographs with boxes and landmarks of faces, like the detector's training data. Every face of 72 px or more is
placed in the centre of a picture of 1280 x 720 px, at a share of its height and with a roll angle. It is searched for by the
detector without rotated copies, and as in `feelit analyze`: in a single frame, and in a sequence of ten frames per second in
which the roll increases by 5 degrees per frame. False faces are counted in pictures without a face.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pyarrow.parquet as pq

from feelit.models.paths import model_path
from feelit.scaling import detector_view
from feelit.types import Detections, Float32, Float64, Sample, UInt8
from feelit.vision.detector import FaceDetector
from feelit.vision.multi_scale import MultiScaleDetector

WIDTH_PX, HEIGHT_PX = 1280, 720
LEVELS = np.arange(256, dtype=np.uint8)
LEAST_PX, SURE = 72, 0.85
FILL = 0.35
"""Size of a face with roll, as a share of the height."""

ROLLS = (0, 15, 20, 30, 40, 50, 60, 75, 90)
FILLS = (0.1, 0.2, 0.35, 0.5, 0.7, 0.85, 1.0, 1.2, 1.5)
SHIFT, SMALLER, LARGER = 0.35, 0.55, 1.8
"""Greatest distance of a matching box in sides of the face, and the range of its side relative to the face's."""


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """A face in its photograph."""

    luma: UInt8
    centre: Float64  # (2,)
    side_px: float


class Watcher:
    """Detects faces in one frame after the other, as in an analysis."""

    def __init__(self, detector: FaceDetector, width_px: int = WIDTH_PX, height_px: int = HEIGHT_PX) -> None:
        self._detector = detector
        self._program = MultiScaleDetector(detector, width_px, height_px, None)
        self._seen = 0

    def alone(self, luma: UInt8) -> Detections:
        """Detections without rotated copies."""
        view = self._program.view
        return self._detector.detect(detector_view(luma, view)[None], view)

    def see(self, luma: UInt8) -> Detections:
        """Detections of an analysis in the next frame."""
        small = detector_view(luma, self._program.view)
        sample = Sample(self._seen, 0, self._seen / 10, 0, self._seen == 0, luma, LEVELS, small)
        self._seen += 1
        return self._program.find([sample], self._detector.threshold)


def faces_in(path: Path, most: int) -> tuple[list[Face], list[UInt8]]:
    """Large faces, in random order, and pictures without one."""
    faces, empty = [], []
    for row in pq.read_table(path).to_pylist():
        luma = np.asarray(cv2.imdecode(np.frombuffer(row["image"], np.uint8), cv2.IMREAD_GRAYSCALE), np.uint8)
        if not row["box"]:
            empty.append(luma)
        for box, score, ignored in zip(row["box"], row["score"], row["ignore"], strict=True):
            left, top, right, bottom = box
            side = float(np.sqrt((right - left) * (bottom - top)))
            if side >= LEAST_PX and score >= SURE and not ignored:
                faces.append(Face(luma, np.array([left + right, top + bottom]) / 2, side))
    order = np.random.default_rng(0).permutation(len(faces))[:most]
    return [faces[i] for i in order], empty


def posed(face: Face, fill: float, roll_deg: float) -> UInt8:
    """The face in the centre of a picture."""
    scale, angle = fill * HEIGHT_PX / face.side_px, np.radians(roll_deg)
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    move = np.array([WIDTH_PX / 2, HEIGHT_PX / 2]) - turn @ face.centre
    matrix, luma = np.concatenate([turn, move[:, None]], axis=1), face.luma
    if scale < 0.5:
        by = int(1 / scale)
        luma = np.asarray(cv2.resize(luma, None, fx=1 / by, fy=1 / by, interpolation=cv2.INTER_AREA), np.uint8)
        matrix[:, :2] *= by
    return np.asarray(cv2.warpAffine(luma, matrix, (WIDTH_PX, HEIGHT_PX), borderMode=cv2.BORDER_REPLICATE), np.uint8)


def hit(found: Detections, centre: Float64, side_px: float) -> bool:
    """Whether a face with that position and size was found."""
    middle, side = (found.box[:, :2] + found.box[:, 2:]) / 2, sides(found.box)
    near = np.linalg.norm(middle - centre, axis=1) < SHIFT * side_px
    return bool((near & (side > SMALLER * side_px) & (side < LARGER * side_px)).any())


def sides(box: Float32) -> Float32:
    """(F,) geometric means of the sides of (F, 4) boxes."""
    result: Float32 = np.sqrt(np.prod(box[:, 2:] - box[:, :2], axis=1)).astype(np.float32)
    return result


def photographs(detector: FaceDetector, path: Path, most: int) -> None:
    """Faces with roll, large faces, and false ones."""
    faces, empty = faces_in(path, most)
    middle = np.array([WIDTH_PX / 2, HEIGHT_PX / 2])
    print(f"{len(faces)} faces; recall of upright only, of the program in one frame, at the end of a sequence")
    for roll in ROLLS:
        found = np.zeros(3)
        for face in faces:
            picture, watcher = posed(face, FILL, roll), Watcher(detector)
            found[0] += hit(watcher.alone(picture), middle, FILL * HEIGHT_PX)
            found[1] += hit(watcher.see(picture), middle, FILL * HEIGHT_PX)
        some, found[2] = faces[: most // 3], 0
        for face in some:
            watcher = Watcher(detector)
            seen = [watcher.see(posed(face, FILL, angle)) for angle in range(roll % 5, roll + 1, 5)]
            found[2] += hit(seen[-1], middle, FILL * HEIGHT_PX)
        shares = found / [len(faces), len(faces), len(some)]
        print(f"roll {roll:>3} degrees: {shares[0]:.3f} {shares[1]:.3f} {shares[2]:.3f}", flush=True)
    for fill in FILLS:
        found = np.zeros(2)
        for face in faces:
            picture, watcher = posed(face, fill, 0), Watcher(detector)
            found += hit(watcher.alone(picture), middle, fill * HEIGHT_PX), hit(watcher.see(picture), middle, fill * HEIGHT_PX)
        print(f"{fill:.2f} of the height: {found[0] / len(faces):.3f} {found[1] / len(faces):.3f}", flush=True)
    false = np.zeros(2, np.int64)
    for luma in empty:
        watcher = Watcher(detector, luma.shape[1], luma.shape[0])
        false += len(watcher.alone(luma)), len(watcher.see(luma))
    print(f"false faces in {len(empty)} pictures without one: {false[0]} upright only, {false[1]} by the program")


def main() -> None:
    """Parse and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("faces", type=Path)
    parser.add_argument("--first", type=int, default=150)
    asked = parser.parse_args()
    cv2.setNumThreads(1)
    detector = FaceDetector(model_path("face"), "cpu")
    photographs(detector, asked.faces, asked.first)


if __name__ == "__main__":
    main()
