"""Facts about a video from its packets, without decoding: their number, the duration, and where the video can be cut."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from fractions import Fraction

import av
import numpy as np
from av.container import InputContainer
from av.video.stream import VideoStream

from feelit.storage.blocks import Blocks
from feelit.types import MOST_S

USUAL_TIME_BASE = Fraction(1, 1000)
"""Where a stream has none."""

UNEVEN = 1.6
"""Timestamps are rounded to a millisecond in many containers; a frame that lasts so much longer than usual was held."""


class Scan:
    """One pass over the packets of a stream.

    Attributes
    ----------
    time_base, origin_pts : see `VideoInfo`
    seen, packets : packets that were handed out, and those of them that hold a frame to be shown
    jumps : whether timestamps jump back
    untimed : frames without a timestamp, or with one that is damage
    last_pts, last_duration : of the packet that is shown last, in units of the time base
    """

    def __init__(self, container: InputContainer, stream: VideoStream) -> None:
        self.time_base = stream.time_base or USUAL_TIME_BASE
        self.origin_pts = round(Fraction(max(container.start_time or 0, 0), 1_000_000) / self.time_base)
        self.seen = self.packets = 0
        self.jumps = False
        self.untimed = 0
        self.last_pts = self.last_duration = 0
        self._most = int(MOST_S / self.time_base)
        self._pts: list[int] = []
        self._keys: list[int] = []
        self._trusted = True

    def add(self, packet: av.Packet[VideoStream], is_keyframe: bool) -> None:
        """Take the next packet in."""
        self.seen += packet.size > 0
        if packet.size == 0 or packet.is_discard:  # the flush at the end, or cut away by an edit list
            return
        self.packets += 1
        if packet.pts is None or abs(packet.pts - self.origin_pts) > self._most:
            self._trusted = False
            self.untimed += 1
            return
        if is_keyframe:
            self.jumps |= bool(self._keys) and packet.pts <= self._keys[-1]
            self._keys.append(packet.pts)
        if not self._pts or packet.pts >= self.last_pts:
            self.last_pts, self.last_duration = packet.pts, packet.duration or 0
        self._pts.append(packet.pts)

    def steady(self) -> bool:
        """Whether no frame is shown for much longer than is usual; frames without timestamps are evenly spaced."""
        gaps = np.diff(np.sort(np.array(self._pts, np.int64)))
        return not len(gaps) or bool(gaps.max() <= UNEVEN * np.median(gaps))

    def keyframes(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Their PTS, and how many packets precede each in presentation order; none where timestamps cannot be trusted."""
        pts = np.sort(np.array(self._pts, np.int64))
        # Two frames at one time are a sign of joined or damaged timestamps.
        if not self._trusted or self.jumps or not self._keys or bool((np.diff(pts) == 0).any()):
            return (), ()
        return tuple(self._keys), tuple(int(i) for i in np.searchsorted(pts, self._keys))


MOST_BOXES = 64
"""A film in one piece has a handful of boxes; one in fragments has thousands."""


def has_whole_index(content: Blocks) -> bool:
    """Whether a file is an .mp4 or .mov with one index for all of it (ISO 14496-12, 4.2 and 8.8).

    FFmpeg's demuxer takes times, sizes and keyframes of such a file from its index, and reads packets only to return them. So
    once a frame is decoded it is fed zeros in their place, and a video in a bucket is probed without reading it.
    """
    kinds = list(_boxes(content))
    return len(kinds) <= MOST_BOXES and kinds.count(b"moov") == 1 and not {b"moof", b"sidx", b"styp"} & set(kinds)


def _boxes(content: Blocks) -> Iterator[bytes]:
    """The kinds of the outermost boxes, MOST_BOXES + 1 at most, up to the first that is invalid."""
    offset = 0
    for _ in range(MOST_BOXES + 1):
        head = content.read(offset, offset + 16) if offset < content.size else b""
        if len(head) < 8:
            return
        size, kind = struct.unpack(">I4s", head[:8])
        if size == 1 and len(head) == 16:
            (size,) = struct.unpack(">Q", head[8:])
        yield kind
        if size < 8:  # 0 stands for the rest of the file
            return
        offset += size
