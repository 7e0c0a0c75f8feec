"""Conversion of the signals network's outputs to the columns of a timeline."""

from __future__ import annotations

import numpy as np

from feelit.signals.columns import ACTION_UNITS, BLENDSHAPES, OUTPUTS
from feelit.types import Float32, Float64

LEAST_FACE_PX = 32.0
"""Smaller faces have null signals."""

OPEN_GAP = 100.0
"""Divisor of `lip_gap`: percent to a share."""

ANGLE_STEPS, SHARE_STEPS = 16, 1024
"""Angles are rounded to 1/16 degree and shares to 1/1024, so that no row depends on the last bits."""

_PLACE = {name: i for i, name in enumerate(OUTPUTS)}


def derive(outputs: Float32, turn_deg: Float32, names: tuple[str, ...]) -> Float32:
    """The named columns of some faces.

    Parameters
    ----------
    outputs : (F, 58) float32, in the order of OUTPUTS, of upright crops
    turn_deg : (F,) float32, by how much each crop was turned clockwise out of the picture
    names : columns of `columns.POSE` and `columns.COLUMNS`

    Returns
    -------
    (F, K) float32. Angles are in degrees, rounded to 1/16; all others are in 0..1, rounded to 1/1024.
    """
    shape = np.clip(outputs[:, : len(BLENDSHAPES)].astype(np.float64), 0.0, 1.0)
    pitch, yaw, roll, eye_yaw, eye_pitch = outputs[:, len(BLENDSHAPES) : -1].astype(np.float64).T
    roll = (roll - turn_deg + 180) % 360 - 180
    gaze_yaw, gaze_pitch = gaze(pitch, yaw, roll, eye_yaw, eye_pitch)
    angles = {"pitch_deg": np.clip(pitch, -90, 90), "yaw_deg": np.clip(yaw, -90, 90), "roll_deg": roll}
    angles |= {"gaze_yaw_deg": gaze_yaw, "gaze_pitch_deg": gaze_pitch}

    def mean(*of: str) -> Float64:
        return np.asarray(shape[:, [_PLACE[name] for name in of]].mean(axis=1))

    shut = shape[:, [_PLACE["eyeBlinkLeft"], _PLACE["eyeBlinkRight"]]]
    shares = {f"bs_{name.lstrip('_')}": shape[:, i] for i, name in enumerate(BLENDSHAPES)}
    shares |= {name: mean(*of) for name, of in ACTION_UNITS.items()}
    # The cheeks rise with a smile that narrows the eyes: MediaPipe's own cheekSquint stays at 0.
    shares["AU06"] = np.minimum(shares["AU07"], shares["AU12"])
    shares["AU25"] = shape[:, [_PLACE[name] for name in ACTION_UNITS["AU25"]]].max(axis=1)
    shares |= {
        "eye_open_left": 1 - shut[:, 0],
        "eye_open_right": 1 - shut[:, 1],
        "blink": shut.min(axis=1),
        "mouth_open": np.clip(outputs[:, -1].astype(np.float64) / OPEN_GAP, 0.0, 1.0),
        "smile": shares["AU12"],
        "brow_raise": mean("browInnerUp", "browOuterUpLeft", "browOuterUpRight"),
        "brow_lower": shares["AU04"],
    }
    columns = [
        np.round(angles[name] * ANGLE_STEPS) / ANGLE_STEPS
        if name in angles
        else np.round(shares[name] * SHARE_STEPS) / SHARE_STEPS
        for name in names
    ]
    return np.stack(columns, axis=1).astype(np.float32) if columns else np.zeros((len(outputs), 0), np.float32)


def gaze(pitch: Float64, yaw: Float64, roll: Float64, eye_yaw: Float64, eye_pitch: Float64) -> tuple[Float64, Float64]:
    """Where eyes look, from the pose of the head and their direction in it; all (F,) float64, degrees: yaw to the right of the
    picture and pitch up, both 0 where the eyes look at the camera.

    The head is turned by pitch, then yaw, then roll about the camera's axes.
    """
    ey, ep = np.radians(eye_yaw), np.radians(eye_pitch)
    side, up, ahead = turned((np.sin(ey) * np.cos(ep), np.sin(ep), np.cos(ey) * np.cos(ep)), pitch, yaw, roll)
    return np.degrees(np.arctan2(side, ahead)), np.degrees(np.arcsin(np.clip(up, -1, 1)))


def turned(
    direction: tuple[Float64 | float, Float64 | float, Float64 | float], pitch: Float64, yaw: Float64, roll: Float64
) -> tuple[Float64, Float64, Float64]:
    """A direction of the head (to the right, up, out of the face) seen from the camera: to the right of the picture, up, and
    to the camera. Angles are (F,) float64, degrees."""
    p, y, r = (np.radians(angle) for angle in (pitch, yaw, roll))
    side, up, ahead = direction
    up, ahead = up * np.cos(p) + ahead * np.sin(p), ahead * np.cos(p) - up * np.sin(p)
    side, ahead = side * np.cos(y) + ahead * np.sin(y), ahead * np.cos(y) - side * np.sin(y)
    side, up = side * np.cos(r) + up * np.sin(r), up * np.cos(r) - side * np.sin(r)
    return side, up, ahead


MIRRORED = tuple(
    OUTPUTS.index(name.replace("Left", "#").replace("Right", "Left").replace("#", "Right")) for name in BLENDSHAPES
)
TURNED = [OUTPUTS.index(name) for name in ("yaw_deg", "roll_deg", "eye_yaw_deg")]
"""Outputs that change their sign in a mirror."""


def in_mirror(outputs: Float32) -> Float32:
    """Convert the outputs (..., 58) of a picture to those of its mirror image, and vice versa."""
    result = outputs.copy()
    result[..., : len(MIRRORED)] = outputs[..., MIRRORED]
    result[..., TURNED] *= -1
    return result
