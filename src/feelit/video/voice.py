"""The loudness of a video's sound over time, and the similarity of its spectra; decoded once, in order, on demand."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from itertools import chain

import av
import av.error
import numpy as np

from feelit.errors import FeelitError
from feelit.signals.voice import QUIETEST_DB
from feelit.storage.location import Location, Url
from feelit.types import Float32
from feelit.video.probe import open_video
from feelit.video.sound import decoded, origin_s, resampled, sound_clock, sound_streams

RATE_HZ = 8000
"""The rate to which sound is resampled: that of telephones, which carry 300 to 3400 Hz."""

HOP = 160
WINDOW = 256
"""Samples between the windows of loudness, 20 ms, and their length, 32 ms."""

BAND_HZ = (150.0, 3800.0)

STEPS = 16
"""Loudness is rounded to 1/16 dB."""

PURE = 0.99
"""A window with this share of its power in four neighbouring bins holds a beep, not a voice, and counts as silent."""

LATER = 5
"""Spectra so many windows apart, 0.1 s, are compared: within it speech goes on to another sound, and music holds its notes."""

LIKENESS_STEPS = 256
"""Likeness is rounded to 1/256: sums of it are exact in any order."""

MOST_SLIP_S = 0.05
"""Sound whose timestamps lie farther from the end of the sound before it is moved to where they say."""

READ_AT_ONCE_S = 5.0


class Loudness:
    """Loudness of a video's sound, dB, in windows of 32 ms every 20 ms: window `k` begins at `k` x 20 ms on the player's clock.

    Beside it stands how like the window's spectrum is to that of 0.1 s before, 0..1.

    The first audio track is read from the beginning of the file, once, as far as it is requested. What cannot be decoded is
    silent; a video without sound, or whose sound cannot be read, has no windows. Raises VideoReadError if a storage fails.
    """

    def __init__(self, path: Location) -> None:
        self._path = path
        self._sound = self._samples()
        self._rest = np.zeros(0, np.float32)  # from the first sample of the window `_again` before the next one on
        self._again = 0  # windows that are read once more, for what follows to be compared with
        self._known: list[Float32] = []
        self._count = 0
        self._ended = False
        self._fill(0)

    def until(self, time_s: float) -> Float32:
        """(K, 2) float32, dB and likeness: all windows that begin before a time, or before the end of the sound."""
        wanted = max(0, int(np.ceil(time_s * RATE_HZ / HOP)))
        self._fill(wanted)
        return np.concatenate([*self._known, np.zeros((0, 2), np.float32)])[:wanted]

    def _fill(self, wanted: int) -> None:
        while self._count <= wanted and not self._ended:
            part = next(self._sound, None)
            self._ended = part is None
            if part is not None:
                self._rest = np.concatenate([self._rest, part])
            count = max(0, (len(self._rest) - WINDOW) // HOP + 1)
            if count > self._again:
                self._known.append(measures(self._rest[: (count - 1) * HOP + WINDOW])[self._again :])
                self._count += count - self._again
                self._again = min(LATER, count)
                self._rest = self._rest[(count - self._again) * HOP :]

    def _samples(self) -> Iterator[Float32]:
        """The sound from the player's zero on, in parts of READ_AT_ONCE_S or more."""
        parts: list[Float32] = []
        waiting = 0
        # A storage that fails is no damaged sound: it fails the video, or its rows would depend on the network.
        unreadable = () if isinstance(self._path, Url) else (FeelitError,)
        with suppress(*unreadable, av.error.FFmpegError, OSError, ValueError):
            for part in self._decoded():
                parts.append(part)
                waiting += len(part)
                if waiting >= READ_AT_ONCE_S * RATE_HZ:
                    yield np.concatenate(parts)
                    parts, waiting = [], 0
        yield np.concatenate([*parts, np.zeros(0, np.float32)])

    def _decoded(self) -> Iterator[Float32]:
        with open_video(self._path, decoding=False) as container:
            streams = sound_streams(container)
            if not streams:
                return
            stream, clock = streams[0], sound_clock(streams[0], origin_s(container))
            resampler = av.AudioResampler("flt", "mono", RATE_HZ)
            given = 0  # samples, from the player's zero on
            for frame in chain.from_iterable(decoded(packet) for packet in container.demux(stream)):
                starts = round(clock.seconds(clock.units(frame.pts)) * RATE_HZ)
                frame.pts = None
                for converted in resampled(resampler, frame):
                    samples = converted.to_ndarray()[0]
                    gap = starts - given
                    if gap > MOST_SLIP_S * RATE_HZ:
                        yield np.zeros(gap, np.float32)
                        given += gap
                    elif gap < -MOST_SLIP_S * RATE_HZ:
                        samples = samples[-gap:]
                    given += len(samples)
                    starts += len(converted.to_ndarray()[0])
                    yield samples.astype(np.float32, copy=False)


def measures(samples: Float32) -> Float32:
    """(n,) float32 samples, -1..1 -> (K, 2) float32, of every window that fits: loudness of the band of speech in dB, beeps
    left out, and `likeness`."""
    power = _power(samples)
    return np.stack([_level(power), likeness(power)], axis=1)


def likeness(power: Float32) -> Float32:
    """(K, B) power -> (K,) float32: cosine of the angle between the amplitudes of a window and those of LATER windows before.

    0 for the first LATER, which have none before them.
    """
    amplitude = np.sqrt(power)
    amplitude /= np.linalg.norm(amplitude, axis=1, keepdims=True) + np.float32(1e-9)
    result = np.zeros(len(power), np.float32)
    result[LATER:] = (amplitude[LATER:] * amplitude[:-LATER]).sum(axis=1)
    return (np.round(result * LIKENESS_STEPS) / LIKENESS_STEPS).astype(np.float32)


def _power(samples: Float32) -> Float32:
    """(n,) samples -> (K, B) float32: power of the frequencies of speech in every window that fits."""
    hz = np.fft.rfftfreq(WINDOW, 1 / RATE_HZ)
    band = (hz >= BAND_HZ[0]) & (hz <= BAND_HZ[1])
    if len(samples) < WINDOW:
        return np.zeros((0, int(band.sum())), np.float32)
    windows = np.lib.stride_tricks.sliding_window_view(samples, WINDOW)[::HOP] * np.hanning(WINDOW).astype(np.float32)
    power = np.abs(np.fft.rfft(windows, axis=1)) ** 2
    return power[:, band]


def _level(power: Float32) -> Float32:
    """(K, B) power -> (K,) float32, dB."""
    whole = power.sum(axis=1)
    peak = np.lib.stride_tricks.sliding_window_view(power, 4, axis=1).sum(axis=2).max(axis=1)
    # A sine of full scale, windowed by Hann, has WINDOW² / 16 x 1.5 in all bins together.
    level = 10 * np.log10(np.maximum(whole / (1.5 * WINDOW**2 / 16), 10 ** (QUIETEST_DB / 10)))
    level[peak > PURE * whole] = QUIETEST_DB
    result: Float32 = (np.round(level * STEPS) / STEPS).astype(np.float32)
    return result
