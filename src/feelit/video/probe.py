"""Properties of a video, before its analysis: one pass over its packets, one decoded frame."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import av
import av.error
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

from feelit.errors import VideoReadError
from feelit.storage.blocks import ObjectFile
from feelit.storage.location import Location, Url, refuse_url
from feelit.storage.objects import open_object
from feelit.types import VideoInfo
from feelit.video.photographs import DEMUXERS, HEAD_BYTES, MOST_BYTES, demuxer_of, is_whole, orientation_in, size_in
from feelit.video.scan import Scan, has_whole_index
from feelit.video.sequence import sequence_of
from feelit.video.shape import MOST_PIXELS, Shape, StreamShapes

MIB = 1 << 20

READ_OTHERS = frozenset({"concat", "dash", "hls", "imf", "rtp", "rtsp", "sdp", "webm_dash_manifest"})
"""Formats that are lists of other files and addresses. A video is read for its own content, never for files beside it."""

PICTURES = Disposition.attached_pic | Disposition.timed_thumbnails
"""Streams of video that are none: covers, and previews for the time bar."""


@dataclass(frozen=True, slots=True)
class Probe:
    """A video and the places where it can be cut.

    `keyframe_pts` and `keyframe_packet` hold the PTS of every keyframe and how many packets precede it in presentation
    order; both are empty where timestamps are missing or jump back, so that seeking could not be trusted.
    """

    info: VideoInfo
    keyframe_pts: tuple[int, ...]
    keyframe_packet: tuple[int, ...]


def open_video(path: Location, *, decoding: bool = True) -> InputContainer:
    """Open a container for reading.

    Without `decoding` FFmpeg decodes no frames of MP4 and QuickTime files while it opens them, which takes 10 ms. Their headers
    say all but the pixel format. Raises VideoReadError if the file is missing, empty, unreadable, or in no format that FFmpeg
    knows; UsageError if it is a path that was meant as an address.
    """
    if isinstance(path, Url):
        return _open_object(open_object(path), path)
    refuse_url(path)
    try:
        if (pictures := sequence_of(path)) is not None:
            return pictures.open(_container_options() | _LIMITS)
        if not path.exists() and path.is_symlink():
            raise VideoReadError(f"{path} is a link to {path.readlink()}, which does not exist", "renew the link, or delete it")
        if not path.exists():
            marked = str(path).startswith(("#", '"', "'"))  # as in a list from a program that has comments, or quotes
            hint = "names stand as they are, without quotes or comments" if marked else "check the spelling"
            raise VideoReadError(f"{path} does not exist", f"{hint}, or give the folder it lies in")
        if path.is_dir():
            raise VideoReadError(f"{path} is a folder, not a video", "name the videos in it")
        if path.stat().st_size == 0:
            raise VideoReadError(f"{path} is empty", "was it copied completely?")
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
        # The prefix keeps FFmpeg from taking a name such as 10:30.mp4 for an address.
        # Photographs are named to FFmpeg, which takes a % in their names for the number of one of many.
        return av.open(
            f"file:{path}",
            format=demuxer_of(path, head),
            metadata_errors="replace",
            container_options=_container_options(),
            options=_LIMITS if decoding or head[4:8] != b"ftyp" else _LIMITS | {"skip_frame": "all"},
        )
    except PermissionError as error:
        raise VideoReadError(f"{path} cannot be read: permission denied", "fix its permissions") from error
    except (av.error.FFmpegError, ValueError) as error:
        raise _no_video(path, error) from error
    except OSError as error:
        raise VideoReadError(f"{path} cannot be read: {reason(error)}", "check its name, and the disk it lies on") from error


def _open_object(file: ObjectFile, url: Url) -> InputContainer:
    if file.size == 0:
        raise VideoReadError(f"{url} is empty", "was it copied completely?")
    safe = _container_options() | {"protocol_whitelist": "none"}  # what is read is handed to FFmpeg, which opens nothing
    try:
        return av.open(file, "r", metadata_errors="replace", container_options=safe, options=_LIMITS)
    except (av.error.FFmpegError, ValueError, OSError) as error:
        raise _no_video(url, error) from error


def _no_video(path: Location, error: BaseException) -> VideoReadError:
    hint = "if it is a recording that was cut off, repair it first (a truncated mp4 has lost its index)"
    return VideoReadError(f"{path} is not a video that FFmpeg can open: {reason(error)}", hint)


_LIMITS = {"max_pixels": str(MOST_PIXELS)}


@functools.cache
def _container_options() -> dict[str, str]:
    return {"protocol_whitelist": "file", "format_whitelist": ",".join(sorted(av.formats_available - READ_OTHERS))}


def video_stream(container: InputContainer, path: Location | str) -> VideoStream:
    """The video stream that players show: one that the container marks as default, of several the largest, of equals the first.

    Cover pictures and previews for the time bar are no video. Raises VideoReadError if there is none, its picture is too large,
    or FFmpeg has no decoder for it.
    """
    streams = [s for s in container.streams.video if s.codec_context is not None]
    moving = [s for s in streams if not int(s.disposition) & int(PICTURES)]
    if not moving:
        what = "no video" + (", only sound" if container.streams.audio else "") + (" and a cover picture" if streams else "")
        raise VideoReadError(f"{path} holds {what}", "give a file with moving pictures")
    stream = max(moving, key=lambda s: (bool(int(s.disposition) & int(Disposition.default)), _pixels(s)))
    _refuse_size(path, stream.codec_context.width, stream.codec_context.height)
    stream.codec_context.options = dict(_LIMITS)  # pictures may grow on the way
    return stream


def _refuse_size(path: Location | str, width_px: int, height_px: int) -> None:
    if width_px * height_px > MOST_PIXELS:
        hint = f"the most is {MOST_PIXELS >> 20} Mi px; scale it first"
        raise VideoReadError(f"{path} claims a picture of {width_px} x {height_px} px", hint)


def _pixels(stream: VideoStream) -> int:
    return stream.codec_context.width * stream.codec_context.height


def probe(path: Location) -> Probe:
    """Probe a video. One in a bucket is pinned to the version that was probed. Raises VideoReadError if no frame of it can be
    decoded, or if it changes meanwhile."""
    if isinstance(path, Url):
        file = open_object(path)
        path = file.blocks.url
        if has_whole_index(file.blocks) and (found := _look(path, _open_object(file, path), file)) is not None:
            return found
    found = _look(path, open_video(path, decoding=False))
    assert found is not None
    return found


def _look(path: Location, opened: InputContainer, indexed: ObjectFile | None = None) -> Probe | None:
    """What all packets say, or if the file is `indexed` its index and the first of them; None if the two contradict."""
    with opened as container:
        before = fingerprint(path)
        stream = video_stream(container, path)
        orientation = _of_photograph(path) if container.format.name in DEMUXERS else None
        keys = [entry.is_keyframe for entry in stream.index_entries] if indexed else []
        scan = Scan(container, stream)
        first: av.VideoFrame | None = None
        try:
            for packet in container.demux(stream):
                scan.add(packet, keys[scan.seen : scan.seen + 1] == [True] if indexed else packet.is_keyframe)
                if first is None:
                    first = _first_frame(packet) if scan.seen == 1 else _try_decode(packet)
                    if indexed and first is not None:
                        indexed.hollow = True
                if orientation is not None and first is not None:
                    break  # what follows is a smaller copy, or how far away things are
        except (av.error.FFmpegError, OSError):
            pass  # a damaged tail: what came before it counts
        if first is None:
            raise VideoReadError(f"{path} holds no frame that can be decoded", "it may be damaged or encrypted")
        if indexed and scan.seen != len(keys):
            return None
        info = _describe(path, container, stream, first, scan)
        if orientation is not None:  # one frame, and no time
            width_px, height_px = Shape(first.width, first.height, info.sample_aspect, orientation).displayed
            info = replace(info, width_px=width_px, height_px=height_px, orientation=orientation, packets=1, photograph=True)
            info = replace(info, duration_s=0.0, average_rate=Fraction(0), steady=False, has_audio=False)
    if info.fingerprint != before:
        raise _changed(path)
    return Probe(info, (), ()) if info.photograph else Probe(info, *scan.keyframes())


def _of_photograph(path: Location) -> int:
    """The orientation of a photograph that is whole."""
    with path.open("rb") if isinstance(path, Path) else open_object(path) as file:
        content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise VideoReadError(f"{path} is a photograph of more than {MOST_BYTES >> 20} MiB", "scale it first")
    if not is_whole(content):
        raise VideoReadError(f"{path} is damaged or cut off", "copy it again from its origin")
    if (size := size_in(content)) is not None:
        _refuse_size(path, *size)
    return orientation_in(content)


def check_unchanged(info: VideoInfo) -> None:
    """Check that a file is still the one that was probed. Objects in buckets are pinned to their version. Raises VideoReadError
    if it has changed, or cannot be read any more."""
    if isinstance(info.path, Url) and info.path.tag:
        return
    if fingerprint(info.path) != info.fingerprint:
        raise _changed(info.path)


def _changed(path: Location) -> VideoReadError:
    return VideoReadError(f"{path} changed while it was analysed", "run the same command again when it is written completely")


def fingerprint(path: Location) -> str:
    """SHA-256 of the file's size and its first and last MiB: cheap, and different for recordings that differ. Raises
    VideoReadError if the file cannot be read."""
    if (pictures := sequence_of(path)) is not None:
        return pictures.fingerprint()[1]
    try:
        with path.open("rb") if isinstance(path, Path) else open_object(path) as file:
            size_bytes = file.seek(0, os.SEEK_END)
            digest = hashlib.sha256(str(size_bytes).encode())
            file.seek(0)
            digest.update(file.read(MIB))
            file.seek(max(MIB, size_bytes - MIB))
            digest.update(file.read(MIB))
    except OSError as error:
        raise VideoReadError(f"{path} cannot be read: {reason(error)}", "check that it is still there") from error
    return digest.hexdigest()


def _describe(path: Location, container: InputContainer, stream: VideoStream, frame: av.VideoFrame, scan: Scan) -> VideoInfo:
    shape = StreamShapes(container, stream).of(frame)
    rate = stream.average_rate or stream.guessed_rate or Fraction(0)
    frame_s = 1 / Fraction(rate) if rate > 0 else Fraction(0)
    duration_s = float((scan.last_pts - scan.origin_pts) * scan.time_base + (scan.last_duration * scan.time_base or frame_s))
    if duration_s <= 0 or scan.jumps:
        duration_s = float(scan.packets * frame_s)
    elif scan.untimed:  # a raw stream, whose clock counts frames
        duration_s = max(duration_s, float(scan.packets * frame_s))
    return VideoInfo(
        path=path,
        width_px=shape.displayed[0],
        height_px=shape.displayed[1],
        sample_aspect=shape.aspect,
        orientation=shape.orientation,
        time_base=scan.time_base,
        average_rate=Fraction(rate),
        steady=scan.steady(),
        origin_pts=scan.origin_pts,
        duration_s=max(duration_s, 0.0),
        codec=stream.codec_context.name,
        has_audio=bool(container.streams.audio),
        packets=scan.packets,
        size_bytes=container.size if (pictures := sequence_of(path)) is None else pictures.fingerprint()[0],
        fingerprint=fingerprint(path),
    )


def _first_frame(packet: av.Packet[VideoStream]) -> av.VideoFrame | None:
    """The frame of the first packet, without the packets that a decoder waits for to put frames in order."""
    context = packet.stream.codec_context
    if packet.is_keyframe:
        with contextlib.suppress(av.error.FFmpegError, ValueError):
            frames = [*context.decode(packet), *context.decode(None)]
            if frames:
                return frames[0]
        context.flush_buffers()
    return _try_decode(packet)


def _try_decode(packet: av.Packet[VideoStream]) -> av.VideoFrame | None:
    with contextlib.suppress(av.error.FFmpegError, ValueError):
        return next(iter(packet.decode()), None)
    return None


def reason(error: BaseException) -> str:
    return getattr(error, "strerror", None) or str(error)
