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


def sound_stream(container: InputContainer) -> AudioStream | None:
    """The sound that players choose, if there is any that can be decoded."""
    stream = container.streams.best("audio") if container.streams.audio else None
    return stream if isinstance(stream, AudioStream) and stream.codec_context is not None else None


class Sound:
    """The sound of `source` for `container`, on the player's clock: `origin_s` is where the source's clock begins.

    Errors of FFmpeg that leave these methods are failures of the output; damaged packets of the source are left out, and the
    player bridges the gap.
    """

    def __init__(self, source: AudioStream, container: OutputContainer, origin_s: Fraction) -> None:
        self.source, self._container = source, container
        context = source.codec_context
        base = source.time_base or Fraction(1, context.sample_rate)
        packet_rate = Fraction(context.sample_rate, context.frame_size or 1024)
        self._clock = Clock(base, round(origin_s / base), packet_rate)
        self._resampler: av.AudioResampler | None = None
        if context.codec.canonical_name in PLAYABLE:
            self._target = container.add_stream_from_template(source)
            return
        rate = context.sample_rate if context.sample_rate in AAC_RATES_HZ else 48000
        self._target = container.add_stream("aac", rate=rate)
        self._target.codec_context.layout = "mono" if context.channels == 1 else "stereo"
        self._target.codec_context.time_base = Fraction(1, rate)
        self._resampler = av.AudioResampler("fltp", self._target.codec_context.layout, rate)

    def put(self, packet: av.Packet[AudioStream]) -> None:
        """Hand over the next packet of the source."""
        if self._resampler is not None:
            for frame in self._decode(self._resampler, packet):
                self._container.mux(self._target.encode(frame))
        elif packet.size:
            packet.pts = packet.dts = units = self._clock.units(packet.pts)
            if packet.is_discard and units > 0:
                return  # lead-in that players skip; what lies before 0 is skipped in the output as well
            packet.stream = self._target
            with suppress(av.error.InvalidDataError):
                self._container.mux(packet)

    def finish(self) -> None:
        """Write what the encoder still holds."""
        if self._resampler is not None:
            for frame in self._resampler.resample(None):
                self._container.mux(self._target.encode(frame))
            self._container.mux(self._target.encode())

    def _decode(self, resampler: av.AudioResampler, packet: av.Packet[AudioStream]) -> list[av.AudioFrame]:
        try:
            frames = packet.decode()
            for frame in frames:
                frame.pts = self._clock.units(frame.pts)
            return [resampled for frame in frames for resampled in resampler.resample(frame)]
        except (av.error.FFmpegError, ValueError):
            return []
