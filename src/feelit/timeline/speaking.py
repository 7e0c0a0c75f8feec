"""Who speaks: from the motion of mouths, compared with that of the others in the picture, and from the sound.

The mouth alone says how likely it is that a face speaks: lips that keep changing, a jaw and a gap that go up and down, a
mouth that is dark inside by turns. In a call mostly one speaks at a time, so a livelier mouth in the same frame counts against
it. Where there is sound, nobody speaks while nobody is heard; whose mouth opens as the sound gets louder speaks rather than
others (Hershey & Movellan 1999, *Audio-vision: using audio-visual synchrony to locate sounds*; Chung & Zisserman 2016 learn the
same with networks); and all of an utterance is likely one person's.

The motion of a mouth is the change from one sample to the next beyond what the motion of the head explains. Two small pictures
of one mouth, about a tenth of a second apart, are compared without the change that moving, turning, growing or brightening
would make: the part of their difference that a least-squares fit of the picture's gradients explains (Lucas & Kanade 1981).
The rest is lips that open, close and round.
"""

from __future__ import annotations

import numpy as np

from feelit.signals.voice import VoiceFinder
from feelit.types import MOUTH_PIXELS, MOUTH_SHAPE, Bool, Float32, Float64, Int64, UInt8

LEAST_LAG_S, MOST_LAG_S = 0.07, 0.26
"""A face is compared with the latest face of its track from this time range before: syllables follow at 3 to 8 Hz."""

MOTION_STEPS = 4096
"""Changes are rounded to 1/4096: sums of them are exact in any order."""

MOVES = ("motion", "jaw", "gap", "dark")
"""What is measured of a change: the picture; the network's open jaw and gap between the lips, and how dark the mouth is inside,
in contrasts of the face. All but the first may rise or fall."""

_STIFFNESS = 0.05
"""Keeps the fit from explaining noise by gradients that are not there, as a share of the number of pixels."""

_LEAST_CONTRAST = 6.0
"""Added to the contrast of a face, in grey levels, so that the noise of a face without any is no motion."""


class MouthMotion:
    """Compares every face with the face before it in its track; fed in the order of time."""

    def __init__(self) -> None:
        self._before: dict[int, list[tuple[float, UInt8, Float32]]] = {}

    def add(self, time_s: Float64, track: Int64, picture: UInt8, opening: Float32) -> Float32:
        """The changes of the next faces.

        Parameters
        ----------
        time_s : (F,) float64, not falling
        track : (F,) int64
        picture : (F, 321) uint8, see `vision.measures.mouth_pictures`
        opening : (F, 2) float32, open jaw and gap between the lips; NaN where not known

        Returns
        -------
        (F, 4) float32, see MOVES; NaN where the track has no face a short while before, or `opening` is not known
        """
        found: dict[int, tuple[float, UInt8, Float32]] = {}
        for i, (now_s, name) in enumerate(zip(time_s.tolist(), track.tolist(), strict=True)):
            if np.isnan(opening[i, 0]):
                continue
            known = [face for face in self._before.get(name, []) if now_s - face[0] <= MOST_LAG_S]
            earlier = [face for face in known if now_s - face[0] >= LEAST_LAG_S]
            if earlier:
                found[i] = earlier[-1]
            self._before[name] = [*known, (now_s, picture[i], opening[i])]
        if len(time_s):
            now_s = float(time_s[-1])
            self._before = {name: faces for name, faces in self._before.items() if now_s - faces[-1][0] <= MOST_LAG_S}
        result = np.full((len(time_s), len(MOVES)), np.nan, np.float32)
        if found:
            here, before = list(found), np.stack([face[1] for face in found.values()])
            result[here, 0] = picture_change(picture[here], before)
            result[here, 1:3] = opening[here] - np.stack([face[2] for face in found.values()])
            result[here, 3] = _darkness(picture[here]) - _darkness(before)
        return (np.round(result * MOTION_STEPS) / MOTION_STEPS).astype(np.float32)


def picture_change(after: UInt8, before: UInt8) -> Float64:
    """(F, 321), (F, 321) uint8 -> (F,) float64: what the fit leaves of the difference of mouths, over the contrast of faces."""
    height, width = MOUTH_SHAPE
    a, b = (faces[:, : height * width].astype(np.float64).reshape(-1, height, width) for faces in (after, before))
    middle = (a + b) / 2
    down, right = np.gradient(middle, axis=(1, 2))
    y, x = ((np.arange(n) - n / 2)[:, None] / height for n in MOUTH_SHAPE)
    x = x.T
    explained = [
        np.ones_like(middle),
        middle - middle.mean(axis=(1, 2), keepdims=True),  # brighter
        right,
        down,
        right * x + down * y,  # nearer
        right * y - down * x,  # turned
    ]
    basis = np.stack([part.reshape(len(a), -1) for part in explained], axis=2)
    change = (a - b).reshape(len(a), -1)
    across = np.swapaxes(basis, 1, 2)
    normal = across @ basis + np.diag([0.0, *[_STIFFNESS * height * width] * (basis.shape[2] - 1)])
    fitted = np.linalg.solve(normal, across @ change[:, :, None])
    rest = change - (basis @ fitted)[:, :, 0]
    result: Float64 = np.sqrt((rest**2).mean(axis=1)) / ((_contrast(after) + _contrast(before)) / 2)
    return result


