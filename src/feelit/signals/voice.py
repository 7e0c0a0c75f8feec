"""Voice activity detection: energy above the noise floor, with hysteresis, in fixed windows of time.

Detectors of this kind are the classic ones (Rabiner & Sambur 1975, *An algorithm for determining the endpoints of isolated
utterances*). Steady noise is not taken for a voice, however loud, nor is most music, whose spectrum stays nearly the same for a
tenth of a second. Singing is a voice.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from feelit.types import Bool, Float32, Float64, Int64

HOP_S = 0.02  # time between two values of loudness
BLOCK = 25  # values in a block of 0.5 s: noise and loudness are followed from block to block
LEAST_FLOOR_DB = -65.0  # a quieter floor counts as this: recordings without sound between sentences have none
LEAST_SWING_DB = 16.0  # where top and floor are closer together, the sound is steady and no voice
MOST_DB = 40.0
QUIETEST_DB = -100.0  # loudness of digital silence, and where a video has no sound; full scale is 0

FLOOR_BLOCKS, TOP_BLOCKS = 16, 30
"""The noise floor is the lower quarter of the quietest moments of the blocks so far to either side; speech is at most as
loud as the loudest of these."""

ON_DB, BELOW_TOP_DB, RELEASE_DB = 10.0, 28.0, 6.0
"""A voice starts at the first above the floor, at most the second below the top, and ends the third below that."""

LONGEST_GAP, SHORTEST = 15, 6
"""Gaps of up to 0.3 s are between words; shorter sounds than 0.12 s are clicks. In values of loudness."""

HEARD_S, HEARD_LEAST_S = 60.0, 0.5
"""Silence counts as evidence only where a voice is heard for half a second within a minute to either side."""

MUSIC, MUSIC_REACH = 0.72, 50
"""Where what is heard within a second is so like itself a tenth of a second before, on average, it is music. Of made-up songs
nine tenths of what was taken for a voice lie above, of speech a thousandth. The reach is in values of loudness."""

_CHUNK, _MARGIN = 6000, 4000
"""What is heard is found in stretches of two minutes, each with 80 s of context to both sides, in values: more than the 77 s
that decide about a moment (HEARD_S, TOP_BLOCKS and two more, MUSIC_REACH), so it does not depend on the time for which it is
requested."""


@dataclass(frozen=True, slots=True, eq=False)
class Voice:
    """Voice activity, every 20 ms from 0 s on."""

    heard: Bool  # (K,) a voice, or a gap between words
    level: Float32  # (K,) dB above the floor, 0..40
    counts: Bool  # (K,) whether the sound can say so, see HEARD_S


def find_voice(sound: Float32) -> Voice:
    """Detect voice activity in (K, 2) float32, loudness in dB and likeness every 20 ms, see `video.voice.Loudness`. What is
    farther than 77 s from the end does not change when more of it is known."""
    count, level_db, like = len(sound), sound[:, 0], sound[:, 1]
    if not count:
        return Voice(np.zeros(0, bool), np.zeros(0, np.float32), np.zeros(0, bool))
    blocks = -(-count // BLOCK)
    padded = np.concatenate([level_db, np.full(blocks * BLOCK - count, level_db[-1], np.float32)])
    edged = np.pad(padded, 1, mode="edge")
    smooth = ((edged[:-2] + edged[1:-1] + edged[2:]) / np.float32(3)).astype(np.float32)  # mean of three
    by_block = smooth.reshape(blocks, BLOCK)
    floor = _around(by_block.min(axis=1), FLOOR_BLOCKS, lambda near: np.nanpercentile(near, 25, axis=1))
    top = _around(by_block.max(axis=1), TOP_BLOCKS, lambda near: np.nanmax(near, axis=1))
    floor = np.maximum(floor, LEAST_FLOOR_DB)
    on = np.where(top - floor >= LEAST_SWING_DB, np.maximum(floor + ON_DB, top - BELOW_TOP_DB), np.inf)
    begins = smooth >= np.repeat(on, BLOCK)
    lasts = smooth >= np.repeat(on - RELEASE_DB, BLOCK)
    heard = _without_short(_with_gaps_closed(_hysteresis(begins, lasts), LONGEST_GAP), SHORTEST)[:count]
    music = _music(heard, like)
    if music.any():
        heard = _without_short(heard & ~music, SHORTEST)
    reach = round(HEARD_S / HOP_S)
    total = np.concatenate([[0], np.cumsum(heard)])
    at = np.arange(count)
    near = total[np.minimum(at + reach + 1, count)] - total[np.maximum(at - reach, 0)]
    level = np.clip(smooth - np.repeat(floor, BLOCK), 0.0, MOST_DB)[:count].astype(np.float32)
    return Voice(heard, level, near >= HEARD_LEAST_S / HOP_S)


LEVEL_STEPS = 16
"""Levels are rounded to 1/16 dB: sums of them are exact in any order."""


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """Voice activity at some times."""

    counts: Bool  # (K,) whether the sound can say who speaks, see HEARD_S
    run: Int64  # (K,) where the voice that is heard began, in values of loudness; -1 without a voice
    level: Float64  # (K,) dB above the noise, 0..40


class VoiceFinder:
    """Voice activity in a video, computed on demand from all loudness and likeness before a time, in seconds, as of
    `video.voice.Loudness.until`."""

    def __init__(self, loudness: Callable[[float], Float32]) -> None:
        self._loudness = loudness
        self._chunks: dict[int, Voice] = {}
        self.heard = False

    def near(self, time_s: Float64, reach_s: float) -> Heard:
        """What is heard within `reach_s` of each of (K,) times."""
        counts, run = np.zeros(len(time_s), bool), np.full(len(time_s), -1, np.int64)
        level = np.zeros(len(time_s))
        reach = round(reach_s / HOP_S)
        chunk = np.floor(time_s / (_CHUNK * HOP_S)).astype(np.int64)
        for number in np.unique(chunk).tolist():
            rows = np.flatnonzero(chunk == number)
            voice = self._chunk(number)
            begin, last = max(number * _CHUNK - _MARGIN, 0), len(voice.heard)
            at = np.floor(time_s[rows] / HOP_S).astype(np.int64) - begin
            first, end = runs(voice.heard)
            if not len(first):
                continue
            following = np.minimum(np.searchsorted(end, at, side="right"), len(first) - 1)  # the run that is on, or comes next
            before = np.maximum(following - 1, 0)
            ahead, past = np.maximum(first[following] - at, at - end[following] + 1), at - end[before] + 1
            nearest = np.where((ahead <= past) | (past < 0), following, before)
            distance = np.maximum(np.maximum(first[nearest] - at, at - end[nearest] + 1), 0)
            run[rows] = np.where(distance <= reach, first[nearest] + begin, -1)
            inside = np.minimum(at, last - 1)
            counts[rows], level[rows] = voice.counts[inside], np.where(at < last, voice.level[inside], 0.0)
        return Heard(counts, run, np.round(level * LEVEL_STEPS) / LEVEL_STEPS)

    def _chunk(self, number: int) -> Voice:
        """What is heard in a stretch and around it."""
        if number not in self._chunks:
            first, end = number * _CHUNK - _MARGIN, (number + 1) * _CHUNK + _MARGIN
            voice = find_voice(self._loudness(end * HOP_S)[max(first, 0) :])
            self._chunks = {k: v for k, v in self._chunks.items() if k >= number - 1} | {number: voice}
            self.heard |= bool(voice.heard.any())
        return self._chunks[number]


def _around(values: Float32, reach: int, statistic: Callable[[Float64], Float64]) -> Float64:
    """A statistic of the values up to `reach` places to either side of each."""
    padded = np.pad(values.astype(np.float64), reach, constant_values=np.nan)
    return statistic(np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1))


def _music(heard: Bool, like: Float32) -> Bool:
    """Where the mean likeness of what is heard around a value says that it is music."""
    at = np.arange(len(heard))
    first, end = np.maximum(at - MUSIC_REACH, 0), np.minimum(at + MUSIC_REACH + 1, len(heard))
    count, total = (
        np.concatenate([[0.0], np.cumsum(values)]) for values in (heard, np.where(heard, like, 0).astype(np.float64))
    )
    found: Bool = total[end] - total[first] > MUSIC * (count[end] - count[first])
    return found


def _hysteresis(begins: Bool, lasts: Bool) -> Bool:
    """The runs of `lasts` in which `begins` is true somewhere."""
    first, end = runs(lasts)
    total = np.concatenate([[0], np.cumsum(begins)])
    kept = total[end] > total[first]
    return _filled(len(lasts), first[kept], end[kept])


def _with_gaps_closed(values: Bool, longest: int) -> Bool:
    first, end = runs(values)
    if not len(first):
        return values
    wide = first[1:] - end[:-1] > longest
    return _filled(len(values), first[np.r_[True, wide]], end[np.r_[wide, True]])


def _without_short(values: Bool, shortest: int) -> Bool:
    first, end = runs(values)
    kept = end - first >= shortest
    return _filled(len(values), first[kept], end[kept])


def runs(values: Bool) -> tuple[np.ndarray, np.ndarray]:
    """Where values are true: the first place of every run, and the one after its last."""
    change = np.flatnonzero(np.diff(np.concatenate([[False], values, [False]]).astype(np.int8)))
    return change[::2], change[1::2]


def _filled(count: int, first: np.ndarray, end: np.ndarray) -> Bool:
    steps = np.zeros(count + 1, np.int64)
    np.add.at(steps, first, 1)
    np.add.at(steps, end, -1)
    return np.cumsum(steps)[:count] > 0
