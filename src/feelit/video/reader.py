"""One segment in, its sampled frames out, in order of presentation."""

from __future__ import annotations

from collections.abc import Iterator

import av

from feelit.types import Sample, Sampling, Segment, VideoInfo, View
from feelit.video.clock import Clock
from feelit.video.decoding import SegmentDecoder
from feelit.video.luma import luma_plane, small_view, upright


class SegmentReader:
    """Decodes one segment and yields the frames that are sampled.

    After the iteration `decoded` counts the frames of the segment that the decoder gave, `errors` the packets it refused and
    the frames it marked as damaged.

    Whether a frame is sampled depends on its timestamp alone, and on no frame before this segment: the first frame of every
    tick is yielded. Where a segment boundary cuts a tick in two, both sides yield one, and who joins the segments keeps the
    earlier.
    """

    def __init__(self, info: VideoInfo, segment: Segment, sampling: Sampling, view: View, threads: int = 1) -> None:
        self._info, self._sampling, self._view = info, sampling, view
        self._frames = SegmentDecoder(info, segment, threads)
        self._clock = Clock(info.time_base, info.origin_pts, info.average_rate)
        self._marked = 0
        self.decoded = 0

    @property
    def errors(self) -> int:
        """Packets that were refused, and frames that were marked as damaged."""
        return self._frames.refused + self._marked

    def __iter__(self) -> Iterator[Sample]:
        last_tick: int | None = None
        for frame in self._frames:
            units = self._clock.units(frame.pts)
            index, time_s = self.decoded, self._clock.seconds(units)
            if time_s >= self._sampling.end_s:
                return
            self.decoded += 1
            self._marked += frame.is_corrupt
            tick = self._tick(units)
            if tick == last_tick or time_s < self._sampling.start_s:
                continue
            last_tick = tick
            yield self._sample(frame, index, time_s, tick)

    def _sample(self, frame: av.VideoFrame, index: int, time_s: float, tick: int) -> Sample:
        rotation_deg, pts = self._info.rotation_deg, frame.pts or 0
        frame = self._fitted(frame)
        stored, levels = luma_plane(frame)
        luma = upright(stored, rotation_deg)
        small = small_view(frame, luma, levels, self._view, rotation_deg)
        return Sample(index, pts, time_s, tick, luma, levels, small)

    def _fitted(self, frame: av.VideoFrame) -> av.VideoFrame:
        """A frame at the size that was probed: recorded calls change theirs on the way, and players scale them alike."""
        width, height = self._info.width_px, self._info.height_px
        if self._info.rotation_deg % 180:
            width, height = height, width
        if (frame.width, frame.height) == (width, height):
            return frame
        return frame.reformat(width, height, src_color_range=frame.color_range, dst_color_range=frame.color_range)

    def _tick(self, units: int) -> int:
        """Which sampling interval a frame falls into, in exact arithmetic: 0.3 s x 10 Hz is 3, never 2.9999."""
        if self._sampling.rate_hz is None:
            return units
        return int(units * self._info.time_base * self._sampling.rate_hz // 1)
