"""Reading of a segment: its sampled frames, in order of presentation."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from functools import partial

from feelit.types import Sample, Sampling, Segment, VideoInfo, View
from feelit.video.clock import Clock, begins_tick, tick_of
from feelit.video.decoded_frame import DecodedFrame
from feelit.video.decoding import Discards, SegmentDecoder
from feelit.video.shape import fit

SPARSE_HZ = 2
"""Up to this rate, decoding only the needed part of each group of pictures pays."""


class SegmentReader:
    """Decodes one segment and yields the frames that are sampled.

    After the iteration `decoded` counts the decoded frames of the segment, `discarded` those that were not decoded because they
    are not sampled, `errors` the refused packets and the frames marked as damaged, `letterboxed` the frames of another shape
    than the video's.

    Whether a frame is sampled depends on its timestamp alone, and on no frame before this segment: the first frame of every
    tick is yielded. Where a segment boundary cuts a tick in two, both sides yield one, and the earlier one is kept when the
    segments are joined.
    """

    def __init__(self, info: VideoInfo, segment: Segment, sampling: Sampling, view: View, threads: int = 1) -> None:
        self._info, self._segment, self._sampling, self._view = info, segment, sampling, view
        trusted = bool(segment.reset_pts)  # else timestamps may repeat or jump, and only decoded frames show their order
        sparse = sampling.rate_hz is not None and sampling.rate_hz <= SPARSE_HZ
        # No method of this object: a circle would keep the decoder until the garbage collector finds it.
        self._frames = SegmentDecoder(info, segment, threads, partial(_discards, info, sampling) if trusted else None, sparse)
        self._clock = Clock(info.time_base, info.origin_pts, info.average_rate)
        self._marked = 0
        self.decoded = self.letterboxed = 0

    @property
    def discarded(self) -> int:
        """Frames that were not decoded."""
        return self._frames.discarded

    @property
    def errors(self) -> int:
        """Packets that were refused, and frames that were marked as damaged."""
        return self._frames.refused + self._marked

    def __iter__(self) -> Iterator[Sample]:
        last_tick: int | None = None
        classified_tick: int | None = None
        beginning = _Beginning(self._info, self._segment, self._sampling)
        for frame in self._frames:
            units = self._clock.units(frame.pts)
            index, time_s = self.decoded + self._frames.discarded, self._clock.seconds(units)
            if time_s >= self._sampling.end_s:
                return
            self.decoded += 1
            self._marked += frame.is_corrupt
            shape = self._frames.shapes.of(frame)
            self.letterboxed += not fit(shape, self._info.width_px, self._info.height_px).whole
            tick = tick_of(units, self._info.time_base, self._sampling.rate_hz)
            if tick == last_tick or time_s < self._sampling.start_s:
                continue
            last_tick = tick
            decoded = DecodedFrame(frame, shape, index, frame.pts or 0, time_s, tick)
            reset = beginning.is_at(decoded.pts, tick)
            classify_tick = tick_of(units, self._info.time_base, self._sampling.classify_hz)
            # Where a segment may begin every face is classified, for it would not know what was before.
            classified = reset or classify_tick != classified_tick
            classified_tick = classify_tick
            yield decoded.sample(self._info, self._view, reset, classified)


def _discards(info: VideoInfo, sampling: Sampling) -> Discards:
    """A predicate of frames that are not sampled: those before the start, and later ones of the same tick."""
    first: dict[int, int] = {}  # tick -> the earliest PTS so far

    def discards(pts: int) -> bool:
        units = pts - info.origin_pts
        time_s = units * info.time_base.numerator / info.time_base.denominator
        if time_s < sampling.start_s:
            return True
        if time_s >= sampling.end_s or sampling.rate_hz is None:
            return False
        tick = tick_of(units, info.time_base, sampling.rate_hz)
        earliest = first.setdefault(tick, pts)
        first[tick] = min(earliest, pts)
        return pts > earliest

    return discards


class _Beginning:
    """Finds the samples at which a segment could begin, where the detector's state is reset.

    A keyframe that lies where a tick begins is the sample of that tick for every segment, and begins again. Any other may cut a
    tick in two: then the sample of that tick is the keyframe for a segment that begins there, and an earlier frame for one that
    does not. So both the keyframe, where it is sampled, and the first sample of a later tick begin again.
    """

    def __init__(self, info: VideoInfo, segment: Segment, sampling: Sampling) -> None:
        self._pts = segment.reset_pts
        at = [(pts - info.origin_pts, info.time_base, sampling.rate_hz) for pts in segment.reset_pts]
        self._ticks = [tick_of(*place) for place in at]
        self._exact = [begins_tick(*place) for place in at]
        self._passed = -1
        self._tick = 0
        self._waiting = False

    def is_at(self, pts: int, tick: int) -> bool:
        """Whether the next sample is one."""
        passed = bisect_right(self._pts, pts)
        if passed > self._passed:
            self._passed, self._waiting = passed, True
            self._tick = self._ticks[passed - 1] if passed else tick
            if passed and self._exact[passed - 1]:
                self._waiting = False
                return True
        if tick == self._tick:
            return True
        first, self._waiting = self._waiting, False
        return first
