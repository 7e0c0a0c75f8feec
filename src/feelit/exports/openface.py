"""The CSV of OpenFace's FaceLandmarkVidMulti (Baltrušaitis et al. 2018, "OpenFace 2.0"), with the columns that a timeline has.

Only three of the 68 landmarks are points of ours: the tip of the nose (30) and the corners of the mouth (48 is the subject's
right, 54 the left). Rotations are in radians, R = Rx Ry Rz about axes that point right, down and away from the camera: a
positive Rz leans clockwise in the picture, as our roll does; a positive Ry turns the face to the left of the picture, opposite
to our yaw. With signals the rotation is complete; without them yaw and roll are written as they are. Gaze is in radians, to the
right of the picture and down. Action units range from 0 to 5.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from feelit.exports.csv_format import csv_cells, csv_lines, fixed
from feelit.exports.selection import Selection
from feelit.signals.columns import ACTION_UNITS, SIGNALS, UNITS
from feelit.types import Float64

POINTS = {30: "nose", 48: "right_mouth", 54: "left_mouth"}  # OpenFace's number of a landmark -> ours
MOST_INTENSE = 5.0  # OpenFace's largest intensity of an action unit, level E of FACS

_LANDMARKS = tuple(f"{name}_{axis}" for axis in "xy" for name in POINTS.values())
_WHO = ("person_id", "person")
_SIGNALS = ("pitch_deg", "gaze_yaw_deg", "gaze_pitch_deg")
_COLUMNS = ("frame", "time_s", "track_id", "face_score", "roll_deg", "yaw_deg", *_LANDMARKS, *_WHO)


def openface_text(selection: Selection) -> Iterator[str]:
    """A line of headings, then one line per face; frames without a face have no line."""
    groups = {group for recording in selection.recordings for group in recording.groups}
    units = tuple(ACTION_UNITS) if UNITS in groups else ()
    yield csv_lines([headings(SIGNALS in groups, units)])
    for recording in selection.recordings:
        for batch in selection.rows(recording, (*_COLUMNS, *(_SIGNALS if SIGNALS in groups else ()), *units)):
            yield _lines(batch.filter(pc.is_valid(batch.column("track_id"))), SIGNALS in groups, units)


def headings(signals: bool, units: tuple[str, ...]) -> list[str]:
    """The line of headings, with or without the columns of signals and of action units."""
    return [
        *("frame", "face_id", "timestamp", "confidence", "success"),
        *(("gaze_angle_x", "gaze_angle_y", "pose_Rx") if signals else ()),
        *("pose_Ry", "pose_Rz"),
        *(f"{axis}_{number}" for axis in "xy" for number in POINTS),
        *(f"{unit}_r" for unit in units),
        *_WHO,
    ]


def _lines(faces: pa.RecordBatch, signals: bool, units: tuple[str, ...]) -> str:
    pitch = _numbers(faces, "pitch_deg") if signals else np.zeros(len(faces))
    around_x, around_y, around_z = rotation(pitch, _numbers(faces, "yaw_deg"), _numbers(faces, "roll_deg"))
    columns = [
        csv_cells(pc.add(faces.column("frame"), 1)),  # OpenFace counts from 1
        csv_cells(faces.column("track_id")),
        fixed(_numbers(faces, "time_s"), 6),
        csv_cells(faces.column("face_score")),
        ["1"] * len(faces),
        *(fixed(angle, 4) for angle in (*gaze(faces), around_x) if signals),
        fixed(around_y if signals else -np.radians(_numbers(faces, "yaw_deg")) + 0.0, 4),  # + 0.0 turns -0 into 0
        fixed(around_z if signals else np.radians(_numbers(faces, "roll_deg")) + 0.0, 4),
        *(csv_cells(faces.column(name)) for name in _LANDMARKS),
        *(fixed(_numbers(faces, unit) * MOST_INTENSE, 3) for unit in units),
        *(csv_cells(faces.column(name)) for name in _WHO),
    ]
    return csv_lines(zip(*columns, strict=True))


def rotation(pitch_deg: Float64, yaw_deg: Float64, roll_deg: Float64) -> tuple[Float64, Float64, Float64]:
    """OpenFace's Rx, Ry and Rz in radians, of R = Rx Ry Rz; all (F,) float64.

    Our rotation is by pitch, then yaw, then roll, about axes to the right, up and to the camera.
    """
    p, y, r = np.radians(-pitch_deg), np.radians(yaw_deg), np.radians(-roll_deg)
    across = np.cos(r) * np.sin(y) * np.cos(p) + np.sin(r) * np.sin(p)
    upwards = np.sin(r) * np.sin(y) * np.cos(p) - np.cos(r) * np.sin(p)
    # With y and z reversed, all elements of the last column but its last change their signs.
    around_x = np.arctan2(-upwards, np.cos(y) * np.cos(p))
    around_y = -np.arcsin(np.clip(across, -1, 1))
    around_z = np.arctan2(np.cos(r) * np.sin(y) * np.sin(p) - np.sin(r) * np.cos(p), np.cos(r) * np.cos(y))
    return around_x + 0.0, around_y + 0.0, around_z + 0.0


def gaze(faces: pa.RecordBatch) -> tuple[Float64, Float64]:
    """OpenFace's gaze_angle_x and gaze_angle_y, radians: to the right of the picture and down."""
    if "gaze_yaw_deg" not in faces.schema.names:
        return np.zeros(len(faces)), np.zeros(len(faces))
    side, up = np.radians(_numbers(faces, "gaze_yaw_deg")), np.radians(_numbers(faces, "gaze_pitch_deg"))
    return side, np.arctan2(-np.sin(up), np.cos(up) * np.cos(side)) + 0.0


def _numbers(faces: pa.RecordBatch, name: str) -> Float64:
    numbers: Float64 = faces.column(name).to_numpy(zero_copy_only=False).astype(np.float64)
    return numbers
