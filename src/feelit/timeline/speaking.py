"""Who speaks: from the motion of mouths, against that of the others in the picture, and from what is heard.

The mouth alone says how likely it is that a face speaks: lips that keep changing, jaw and gap that go up and down. In a call
mostly one speaks at a time, so a livelier mouth in the same frame counts against it; where nobody is heard, nobody speaks.
That the moving mouth is the one that is heard is the oldest cue of audio-visual speaker localisation (Hershey & Movellan 1999,
*Audio-vision: using audio-visual synchrony to locate sounds*).
"""

from __future__ import annotations

import numpy as np

from feelit.signals.voice import VoiceFinder
from feelit.types import Float32, Float64, Int64

REACH_S = 0.75
"""A face is judged by the changes of its mouth so far to either side."""

LEAST_CHANGES = 4
"""Fewer than these say nothing: the face was too short in the picture, or the rate is too low."""

BIAS = (0.02, 0.004, 0.004)
"""Added to the mean changes before the logarithm: what a still mouth has."""

WEIGHTS, OFFSET = (6.2, 2.65, 3.8), 34.0
"""Log-odds of speech by the logarithms of the mean changes, in the order of `mouth_motion.MOVES`. Fitted by logistic regression
on a rendered call of six people, an interview, two single speakers and three silent faces."""

RIVALRY, LEAST_RIVAL = 0.6, -3.0
"""This share of the log-odds of the likeliest other face in the frame is taken off; no less than of a still one."""

LEVEL = 0.2
"""Log-odds at which a face speaks as likely as not, after that."""

NEAR_S = 0.2
"""Lips move before and after the sound: nobody speaks where nobody is heard so far to either side."""

UNHEARD = -5.0
"""Log-odds there."""

STEPS = 1024


def speaking(
    time_s: Float64, track: Int64, changes: Float32, rows: Int64, voice: VoiceFinder | None
) -> tuple[Float32, Float32]:
    """How much mouths move, and who speaks.

    Parameters
    ----------
    time_s, track : (F,) float64, rising within every track, and (F,) int64
    changes : (F, 3) float32, see `mouth_motion.MouthMotion`
    rows : (K,) int64, the rows wanted: all faces of some frames. The others are context
    voice : what is heard; None if the video has no sound

    Returns
    -------
    (K,), (K,) float32: mean change of the picture of the mouth within REACH_S, and the probability of speech, 0..1, rounded to
    1/1024; both NaN where too few changes are known. They depend on nothing but the rows in reach, and on the sound.
    """
    mean = _means(time_s, track, changes, rows)
    alone = np.log(mean + BIAS) @ np.array(WEIGHTS) + OFFSET
    odds = alone - RIVALRY * _rivals(time_s[rows], alone) - LEVEL
    if voice is not None:
        heard, counts = voice.near(time_s[rows], NEAR_S)
        odds = np.where(counts & ~heard & ~np.isnan(odds), UNHEARD, odds)
    probability = 1 / (1 + np.exp(-np.clip(odds, -20, 20)))
    return tuple((np.round(values * STEPS) / STEPS).astype(np.float32) for values in (mean[:, 0], probability))  # type: ignore[return-value]


def _means(time_s: Float64, track: Int64, changes: Float32, rows: Int64) -> Float64:
    """(K, 3) float64, means over the known changes in reach; NaN where there are too few."""
    result = np.full((len(rows), changes.shape[1]), np.nan)
    for name in np.unique(track[rows]).tolist():
        members = np.flatnonzero((track == name) & ~np.isnan(changes[:, 0]))
        wanted = np.flatnonzero(track[rows] == name)
        total = np.concatenate([np.zeros((1, changes.shape[1])), np.cumsum(changes[members].astype(np.float64), axis=0)])
        at_s = time_s[rows[wanted]]
        low = np.searchsorted(time_s[members], at_s - REACH_S, side="left")
        high = np.searchsorted(time_s[members], at_s + REACH_S, side="right")
        count = np.maximum(high - low, 1)[:, None]
        result[wanted] = np.where((high - low >= LEAST_CHANGES)[:, None], (total[high] - total[low]) / count, np.nan)
    return result


def _rivals(time_s: Float64, alone: Float64) -> Float64:
    """(K,) the largest of the log-odds of the other faces of the same frame."""
    known = np.nan_to_num(alone, nan=LEAST_RIVAL)
    result = np.full(len(alone), LEAST_RIVAL)
    _, frame = np.unique(time_s, return_inverse=True)
    order = np.lexsort((-known, frame))
    first = np.flatnonzero(np.diff(frame[order], prepend=-1))
    best = order[first]
    size = np.diff(np.append(first, len(order)))
    second = np.where(size > 1, known[order[np.minimum(first + 1, len(order) - 1)]], LEAST_RIVAL) if len(order) else known
    result[:] = known[best][frame]
    result[best] = second
    strongest: Float64 = np.maximum(result, LEAST_RIVAL)
    return strongest
