"""Sound on its way from one container to another: copied packet by packet, or encoded again as AAC."""

from __future__ import annotations

from contextlib import suppress
from fractions import Fraction

import av
import av.error
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer

from feelit.video.clock import Clock

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
        copied = source.codec_context.codec.canonical_name in PLAYABLE
        self._copy = container.add_stream_from_template(source) if copied else None
        self._encoded = None if copied else AacTrack(source, container)
        self.stream: AudioStream = self._copy or self._encoded.stream  # type: ignore[union-attr]

    def put(self, packet: av.Packet[AudioStream]) -> None:
        """Hand over the next packet of the source."""
        if self._encoded is not None:
            self._encode(self._encoded, packet)
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

    def _encode(self, track: AacTrack, packet: av.Packet[AudioStream]) -> None:
        for frame in decoded(packet):
            frame.pts = self._clock.units(frame.pts)
            track.write(frame)


def decoded(packet: av.Packet[AudioStream]) -> list[av.AudioFrame]:
    """The sound in a packet; none of a damaged one."""
    try:
        return packet.decode()
    except (av.error.FFmpegError, ValueError):
        return []


def resampled(resampler: av.AudioResampler, frame: av.AudioFrame) -> list[av.AudioFrame]:
    """A frame in another format; nothing where its own has changed on the way."""
    try:
        return resampler.resample(frame)
    except (av.error.FFmpegError, ValueError):
        return []
