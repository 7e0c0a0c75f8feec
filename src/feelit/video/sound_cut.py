"""A stretch of sound, cut to the sample and encoded again.

Packets of sound overlap, and begin where they like; so they are decoded, laid out on a grid of samples that begins with the
stretch, and what the source does not have (before it begins, in a gap, in a damaged packet) is silence.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction

import av
import av.error
import numpy as np
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer

from feelit.types import Float32
from feelit.video.decoding import seek_before
from feelit.video.sound import AacTrack, decoded, origin_s, resampled, sound_clock

LEAD_S = 1
"""Decoding begins so much earlier: the first packets after a jump lack what they lean on (Opus asks for 80 ms, RFC 7845)."""

JITTER_S = Fraction(1, 50)
"""Many containers round timestamps to a millisecond, and recorders stamp unsteadily. Below this, sound that follows is taken
to follow at once; viewers notice sound that is 45 ms early or 125 ms late (ITU-R BT.1359)."""


class SoundCut:
    """Writes sound from `start_s` on, seconds on the player's clock, as far as it is asked for.

    Sample number i of the output is what the source plays at start_s + i / its sample rate.

    Parameters
    ----------
    source : the container, with nothing read from it yet
    stream : its sound
    container : where to write
    start_s : the beginning
    seek : whether timestamps can be trusted; without, the source is decoded from its first packet on
    """

    def __init__(
        self, source: InputContainer, stream: AudioStream, container: OutputContainer, start_s: Fraction, seek: bool
    ) -> None:
        self._rate_hz = stream.codec_context.sample_rate
        self._start_s = start_s
        self._track = AacTrack(stream, container)
        self.stream = self._track.stream
        self._channels = 1 if self._track.layout == "mono" else 2
        self._pieces = self._placed(source, stream, seek)
        self._place, self._samples = 0, self._silence(0)  # the piece at hand: where it lies, and what is left of it
        self._written = 0

    def write_until(self, time_s: Fraction) -> None:
        """Write what is heard before `time_s`, in seconds from the beginning."""
        goal = round(time_s * self._rate_hz)
        while self._written < goal:
            if not self._samples.shape[1]:
                self._place, self._samples = next(self._pieces, (goal, self._silence(self._rate_hz)))
            early = self._written - self._place
            if early >= 0:
                part = self._samples[:, early : early + goal - self._written]
                self._samples = self._samples[:, early + part.shape[1] :]
                self._place += early + part.shape[1]
            else:
                part = self._silence(min(-early, goal - self._written, self._rate_hz))
            self._write(part)

    def finish(self) -> None:
        """Write what the encoder still holds."""
        self._track.finish()

    def _write(self, samples: Float32) -> None:
        if not samples.shape[1]:
            return
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), "fltp", self._track.layout)
        frame.sample_rate, frame.pts, frame.time_base = self._rate_hz, self._written, Fraction(1, self._rate_hz)
        self._written += samples.shape[1]
        self._track.write(frame)

    def _silence(self, count: int) -> Float32:
        return np.zeros((self._channels, count), np.float32)

    def _placed(self, source: InputContainer, stream: AudioStream, seek: bool) -> Iterator[tuple[int, Float32]]:
        """The source's sound with its place in the output: samples before the beginning have a negative one."""
        clock = sound_clock(stream, origin_s(source))
        if seek and self._start_s > LEAD_S:
            base = stream.time_base or Fraction(1, self._rate_hz)
            seek_before(source, stream, round((self._start_s - LEAD_S + origin_s(source)) / base))
        resampler = av.AudioResampler("fltp", self._track.layout, self._rate_hz)
        end: int | None = None
        with suppress(av.error.FFmpegError, OSError):  # a damaged container: what comes before counts
            for packet in source.demux(stream):
                for frame in decoded(packet):
                    time_s = Fraction(clock.units(frame.pts)) * (stream.time_base or Fraction(1, self._rate_hz))
                    place = round((time_s - self._start_s) * self._rate_hz)
                    if end is not None and abs(place - end) <= JITTER_S * self._rate_hz:
                        place = end
                    frame.pts = None
                    for same in resampled(resampler, frame):
                        samples = same.to_ndarray().astype(np.float32, copy=False)
                        end = place + samples.shape[1]
                        yield place, samples
