"""No emotion is claimed of a face that is too small, too blurred, turned away or too dark."""

from __future__ import annotations

import numpy as np
import pytest

from feelit.timeline.quality_gate import (
    FORGOTTEN_S,
    LEAST_BRIGHTNESS,
    LEAST_FACE_PX,
    LEAST_SHARPNESS,
    LEAVE_YAW_DEG,
    MOST_YAW_DEG,
    RETURN_YAW_DEG,
    FrontalGate,
    passes_quality_gate,
)

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


def frontal(yaw_deg: list[float], time_s: list[float] | None = None, track: list[int] | None = None) -> list[bool]:
    time_s = time_s or [i / 10 for i in range(len(yaw_deg))]
    track = track or [1] * len(yaw_deg)
    found = FrontalGate().frontal(np.array(time_s), np.array(track, np.int64), np.array(yaw_deg, np.float32))
    return [bool(one) for one in found]


def test_a_face_about_the_limit_stays_what_it_was() -> None:
    about = [MOST_YAW_DEG - 3, MOST_YAW_DEG + 3] * 4
    assert frontal([0, *about]) == [True] * 9
    assert frontal([60, *about]) == [False] * 9


def test_a_face_turns_away_and_comes_back() -> None:
    yaw = [0, LEAVE_YAW_DEG, -LEAVE_YAW_DEG - 1, -RETURN_YAW_DEG - 1, RETURN_YAW_DEG, LEAVE_YAW_DEG]
    assert frontal(yaw) == [True, True, False, False, True, True]


def test_new_faces_and_those_that_were_away_are_judged_by_one_limit() -> None:
    assert frontal([MOST_YAW_DEG]) == [True]
    assert frontal([MOST_YAW_DEG + 1]) == [False]
    away = [0.0, 0.1, 0.1 + FORGOTTEN_S + 0.1]
    assert frontal([60, 60, MOST_YAW_DEG], away) == [False, False, True]
    assert frontal([0, 0, MOST_YAW_DEG + 1], away) == [True, True, False]


def test_tracks_do_not_know_of_each_other() -> None:
    assert frontal([0, 60, 32, 32], [0, 0, 0.1, 0.1], [1, 2, 1, 2]) == [True, False, True, False]


def test_an_unknown_yaw_cannot_be_read() -> None:
    assert frontal([0, NAN, 32]) == [True, False, False]


def test_the_verdicts_do_not_depend_on_where_rows_are_divided() -> None:
    rng = np.random.default_rng(3)
    time_s, track = np.arange(200) / 10, rng.integers(1, 4, 200)
    yaw = rng.uniform(-45, 45, 200).astype(np.float32)
    whole, gate = FrontalGate().frontal(time_s, track, yaw), FrontalGate()
    parts = [gate.frontal(time_s[part], track[part], yaw[part]) for part in np.split(np.arange(200), [1, 17, 90])]
    np.testing.assert_array_equal(np.concatenate(parts), whole)
