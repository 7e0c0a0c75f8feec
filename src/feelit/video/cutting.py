"""Cutting of a stretch out of a video, exact to the frame and to the audio sample; frames can be drawn on."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Generator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from pathlib import Path

import av
from av.container import InputContainer

from feelit.errors import VideoReadError
from feelit.types import Segment
from feelit.video.clock import Clock
from feelit.video.companions import copy_file_metadata, copy_stream_metadata
from feelit.video.decoding import SegmentDecoder
from feelit.video.probe import Probe, open_video, video_stream
from feelit.video.shape import Shape
from feelit.video.sound import SoundCut, sound_streams
from feelit.video.writer import Encoding, Picture, Sink

_TOLERANCE_S = Fraction(1, 1_000_000)  # bounds are sums and differences of floating-point times


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of a video: the frames that begin to be shown at `start_s` or later, and before `end_s`. Both are finite."""

    start_s: float
    end_s: float


class Cutting:
    """Yields every frame of a stretch to be drawn on, and writes it to `out` when the next one is requested.

    The first frame is shown at 0, the last until the stretch ends, and the sound begins and ends with them. Only what lies
    between the keyframe before the stretch and its end is read, where the video's timestamps can be trusted; otherwise all that
    comes before it. `out` is complete once the iterator is exhausted; if it is closed before, or anything fails, `out` is
    removed. Raises VideoReadError in the iteration, if no frame of the stretch can be decoded, or the video cannot be opened
    any more; OutputError if the encoder refuses the video; OSError if the disk refuses `out`.

    Attributes
    ----------
    frames : how many were written
    start_s, end_s : when the first one begins to be shown, and the last one ends, on the clock of the whole video; known after
        the iteration, as `frames` is
    """

    def __init__(self, video: Probe, stretch: Stretch, out: Path, encoding: Encoding, below_px: int = 0) -> None:
        self._video, self._info, self._stretch = video, video.info, stretch
        self._out, self._encoding, self._below_px = out, encoding, below_px
        self._clock = Clock(self._info.time_base, self._info.origin_pts, self._info.average_rate)
        self._first, self._end = self._units(stretch.start_s), self._units(stretch.end_s)
        self.frames = 0
        self.start_s = self.end_s = float("nan")

    def __iter__(self) -> Generator[Picture, None, None]:
        begin, base = 0, self._info.time_base
        sounds: list[SoundCut] = []
        with (
            ExitStack() as opened,
            open_video(self._info.path) as source,
            Sink(self._out, self._info, self._encoding, self._below_px) as sink,
            closing(self._shown()) as shown,
        ):
            sink.add_video(video_stream(source, self._info.path))
            for units, length, frame, shape in shown:
                if not self.frames:
                    begin, sounds = units, self._sounds(source, sink, units, opened)
                    self.start_s = self._clock.seconds(begin)
                drawn = sink.planar(frame, shape)
                yield sink.picture(drawn, self._clock.seconds(units))
                sink.put(drawn, units - begin, length)
                self.frames, self.end_s = self.frames + 1, self._clock.seconds(units + length)
                with sink.writing():
                    for sound in sounds:
                        sound.write_until((units + length - begin) * base)
            if not self.frames:
                where = f"between {self._stretch.start_s:.3f} s and {self._stretch.end_s:.3f} s"
                raise VideoReadError(f"{self._info.path} has no frame {where}", "choose a longer stretch, or another one")
            with sink.writing():
                for sound in sounds:
                    sound.finish()

    def _shown(self) -> Generator[tuple[int, int, av.VideoFrame, Shape], None, None]:
        """The frames of the stretch, with when each begins to be shown and for how long, in units of the time base."""
        waiting: tuple[int, av.VideoFrame, Shape] | None = None
        keys = self._video.keyframe_pts
        place = bisect_right(keys, self._first + self._info.origin_pts) - 1
        begin = keys[place] if place > 0 else None  # the last keyframe that is shown before the first frame, or is it
        decoder = SegmentDecoder(self._info, Segment(0, begin, None, 0))
        for frame in decoder:
            units = self._clock.units(frame.pts)
            if waiting is not None:
                yield waiting[0], min(units, self._end) - waiting[0], *waiting[1:]
            if units >= self._end:
                return
            waiting = (units, frame, decoder.shapes.of(frame)) if units >= self._first else None
        if waiting is not None:
            units, frame, shape = waiting
            yield units, min(frame.duration or self._clock.step, self._end - units), frame, shape

    def _sounds(self, source: InputContainer, sink: Sink, begin: int, opened: ExitStack) -> list[SoundCut]:
        """All sound from the first frame on. Each track is read by itself."""
        cuts = []
        with sink.writing() as container:
            copy_file_metadata(source, container)
            for number in range(len(sound_streams(source))):
                own = opened.enter_context(open_video(self._info.path))
                stream = sound_streams(own)[number]
                start_s = begin * self._info.time_base
                cuts.append(SoundCut(own, stream, container, start_s, seek=bool(self._video.keyframe_pts)))
                copy_stream_metadata(stream, cuts[-1].stream)
        return cuts

    def _units(self, time_s: float) -> int:
        """The first unit of the time base that does not lie before a time."""
        return ceil((Fraction(time_s) - _TOLERANCE_S) / self._info.time_base)
