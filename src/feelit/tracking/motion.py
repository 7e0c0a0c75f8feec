"""Prediction of face positions: a constant-velocity Kalman filter per track, all tracks at once.

Centre and size are four independent one-dimensional filters, so the covariance of each is three numbers and no matrix is
ever inverted. Noise grows with the face's size, as in SORT and ByteTrack (Bewley et al. 2016; Zhang et al. 2022), and time
is in seconds, so that any sampling rate and any gap are treated alike.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from feelit.types import Columns, Float32, Float64

MEASUREMENT = 0.04  # standard deviation of a detector's box, in face sizes
ACCELERATION = 6.0  # standard deviation of the process noise, in face sizes per second²
FIRST_SPEED = 1.0  # standard deviation of a new face's speed, in face sizes per second
DAMPING_S = 0.4  # time constant with which the predicted speed of an unseen face decays


@dataclass(frozen=True, slots=True, eq=False)
class Motion(Columns):
    """The filters of T tracks at the times when each was last seen. Four columns: centre x, centre y, width, height."""

    seen_s: Float64  # (T,)
    state: Float64  # (T, 4) px
    speed: Float64  # (T, 4) px/s
    var_state: Float64  # (T, 4)
    covariance: Float64  # (T, 4)
    var_speed: Float64  # (T, 4)


def start(box: Float32, time_s: float) -> Motion:
    """New filters, at rest: (T, 4) px."""
    state = _to_state(box)
    size = _size(state)
    zero = np.zeros_like(state)
    seen_s = np.full(len(box), time_s)
    return Motion(seen_s, state, zero, zero + (MEASUREMENT * size) ** 2, zero, zero + (FIRST_SPEED * size) ** 2)


def predict(motion: Motion, time_s: float) -> Motion:
    """The filters at a later time. Speeds decay, so that a face that is missed for long does not drift away."""
    dt = (time_s - motion.seen_s)[:, None]
    reach = DAMPING_S * (1 - np.exp(-dt / DAMPING_S))
    noise = (ACCELERATION * _size(motion.state)) ** 2
    return Motion(
        seen_s=motion.seen_s,
        state=motion.state + reach * motion.speed,
        speed=motion.speed * np.exp(-dt / DAMPING_S),
        var_state=motion.var_state + 2 * reach * motion.covariance + reach**2 * motion.var_speed + noise * dt**4 / 4,
        covariance=motion.covariance + reach * motion.var_speed + noise * dt**3 / 2,
        var_speed=motion.var_speed + noise * dt**2,
    )


def correct(predicted: Motion, box: Float32, time_s: float) -> Motion:
    """The filters after each has seen a box: (T, 4) px."""
    measured = _to_state(box)
    innovation = predicted.var_state + (MEASUREMENT * _size(measured)) ** 2
    gain, gain_speed = predicted.var_state / innovation, predicted.covariance / innovation
    residual = measured - predicted.state
    return Motion(
        seen_s=np.full(len(box), time_s),
        state=predicted.state + gain * residual,
        speed=predicted.speed + gain_speed * residual,
        var_state=(1 - gain) * predicted.var_state,
        covariance=(1 - gain) * predicted.covariance,
        var_speed=predicted.var_speed - gain_speed * predicted.covariance,
    )


def boxes(motion: Motion) -> Float32:
    """(T, 4) float32, px."""
    half = np.maximum(motion.state[:, 2:], 1.0) / 2
    return np.concatenate([motion.state[:, :2] - half, motion.state[:, :2] + half], axis=1).astype(np.float32)


def _to_state(box: Float32) -> Float64:
    wide = box.astype(np.float64)
    return np.concatenate([(wide[:, :2] + wide[:, 2:]) / 2, wide[:, 2:] - wide[:, :2]], axis=1)


def _size(state: Float64) -> Float64:
    """(T, 4) -> (T, 1) px, the geometric mean of width and height."""
    return np.sqrt(np.maximum(state[:, 2:3] * state[:, 3:4], 1.0))
