"""The CSV of OpenFace's FaceLandmarkVidMulti (Baltrušaitis et al. 2018, "OpenFace 2.0"), as far as a timeline can fill it.

Of the 68 landmarks only three are the same points as ours: the tip of the nose (30) and the corners of the mouth (48 is the
subject's right, 54 the left). The centres of the eyes are none of the 68. Rotations are in radians, R = Rx Ry Rz about axes
that point right, down and away from the camera: a positive Rz leans clockwise in the picture as our roll does, a positive Ry
turns the face to the left of the picture, against our yaw.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from feelit.exports.cells import csv_cells, csv_lines, fixed
from feelit.exports.part import Part
from feelit.types import Float64

POINTS = {30: "nose", 48: "right_mouth", 54: "left_mouth"}
"""OpenFace's number of a landmark -> ours."""

HEADINGS = (
    *("frame", "face_id", "timestamp", "confidence", "success", "pose_Ry", "pose_Rz"),
    *(f"{axis}_{number}" for axis in "xy" for number in POINTS),
)

_LANDMARKS = tuple(f"{name}_{axis}" for axis in "xy" for name in POINTS.values())
_COLUMNS = ("frame", "time_s", "track_id", "face_score", "roll_deg", "yaw_deg", *_LANDMARKS)


def openface_text(part: Part) -> Iterator[str]:
    """A line a face; a frame without one has no line."""
    yield csv_lines([HEADINGS])
    for recording in part.recordings:
        for batch in part.rows(recording, _COLUMNS):
            yield _lines(batch.filter(pc.is_valid(batch.column("track_id"))))


def _lines(faces: pa.RecordBatch) -> str:
    columns = [
        csv_cells(pc.add(faces.column("frame"), 1)),  # OpenFace counts from 1
        csv_cells(faces.column("track_id")),
        fixed(_numbers(faces, "time_s"), 6),
        csv_cells(faces.column("face_score")),
        ["1"] * len(faces),
        fixed(-np.radians(_numbers(faces, "yaw_deg")) + 0.0, 4),  # + 0.0 turns -0 into 0
        fixed(np.radians(_numbers(faces, "roll_deg")) + 0.0, 4),
        *(csv_cells(faces.column(name)) for name in _LANDMARKS),
    ]
    return csv_lines(zip(*columns, strict=True))


def _numbers(faces: pa.RecordBatch, name: str) -> Float64:
    numbers: Float64 = faces.column(name).to_numpy(zero_copy_only=False).astype(np.float64)
    return numbers
