"""Faces made unrecognisable, for good: what is left of a face is a handful of flat cells.

A number of cells that does not grow with the face bounds what can be known of it, however large it is filmed; a blur could
be undone in part, an average over a third of a face cannot.
"""

from __future__ import annotations

import cv2
import numpy as np

from feelit.render.canvas import Canvas, Rect
from feelit.types import Float32, UInt8

CELLS = (5, 6)  # across and down the covered area, about 3 x 4 of them on the face itself
MARGIN = (0.25, 0.35, 0.25, 0.2)  # left, top (hair), right, bottom: shares of the face's width and height


def covered(box: Float32, bounds: Rect) -> Rect:
    """The area that is made unrecognisable for a face box (4,) px, within the picture."""
    x0, y0, x1, y1 = (float(v) for v in np.nan_to_num(grown(box)))
    return Rect(*(int(v) // 2 * 2 for v in (x0, y0, x1 + 2, y1 + 2))).shared_with(bounds)


def grown(box: Float32) -> Float32:
    """A face box (4,) px with its surroundings, (4,) px."""
    size = np.tile(np.maximum(box[2:] - box[:2], 0), 2)
    result: Float32 = box + np.array([-1, -1, 1, 1], np.float32) * np.array(MARGIN, np.float32) * size
    return result


def pixelate(canvas: Canvas, box: Float32) -> None:
    """Replace a face and its surroundings by flat cells, in place.

    Parameters
    ----------
    canvas : the picture
    box : (4,) float32, px; whatever lies outside of the picture is ignored
    """
    x0, y0, x1, y1 = covered(box, canvas.bounds)
    if x1 - x0 < 2 or y1 - y0 < 2:
        return
    for plane, k in ((canvas.y, 1), (canvas.u, 2), (canvas.v, 2)):
        part = plane[y0 // k : y1 // k, x0 // k : x1 // k]
        part[:] = _cells(part)


def _cells(part: UInt8) -> UInt8:
    height, width = part.shape
    across, down = min(CELLS[0], max(1, width // 4)), min(CELLS[1], max(1, height // 4))
    mean = cv2.resize(np.ascontiguousarray(part), (across, down), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(mean, (width, height), interpolation=cv2.INTER_NEAREST), np.uint8)
