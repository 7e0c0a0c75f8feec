"""Scores of a detector on labelled images, all shown at one working size."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from feelit.evaluation.detection import Matches, average_precision, curve, landmark_error, match_faces, recall_at
from feelit.training.face_data import FaceImages
from feelit.training.face_scenes import face_sizes
from feelit.types import Bool, Detections, Float32, UInt8

Detect = Callable[[UInt8], Detections]
"""(N, h, w) uint8 -> detections in px of those images, with every score that matters for a curve."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: images with their long side at `long_px` (never enlarged), faces of `least_px` in the stored image."""

    long_px: int = 320
    least_px: float = 20.0
    sources: tuple[str, ...] = ()  # empty: all


def score_detector(detect: Detect, images: FaceImages, question: Question) -> dict[str, float]:
    """Recall at 0.1 and 0.02 false faces an image and their thresholds, AP, false faces, median landmark error."""
    matches, misses, faces = [], [], 0
    for luma, box, landmarks, ignore in _shown(images, question):
        found = detect(luma[None])
        matched = match_faces(found.box, found.score, box, ignore)
        matches.append(matched)
        faces += int((~ignore).sum())
        sure = matched.rows(matched.hit & (matched.score > 0.3))
        misses.append(landmark_error(found.landmarks[sure.found], landmarks[sure.truth]))
    return _summary(matches, faces, np.concatenate(misses))


def _summary(matches: list[Matches], faces: int, misses: Float32) -> dict[str, float]:
    whole = curve(matches, faces)
    recall, threshold = recall_at(whole, 0.1)
    strict, high = recall_at(whole, 0.02)
    known = misses[np.isfinite(misses)]
    summary = {
        "images": len(matches),
        "faces": faces,
        "recall_at_0.1_false": round(recall, 4),
        "threshold_at_0.1_false": round(threshold, 3),
        "recall_at_0.02_false": round(strict, 4),
        "threshold_at_0.02_false": round(high, 3),
        "average_precision": round(average_precision(whole), 4),
    }
    return summary | ({"landmark_error": round(float(np.median(known)), 4)} if len(known) else {})


def _shown(images: FaceImages, question: Question) -> Iterator[tuple[UInt8, Float32, Float32, Bool]]:
    """Every image at its working size, padded to multiples of 64 so that shapes recur, with its faces there."""
    for i in range(len(images)):
        if question.sources and images.source[i] not in question.sources:
            continue
        luma, rows = images.image(i), images.faces(i)
        scale = min(1.0, question.long_px / max(luma.shape))
        height, width = (max(1, round(side * scale)) for side in luma.shape)
        padded = np.zeros((-(-height // 64) * 64, -(-width // 64) * 64), np.uint8)
        padded[:height, :width] = cv2.resize(luma, (width, height), interpolation=cv2.INTER_AREA)
        limit = np.array([width, height, width, height], np.float32)
        box = np.clip(images.box[rows] * np.float32(scale), 0, limit)
        ignore = images.ignore[rows] | (face_sizes(images.box[rows]) < question.least_px)
        yield padded, box, images.landmarks[rows] * np.float32(scale), ignore


def false_faces(detect: Detect, images: FaceImages, question: Question) -> dict[str, float]:
    """How many faces are found in the images that show none."""
    counts = [len(detect(luma[None])) for luma, box, _, _ in _shown(images, question) if len(box) == 0]
    return {"images": len(counts), "false_faces": sum(counts), "false_per_image": round(sum(counts) / max(len(counts), 1), 4)}
