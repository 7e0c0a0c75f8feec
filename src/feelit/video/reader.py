"""One segment in, its sampled frames out, in order of presentation."""

from __future__ import annotations

from collections.abc import Iterator

import av
import av.error
from av.container import InputContainer
from av.video.stream import VideoStream

from feelit.types import Sample, Sampling, Segment, VideoInfo, View
from feelit.video.clock import Clock
from feelit.video.luma import luma_plane, small_view, upright
from feelit.video.probe import open_video, video_stream


class SegmentReader:
    """Decodes one segment and yields the frames that are sampled.

    Packets are decoded one by one, so a corrupt one costs only itself (and what refers to it). After the iteration
    `decoded` counts the frames of the segment that the decoder gave, `errors` the packets it refused and the frames it
    marked as damaged.

    Whether a frame is sampled depends on its timestamp alone, and on no frame before this segment: the first frame of every
    tick is yielded. Where a segment boundary cuts a tick in two, both sides yield one, and who joins the segments keeps the
    earlier.
    """

    def __init__(self, info: VideoInfo, segment: Segment, sampling: Sampling, view: View, threads: int = 1) -> None:
        self._info, self._segment, self._sampling, self._view = info, segment, sampling, view
        self._threads = threads
        self._clock = Clock(info.time_base, info.origin_pts, info.average_rate)
        self.decoded = 0
        self.errors = 0

    def __iter__(self) -> Iterator[Sample]:
        last_tick: int | None = None
        for frame in self._frames():
            units = self._clock.units(frame.pts)
            index, time_s = self.decoded, self._clock.seconds(units)
            if time_s >= self._sampling.end_s:
                return
            self.decoded += 1
            if frame.is_corrupt:
                self.errors += 1
            tick = self._tick(units)
            if tick == last_tick or time_s < self._sampling.start_s:
                continue
            last_tick = tick
            yield self._sample(frame, index, time_s, tick)

    def _sample(self, frame: av.VideoFrame, index: int, time_s: float, tick: int) -> Sample:
        rotation_deg = self._info.rotation_deg
        stored, levels = luma_plane(frame)
        luma = upright(stored, rotation_deg)
        small = small_view(frame, luma, levels, self._view, rotation_deg)
        return Sample(index, frame.pts or 0, time_s, tick, luma, levels, small)

    def _tick(self, units: int) -> int:
        """Which sampling interval a frame falls into, in exact arithmetic: 0.3 s x 10 Hz is 3, never 2.9999."""
        if self._sampling.rate_hz is None:
            return units
        return int(units * self._info.time_base * self._sampling.rate_hz // 1)

    def _frames(self) -> Iterator[av.VideoFrame]:
        start_pts, end_pts = self._segment.start_pts, self._segment.end_pts
        with open_video(self._info.path) as container:
            stream = video_stream(container, self._info.path)
            stream.thread_type = "AUTO"
            stream.codec_context.thread_count = self._threads
            for frame in self._decode(self._packets(container, stream), stream):
                if frame.pts is not None:
                    if start_pts is not None and frame.pts < start_pts:
                        continue  # leading pictures of an open GOP belong to the segment before
                    if end_pts is not None and frame.pts >= end_pts:
                        return
                yield frame

    def _decode(self, packets: Iterator[av.Packet[VideoStream]], stream: VideoStream) -> Iterator[av.VideoFrame]:
        for packet in packets:
            try:
                yield from packet.decode()
            except (av.error.FFmpegError, ValueError):
                self.errors += 1
        try:
            yield from stream.codec_context.decode(None)
        except (av.error.FFmpegError, ValueError):
            self.errors += 1

    def _packets(self, container: InputContainer, stream: VideoStream) -> Iterator[av.Packet[VideoStream]]:
        """The packets from the segment's keyframe on, without the flush packet at the end."""
        waiting = self._segment.start_pts is not None
        if waiting:
            _seek_before(container, stream, self._segment.start_pts or 0)
        packets = container.demux(stream)
        while True:
            try:
                packet = next(packets)
            except StopIteration:
                return
            except (av.error.FFmpegError, OSError):
                self.errors += 1  # a damaged container: what came before it counts
                return
            if packet.size == 0:
                continue
            if waiting and packet.pts != self._segment.start_pts:
                continue
            waiting = False
            yield packet


def _seek_before(container: InputContainer, stream: VideoStream, pts: int) -> None:
    """Move to a packet at or before the keyframe at `pts`, however coarse the container's index is."""
    back = 0
    step = round(1 / (stream.time_base or 1))
    while pts - back > (stream.start_time or 0):
        try:
            container.seek(pts - back, stream=stream, backward=True)
            packet = next(container.demux(stream))
            if packet.pts is not None and packet.pts <= pts and (packet.dts is None or packet.dts <= pts):
                container.seek(pts - back, stream=stream, backward=True)
                return
        except (av.error.FFmpegError, StopIteration):
            pass
        back = max(step, back * 4)
    container.seek(stream.start_time or 0, stream=stream, backward=True)
