"""Metrics of face detectors: recall, false faces, average precision, landmark error."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from feelit.geometry import area, iou
from feelit.types import Bool, Columns, Float32, Int64

LOOSE = 0.8
"""Among faces from a size on, false detections count from this share of the size on: a box may be smaller than its face."""


@dataclass(frozen=True, slots=True, eq=False)
class Matches(Columns):
    """The result of every detection of one image, by falling score, without those on ignored faces."""

    score: Float32  # (D,)
    hit: Bool  # (D,) found a face that no detection with a higher score had found
    truth: Int64  # (D,) row of the face, -1 for a false one
    found: Int64  # (D,) row of the detection


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """Recall and false faces as the threshold falls."""

    threshold: Float32  # (D,) falling
    recall: Float32  # (D,) of all faces
    false_per_image: Float32  # (D,)
    precision: Float32  # (D,)


def match_faces(found: Float32, score: Float32, truth: Float32, ignore: Bool, overlap: float = 0.5) -> Matches:
    """Pair detections with faces, best score first, each with the free face that it overlaps most.

    Parameters
    ----------
    found : (D, 4) float32 px
    score : (D,) float32
    truth : (G, 4) float32 px
    ignore : (G,) bool: faces that count neither as found nor as missed
    overlap : the least IoU of a hit
    """
    order = np.argsort(-score, kind="stable")
    shared = iou(found[order], truth)
    taken = np.full(len(order), -1, np.int64)
    free = ~ignore
    for i in range(len(order)):
        candidates = np.where(free, shared[i], 0)
        if candidates.size and candidates.max() >= overlap:
            taken[i] = candidates.argmax()
            free[taken[i]] = False
    on_ignored = (shared[:, ignore] >= overlap).any(axis=1) & (taken < 0)
    counts = ~on_ignored
    taken, order = taken[counts], order[counts]
    return Matches(score[order].astype(np.float32), taken >= 0, taken, order.astype(np.int64))


def box_sizes(box: Float32) -> Float32:
    """(F, 4) px -> (F,) px: the geometric mean of the sides of a box."""
    return np.sqrt(area(box))


def counted(truth: Float32, ignore: Bool, sizes_px: tuple[float, float]) -> Bool:
    """(G,) bool: which faces count, of at least the first size and below the second."""
    size = box_sizes(truth)
    return (size >= sizes_px[0]) & (size < sizes_px[1]) & ~ignore


def match_sizes(found: Float32, score: Float32, truth: Float32, ignore: Bool, sizes_px: tuple[float, float]) -> Matches:
    """`match_faces` for faces of at least the first size and below the second.

    As in COCO (Lin et al. 2014), faces of other sizes are ignored, and so are false detections of other sizes, with a tolerance
    of a fifth (LOOSE). Otherwise a small face with a loose box would be a false face among large ones.
    """
    matches = match_faces(found, score, truth, ~counted(truth, ignore, sizes_px))
    size = box_sizes(found[matches.found])
    return matches.rows(matches.hit | ((size >= LOOSE * sizes_px[0]) & (size < sizes_px[1] / LOOSE)))


def curve(matches: list[Matches], faces: int) -> Curve:
    """The curve over a set of images with `faces` faces that count."""
    every = Matches.join(matches)
    order = np.argsort(-every.score, kind="stable")
    hits = np.cumsum(every.hit[order])
    false = np.cumsum(~every.hit[order])
    return Curve(
        threshold=every.score[order],
        recall=(hits / max(faces, 1)).astype(np.float32),
        false_per_image=(false / len(matches)).astype(np.float32),
        precision=(hits / np.maximum(hits + false, 1)).astype(np.float32),
    )


def average_precision(of: Curve) -> float:
    """Area under precision over recall, precision made monotone, all points (PASCAL VOC 2010)."""
    if len(of.recall) == 0:
        return 0.0
    best = np.maximum.accumulate(of.precision[::-1])[::-1]
    return float(np.sum(np.diff(of.recall, prepend=0) * best))


def recall_at(of: Curve, false_per_image: float) -> tuple[float, float]:
    """The recall at a rate of false faces an image, and the threshold that gives it; (0, 1) if no threshold does."""
    allowed = np.flatnonzero(of.false_per_image <= false_per_image)
    if len(allowed) == 0:
        return 0.0, 1.0
    return float(of.recall[allowed[-1]]), float(of.threshold[allowed[-1]])


def at_threshold(of: Curve, threshold: float) -> tuple[float, float]:
    """Recall and false faces an image at a threshold."""
    above = int(np.sum(of.threshold >= threshold))
    return (float(of.recall[above - 1]), float(of.false_per_image[above - 1])) if above else (0.0, 0.0)


def landmark_error(found: Float32, truth: Float32) -> Float32:
    """Mean distance of the five landmarks in shares of the distance between the eyes.

    Parameters
    ----------
    found, truth : (F, 5, 2) float32 px, row for row the same faces

    Returns
    -------
    (F,) float32
    """
    between_eyes = np.linalg.norm(truth[:, 0] - truth[:, 1], axis=1)
    miss = np.linalg.norm(found - truth, axis=2).mean(axis=1)
    result: Float32 = (miss / np.maximum(between_eyes, 1e-6)).astype(np.float32)
    return result
