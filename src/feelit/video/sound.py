"""Audio tracks from one container to another: copied packet by packet, encoded as AAC, or cut to the sample."""

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
from feelit.video.clock import Clock
from feelit.video.decoding import seek_before

PLAYABLE = ("aac", "mp3", "opus", "flac")  # what an .mp4 can hold and browsers play
AAC_RATES_HZ = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)


def sound_streams(container: InputContainer) -> list[AudioStream]:
    """All tracks of sound that can be decoded."""
    return [stream for stream in container.streams.audio if stream.codec_context is not None]


def origin_s(container: InputContainer) -> Fraction:
    """Where the player's clock begins, by the clock of the streams."""
    return Fraction(max(container.start_time or 0, 0), av.time_base)


def sound_clock(stream: AudioStream, begins_s: Fraction) -> Clock:
    """The clock of a stream of sound, whose zero lies at `begins_s`."""
    context = stream.codec_context
    base = stream.time_base or Fraction(1, context.sample_rate)
    return Clock(base, round(begins_s / base), Fraction(context.sample_rate, context.frame_size or 1024))


class AacTrack:
    """A track of AAC in a container that is being written, at the rate of the source where AAC has it, mono or stereo."""

    def __init__(self, source: AudioStream, container: OutputContainer) -> None:
        context = source.codec_context
        rate_hz = context.sample_rate if context.sample_rate in AAC_RATES_HZ else 48000
        self.layout = "mono" if context.channels == 1 else "stereo"
        self._container = container
        self.stream = container.add_stream("aac", rate=rate_hz)
        self.stream.codec_context.layout = self.layout
        self.stream.codec_context.time_base = Fraction(1, rate_hz)
        self._resampler = av.AudioResampler("fltp", self.layout, rate_hz)

    def write(self, frame: av.AudioFrame) -> None:
        """Append sound; what differs in its format from the sound before is left out."""
        for converted in resampled(self._resampler, frame):
            self._container.mux(self.stream.encode(converted))

    def finish(self) -> None:
        """Write what the resampler and the encoder still hold."""
        for converted in self._resampler.resample(None):
            self._container.mux(self.stream.encode(converted))
        self._container.mux(self.stream.encode())


class Sound:
    """The sound of `source` for `container`, on the player's clock: `begins_s` is where the source's clock begins.

    Errors of FFmpeg that leave these methods are failures of the output; damaged packets of the source are left out, and the
    player bridges the gap.
    """

    def __init__(self, source: AudioStream, container: OutputContainer, begins_s: Fraction) -> None:
        self.source, self._container = source, container
        self._clock = sound_clock(source, begins_s)
        self._copy: AudioStream | None = None
        self._encoded: AacTrack | None = None
        if source.codec_context.codec.canonical_name in PLAYABLE:
            self.stream = self._copy = container.add_stream_from_template(source)
        else:
            self._encoded = AacTrack(source, container)
            self.stream = self._encoded.stream

    def put(self, packet: av.Packet[AudioStream]) -> None:
        """Hand over the next packet of the source."""
        if self._encoded is not None:
            for frame in decoded(packet):
                frame.pts = self._clock.units(frame.pts)
                self._encoded.write(frame)
        elif packet.size and self._copy is not None:
            packet.pts = packet.dts = units = self._clock.units(packet.pts)
            if packet.is_discard and units > 0:
                return  # lead-in that players skip; what lies before 0 is skipped in the output as well
            packet.stream = self._copy
            with suppress(av.error.InvalidDataError):
                self._container.mux(packet)

    def finish(self) -> None:
        """Write what the encoder still holds."""
        if self._encoded is not None:
            self._encoded.finish()


def decoded(packet: av.Packet[AudioStream]) -> list[av.AudioFrame]:
    """The sound in a packet; none of a damaged one."""
    with suppress(av.error.FFmpegError, ValueError):
        return packet.decode()
    return []


def resampled(resampler: av.AudioResampler, frame: av.AudioFrame) -> list[av.AudioFrame]:
    """A frame in another format; nothing where its own has changed on the way."""
    with suppress(av.error.FFmpegError, ValueError):
        return resampler.resample(frame)
    return []


LEAD_S = 1
"""Decoding begins so much earlier: the first packets after a seek depend on earlier ones (Opus asks for 80 ms, RFC 7845)."""

JITTER_S = Fraction(1, 50)
"""Many containers round timestamps to a millisecond, and recorders stamp unsteadily. Below this, sound that follows is taken
to follow at once; viewers notice sound that is 45 ms early or 125 ms late (ITU-R BT.1359)."""


class SoundCut:
    """Cuts sound from `start_s` on, seconds on the player's clock, to the sample, and encodes it.

    Sample i of the output is what the source plays at start_s + i / its sample rate. Packets of sound overlap and start
    anywhere, so they are decoded and placed on a grid of samples; before the source starts, in gaps and in damaged packets
    there is silence. Nothing has been read from `source` yet. Without `seek`, where timestamps cannot be trusted, it is decoded
    from its first packet on.
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
