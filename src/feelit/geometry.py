"""Pure box arithmetic. Boxes are (x0, y0, x1, y1) in px, x1 and y1 exclusive."""

from __future__ import annotations

import numpy as np

from feelit.types import Float32, Int64


def area(box: Float32) -> Float32:
    """(F, 4) px -> (F,) px²; a box turned inside out has area 0."""
    return np.maximum(box[:, 2] - box[:, 0], 0) * np.maximum(box[:, 3] - box[:, 1], 0)  # type: ignore[no-any-return]


def iou(a: Float32, b: Float32) -> Float32:
    """Overlap of every box in `a` with every box in `b`.

    Parameters
    ----------
    a : (A, 4) float32, px
    b : (B, 4) float32, px

    Returns
    -------
    (A, B) float32 in 0..1; two empty boxes overlap by 0, never NaN.
    """
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    inter = np.prod(np.maximum(high - low, 0), axis=2)
    union = area(a)[:, None] + area(b)[None, :] - inter
    return (inter / np.maximum(union, np.float32(1e-9))).astype(np.float32)  # type: ignore[no-any-return]


def nms(box: Float32, score: Float32, overlap: float) -> Int64:
    """Greedy non-maximum suppression.

    Parameters
    ----------
    box : (F, 4) float32, px
    score : (F,) float32
    overlap : two boxes with a larger IoU are one face; the higher score stays, at equal scores the earlier row

    Returns
    -------
    (K,) int64: the rows that stay, by falling score.
    """
    order = np.argsort(-score, kind="stable")
    clash = iou(box[order], box[order]) > overlap
    alive = np.ones(len(order), bool)
    for i in range(len(order)):
        if alive[i]:
            alive[i + 1 :] &= ~clash[i, i + 1 :]
    return order[alive].astype(np.int64)


def centre_and_size(box: Float32) -> tuple[Float32, Float32]:
    """(F, 4) px -> centres (F, 2) px and sizes (F, 2) px."""
    return (box[:, :2] + box[:, 2:]) / 2, box[:, 2:] - box[:, :2]
