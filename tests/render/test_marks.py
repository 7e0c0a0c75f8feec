"""Marks of signals lie where the head points and the eyes look, and are left out where nothing is known."""

from __future__ import annotations

import numpy as np
import pytest

from feelit.render.canvas import Canvas, yuv
from feelit.render.marks import AHEAD, COLUMNS, GAZE, UP, draw_marks
from feelit.render.theme import Colour, Style
from feelit.types import Float32, Float64

BOX = np.array([200, 100, 360, 300], np.float32)
STYLE = Style.of(1280, 720)
STRAIGHT: dict[str, float] = {
    **dict.fromkeys(COLUMNS[:5], 0.0),
    **{"eye_open_right": 1.0, "eye_open_left": 1.0, "mouth_open": 0.0},
    **{"right_eye_x": 240, "right_eye_y": 170, "left_eye_x": 320, "left_eye_y": 170, "nose_x": 280, "nose_y": 210},
    **{"right_mouth_x": 250, "right_mouth_y": 250, "left_mouth_x": 310, "left_mouth_y": 250},
}


def drawn(box: Float32 = BOX, **marks: float) -> Canvas:
    canvas = Canvas.blank(640, 480, Colour(90, 90, 90), "bt709")
    draw_marks(canvas, box, np.array([(STRAIGHT | marks)[name] for name in COLUMNS], np.float32), STYLE)
    return canvas


def middle_of(canvas: Canvas, colour: Colour) -> Float64:
    """The mean place, px, of what has a colour."""
    _, u, v = yuv(colour, "bt709")
    near = (abs(canvas.u.astype(int) - u) < 12) & (abs(canvas.v.astype(int) - v) < 12)
    assert near.any()
    y, x = np.nonzero(near)
    return np.array([x.mean(), y.mean()]) * 2


def test_a_head_that_turns_points_there() -> None:
    assert middle_of(drawn(), AHEAD) == pytest.approx([280, 210], abs=3)
    assert middle_of(drawn(yaw_deg=40.0), AHEAD)[0] > 290
    assert middle_of(drawn(pitch_deg=30.0), AHEAD)[1] < 205
    assert middle_of(drawn(), UP)[1] < 195
    assert middle_of(drawn(roll_deg=40.0), UP)[0] > 290


def test_eyes_look_along_their_rays() -> None:
    assert middle_of(drawn(gaze_yaw_deg=-40.0), GAZE)[0] < 260
    assert middle_of(drawn(gaze_pitch_deg=-30.0), GAZE)[1] > 185
    with pytest.raises(AssertionError):
        middle_of(drawn(gaze_yaw_deg=-40.0, eye_open_left=0.1, eye_open_right=0.1), GAZE)


def test_an_open_mouth_has_a_higher_mark() -> None:
    rows = [np.flatnonzero((drawn(mouth_open=share).y[225:300, 270] != 93).copy()) for share in (0.0, 0.3)]
    assert np.ptp(rows[1]) > np.ptp(rows[0]) + 15


@pytest.mark.parametrize(
    ("box", "marks"),
    [
        pytest.param(BOX, {"pitch_deg": np.nan}, id="without-signals"),
        pytest.param(np.array([10, 10, 34, 36], np.float32), {}, id="a-small-face"),
    ],
)
def test_nothing_is_drawn_where_nothing_is_known(box: Float32, marks: dict[str, float]) -> None:
    canvas = drawn(box, **marks)
    assert all(np.ptp(plane) == 0 for plane in (canvas.y, canvas.u, canvas.v))


def test_marks_over_the_edge_are_cut_off() -> None:
    far = np.array([-400, -300, 900, 800], np.float32)
    assert np.ptp(drawn(far, nose_x=-5000, gaze_yaw_deg=80).y) > 0
