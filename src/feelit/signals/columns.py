"""The columns of signals: which there are, and which an analysis writes. docs/signals.md describes each."""

from __future__ import annotations

from collections.abc import Collection

BLENDSHAPES = (
    *("_neutral", "browDownLeft", "browDownRight", "browInnerUp", "browOuterUpLeft", "browOuterUpRight", "cheekPuff"),
    *("cheekSquintLeft", "cheekSquintRight", "eyeBlinkLeft", "eyeBlinkRight", "eyeLookDownLeft", "eyeLookDownRight"),
    *("eyeLookInLeft", "eyeLookInRight", "eyeLookOutLeft", "eyeLookOutRight", "eyeLookUpLeft", "eyeLookUpRight"),
    *("eyeSquintLeft", "eyeSquintRight", "eyeWideLeft", "eyeWideRight", "jawForward", "jawLeft", "jawOpen", "jawRight"),
    *("mouthClose", "mouthDimpleLeft", "mouthDimpleRight", "mouthFrownLeft", "mouthFrownRight", "mouthFunnel", "mouthLeft"),
    *("mouthLowerDownLeft", "mouthLowerDownRight", "mouthPressLeft", "mouthPressRight", "mouthPucker", "mouthRight"),
    *("mouthRollLower", "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper", "mouthSmileLeft", "mouthSmileRight"),
    *("mouthStretchLeft", "mouthStretchRight", "mouthUpperUpLeft", "mouthUpperUpRight", "noseSneerLeft", "noseSneerRight"),
)
"""The scores of Apple's ARKit and MediaPipe, in MediaPipe's order; left and right are the subject's own."""

OUTPUTS = (*BLENDSHAPES, "pitch_deg", "yaw_deg", "roll_deg", "eye_yaw_deg", "eye_pitch_deg", "lip_gap")
"""What the network gives: blendshapes 0..1; pose in the crop; the eyes in the head; percent of nose bridge to chin."""

POSE = ("yaw_deg", "roll_deg")
"""Columns that every timeline has: with signals, the network's values stand in them."""

BASIC = (
    *("pitch_deg", "gaze_yaw_deg", "gaze_pitch_deg", "eye_open_left", "eye_open_right", "blink"),
    *("mouth_open", "smile", "brow_raise", "brow_lower"),
)

ACTION_UNITS: dict[str, tuple[str, ...]] = {
    "AU01": ("browInnerUp",),
    "AU02": ("browOuterUpLeft", "browOuterUpRight"),
    "AU04": ("browDownLeft", "browDownRight"),
    "AU05": ("eyeWideLeft", "eyeWideRight"),
    "AU06": ("eyeSquintLeft", "eyeSquintRight", "mouthSmileLeft", "mouthSmileRight"),
    "AU07": ("eyeSquintLeft", "eyeSquintRight"),
    "AU10": ("mouthUpperUpLeft", "mouthUpperUpRight"),
    "AU12": ("mouthSmileLeft", "mouthSmileRight"),
    "AU14": ("mouthDimpleLeft", "mouthDimpleRight"),
    "AU15": ("mouthFrownLeft", "mouthFrownRight"),
    "AU17": ("mouthShrugLower",),
    "AU20": ("mouthStretchLeft", "mouthStretchRight"),
    "AU23": ("mouthPressLeft", "mouthPressRight"),
    "AU25": ("mouthLowerDownLeft", "mouthLowerDownRight", "mouthUpperUpLeft", "mouthUpperUpRight", "jawOpen"),
    "AU26": ("jawOpen",),
    "AU45": ("eyeBlinkLeft", "eyeBlinkRight"),
}
"""Action units (Ekman, Friesen & Hager 2002) and the blendshapes that each is computed from: `derive` says how.

AU09 is missing: MediaPipe's noseSneer stays at 0 on any face.
"""

SPEECH_COLUMNS = ("mouth_motion", "speaking")
"""Of a face over about a second, made where samples are put in order; all others are of one picture."""

OPENING = ("bs_jawOpen", "mouth_open")
"""What of one picture they are made from, besides the picture: a worker gives these in their place."""

SIGNALS, UNITS, SHAPES, SPEECH = "signals", "action_units", "blendshapes", "speech"
"""Names of the groups of columns."""

COLUMNS = {
    SIGNALS: BASIC,
    UNITS: tuple(ACTION_UNITS),
    SHAPES: tuple(f"bs_{name.lstrip('_')}" for name in BLENDSHAPES),
    SPEECH: SPEECH_COLUMNS,
}
"""The columns of each group, in order; those of speech come last."""


def signal_groups(level: str, blendshapes: bool) -> tuple[str, ...]:
    """The groups that an analysis writes at a level: "none", "basic" or "all"."""
    groups = {"none": (), "basic": (SIGNALS,), "all": (SIGNALS, UNITS)}[level] + ((SHAPES,) if blendshapes else ())
    return (*groups, SPEECH) if groups else ()


def signal_columns(groups: Collection[str]) -> tuple[str, ...]:
    """The columns of signals of some groups, in their order in a file. Groups of other columns have none."""
    return tuple(name for group, names in COLUMNS.items() if group in groups for name in names)
