"""Live frames of cameras and network streams; a stream that breaks off is reconnected."""

from __future__ import annotations

import errno
import time
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import av.error

from feelit.errors import UsageError, VideoReadError
from feelit.types import Sampling, VideoInfo
from feelit.video.address import Address, address_of
from feelit.video.capture import Capture, Captured, FileCapture, Schedule
from feelit.video.clock import Clock
from feelit.video.decoding import Packet
from feelit.video.probe import reason, video_stream
from feelit.video.shape import StreamShapes

MICROSECOND = Fraction(1, 1_000_000)
PATIENCE_S = 10.0
"""The timeout of a source, at its opening and later."""

LOOK_AGAIN_S = 0.005
FIRST_RETRY_S, LONGEST_RETRY_S = 0.5, 8.0

FAILURES = (av.error.FFmpegError, OSError, ValueError)
REASONS = {
    **dict.fromkeys((errno.ENOENT, errno.ENODEV), ("there is no such camera", "name another one, an address or a file")),
    errno.EBUSY: ("another program is using it", "close that program first"),
    errno.EACCES: ("permission denied", "on Linux, cameras are for members of the group video"),
    errno.ENOTTY: ("it is no camera", "name another one, an address or a file"),
}


def open_capture(given: str | None, sampling: Sampling, loop: bool) -> Capture:
    """Open a source; None stands for the first camera. Raises VideoReadError if it is missing or busy, does not answer, or
    gives no picture; UsageError if it is no address that can be watched."""
    address = address_of(given)
    if address is None:
        return FileCapture(Path(given or ""), sampling, loop)
    if loop:
        raise UsageError(f"--loop is for files, and {address.name} is none", "leave it out")
    return StreamCapture(address, sampling)


class Connection:
    """An open connection to a source.

    `played` : whether frames are given in real time by their timestamps: recordings on a server, and HLS, whose parts arrive at
    once.
    """

    def __init__(self, address: Address) -> None:
        self._address = address
        try:
            self._container = av.open(
                address.target, format=address.format, options=address.options, timeout=PATIENCE_S, metadata_errors="replace"
            )
        except FAILURES as error:
            raise self._failure("cannot be opened", error) from error
        self._stream = video_stream(self._container, address.name)
        self._stream.thread_type = "SLICE"  # threads that work on a frame each would hold frames back
        self.shapes = StreamShapes(self._container, self._stream)  # of the frames that this connection gives
        self.is_recording = self._container.duration is not None
        self.played = self.is_recording or "hls" in self._container.format.name
        self.time_base = self._stream.time_base or MICROSECOND  # of its frames' PTS
        self.refused = 0

    def frames(self) -> Iterator[av.VideoFrame]:
        """Frames as they arrive. Raises VideoReadError if it breaks off."""
        for packet in self._packets():
            try:
                frames = packet.decode()
            except (av.error.FFmpegError, ValueError):
                self.refused += packet.size > 0
                continue
            self.shapes.decoded()
            yield from frames

    def _packets(self) -> Iterator[Packet]:
        packets, heard_s = self._container.demux(self._stream), time.monotonic()
        while True:
            try:
                packet = next(packets)
            except StopIteration:
                return
            except BlockingIOError as error:  # a Mac's camera without a new picture: others wait for it
                if time.monotonic() - heard_s > PATIENCE_S:
                    raise self._failure("broke off", error) from error
                time.sleep(LOOK_AGAIN_S)
                packets = self._container.demux(self._stream)
                continue
            except FAILURES as error:
                raise self._failure("broke off", error) from error
            heard_s = time.monotonic()
            yield packet

    def close(self) -> None:
        """Close the connection."""
        self._container.close()

    def describe(self, frame: av.VideoFrame) -> VideoInfo:
        """What its first frame says. Times are counted in microseconds from then on."""
        shape = self.shapes.of(frame)
        return VideoInfo(
            path=Path(self._address.name),
            width_px=shape.displayed[0],
            height_px=shape.displayed[1],
            sample_aspect=shape.aspect,
            orientation=shape.orientation,
            time_base=MICROSECOND,
            average_rate=Fraction(self._stream.average_rate or self._stream.guessed_rate or 0),
            steady=False,
            origin_pts=0,
            duration_s=0.0,
            codec=self._stream.codec_context.name,
            has_audio=False,
            packets=0,
            size_bytes=0,
            fingerprint="",
        )

    def _failure(self, what: str, error: Exception) -> VideoReadError:
        name, is_device = self._address.name, self._address.kind == "device"
        if is_device and isinstance(error, OSError) and error.errno in REASONS:
            why, hint = REASONS[error.errno]
            return VideoReadError(f"{name} {what}: {why}", hint)
        late = isinstance(error, av.error.ExitError | BlockingIOError)
        why = f"nothing came for {PATIENCE_S:g} s" if late else reason(error)
        hint = "is it plugged in?" if is_device else "check the address and the network"
        return VideoReadError(f"{name} {what}: {why}", hint)


