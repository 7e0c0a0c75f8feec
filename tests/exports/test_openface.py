from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from feelit.geometry import head_angles
from feelit.timeline.schema import from_arrow, to_arrow
from feelit.types import LANDMARKS, Float32, Float64
from tests.exports.made import text_of, with_signals, write
from tests.timeline.rows import regular, table_of


def read(path: Path, tracks: tuple[int, ...] | None = None) -> pd.DataFrame:
    return pd.read_csv(io.StringIO(text_of(path, "openface", tracks)))


def with_landmarks(table: pa.Table, points: Float32) -> pa.Table:
    roll, yaw = head_angles(points)
    return to_arrow(replace(from_arrow(table), landmarks=points, roll_deg=roll, yaw_deg=yaw), "a.mp4")


def test_a_line_a_face_frames_counted_from_one_and_none_without_a_face(tmp_path: Path) -> None:
    table = table_of({1: "nn.", 2: ".h."}, [0.0, 0.1, 0.25])
    frame = read(write(tmp_path / "t.parquet", table))
    assert frame[["frame", "face_id", "timestamp", "success"]].to_numpy().tolist() == [
        [1, 1, 0.0, 1],
        [4, 1, 0.1, 1],
        [4, 2, 0.1, 1],
    ]
    assert frame["confidence"].tolist() == pytest.approx([0.9] * 3)


def test_only_what_is_measured_has_a_column(tmp_path: Path) -> None:
    names = read(write(tmp_path / "t.parquet", table_of({1: "n"}, [0.0]))).columns
    assert list(names[:7]) == ["frame", "face_id", "timestamp", "confidence", "success", "pose_Ry", "pose_Rz"]
    assert list(names[7:]) == ["x_30", "x_48", "x_54", "y_30", "y_48", "y_54", "person_id", "person"]


def test_the_points_are_nose_and_corners_of_the_mouth(tmp_path: Path) -> None:
    points = np.arange(10, dtype=np.float32).reshape(1, 5, 2) * 8 + 100
    frame = read(write(tmp_path / "t.parquet", with_landmarks(table_of({1: "n"}, [0.0]), points)))
    for number, name in ((30, "nose"), (48, "right_mouth"), (54, "left_mouth")):
        assert (frame[f"x_{number}"][0], frame[f"y_{number}"][0]) == tuple(points[0, LANDMARKS.index(name)])


def rotated(pitch: float, yaw: float, roll: float) -> Float32:
    """(1, 5, 2) px: our five points of a head that OpenFace would give these angles (radians).

    OpenFace's camera looks along z, x points right and y down. The nose stands out towards the camera, by the depth that
    `head_angles` assumes.
    """
    head = np.array([[-50, -40, 0], [50, -40, 0], [0, 0, -62], [-40, 40, 0], [40, 40, 0]])
    points: Float32 = (head @ openface_matrix(pitch, yaw, roll).T)[None, :, :2].astype(np.float32) + 300
    return points


@pytest.mark.parametrize("yaw", [-0.4, 0.0, 0.3])
@pytest.mark.parametrize("roll", [-0.3, 0.0, 0.5])
def test_angles_turn_the_way_that_openface_turns_heads(yaw: float, roll: float, tmp_path: Path) -> None:
    table = with_landmarks(table_of({1: "n"}, [0.0]), rotated(0, yaw, roll))
    frame = read(write(tmp_path / "t.parquet", table))
    assert frame["pose_Ry"][0] == pytest.approx(yaw, abs=0.1)  # an estimate out of five points
    assert frame["pose_Rz"][0] == pytest.approx(roll, abs=0.1)


def test_only_some_tracks(tmp_path: Path) -> None:
    path = write(tmp_path / "t.parquet", table_of({1: "nn", 2: "hh"}, regular(2)))
    assert read(path, (2,))["face_id"].tolist() == [2, 2]


def openface_matrix(x: float, y: float, z: float) -> Float64:
    """R = Rx Ry Rz."""
    c, s = np.cos([x, y, z]), np.sin([x, y, z])
    rx = np.array([[1, 0, 0], [0, c[0], -s[0]], [0, s[0], c[0]]])
    ry = np.array([[c[1], 0, s[1]], [0, 1, 0], [-s[1], 0, c[1]]])
    rz = np.array([[c[2], -s[2], 0], [s[2], c[2], 0], [0, 0, 1]])
    product: Float64 = rx @ ry @ rz
    return product


@pytest.mark.parametrize("angles", [(0, 0, 0), (17, -33, 12), (-20, 60, -40)])
def test_with_signals_the_whole_rotation_is_written(angles: tuple[float, float, float], tmp_path: Path) -> None:
    pitch, yaw, roll = angles
    table = with_signals(table_of({1: "n"}, [0.0]), pitch_deg=pitch, yaw_deg=yaw, roll_deg=roll)
    frame = read(write(tmp_path / "t.parquet", table))
    # Pitch, then yaw, then roll, about axes to the right, down and away from the camera.
    only = [openface_matrix(*np.radians(turn)) for turn in ((-pitch, 0, 0), (0, -yaw, 0), (0, 0, roll))]
    written = openface_matrix(*(frame[f"pose_R{axis}"][0] for axis in "xyz"))
    np.testing.assert_allclose(written, only[2] @ only[1] @ only[0], atol=2e-4)


def test_with_signals_gaze_and_units_are_in_openface_s_units(tmp_path: Path) -> None:
    values = {"gaze_yaw_deg": 30.0, "gaze_pitch_deg": -10.0, "AU12": 0.5}
    frame = read(write(tmp_path / "t.parquet", with_signals(table_of({1: "n"}, [0.0]), **values)))
    assert frame["gaze_angle_x"][0] == pytest.approx(np.radians(30), abs=1e-4)
    assert frame["gaze_angle_y"][0] == pytest.approx(np.arctan(np.tan(np.radians(10)) / np.cos(np.radians(30))), abs=1e-4)
    assert (frame["AU12_r"][0], frame["AU01_r"][0]) == (2.5, 0)
    assert "AU09_r" not in frame
