"""What a video is, found out before anything is analysed: one pass over its packets, one decoded frame."""

from __future__ import annotations

import functools
import hashlib
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import av.error
import numpy as np
from av.container import InputContainer
from av.video.stream import VideoStream

from feelit.errors import VideoReadError
from feelit.types import MOST_S, VideoInfo

MIB = 1 << 20

READ_OTHERS = frozenset({"concat", "dash", "hls", "imf", "rtp", "rtsp", "sdp", "webm_dash_manifest"})
"""Formats that are lists of other files and addresses. A video tells what is in it; what lies beside it is not its business."""

MOST_PIXELS = 1 << 26
"""8192 x 8192 px: twice the picture of 8K video. A few bytes can claim far more, and every frame of it would take memory."""


_TIME_BASE = Fraction(1, 1000)  # where a stream has none


@dataclass(frozen=True, slots=True)
class Probe:
    """A video and the places where it can be cut.

    `keyframe_pts` and `keyframe_packet` tell the PTS of every keyframe and how many packets precede it in presentation
    order; both are empty where timestamps are missing or jump back, so that seeking could not be trusted.
    """

    info: VideoInfo
    keyframe_pts: tuple[int, ...]
    keyframe_packet: tuple[int, ...]


def open_video(path: Path) -> InputContainer:
    """Open a container for reading.

    Raises
    ------
    VideoReadError
        if the file is missing, empty, unreadable, or in no format that FFmpeg knows.
    """
    try:
        if not path.exists():
            raise VideoReadError(f"{path} does not exist", "check the spelling, or give the folder it lies in")
        if path.is_dir():
            raise VideoReadError(f"{path} is a folder, not a video", "name the videos in it")
        if path.stat().st_size == 0:
            raise VideoReadError(f"{path} is empty", "was it copied completely?")
        # The prefix keeps FFmpeg from taking a name such as 10:30.mp4 for an address.
        return av.open(f"file:{path}", metadata_errors="replace", container_options=_container_options(), options=_LIMITS)
    except PermissionError as error:
        raise VideoReadError(f"{path} cannot be read: permission denied", "mend its permissions") from error
    except (av.error.FFmpegError, ValueError) as error:
        hint = "if it is a recording that was cut off, repair it first (a truncated mp4 has lost its index)"
        raise VideoReadError(f"{path} is not a video that FFmpeg can open: {reason(error)}", hint) from error
    except OSError as error:
        raise VideoReadError(f"{path} cannot be read: {reason(error)}", "check its name, and the disk it lies on") from error


_LIMITS = {"max_pixels": str(MOST_PIXELS)}


@functools.cache
def _container_options() -> dict[str, str]:
    return {"protocol_whitelist": "file", "format_whitelist": ",".join(sorted(av.formats_available - READ_OTHERS))}


def video_stream(container: InputContainer, path: Path | str) -> VideoStream:
    """The video stream that players show: the first that is not a cover picture, else the first.

    Raises
    ------
    VideoReadError
        if there is none, its picture is too large, or FFmpeg has no decoder for it.
    """
    streams = [s for s in container.streams.video if s.codec_context is not None]
    if not streams:
        what = "no video, only sound" if container.streams.audio else "no video"
        raise VideoReadError(f"{path} holds {what}", "give a file with moving pictures")
    moving = [s for s in streams if not int(s.disposition) & int(av.stream.Disposition.attached_pic)]
    stream = (moving or streams)[0]
    width_px, height_px = stream.codec_context.width, stream.codec_context.height
    if width_px * height_px > MOST_PIXELS:
        hint = f"the most is {MOST_PIXELS >> 20} Mi px; scale it first"
        raise VideoReadError(f"{path} claims a picture of {width_px} x {height_px} px", hint)
    stream.codec_context.options = dict(_LIMITS)  # pictures may grow on the way
    return stream


def probe(path: Path) -> Probe:
    """Look at a video.

    Raises
    ------
    VideoReadError
        if no frame of it can be decoded, or if it changes meanwhile.
    """
    with open_video(path) as container:
        before = fingerprint(path)
        stream = video_stream(container, path)
        time_base = stream.time_base or _TIME_BASE
        scan = _Scan(_origin_pts(container, time_base), time_base)
        first: av.VideoFrame | None = None
        try:
            for packet in container.demux(stream):
                scan.add(packet)
                if first is None:
                    first = _try_decode(packet)
        except (av.error.FFmpegError, OSError):
            pass  # a damaged tail: what came before it counts
        if first is None:
            raise VideoReadError(f"{path} holds no frame that can be decoded", "it may be damaged or encrypted")
        info = _describe(path, container, stream, first, scan)
    if info.fingerprint != before:
        raise _changed(path)
    return Probe(info, *scan.keyframes())


