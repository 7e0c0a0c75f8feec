"""Single frames of a video in colour, upright, and exactly those that were shown at the times asked for."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

import av
import numpy as np
from av.video.reformatter import ColorRange

from feelit.types import Segment, UInt8, VideoInfo
from feelit.video.clock import Clock
from feelit.video.decoding import SegmentDecoder
from feelit.video.luma import upright
from feelit.video.probe import Probe, probe


def stills(path: Path, times_s: Sequence[float], threads: int = 1) -> Iterator[tuple[float, UInt8]]:
    """The frames that a player shows at some times, each decoded from the keyframe before it.

    Where timestamps are missing or jump back, keyframes cannot be trusted: then the video is decoded from its beginning, by the
    same clock as when it was analysed.

    Parameters
    ----------
    times_s : seconds on the player's clock, in any order
    threads : of the decoder

    Yields
    ------
    time : one of `times_s`, each once, rising. A time of which nothing can be decoded is left out.
    picture : (H, W, 3) uint8, RGB, upright, in the size that the video has at its beginning

    Raises
    ------
    VideoReadError
        if no frame of the video can be decoded.
    """
    wanted = sorted(set(times_s))
    if not wanted:
        return
    video = probe(path)
    starts_s = [_time_s(pts, video.info) for pts in video.keyframe_pts]
    for place, group in groupby(wanted, lambda time_s: max(bisect_right(starts_s, time_s + _half_unit_s(video.info)) - 1, 0)):
        yield from _of_segment(video.info, _segment(video, place), list(group), threads)


def _segment(video: Probe, place: int) -> Segment:
    """The stretch that begins with a keyframe; the whole video where keyframes cannot be trusted."""
    pts = (None, *video.keyframe_pts[1:], None) if video.keyframe_pts else (None, None)
    packets = (*video.keyframe_packet, video.info.packets) if video.keyframe_pts else (0, video.info.packets)
    return Segment(place, pts[place], pts[place + 1], packets[place + 1] - packets[place])


def _of_segment(info: VideoInfo, segment: Segment, wanted: list[float], threads: int) -> Iterator[tuple[float, UInt8]]:
    """The last frame that begins at or before each time; before the first frame, that one."""
    clock = Clock(info.time_base, info.origin_pts, info.average_rate)
    shown: av.VideoFrame | None = None
    left = list(wanted)
    for frame in SegmentDecoder(info, segment, threads):
        begin_s = clock.seconds(clock.units(frame.pts)) - _half_unit_s(info)
        while shown is not None and left and left[0] < begin_s:
            yield left.pop(0), _picture(shown, info)
        shown = frame
        if not left:
            return
    if shown is not None:
        for time_s in left:
            yield time_s, _picture(shown, info)


def _picture(frame: av.VideoFrame, info: VideoInfo) -> UInt8:
    turned = info.rotation_deg % 180 != 0
    width, height = (info.height_px, info.width_px) if turned else (info.width_px, info.height_px)
    colour = frame.reformat(width, height, format="rgb24", dst_color_range=ColorRange.JPEG)
    return upright(np.asarray(colour.to_ndarray(), np.uint8), info.rotation_deg)


def _time_s(pts: int, info: VideoInfo) -> float:
    return float((pts - info.origin_pts) * info.time_base)


def _half_unit_s(info: VideoInfo) -> float:
    """Times are read back from texts and floats; half a unit of the time base is nearer to no other frame."""
    return float(info.time_base) / 2
