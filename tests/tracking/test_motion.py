"""The Kalman filters: at rest they stay, seen they follow, unseen they slow down, and they are never sure of nonsense."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feelit.tracking import motion
from feelit.tracking.motion import Motion
from feelit.types import Float32

PLACE = st.floats(-100, 4000)
SIDE = st.floats(4, 900)


@st.composite
def boxes(draw: st.DrawFn) -> Float32:
    """(1, 4) float32, px."""
    x, y, w, h = draw(PLACE), draw(PLACE), draw(SIDE), draw(SIDE)
    return np.array([[x, y, x + w, y + h]], np.float32)


def followed(speed_px_s: float, interval_s: float, count: int, side: float = 100.0) -> Motion:
    """The filter of a face that was seen `count` times, moving to the right."""
    filters = motion.start(moved(0.0, side), 0.0)
    for n in range(1, count):
        at_s = n * interval_s
        filters = motion.correct(motion.predict(filters, at_s), moved(speed_px_s * at_s, side), at_s)
    return filters


def moved(x: float, side: float) -> Float32:
    return np.array([[x, 0, x + side, side]], np.float32)


@given(boxes())
def test_a_new_filter_stands_where_the_box_is_and_is_at_rest(box: Float32) -> None:
    filters = motion.start(box, 3.0)
    np.testing.assert_allclose(motion.boxes(filters), box, atol=1e-3)
    assert filters.seen_s.tolist() == [3.0]
    assert (filters.speed == 0).all()


@given(boxes(), boxes(), st.floats(0.01, 1))
def test_no_time_changes_nothing(first: Float32, second: Float32, dt: float) -> None:
    filters = motion.correct(motion.predict(motion.start(first, 0.0), dt), second, dt)
    same = motion.predict(filters, dt)
    for f in fields(Motion):
        np.testing.assert_array_equal(getattr(same, f.name), getattr(filters, f.name), err_msg=f.name)


@given(boxes(), st.lists(st.tuples(boxes(), st.floats(0.001, 5)), min_size=1, max_size=20))
def test_uncertainty_stays_a_covariance_whatever_is_seen(first: Float32, sightings: list[tuple[Float32, float]]) -> None:
    filters, now = motion.start(first, 0.0), 0.0
    for box, dt in sightings:
        now += dt
        predicted = motion.predict(filters, now)
        filters = motion.correct(predicted, box, now)
        for state in (predicted, filters):
            assert (state.var_state > 0).all()
            assert (state.var_speed > 0).all()
            determinant = state.var_state * state.var_speed - state.covariance**2
            assert (determinant >= -1e-6 * state.var_state * state.var_speed).all()
            assert np.isfinite(motion.boxes(state)).all()


@given(boxes(), boxes(), st.floats(0.01, 2))
def test_a_sighting_draws_the_filter_towards_itself_and_makes_it_surer(first: Float32, second: Float32, dt: float) -> None:
    predicted = motion.predict(motion.start(first, 0.0), dt)
    corrected = motion.correct(predicted, second, dt)
    measured = motion.start(second, dt).state
    before, after = np.abs(predicted.state - measured), np.abs(corrected.state - measured)
    assert (after <= before).all()
    assert (after[before > 1e-6] < before[before > 1e-6]).all()
    assert ((corrected.state - predicted.state) * (measured - predicted.state) >= 0).all()
    assert (corrected.var_state < predicted.var_state).all()
    assert corrected.seen_s.tolist() == [dt]


@pytest.mark.parametrize("interval_s", [0.04, 0.1, 0.2], ids=["25-hz", "10-hz", "5-hz"])
@pytest.mark.parametrize("speed_px_s", [0, 60, -150])
def test_a_steady_face_is_met_where_it_will_be(speed_px_s: float, interval_s: float) -> None:
    count = round(2 / interval_s)
    predicted = motion.predict(followed(speed_px_s, interval_s, count), count * interval_s)
    expected = moved(speed_px_s * count * interval_s, 100)
    np.testing.assert_allclose(motion.boxes(predicted), expected, atol=8)


def test_an_unseen_face_comes_to_rest() -> None:
    filters = followed(200, 0.1, 20)
    places = [float(motion.boxes(motion.predict(filters, 1.9 + dt))[0, 0]) for dt in (0, 0.2, 0.4, 0.8, 3, 60)]
    steps = np.diff(places)
    assert (steps >= 0).all()
    assert places[-1] - places[0] < 1.1 * 200 * motion.DAMPING_S
    assert steps[-1] < 0.2


def test_the_longer_unseen_the_less_sure() -> None:
    filters = followed(50, 0.1, 10)
    spread = [float(motion.predict(filters, 0.9 + dt).var_state[0, 0]) for dt in (0, 0.1, 0.5, 2)]
    assert (np.diff(spread) > 0).all()


def test_filters_do_not_disturb_one_another() -> None:
    boxes_px = np.array([[0, 0, 50, 60], [500, 300, 900, 800]], np.float32)
    both = motion.correct(motion.predict(motion.start(boxes_px, 0.0), 0.1), boxes_px + 5, 0.1)
    for i in range(2):
        alone = motion.correct(
            motion.predict(motion.start(boxes_px[i : i + 1], 0.0), 0.1), boxes_px[i : i + 1] + np.float32(5), 0.1
        )
        np.testing.assert_array_equal(motion.boxes(both)[i : i + 1], motion.boxes(alone))


def test_scaling_the_picture_scales_the_filters() -> None:
    """Noise grows with the face, so that 4K is tracked like 720p."""
    small, large = (motion.boxes(motion.predict(followed(60 * k, 0.1, 5, side=100.0 * k), 0.5)) for k in (1, 3))
    np.testing.assert_allclose(large, small * 3, rtol=1e-5)