def check_unchanged(info: VideoInfo) -> None:
    """Whether a file is still the one that was looked at.

    Raises
    ------
    VideoReadError
        if it has changed, or cannot be read any more.
    """
    if fingerprint(info.path) != info.fingerprint:
        raise _changed(info.path)


def _changed(path: Path) -> VideoReadError:
    return VideoReadError(f"{path} changed while it was analysed", "run the same command again when it is written completely")


def fingerprint(path: Path) -> str:
    """SHA-256 of the file's size and its first and last MiB: cheap, and different for recordings that differ.

    Raises
    ------
    VideoReadError
        if the file cannot be read.
    """
    try:
        size_bytes = path.stat().st_size
        digest = hashlib.sha256(str(size_bytes).encode())
        with path.open("rb") as file:
            digest.update(file.read(MIB))
            file.seek(max(MIB, size_bytes - MIB))
            digest.update(file.read(MIB))
    except OSError as error:
        raise VideoReadError(f"{path} cannot be read: {reason(error)}", "check that it is still there") from error
    return digest.hexdigest()


class _Scan:
    """One pass over the packets of a stream."""

    def __init__(self, origin_pts: int, time_base: Fraction) -> None:
        self._origin_pts, self._most = origin_pts, int(MOST_S / time_base)
        self.pts: list[int] = []
        self.keys: list[int] = []
        self.packets = 0
        self.trusted = True
        self.jumps = False
        self.last_pts = self.last_duration = 0

    def add(self, packet: av.Packet[VideoStream]) -> None:
        if packet.size == 0 or packet.is_discard:  # the flush at the end, or cut away by an edit list
            return
        self.packets += 1
        if packet.pts is None or abs(packet.pts - self._origin_pts) > self._most:
            self.trusted = False
            return
        if packet.is_keyframe:
            self.jumps |= bool(self.keys) and packet.pts <= self.keys[-1]
            self.keys.append(packet.pts)
        if not self.pts or packet.pts >= self.last_pts:
            self.last_pts, self.last_duration = packet.pts, packet.duration or 0
        self.pts.append(packet.pts)

    def keyframes(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        pts = np.sort(np.array(self.pts, np.int64))
        # Two frames at one time tell of joined or damaged timestamps.
        if not self.trusted or self.jumps or not self.keys or bool((np.diff(pts) == 0).any()):
            return (), ()
        return tuple(self.keys), tuple(int(i) for i in np.searchsorted(pts, self.keys))


def _describe(path: Path, container: InputContainer, stream: VideoStream, frame: av.VideoFrame, scan: _Scan) -> VideoInfo:
    time_base = stream.time_base or _TIME_BASE
    origin_pts = _origin_pts(container, time_base)
    rotation = round(frame.rotation / 90) * 90 % 360
    width, height = (frame.height, frame.width) if rotation % 180 else (frame.width, frame.height)
    rate = stream.average_rate or stream.guessed_rate or Fraction(0)
    frame_s = 1 / Fraction(rate) if rate > 0 else Fraction(0)
    duration_s = float((scan.last_pts - origin_pts) * time_base + (scan.last_duration * time_base or frame_s))
    if duration_s <= 0 or scan.jumps:
        duration_s = float(scan.packets * frame_s)
    return VideoInfo(
        path=path,
        width_px=width,
        height_px=height,
        rotation_deg=rotation,
        time_base=time_base,
        average_rate=Fraction(rate),
        origin_pts=origin_pts,
        duration_s=max(duration_s, 0.0),
        codec=stream.codec_context.name,
        has_audio=bool(container.streams.audio),
        packets=scan.packets,
        size_bytes=container.size,
        fingerprint=fingerprint(path),
    )


def _origin_pts(container: InputContainer, time_base: Fraction) -> int:
    return round(Fraction(max(container.start_time or 0, 0), 1_000_000) / time_base)


def _try_decode(packet: av.Packet[VideoStream]) -> av.VideoFrame | None:
    try:
        frames = packet.decode()
    except (av.error.FFmpegError, ValueError):
        return None
    return frames[0] if frames else None


def reason(error: BaseException) -> str:
    return getattr(error, "strerror", None) or str(error)