def _darkness(picture: UInt8) -> Float64:
    """(F, 321) uint8 -> (F,) float64: grey level of the inside of the mouth over the contrast of the face."""
    return picture[:, MOUTH_PIXELS].astype(np.float64) / _contrast(picture)


def _contrast(picture: UInt8) -> Float64:
    """(F, 321) uint8 -> (F,) float64: spread of the grey levels of mouth and upper face."""
    result: Float64 = picture[:, :MOUTH_PIXELS].std(axis=1, dtype=np.float64) + _LEAST_CONTRAST
    return result


CHANGES_S = 0.75
"""The time to either side in which the changes of a mouth count."""

LEAST_CHANGES = 4
"""Fewer changes give no result: the face was visible too briefly, or the rate is too low."""

BIAS = (0.02, 0.003, 0.002, 0.01)
"""Added before the logarithm: the values of a still mouth."""

WEIGHTS, OFFSET = (3.877, 2.181, 2.895, 2.365), 31.13
"""Log-odds of speech by the logarithms of: the mean change of the picture; how much jaw, gap and darkness of the mouth change
back and forth. Fitted by logistic regression on a rendered call of six people, two single speakers and three silent faces."""

SYNCHRONY_S, SYNCHRONY = 1.0, 4.0
"""How far to either side the gap of the lips is correlated with the loudness of the voice, and what a correlation of 1 adds."""

RIVALRY = 0.9
"""This share of the log-odds of the likeliest other face in the frame is taken off."""

POOL_S, LEAST_RIVAL, LEVEL = 0.5, -3.0, 1.076
"""Without sound: the time to either side over which log-odds are averaged, the least log-odds of a rival, and the offset that
is subtracted, chosen by F1 on the rendered call."""

HEARD_POOL_S, HEARD_LEAST_RIVAL, HEARD_LEVEL = 1.0, -5.0, -0.5
"""The same with sound; the average is over the utterance only. The rendered call is indifferent to levels from -2 to
1.2; this one suits an interview of two who interrupt each other."""

NEAR_S = 0.2
"""Lips move before and after the sound: nobody speaks where no voice is heard within this time to either side."""

UNHEARD = -5.0
"""Log-odds there."""

REACH_S = HEARD_POOL_S + max(CHANGES_S, SYNCHRONY_S) + 0.01
"""Rows farther away have no influence."""

STEPS, ODDS_STEPS, GAP_STEPS = 1024, 256, 1024
"""Results, log-odds and gaps are rounded to such fractions, so that sums are exact in any order."""


def speaking(
    time_s: Float64, track: Int64, changes: Float32, gap: Float32, rows: Int64, voice: VoiceFinder | None
) -> tuple[Float32, Float32]:
    """How much mouths move, and who speaks.

    Parameters
    ----------
    time_s, track : (F,) float64, rising within every track, and (F,) int64
    changes : (F, 4) float32, see `MouthMotion`
    gap : (F,) float32, `mouth_open`
    rows : (K,) int64, the rows wanted: all faces of some frames. The others are context, all that lie within REACH_S
    voice : what is heard; None if the video has no sound

    Returns
    -------
    (K,), (K,) float32: mean change of the picture of the mouth, and the probability of speech, 0..1, rounded to 1/1024; both
    NaN where too few changes are known. They depend on nothing but the rows in reach, and on the sound.
    """
    motion, alone = np.full(len(time_s), np.nan), np.full(len(time_s), np.nan)
    quiet, loud = alone.copy(), alone.copy()
    heard = None if voice is None else voice.near(time_s, NEAR_S)
    for name in np.unique(track[rows]).tolist():
        mine = np.flatnonzero(track == name)
        motion[mine], alone[mine] = _by_mouth(time_s[mine], changes[mine])
        quiet[mine] = _pooled(time_s[mine], alone[mine], np.zeros(len(mine), np.int64), POOL_S)
        if heard is not None:
            together = alone[mine] + SYNCHRONY * _synchrony(time_s[mine], gap[mine], heard.level[mine])
            together = np.round(together * ODDS_STEPS) / ODDS_STEPS
            loud[mine] = _pooled(time_s[mine], together, heard.run[mine], HEARD_POOL_S)
    odds = _against_rivals(time_s[rows], quiet[rows], LEAST_RIVAL) - LEVEL
    if heard is not None:
        spoken = _against_rivals(time_s[rows], loud[rows], HEARD_LEAST_RIVAL) - HEARD_LEVEL
        with_sound = np.where(heard.run[rows] < 0, UNHEARD, spoken)
        odds = np.where(heard.counts[rows] & ~np.isnan(odds), with_sound, odds)
    probability = 1 / (1 + np.exp(-np.clip(odds, -20, 20)))
    found, sure = ((np.round(v * STEPS) / STEPS).astype(np.float32) for v in (motion[rows], probability))
    return found, sure


