"""A face detector on a video with known faces, compared with YuNet: recall, false faces per frame, milliseconds per image.

    python benchmarks/detector.py VIDEO TRUTH.parquet [--detector DETECTOR.onnx] [--yunet YUNET.onnx]

TRUTH has one row per face: frame, x0, y0, x1, y1 (px). A face counts as found at IoU 0.5. Both detectors process the same
frames at the same working size on one thread, in turns, so that a busy machine slows both; the median over batches is printed.
The landmarks are compared with those of YuNet on the full-size frame. The repeatability of these is given by the same
comparison of YuNet with itself, on the full-size frame shifted by a few pixels.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pyarrow.parquet as pq

from feelit.evaluation.detector.metrics import Matches, at_threshold, average_precision, curve, landmark_error, match_faces
from feelit.models.paths import model_path
from feelit.scaling import detector_view
from feelit.types import Detections, Float32, UInt8, View
from feelit.vision.detector import FaceDetector

BATCH = 8
MOVED = np.array([11, 5], np.float32)
"""No multiples of a detector's strides, px."""


class Score:
    """Results of one detector."""

    def __init__(self, detector: FaceDetector, size: View) -> None:
        channels = () if detector.color == "luma" else (3,)
        self.detector, self.size = detector, size
        self.images: UInt8 = np.zeros((BATCH, size.padded_height_px, size.padded_width_px, *channels), np.uint8)
        self.matches: list[Matches] = []
        self.ms: list[float] = []
        self.misses: list[Float32] = []

    def see(self, frames: list[UInt8], truths: list[Float32], references: list[Detections | None]) -> None:
        """Run one batch and compare it with the truth and with the landmarks of full-size YuNet."""
        for i, frame in enumerate(frames):
            seen = frame if self.images.ndim == 4 else cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY).astype(np.uint8)
            self.images[i] = detector_view(seen, self.size)
        start = time.perf_counter()
        self.detector.detect(self.images[: len(frames)], self.size)
        if len(frames) == BATCH:
            self.ms.append((time.perf_counter() - start) * 1000 / BATCH)
        found = self.detector.detect(self.images[: len(frames)], self.size, min(0.1, self.detector.threshold))  # for the curve
        for i, (truth, reference) in enumerate(zip(truths, references, strict=True)):
            mine = found.rows(found.row == i)
            self.matches.append(match_faces(mine.box, mine.score, truth, np.zeros(len(truth), bool)))
            if reference is not None:
                self.misses.append(apart(mine.rows(mine.score >= self.detector.threshold), reference))

    def line(self, name: str, faces: int) -> str:
        """The line that is printed."""
        whole = curve(self.matches, faces)
        recall, false = at_threshold(whole, self.detector.threshold)
        text = f"{name:12} {self.size.padded_width_px}x{self.size.padded_height_px} recall={recall:.4f} "
        text += f"false_per_frame={false:.4f} threshold={self.detector.threshold:.2f} ap={average_precision(whole):.4f} "
        text += f"ms_per_image={np.median(self.ms):.3f} (minimum {np.min(self.ms):.3f})"
        return text + (f" {spread(self.misses)}" if self.misses else "")


def apart(found: Detections, reference: Detections) -> Float32:
    """Landmark errors of the faces detected by both."""
    paired = match_faces(found.box, found.score, reference.box, np.zeros(len(reference), bool))
    paired = paired.rows(paired.hit)
    return landmark_error(found.landmarks[paired.found], reference.landmarks[paired.truth])


def spread(misses: list[Float32]) -> str:
    """Median and 90th percentile of errors, as text."""
    every = np.concatenate(misses)
    return f"landmark_error={np.median(every):.4f} (90 % below {np.quantile(every, 0.9):.4f}, {len(every)} faces)"


def batches(video: Path, every: int) -> Iterator[tuple[list[int], list[UInt8]]]:
    """Frame numbers and BGR frames, BATCH at a time."""
    capture = cv2.VideoCapture(str(video))
    numbers: list[int] = []
    frames: list[UInt8] = []
    number = -1
    while True:
        number += 1
        ok, frame = capture.read()
        if ok and number % every == 0:
            numbers.append(number)
            frames.append(np.asarray(frame, np.uint8))
        if frames and (not ok or len(frames) == BATCH):
            yield numbers, frames
            numbers, frames = [], []
        if not ok:
            return


def read_truth(path: Path) -> dict[int, Float32]:
    """(G, 4) boxes by frame; frames without a face are missing."""
    table = pq.read_table(path)
    frame = table["frame"].to_numpy()
    box = np.stack([table[name].to_numpy() for name in ("x0", "y0", "x1", "y1")], axis=1).astype(np.float32)
    return {int(number): box[frame == number] for number in np.unique(frame)}


def full_size(detector: FaceDetector, frame: UInt8) -> Detections:
    """Detections of a BGR detector in a full-size frame."""
    size = detector.view_of(frame.shape[1], frame.shape[0], 0)
    return detector.detect(detector_view(frame, size)[None], size)


def full_size_moved(detector: FaceDetector, frame: UInt8) -> Detections:
    """The same for the frame shifted right and down, in px of the original frame."""
    moved = np.asarray(cv2.copyMakeBorder(frame, int(MOVED[1]), 0, int(MOVED[0]), 0, cv2.BORDER_REPLICATE), np.uint8)
    found = full_size(detector, np.ascontiguousarray(moved[: frame.shape[0], : frame.shape[1]]))
    return replace(found, box=found.box - np.tile(MOVED, 2), landmarks=found.landmarks - MOVED)


def main() -> None:
    """Parse the command line, run, print."""
    parser = argparse.ArgumentParser(description="A face detector on a video with known faces, compared with YuNet.")
    parser.add_argument("video", type=Path)
    parser.add_argument("truth", type=Path)
    parser.add_argument("--detector", type=Path, default=model_path("face"))
    parser.add_argument("--yunet", type=Path, help="the file of YuNet, for comparison")
    parser.add_argument("--min-face-px", type=float, default=60.0, help="minimum face size; determines the working size")
    parser.add_argument("--every", type=int, default=1, help="process every n-th frame")
    arguments = parser.parse_args()
    truth = read_truth(arguments.truth)
    paths = {"detector": arguments.detector} | ({"yunet": arguments.yunet} if arguments.yunet else {})
    detectors = {name: FaceDetector(path, "cpu") for name, path in paths.items()}
    scores: dict[str, Score] = {}
    own: list[Float32] = []
    faces = seen = 0
    for numbers, frames in batches(arguments.video, arguments.every):
        if not scores:
            asked = frames[0].shape[1], frames[0].shape[0], arguments.min_face_px
            scores = {name: Score(detector, detector.view_of(*asked)) for name, detector in detectors.items()}
        truths = [truth.get(number, np.zeros((0, 4), np.float32)) for number in numbers]
        references: list[Detections | None] = [None] * len(frames)
        if "yunet" in detectors and seen % (2 * BATCH) == 0:  # full size is slow: one frame in sixteen is enough
            reference = references[0] = full_size(detectors["yunet"], frames[0])
            own.append(apart(full_size_moved(detectors["yunet"], frames[0]), reference))
        for score in scores.values():
            score.see(frames, truths, references)
        faces += sum(len(box) for box in truths)
        seen += len(frames)
    print(f"{arguments.video.name}: {seen} frames, {faces} faces")
    for name, score in scores.items():
        print(score.line(name, faces))
    if own:
        print(f"yunet, full size, frame shifted by a few pixels: {spread(own)}")


if __name__ == "__main__":
    main()
