"""Sources of live frames: each frame is given at its time, whether or not the consumer is ready."""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import av

from feelit.errors import VideoReadError
from feelit.storage.names import as_text
from feelit.types import Sampling, Segment, VideoInfo
from feelit.video.clock import Clock, tick_of
from feelit.video.decoded_frame import DecodedFrame
from feelit.video.decoding import SegmentDecoder
from feelit.video.probe import probe
from feelit.video.shape import Shape

SLIPPED_S = 0.5
"""A player that is later than this continues from there instead of catching up."""

Kind = Literal["file", "device", "url"]


@dataclass(frozen=True, slots=True, eq=False)
class Captured:
    """A frame and its time of capture, in seconds since the epoch."""

    decoded: DecodedFrame
    at_s: float


class Capture(ABC):
    """A source of frames, to be iterated once and in a thread of its own; the rest may be asked from any.

    Attributes
    ----------
    name, kind, info : what it is; `name` can be shown to anybody
    decoded, errors : frames so far, and packets or frames so far that were damaged
    trouble : why no frames come at present, or empty
    """

    def __init__(self, name: str, kind: Kind, info: VideoInfo, sampling: Sampling) -> None:
        self.name, self.kind, self.info = name, kind, info
        self.decoded = self.errors = 0
        self.trouble = ""
        self._sampling = sampling
        self._stopped = threading.Event()
        self._tick: int | None = None

    @abstractmethod
    def __iter__(self) -> Iterator[Captured]:
        """The first frame of every tick of the sampling, until the end or `stop`. Raises VideoReadError if the source breaks
        off for good."""

    @abstractmethod
    def seen(self) -> VideoInfo:
        """What is known of the source once it was watched."""

    def stop(self) -> None:
        """Let the iteration end as soon as it can."""
        self._stopped.set()

    def _decoded_frame(self, frame: av.VideoFrame, shape: Shape, pts: int, units: int) -> DecodedFrame | None:
        """The next frame, counted; None if its tick was sampled already."""
        index, self.decoded = self.decoded, self.decoded + 1
        tick = tick_of(units, self.info.time_base, self._sampling.rate_hz)
        if tick == self._tick:
            return None
        self._tick = tick
        return DecodedFrame(frame, shape, index, pts, float(units * self.info.time_base), tick)


class FileCapture(Capture):
    """A video file as a source, played in real time by its timestamps, once or in a loop.

    One thread decodes it: FFmpeg's threads lose frames next to an error, and decoding them again would take too long. If
    decoding takes longer than playing, frames are given as fast as they are decoded.
    """

    def __init__(self, path: Path, sampling: Sampling, loop: bool) -> None:
        info = probe(path).info
        if info.photograph:
            raise VideoReadError(f"{path} is a photograph", "`feelit analyze` reads photographs")
        super().__init__(as_text(path), "file", info, sampling)
        self._loop = loop
        self._end_s = 0.0

    def __iter__(self) -> Iterator[Captured]:
        schedule = Schedule()
        with closing(self._frames()) as frames:
            for frame, shape, units in frames:
                time_s = float(units * self.info.time_base)
                if time_s >= self._sampling.end_s:
                    return
                due_s = schedule.due_s(time_s)
                if self._stopped.wait(max(0.0, due_s - time.monotonic())):
                    return
                if decoded := self._decoded_frame(frame, shape, frame.pts or 0, units):
                    yield Captured(decoded, time.time() + due_s - time.monotonic())

    def seen(self) -> VideoInfo:
        """See `Capture.seen`. The rows of a loop are not those of the file."""
        return replace(self.info, duration_s=self._end_s, fingerprint="") if self._loop else self.info

    def _frames(self) -> Generator[tuple[av.VideoFrame, Shape, int], None, None]:
        """Frames with their shape and their time in units, which goes on from one round of a loop to the next."""
        end = errors = 0
        while True:
            begin, clock = end, Clock(self.info.time_base, self.info.origin_pts, self.info.average_rate)
            decoder = SegmentDecoder(self.info, Segment(0, None, None, self.info.packets))
            for frame in decoder:
                units = begin + clock.units(frame.pts)
                end = units + clock.step
                self._end_s = float(end * self.info.time_base)
                errors += frame.is_corrupt
                self.errors = errors + decoder.refused
                yield frame, decoder.shapes.of(frame), units
            self.errors = errors = errors + decoder.refused
            if not self._loop or end == begin:
                return


class Schedule:
    """The times at which frames of a recording are due when it is played in real time.

    `patience_s` is the longest wait for a frame: the timestamps of a stream may jump.
    """

    def __init__(self, patience_s: float = float("inf")) -> None:
        self._patience_s = patience_s
        self._zero_s: float | None = None  # on the monotonic clock, when the player's shows 0

    def due_s(self, time_s: float) -> float:
        """When a frame is due, on the monotonic clock; a delay shifts all frames that follow."""
        now_s = time.monotonic()
        if self._zero_s is None or not -SLIPPED_S <= self._zero_s + time_s - now_s <= self._patience_s:
            self._zero_s = now_s - time_s
        return self._zero_s + time_s
