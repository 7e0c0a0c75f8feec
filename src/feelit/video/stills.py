"""Single frames of a video: exactly those that a player shows at given times."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from pathlib import Path

from feelit.errors import UsageError, VideoReadError
from feelit.storage.location import Location
from feelit.types import Sample, Segment, UInt8, VideoInfo, View
from feelit.video.clock import Clock
from feelit.video.decoded_frame import DecodedFrame
from feelit.video.decoding import SegmentDecoder
from feelit.video.probe import Probe, probe


def stills(path: Location, times_s: Sequence[float], threads: int = 1) -> Iterator[tuple[float, UInt8]]:
    """The frames that a player shows at some times, each decoded from the keyframe before it.

    Where timestamps are missing or jump back, keyframes cannot be trusted: then the video is decoded from its beginning, by the
    same clock as when it was analysed. `times_s` are seconds on the player's clock, in any order. Raises VideoReadError if no
    frame of the video can be decoded.

    Yields
    ------
    time : one of `times_s`, each once, rising. A time of which nothing can be decoded is left out.
    picture : (H, W, 3) uint8, RGB, as displayed, in the size that the video has at its beginning
    """
    for time_s, decoded, info in frames_at(path, times_s, threads):
        yield time_s, decoded.picture(info, pixels="rgb24")


def frames_at(path: Location, times_s: Sequence[float], threads: int = 1) -> Iterator[tuple[float, DecodedFrame, VideoInfo]]:
    """The same frames, from which luma and colour can be had. Raises what `stills` does."""
    if wanted := sorted(set(times_s)):
        video = probe(path)
        for time_s, decoded in _decoded_frames(video, wanted, threads):
            yield time_s, decoded, video.info


def sample_at(path: Path, time_s: float, view_of: Callable[[VideoInfo], View]) -> tuple[Sample, VideoInfo]:
    """The frame that a player shows at a time, with the pixels that the analysis of the video would see; its `tick` means
    nothing. `view_of` says which small picture the detector wants of a video. Raises VideoReadError if no frame can be decoded
    there; UsageError if the video has ended by that time."""
    video = probe(path)
    if time_s > video.info.duration_s:
        raise UsageError(f"{path} ends at {video.info.duration_s:g} s, before {time_s:g} s", "choose an earlier moment")
    for _, decoded in _decoded_frames(video, [time_s], 1):
        return decoded.sample(video.info, view_of(video.info)), video.info
    raise VideoReadError(f"no frame of {path} can be decoded at {time_s:g} s", "choose another moment")


def _decoded_frames(video: Probe, wanted: Sequence[float], threads: int) -> Iterator[tuple[float, DecodedFrame]]:
    """The frames that are shown at rising times."""
    info = video.info
    starts_s = [float((pts - info.origin_pts) * info.time_base) for pts in video.keyframe_pts]
    # The stretches that begin with a keyframe; the whole video where keyframes cannot be trusted.
    pts = (None, *video.keyframe_pts[1:], None) if starts_s else (None, None)
    packets = (*video.keyframe_packet, info.packets) if starts_s else (0, info.packets)
    for place, group in groupby(wanted, lambda time_s: max(bisect_right(starts_s, time_s + _half_unit_s(info)) - 1, 0)):
        segment = Segment(place, pts[place], pts[place + 1], packets[place + 1] - packets[place])
        yield from _of_segment(info, segment, list(group), threads)


def _of_segment(info: VideoInfo, segment: Segment, wanted: list[float], threads: int) -> Iterator[tuple[float, DecodedFrame]]:
    """The last frame that begins at or before each time; before the first frame, that one."""
    clock = Clock(info.time_base, info.origin_pts, info.average_rate)
    shown: DecodedFrame | None = None
    left = deque(wanted)
    decoder = SegmentDecoder(info, segment, threads)
    for index, frame in enumerate(decoder):
        begin_s = clock.seconds(clock.units(frame.pts))
        while shown is not None and left and left[0] < begin_s - _half_unit_s(info):
            yield left.popleft(), shown
        shown = DecodedFrame(frame, decoder.shapes.of(frame), index, frame.pts or 0, begin_s, 0)
        if not left:
            return
    yield from ((time_s, shown) for time_s in left if shown is not None)


def _half_unit_s(info: VideoInfo) -> float:
    """Times are read back from texts and floats; half a unit of the time base is nearer to no other frame."""
    return float(info.time_base) / 2
