"""What a face gives, seen in a mirror."""

from __future__ import annotations

from feelit.signals.columns import BLENDSHAPES, OUTPUTS
from feelit.types import Float32

MIRRORED = tuple(
    OUTPUTS.index(name.replace("Left", "#").replace("Right", "Left").replace("#", "Right")) for name in BLENDSHAPES
)
TURNED = [OUTPUTS.index(name) for name in ("yaw_deg", "roll_deg", "eye_yaw_deg")]
"""Outputs that change their sign in a mirror."""


def in_mirror(outputs: Float32) -> Float32:
    """(..., 58) outputs of a mirrored picture, from those of the picture, and the other way round."""
    result = outputs.copy()
    result[..., : len(MIRRORED)] = outputs[..., MIRRORED]
    result[..., TURNED] *= -1
    return result
