"""The frames of one segment, the same ones however the video was cut and however many threads decode it.

This needs care for damaged videos only. FFmpeg's threads lose frames next to an error, so the segment is decoded again by a
single thread. After an error frames leave the decoder out of order, so they are sorted. Where the keyframe of a segment cannot
be decoded, decoding begins with an earlier one, as it would have if the segment before had continued.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, dropwhile, islice
from math import inf
from typing import TypeAlias

import av
import av.error
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.video.stream import VideoStream

from feelit.types import Segment, VideoInfo
from feelit.video.clock import REORDER, Clock
from feelit.video.probe import open_video, video_stream
from feelit.video.shape import StreamShapes

GROUP_BYTES = 32 << 20
"""So many bytes of packets are held at most to find out which of a group of pictures is the last that is wanted."""

WATCH = 4 * REORDER
"""So many packets after one that was refused, frames are still put in order."""

FARTHEST_S = 64.0
"""How far before a segment a keyframe is searched for that replaces a damaged one."""

DISCARDING = frozenset({"h264", "hevc", "mpeg4", "vp9", "av1"})
"""Codecs of which frames that no other refers to can be left undecoded: every frame that is decoded has the same pixels as
without. A test compares them bit for bit."""

Packet: TypeAlias = "av.Packet[VideoStream]"

Discards: TypeAlias = Callable[[int], bool]
"""Whether the frame of a packet is not sampled, by its PTS; called for every packet of a segment, roughly in order."""


class _LostError(Exception):
    """Frames may have been lost by decoding in threads."""


class _NoStartError(Exception):
    """The packet that decoding began with gave no frame."""


class SegmentDecoder:
    """Decodes one segment, packet by packet, so that a corrupt one costs only itself and what refers to it.

    Parameters
    ----------
    discards : makes a new `Discards`, so that decoding can begin again; None where every frame is wanted. Frames that it names
        and that no other frame refers to are not decoded
    sparse : wanted frames are far apart: what comes after the last one of a closed group of pictures is not decoded either

    Attributes
    ----------
    refused : packets of the segment that could not be decoded, known after the iteration
    discarded : frames that were not decoded, of those before the last one that was given; all of them after the iteration
    shapes : of the frames, to be asked of each frame before the next one is taken; once iteration has begun
    """

    shapes: StreamShapes

    def __init__(
        self,
        info: VideoInfo,
        segment: Segment,
        threads: int = 1,
        discards: Callable[[], Discards] | None = None,
        sparse: bool = False,
    ) -> None:
        self._info, self._segment, self._threads = info, segment, threads
        self._begin = -inf if segment.start_pts is None else segment.start_pts
        self._end = inf if segment.end_pts is None else segment.end_pts
        self._discards = discards if info.codec in DISCARDING else None
        self._frame_units = Clock(info.time_base, 0, info.average_rate).step
        self._sparse = sparse
        self._undecoded: list[int] = []  # a heap of PTS: packets whose frames may have been left out, not yet passed
        self.refused = self.discarded = 0

    def __iter__(self) -> Iterator[av.VideoFrame]:
        given = 0
        try:
            for frame in self._read(self._threads):
                given += 1
                yield frame
            self._pass(inf)
            if self._threads == 1 or given + self.discarded >= self._segment.packets:
                return
        except _LostError:
            pass
        yield from islice(self._read(1), given, None)
        self._pass(inf)

    def _pass(self, pts: float) -> None:
        """Count the frames before `pts` that were not decoded."""
        while self._undecoded and self._undecoded[0] <= pts:
            self.discarded += heapq.heappop(self._undecoded) != pts

    def _read(self, threads: int) -> Iterator[av.VideoFrame]:
        """The frames of the segment, from the nearest keyframe on that can be decoded."""
        back_s = 0.0
        while self._segment.start_pts is not None and back_s <= FARTHEST_S:
            try:
                yield from self._read_from(back_s, threads)
            except _NoStartError:
                back_s = 4 * back_s or 1.0
            else:
                return
        yield from self._read_from(None, threads)

    def _read_from(self, back_s: float | None, threads: int) -> Iterator[av.VideoFrame]:
        """The frames of the segment, decoded from a keyframe that lies `back_s` before it; from its own if None, whatever
        comes. Raises _NoStartError before the first frame, if decoding has to begin earlier."""
        self.refused = self.discarded = 0
        self._undecoded = []
        with open_video(self._info.path) as container:
            stream = video_stream(container, self._info.path)
            stream.thread_type = "AUTO"
            stream.codec_context.thread_count = threads
            self.shapes = StreamShapes(container, stream, self._info.orientation if self._info.photograph else None)
            packets = self._packets(container, stream, back_s or 0.0)
            first = next(packets, None)
            frames = self._ordered(chain([first] if first else [], packets), stream, threads)
            begin_pts = stream.start_time if first is None else first.pts
            if back_s is not None and begin_pts is not None and begin_pts > (stream.start_time or 0):
                frames = _beginning_at(frames, begin_pts)
            yield from self._within(frames)

    def _within(self, frames: Iterable[av.VideoFrame]) -> Iterator[av.VideoFrame]:
        for frame in frames:
            if frame.pts is not None:
                if frame.pts < self._begin:
                    continue  # leading pictures of an open GOP belong to the segment before
                if frame.pts >= self._end:
                    return
                self._pass(frame.pts)
            yield frame

    def _ordered(self, packets: Iterable[Packet], stream: VideoStream, threads: int) -> Iterator[av.VideoFrame]:
        """Frames as the decoder gives them, which is in order; sorted for a while after an error, which upsets it. Raises
        _LostError on the first error, if there are several threads."""
        held: list[tuple[int, int, av.VideoFrame]] = []
        watch = count = 0
        newest = 0
        leaves_out = self._chooser()
        if leaves_out and self._sparse:
            packets = self._without_tails(packets)
        for packet in chain(packets, [None]):
            watch -= watch > 0
            if leaves_out and packet:
                stream.codec_context.skip_frame = "NONREF" if leaves_out(packet) else "DEFAULT"
            try:
                frames = packet.decode() if packet else stream.codec_context.decode(None)
            except (av.error.FFmpegError, ValueError):
                if threads > 1:
                    raise _LostError from None
                self.refused += packet is None or self._holds(packet)
                if packet and packet.pts in self._undecoded:
                    self._undecoded.remove(packet.pts)
                    heapq.heapify(self._undecoded)
                watch, frames = WATCH, []
            self.shapes.decoded()
            for frame in frames:
                pts = newest if frame.pts is None else frame.pts
                if newest - pts > REORDER * self._frame_units:  # another recording begins
                    yield from (heapq.heappop(held)[2] for _ in range(len(held)))
                newest = pts
                heapq.heappush(held, (pts, count, frame))
                count += 1
            while len(held) > (REORDER if watch and packet else 0):
                yield heapq.heappop(held)[2]

    def _chooser(self) -> Callable[[Packet], bool] | None:
        """Says of each packet whether its frame need not be decoded unless others refer to it. Outside the segment frames are
        chosen alike, but apart, so that the choice within does not depend on where decoding began."""
        if self._discards is None:
            return None
        inside, outside = self._discards(), self._discards()

        def leaves_out(packet: Packet) -> bool:
            if packet.pts is None or packet.is_discard:
                return False
            if not self._holds(packet):
                return outside(packet.pts)
            if self._sparse:
                return packet.pts in self._undecoded
            if not inside(packet.pts):
                return False
            heapq.heappush(self._undecoded, packet.pts)
            return True

        return leaves_out

    def _without_tails(self, packets: Iterable[Packet]) -> Iterator[Packet]:
        """The packets without those that follow the last wanted one of their group of pictures, where the next group refers to
        none of them. The PTS of all that need no decoding are noted."""
        assert self._discards is not None
        discards = self._discards()
        group: list[Packet] = []
        first = True
        for packet in packets:
            ended = len(group) > 1 and group[-1].is_keyframe
            if ended or sum(p.size for p in group) > GROUP_BYTES:
                closed = ended and _follows(packet, group[-1])
                group, following = (group[:-1], group[-1:]) if ended else (group, [])
                yield from self._chosen(group, discards, closed, first)
                group, first = following, False
            group.append(packet)
        yield from self._chosen(group, discards, True, first)

    def _chosen(self, group: list[Packet], discards: Discards, closed: bool, first: bool) -> Iterator[Packet]:
        """What has to be decoded of a group; of the `first` one its keyframe in any case, for decoding begins with it."""
        mine = sorted(p.pts for p in group if p.pts is not None and not p.is_discard and self._holds(p))
        unwanted = {pts for pts in mine if discards(pts)}
        wanted = [n for n, p in enumerate(group) if p.pts is None or (p.pts not in unwanted and self._holds(p))]
        end = max([*(n + 1 for n in wanted), int(first)]) if closed else len(group)
        for pts in unwanted:
            heapq.heappush(self._undecoded, pts)
        yield from group[:end]

    def _holds(self, packet: Packet) -> bool:
        return packet.pts is None or self._begin <= packet.pts < self._end

    def _packets(self, container: InputContainer, stream: VideoStream, back_s: float) -> Iterator[Packet]:
        """The packets from the segment's keyframe on, or from one `back_s` before, without the flush packet at the end."""
        start_pts = self._segment.start_pts
        waiting = start_pts is not None
        if start_pts is not None:
            seek_before(container, stream, start_pts - round(back_s / self._info.time_base))
        packets = container.demux(stream)
        while True:
            try:
                packet = next(packets)
            except StopIteration:
                return
            except (av.error.FFmpegError, OSError):
                self.refused += self._segment.end_pts is None  # a damaged container: what came before it counts
                return
            if packet.size == 0 or (waiting and not (packet.is_keyframe if back_s else packet.pts == start_pts)):
                continue
            waiting = False
            yield packet


def _follows(packet: Packet, keyframe: Packet) -> bool:
    """Whether the packet after a keyframe is shown after it: no picture refers to what came before the keyframe."""
    return packet.pts is not None and keyframe.pts is not None and packet.pts > keyframe.pts


def _beginning_at(frames: Iterable[av.VideoFrame], pts: int) -> Iterator[av.VideoFrame]:
    """The frames from `pts` on. Raises _NoStartError if there is none at `pts` itself."""
    left = dropwhile(lambda frame: frame.pts is not None and frame.pts < pts, frames)
    first = next(left, None)
    if first is None or (first.pts is not None and first.pts > pts):
        raise _NoStartError
    yield first
    yield from left


def seek_before(container: InputContainer, stream: VideoStream | AudioStream, pts: int) -> None:
    """Move to a packet at or before `pts`, however coarse the container's index is."""
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
