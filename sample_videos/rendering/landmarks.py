"""Where the points of a face are: vertices of the subdivided mesh, and what follows from them."""

from __future__ import annotations

import numpy as np

from .assets import Float
from .base import base
from .bust import Posed
from .draw import Camera, project

# Chosen once, on a mean head, at the places of the 68-point scheme of iBUG 300-W.
# fmt: off
POINTS_68 = (
    19463, 2870, 2199, 2348, 7423, 7869, 2330, 18966, 10494, 16015, 21829, 13467, 13077, 5119, 16892, 5314, 22250,
    7373, 232, 231, 17080, 6197, 3128, 19883, 3126, 16060, 12146, 136, 6021, 6179, 2161, 17138, 6461, 12256,
    3199, 12205, 12, 16941, 55, 68, 5797, 41, 21591, 19772, 19745, 21577, 11624, 11654, 442, 19242, 6787,
    6800, 12564, 16161, 21323, 3357, 12633, 6887, 6873, 480, 6696, 6912, 6826, 3378, 20021, 3366, 495, 17388,
)
# fmt: on


def landmarks_68(posed: Posed, camera: Camera) -> Float:
    """(68, 2) float32 px: jaw, brows, nose, eyes, lips; the subject's right first."""
    return project(posed.fine[list(POINTS_68)], camera).astype(np.float32)


def landmarks_5(posed: Posed, camera: Camera) -> Float:
    """(5, 2) float32 px: right eye, left eye, tip of the nose, right and left corner of the mouth."""
    points = landmarks_68(posed, camera)
    return np.stack([points[36:42].mean(0), points[42:48].mean(0), points[30], points[48], points[54]]).astype(np.float32)


def face_box(posed: Posed, camera: Camera) -> Float:
    """(4,) float32 px: x0, y0, x1, y1 of the face from chin to hairline, without ears and hair."""
    c = base().bust.canon
    face = (c[:, 2] > 0.6) & (c[:, 1] > 6.15) & (c[:, 1] < 7.92) & (np.abs(c[:, 0]) < 0.72)
    points = project(posed.fine[face], camera)
    return np.concatenate([points.min(axis=0), points.max(axis=0)]).astype(np.float32)
