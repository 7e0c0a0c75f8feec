"""No emotion is claimed of a face that is too small, too blurred, turned away or too dark."""

from __future__ import annotations

import numpy as np
import pytest

from feelit.timeline.quality_gate import LEAST_BRIGHTNESS, LEAST_FACE_PX, LEAST_SHARPNESS, MOST_YAW_DEG, passes_quality_gate

NAN = float("nan")


@pytest.mark.parametrize(
    ("face_px", "sharpness", "yaw_deg", "brightness", "expected"),
    [
        pytest.param(80, 0.3, 0, 120, True, id="good"),
        pytest.param(LEAST_FACE_PX, LEAST_SHARPNESS, MOST_YAW_DEG, 120, True, id="on-every-line"),
        pytest.param(LEAST_FACE_PX, LEAST_SHARPNESS, -MOST_YAW_DEG, 120, True, id="on-the-other-side"),
        pytest.param(LEAST_FACE_PX - 0.125, 0.3, 0, 120, False, id="too-small"),
        pytest.param(80, LEAST_SHARPNESS - 0.001, 0, 120, False, id="too-blurred"),
        pytest.param(80, 0.3, 50.1, 120, False, id="turned-right"),
        pytest.param(80, 0.3, -50.1, 120, False, id="turned-left"),
        pytest.param(NAN, 0.3, 0, 120, False, id="unknown-size"),
        pytest.param(80, NAN, 0, 120, False, id="unknown-sharpness"),
        pytest.param(80, 0.3, NAN, 120, False, id="unknown-yaw"),
        pytest.param(80, 0.3, 0, LEAST_BRIGHTNESS, True, id="just-bright-enough"),
        pytest.param(80, 0.3, 0, LEAST_BRIGHTNESS - 0.125, False, id="too-dark"),
        pytest.param(80, 0.3, 0, NAN, False, id="unknown-brightness"),
    ],
)
def test_a_face_can_be_read(face_px: float, sharpness: float, yaw_deg: float, brightness: float, expected: bool) -> None:
    columns = (np.array([value], np.float32) for value in (face_px, sharpness, yaw_deg, brightness))
    found = passes_quality_gate(*columns)
    assert found.dtype == np.bool_
    assert found.tolist() == [expected]
