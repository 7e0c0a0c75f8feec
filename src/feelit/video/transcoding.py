"""Re-encoding of a video frame by frame, so that frames can be drawn on.

Frames go from the decoder to the encoder when the next one is requested. Timestamps stay the same. Audio tracks and subtitles
are copied packet by packet, if the container can hold them.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import TypeAlias, cast

import av
import av.error
from av.container import InputContainer
from av.stream import Stream
from av.video.stream import VideoStream

from feelit.storage.location import Location
from feelit.types import VideoInfo
from feelit.video.clock import Clock
from feelit.video.companions import Beside, Subtitles, beside, copy_file_metadata, copy_stream_metadata
from feelit.video.probe import open_video, video_stream
from feelit.video.shape import StreamShapes
from feelit.video.sound import Sound, origin_s
from feelit.video.writer import Encoding, Picture, Sink

_Packet: TypeAlias = "av.Packet[Stream]"


def transcode(info: VideoInfo, out: Path, encoding: Encoding, below_px: int = 0) -> Generator[Picture, None, None]:
    """Yield every frame to be drawn on, and write it to `out` when the next one is requested.

    A packet that cannot be decoded is left out. Frame sizes are padded to even. `out` is complete, with its index in front,
    once the iterator is exhausted; if it is closed before, or anything fails, `out` is removed. Raises VideoReadError if the
    video cannot be opened any more; OutputError if the encoder refuses the video; OSError if the disk refuses `out`.
    For the parameters see `writer.Sink`.
    """
    clock = Clock(info.time_base, info.origin_pts, info.average_rate)
    with open_video(info.path) as source:
        stream = video_stream(source, info.path)
        stream.thread_type = "AUTO"
        with Sink(out, info, encoding, below_px) as sink:
            sink.add_video(stream)
            others = _others(source, sink, beside(source, info.path, out.suffix.lower()))
            shapes = StreamShapes(source, stream, info.orientation if info.photograph else None)
            waiting: tuple[int, av.VideoFrame] | None = None
            for frame in _frames(source, stream, sink, others, shapes):
                units = clock.units(frame.pts)
                drawn = sink.planar(frame, shapes.of(frame))
                yield sink.picture(drawn, clock.seconds(units))
                # The duration that a frame carries is that of a packet, which is not its own where pictures are reordered.
                if waiting is not None:
                    sink.put(waiting[1], waiting[0], units - waiting[0])
                waiting = units, drawn
            if waiting is not None:
                left = round(Fraction(info.duration_s) / info.time_base) - waiting[0]
                sink.put(waiting[1], waiting[0], left if left > 0 else clock.step)
            with sink.writing():
                for other in others.values():
                    if isinstance(other, Sound):
                        other.finish()


def left_out(info: VideoInfo, out: Location) -> tuple[str, ...]:
    """What of a video a file of the format of `out` cannot hold: a few words for each stream. Raises VideoReadError if the
    video cannot be opened any more."""
    with open_video(info.path) as source:
        return beside(source, info.path, out.suffix.lower()).lost


def _others(source: InputContainer, sink: Sink, kept: Beside) -> dict[int, Sound | Subtitles]:
    """What goes beside the pictures, by the number of its stream in the source."""
    begins_s, others = origin_s(source), {}
    with sink.writing() as container:
        copy_file_metadata(source, container)
        for heard in kept.sounds:
            others[heard.index] = sound = Sound(heard, container, begins_s)
            copy_stream_metadata(heard, sound.stream)
        written = {read.index: Subtitles(read, container, begins_s) for read in kept.subtitles}
    return {**others, **written}


def _frames(
    source: InputContainer, stream: VideoStream, sink: Sink, others: Mapping[int, Sound | Subtitles], shapes: StreamShapes
) -> Iterator[av.VideoFrame]:
    """The frames of one stream as they are decoded; packets of the others go their own way in passing."""
    for packet in _packets(source.demux(stream, *(other.source for other in others.values()))):
        if packet.stream_index == stream.index:
            if packet.size:
                frames = _decode(stream, packet)
                shapes.decoded()
                yield from frames
        elif other := others.get(packet.stream_index):
            with sink.writing():
                other.put(packet)  # type: ignore[arg-type]  # of its own stream, by the index
    yield from _decode(stream, None)


def _packets(packets: Iterator[_Packet]) -> Iterator[_Packet]:
    """Packets up to the end, or to where the container is damaged: what comes before counts."""
    with suppress(av.error.FFmpegError, OSError):
        yield from packets


def _decode(stream: VideoStream, packet: _Packet | None) -> list[av.VideoFrame]:
    with suppress(av.error.FFmpegError, ValueError):
        return stream.decode(cast("av.Packet[VideoStream] | None", packet))
    return []
