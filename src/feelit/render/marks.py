"""Signals drawn on a face: the axes of the head, the gaze, the openings of lids and lips."""

from __future__ import annotations

import numpy as np

from feelit.render.canvas import Canvas
from feelit.render.theme import HALO, INK, Colour, Style
from feelit.signals.columns import SIGNALS
from feelit.signals.derive import turned
from feelit.timeline.recording import Recording
from feelit.types import Float32, Float64

ANGLES = ("pitch_deg", "yaw_deg", "roll_deg", "gaze_yaw_deg", "gaze_pitch_deg")
OPENINGS = ("eye_open_right", "eye_open_left", "mouth_open")
POINTS = ("right_eye", "left_eye", "nose", "right_mouth", "left_mouth")
COLUMNS = (*ANGLES, *OPENINGS, *(f"{point}_{axis}" for point in POINTS for axis in "xy"))
"""Columns from which marks are drawn: angles, openings, and the five landmarks, px."""

RIGHT, UP, AHEAD = Colour(236, 92, 92), Colour(96, 200, 120), Colour(96, 160, 255)
"""The axes of the head: to the right of the picture, up, and out of the face."""

GAZE = Colour(255, 204, 64)

LEAST_FACE_PX = 28  # smaller faces get no marks
LEAST_DETAIL_PX = 56  # smaller ones get no marks of lids and lips
SHUT = 0.4  # eyes that are less open get no gaze


def marks_of(recording: Recording) -> Float32:
    """(R, 18) float32 COLUMNS of every row of a timeline; NaN where it has none."""
    if SIGNALS not in recording.groups:
        return np.full((recording.row_count, len(COLUMNS)), np.nan, np.float32)
    table = recording.table(COLUMNS)
    return np.stack([table.column(name).to_numpy().astype(np.float32) for name in COLUMNS], axis=1)


def draw_marks(canvas: Canvas, box: Float32, marks: Float32, style: Style) -> None:
    """Draw on one face.

    Parameters
    ----------
    box : (4,) px
    marks : (18,) COLUMNS; nothing is drawn where one is NaN
    """
    size = float(np.sqrt(max((box[2] - box[0]) * (box[3] - box[1]), 0.0)))
    if size < LEAST_FACE_PX or not np.isfinite(marks).all():
        return
    angles, openings = marks[: len(ANGLES)].astype(np.float64), marks[len(ANGLES) : len(ANGLES) + len(OPENINGS)]
    eyes, nose, mouth = np.split(marks[-10:].astype(np.float64).reshape(5, 2), [2, 3])
    line = style.thin_px if size < LEAST_DETAIL_PX else style.line_px
    if size >= LEAST_DETAIL_PX:
        across = (eyes[1] - eyes[0]) / max(float(np.linalg.norm(eyes[1] - eyes[0])), 1e-6)
        for eye, share in zip(eyes, openings[:2].tolist(), strict=True):
            _ellipse(canvas, eye, across, 0.085 * size, 0.05 * size * min(max(share, 0.0), 1.0), style.thin_px, INK)
        middle, reach = mouth.mean(axis=0), float(np.linalg.norm(mouth[1] - mouth[0])) / 2
        opened = 0.55 * size * min(max(float(openings[2]), 0.0), 0.6)
        _ellipse(canvas, middle, across, max(reach, 0.05 * size), opened / 2, style.thin_px, INK)
    for axis, colour in (((1.0, 0.0, 0.0), RIGHT), ((0.0, 1.0, 0.0), UP), ((0.0, 0.0, 1.0), AHEAD)):
        side, up, _ = (float(v[0]) for v in turned(axis, *(angles[k : k + 1] for k in range(3))))
        _ray(canvas, nose[0], 0.38 * size * np.array([side, -up]), line, colour)
    yaw, pitch = np.radians(angles[3:])
    way = 0.75 * size * np.array([np.sin(yaw) * np.cos(pitch), -np.sin(pitch)])
    for eye, share in zip(eyes, openings[:2].tolist(), strict=True):
        if share >= SHUT:
            _ray(canvas, eye, way, line, GAZE)


def _ray(canvas: Canvas, start: Float64, way: Float64, line_px: int, colour: Colour) -> None:
    """Draw a line with a dark edge and a dot at its start, for rays towards the viewer have no length."""
    for width, ink in ((line_px + 2, HALO), (line_px, colour)):
        canvas.line((start, start + way), width, ink)
        canvas.line((start, start), 2 * width, ink)


def _ellipse(canvas: Canvas, middle: Float64, across: Float64, half: float, high: float, line_px: int, colour: Colour) -> None:
    """Draw an ellipse around a point; a line where it has no height."""
    turn = np.linspace(0, 2 * np.pi, 25)[:, None]
    down = np.array([-across[1], across[0]])
    points = middle + half * np.cos(turn) * across + high * np.sin(turn) * down
    canvas.line(points, line_px + 2, HALO)
    canvas.line(points, line_px, colour)
