"""Pure box arithmetic. Boxes are (x0, y0, x1, y1) in px, x1 and y1 exclusive."""

from __future__ import annotations

import numpy as np

from feelit.types import Float32, Int64

FEW = 48
"""Frames with at most this many boxes are compared together, padded to the largest; those with more one by one."""


def area(box: Float32) -> Float32:
    """(..., 4) px -> (...) px²; a box turned inside out has area 0."""
    result: Float32 = np.maximum(box[..., 2] - box[..., 0], 0) * np.maximum(box[..., 3] - box[..., 1], 0)
    return result


def iou(a: Float32, b: Float32) -> Float32:
    """Overlap of every box in `a` with every box in `b`.

    Parameters
    ----------
    a : (..., A, 4) float32, px
    b : (..., B, 4) float32, px

    Returns
    -------
    (..., A, B) float32 in 0..1; two empty boxes overlap by 0, never NaN.
    """
    first, second = a[..., :, None, :], b[..., None, :, :]
    width = np.minimum(first[..., 2], second[..., 2]) - np.maximum(first[..., 0], second[..., 0])
    height = np.minimum(first[..., 3], second[..., 3]) - np.maximum(first[..., 1], second[..., 1])
    inter = np.maximum(width, 0) * np.maximum(height, 0)
    union = area(first) + area(second) - inter
    result: Float32 = (inter / np.maximum(union, np.float32(1e-9))).astype(np.float32, copy=False)
    return result


def nms(box: Float32, score: Float32, overlap: float, row: Int64) -> Int64:
    """Greedy non-maximum suppression in every frame of a batch.

    Parameters
    ----------
    box : (F, 4) float32, px
    score : (F,) float32
    overlap : two boxes with a larger IoU are one face; the higher score stays, at equal scores the earlier box
    row : (F,) int64, the frame of each box, 0..N-1 in any order

    Returns
    -------
    (K,) int64: the boxes that stay, by frame and then by falling score.
    """
    order = np.lexsort((-score, row))
    _, start, count = np.unique(row[order], return_index=True, return_counts=True)
    stays = np.zeros(len(order), bool)
    few = count <= FEW
    for frames in (np.flatnonzero(few), *np.flatnonzero(~few)[:, None]):
        place = np.arange(count[frames].max(initial=0))
        alive = place < count[frames, None]
        at = np.where(alive, start[frames, None] + place, 0)
        part = box[order[at]]
        clash = iou(part, part) > overlap
        for i in range(len(place) - 1):
            alive[:, i + 1 :] &= ~(clash[:, i, i + 1 :] & alive[:, i, None])
        stays[at[alive]] = True
    return order[stays].astype(np.int64)


def grow(box: Float32, ratio: Float32) -> Float32:
    """Boxes widened on every side by `ratio` (...) times their size: (..., 4) px -> (..., 4) px."""
    margin = (box[..., 2:] - box[..., :2]) * ratio[..., None]
    return np.concatenate([box[..., :2] - margin, box[..., 2:] + margin], axis=-1).astype(np.float32)


NOSE_DEPTH = 0.62
"""How far the nose tip stands out of the plane of eyes and mouth corners, in inter-ocular distances: about 40 mm to 64 mm."""


def head_angles(landmarks: Float32) -> tuple[Float32, Float32]:
    """Roll and yaw of heads, estimated from five landmarks under weak perspective (after Gee & Cipolla 1994).

    Parameters
    ----------
    landmarks : (F, 5, 2) float32, px, in the order of `types.LANDMARKS`

    Returns
    -------
    roll : (F,) float32, degrees, positive where the head leans clockwise in the picture
    yaw : (F,) float32, degrees, positive where the face turns to the right of the picture; an estimate, good to 10 degrees
        or so, that says whether a face can be read and no more
    """
    points = landmarks.astype(np.float64)
    eyes = points[:, 1] - points[:, 0]
    roll = np.arctan2(eyes[:, 1], eyes[:, 0])
    across = np.stack([np.cos(roll), np.sin(roll)], axis=1)
    middle = (points[:, 0] + points[:, 1] + points[:, 3] + points[:, 4]) / 4
    offset = ((points[:, 2] - middle) * across).sum(axis=1)
    yaw = np.arctan2(offset, NOSE_DEPTH * np.hypot(eyes[:, 0], eyes[:, 1]))
    return np.degrees(roll).astype(np.float32), np.degrees(yaw).astype(np.float32)