def _by_mouth(time_s: Float64, changes: Float32) -> tuple[Float64, Float64]:
    """(F,), (F,) of one track: mean change of the picture, and log-odds by the mouth alone; NaN of too few changes."""
    known = np.flatnonzero(~np.isnan(changes[:, 0]))
    there = changes[known].astype(np.float64)
    low, high = _reach(time_s[known], time_s, CHANGES_S)
    count = np.maximum(high - low, 1)[:, None]
    mean, size = (_sums(values, low, high) / count for values in (there, np.abs(there)))
    back_and_forth = np.maximum(size[:, 1:] - np.abs(mean[:, 1:]), 0.0)
    lively = (size[:, 0], *back_and_forth.T)
    odds = OFFSET + sum(w * np.log(value + bias) for w, value, bias in zip(WEIGHTS, lively, BIAS, strict=True))
    enough = high - low >= LEAST_CHANGES
    return np.where(enough, size[:, 0], np.nan), np.where(enough, np.round(odds * ODDS_STEPS) / ODDS_STEPS, np.nan)


def _synchrony(time_s: Float64, gap: Float32, level: Float64) -> Float64:
    """(F,) correlation of the gap of the lips with the level of the voice around each face of a track; towards 0 where neither
    changes."""
    known = np.flatnonzero(~np.isnan(gap))
    x, y = np.round(gap[known].astype(np.float64) * GAP_STEPS), level[known]
    low, high = _reach(time_s[known], time_s, SYNCHRONY_S)
    count = np.maximum(high - low, 1).astype(np.float64)
    sx, sy, sxx, syy, sxy = _sums(np.stack([x, y, x * x, y * y, x * y], axis=1), low, high).T
    both = (sxy - sx * sy / count) / GAP_STEPS
    own, other = (sxx - sx * sx / count) / GAP_STEPS**2, syy - sy * sy / count
    result: Float64 = both / np.sqrt((np.maximum(own, 0) + 1e-4) * (np.maximum(other, 0) + 1e-3))
    return result


def _pooled(time_s: Float64, odds: Float64, run: Int64, reach_s: float) -> Float64:
    """(F,) log-odds averaged over the faces of a track in reach that lie in the same run; NaN stays NaN."""
    low, high = _reach(time_s, time_s, reach_s)
    begins = np.flatnonzero(np.diff(run, prepend=run[:1] - 1))
    stretch = np.searchsorted(begins, np.arange(len(run)), side="right") - 1
    ends = np.append(begins[1:], len(run))
    low, high = np.maximum(low, begins[stretch]), np.minimum(high, ends[stretch])
    known: Bool = ~np.isnan(odds)
    sums = _sums(np.stack([np.where(known, odds, 0.0), known], axis=1), low, high)
    return np.where(known, sums[:, 0] / np.maximum(sums[:, 1], 1), np.nan)


def _reach(time_s: Float64, at_s: Float64, reach_s: float) -> tuple[Int64, Int64]:
    """From which place on, and up to which, times lie within reach of each of `at_s`."""
    slack = 1e-6  # a tenth of a second is no binary fraction
    low: Int64 = np.searchsorted(time_s, at_s - reach_s - slack, side="left").astype(np.int64)
    high: Int64 = np.searchsorted(time_s, at_s + reach_s + slack, side="right").astype(np.int64)
    return low, high


def _sums(values: Float64, low: Int64, high: Int64) -> Float64:
    """(F, C) sums over the rows from `low` to before `high` of (N, C) values."""
    total = np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(values, axis=0)])
    result: Float64 = total[high] - total[low]
    return result


def _against_rivals(time_s: Float64, odds: Float64, least: float) -> Float64:
    """(K,) log-odds, less a share of those of the likeliest other face of the same frame."""
    known = np.nan_to_num(odds, nan=least)
    _, frame = np.unique(time_s, return_inverse=True)
    order = np.lexsort((-known, frame))
    first = np.flatnonzero(np.diff(frame[order], prepend=-1))
    best, size = order[first], np.diff(np.append(first, len(order)))
    second = known[order[np.minimum(first + 1, len(order) - 1)]]
    rival = known[best][frame]
    rival[best] = np.where(size > 1, second, least)
    return odds - RIVALRY * np.maximum(rival, least)
