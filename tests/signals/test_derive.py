"""Columns of signals follow from the network's outputs by geometry and a fixed table."""

from __future__ import annotations

import numpy as np
import pytest

from feelit.signals.columns import (
    ACTION_UNITS,
    BASIC,
    BLENDSHAPES,
    COLUMNS,
    OUTPUTS,
    POSE,
    SPEECH,
    SPEECH_COLUMNS,
    signal_columns,
    signal_groups,
)
from feelit.signals.derive import derive, gaze
from feelit.types import Float32, Float64


def outputs(**values: float) -> Float32:
    """(1, 58) outputs: 0 but for those given."""
    row = np.zeros((1, len(OUTPUTS)), np.float32)
    for name, value in values.items():
        row[0, OUTPUTS.index(name)] = value
    return row


def one(name: str, turn_deg: float = 0.0, **values: float) -> float:
    return float(derive(outputs(**values), np.array([turn_deg], np.float32), (name,))[0, 0])


def turned(pitch: float, yaw: float, roll: float, eye_yaw: float, eye_pitch: float) -> tuple[float, float]:
    """Where eyes look, by matrices: axes to the right, up and to the camera; yaw to the right, pitch up, roll clockwise."""
    p, y, r, ey, ep = np.radians([pitch, yaw, roll, eye_yaw, eye_pitch])
    about_x = np.array([[1, 0, 0], [0, np.cos(p), np.sin(p)], [0, -np.sin(p), np.cos(p)]])
    about_y = np.array([[np.cos(y), 0, np.sin(y)], [0, 1, 0], [-np.sin(y), 0, np.cos(y)]])
    about_z = np.array([[np.cos(r), np.sin(r), 0], [-np.sin(r), np.cos(r), 0], [0, 0, 1]])
    look = about_z @ about_y @ about_x @ [np.sin(ey) * np.cos(ep), np.sin(ep), np.cos(ey) * np.cos(ep)]
    return float(np.degrees(np.arctan2(look[0], look[2]))), float(np.degrees(np.arcsin(look[1])))


@pytest.mark.parametrize("angles", [(0, 0, 0, 0, 0), (10, -30, 20, 15, -5), (-25, 60, -40, -20, 10), (5, 0, 90, 12, 0)])
def test_gaze_is_the_turn_of_the_head_applied_to_the_eyes(angles: tuple[float, ...]) -> None:
    columns: list[Float64] = [np.array([angle], np.float64) for angle in angles]
    yaw, pitch = gaze(*columns)
    assert (yaw[0], pitch[0]) == pytest.approx(turned(*angles), abs=1e-9)


def test_eyes_that_make_up_for_the_head_look_at_the_camera() -> None:
    assert one("gaze_yaw_deg", yaw_deg=25, eye_yaw_deg=-25) == pytest.approx(0, abs=0.1)
    assert one("gaze_pitch_deg", pitch_deg=-12, eye_pitch_deg=12) == pytest.approx(0, abs=0.1)


def test_the_turn_of_the_crop_is_taken_off_the_roll() -> None:
    assert one("roll_deg", turn_deg=-30, roll_deg=2) == 32
    assert one("roll_deg", turn_deg=170, roll_deg=-20) == 170  # within half a turn
    assert one("yaw_deg", turn_deg=-30, yaw_deg=5) == 5


def test_units_are_means_of_their_blendshapes() -> None:
    assert one("AU02", browOuterUpLeft=0.5, browOuterUpRight=0.25) == 0.375
    assert one("AU25", jawOpen=0.25, mouthUpperUpLeft=0.5) == 0.5  # lips part by whatever parts them
    assert one("AU06", eyeSquintLeft=0.5, eyeSquintRight=0.5) == 0  # narrowed eyes without a smile
    assert one("AU06", eyeSquintLeft=0.5, eyeSquintRight=0.5, mouthSmileLeft=1, mouthSmileRight=1) == 0.5


def test_a_wink_is_no_blink() -> None:
    wink = {"eyeBlinkLeft": 1.0, "eyeBlinkRight": 0.125}
    assert (one("blink", **wink), one("eye_open_left", **wink), one("eye_open_right", **wink)) == (0.125, 0.0, 0.875)


def test_shares_stay_within_0_and_1_and_angles_are_rounded() -> None:
    assert one("smile", mouthSmileLeft=1.5, mouthSmileRight=1.2) == 1
    assert one("AU26", jawOpen=-0.1) == 0
    assert one("mouth_open", lip_gap=250) == 1
    assert one("pitch_deg", pitch_deg=1.04) == 1.0625
    assert one("AU26", jawOpen=0.3001) == 307 / 1024


def test_every_column_can_be_derived() -> None:
    names = (*POSE, *(name for group, names in COLUMNS.items() if group != SPEECH for name in names))
    assert len(set(names)) == len(names) == 2 + len(BASIC) + len(ACTION_UNITS) + len(BLENDSHAPES)
    assert np.isfinite(derive(outputs(), np.zeros(1, np.float32), names)).all()
    assert derive(outputs()[:0], np.zeros(0, np.float32), names).shape == (0, len(names))


def test_units_name_blendshapes_that_there_are() -> None:
    assert {name for of in ACTION_UNITS.values() for name in of} <= set(BLENDSHAPES)


def test_levels_hold_one_another() -> None:
    assert signal_columns(signal_groups("none", False)) == ()
    assert signal_columns(signal_groups("basic", False)) == (*BASIC, *SPEECH_COLUMNS)
    assert signal_columns(signal_groups("all", False)) == (*BASIC, *ACTION_UNITS, *SPEECH_COLUMNS)
    assert len(signal_columns(signal_groups("basic", True))) == len(BASIC) + 52 + 2