class StreamCapture(Capture):
    """A camera or a network stream. The time of a frame is that of its arrival, since the first frame: timestamps of cameras
    are missing, restart, or run at a rate of their own.
    """

    def __init__(self, address: Address, sampling: Sampling) -> None:
        self._connection, self._address = Connection(address), address
        self._frames = self._connection.frames()
        self._first = next(self._frames, None)
        if self._first is None:
            self._connection.close()
            raise VideoReadError(f"{address.name} gives no frame that can be decoded", "is it a video?")
        super().__init__(address.name, address.kind, self._connection.describe(self._first), sampling)
        self._last = -1  # µs

    def __iter__(self) -> Iterator[Captured]:
        zero_s = time.monotonic()
        with closing(self._arriving()) as frames:
            for frame in frames:
                self._last = units = max(int((time.monotonic() - zero_s) * 1e6), self._last + 1)
                if self._stopped.is_set() or units * MICROSECOND >= self._sampling.end_s:
                    return
                self.errors += frame.is_corrupt
                if decoded := self._decoded_frame(frame, self._connection.shapes.of(frame), units, units):
                    yield Captured(decoded, time.time())

    def seen(self) -> VideoInfo:
        """See `Capture.seen`."""
        if self.decoded < 2:
            return self.info
        interval = Fraction(self._last, self.decoded - 1) * MICROSECOND
        rate = (1 / interval).limit_denominator(1000)
        return replace(self.info, average_rate=rate, duration_s=float(self.decoded * interval))

    def _arriving(self) -> Generator[av.VideoFrame, None, None]:
        """Frames of one connection after the other."""
        assert self._first is not None
        yield self._first
        retry_s = FIRST_RETRY_S
        while True:
            failure: VideoReadError | None = None
            try:
                for frame in self._paced():
                    self.trouble, retry_s = "", FIRST_RETRY_S
                    yield frame
            except VideoReadError as error:
                failure = error
            finally:
                self._connection.close()
                self.errors += self._connection.refused
            if self._connection.is_recording and failure is None:
                return
            if self._address.kind == "device":
                raise failure or VideoReadError(f"{self.name} broke off", "is it plugged in?")
            self.trouble = f"{failure or f'{self.name} broke off'}; trying again"
            if not self._reconnected(retry_s):
                return
            retry_s = min(2 * retry_s, LONGEST_RETRY_S)

    def _reconnected(self, retry_s: float) -> bool:
        """Reconnect; False if the capture is stopped meanwhile."""
        while not self._stopped.wait(retry_s):
            try:
                self._connection = Connection(self._address)
            except VideoReadError as error:
                self.trouble = f"{error}; trying again"
                retry_s = min(2 * retry_s, LONGEST_RETRY_S)
                continue
            self._frames = self._connection.frames()
            return True
        return False

    def _paced(self) -> Iterator[av.VideoFrame]:
        """The frames of this connection, delayed to real time if it is `played`."""
        if not self._connection.played:
            yield from self._frames
            return
        schedule = Schedule(PATIENCE_S)
        clock = Clock(self._connection.time_base, 0, self.info.average_rate)
        for frame in self._frames:
            due_s = schedule.due_s(clock.seconds(clock.units(frame.pts)))
            if self._stopped.wait(max(0.0, due_s - time.monotonic())):
                return
            yield frame
