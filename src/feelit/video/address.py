"""Addresses of cameras and streams, as users give them and as FFmpeg takes them."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import av.device
import av.error

from feelit.errors import UsageError, VideoReadError

SCHEMES = frozenset({"http", "https", "rtmp", "rtmps", "rtp", "rtsp", "rtsps", "srt", "tcp", "udp"})
"""FFmpeg's protocols for cameras and streams, without those for files."""

BRIEF = {"analyzeduration": "2000000"}
"""FFmpeg analyses a stream for at most two seconds, instead of five or more."""


@dataclass(frozen=True, slots=True)
class Address:
    """A camera or a stream; `name` can be shown: it holds no password and no key."""

    name: str
    kind: Literal["device", "url"]
    target: str = field(repr=False)
    format: str | None = None
    options: dict[str, str] = field(default_factory=dict)


def address_of(given: str | None) -> Address | None:
    """The camera or stream of an address, or of the path or number of a camera; None for a file. None given stands for the
    first camera. Raises UsageError for what is empty or cannot be watched; VideoReadError if Windows knows no such camera."""
    if given == "":
        raise UsageError("the source is empty", "a variable that is not set? Without a source the first camera is watched")
    if given is None or given.isdecimal():
        return _camera(int(given or 0))
    if match := re.match(r"([A-Za-z][A-Za-z0-9+.-]*)://", given):
        scheme = match[1].lower()
        if scheme not in SCHEMES:
            raise UsageError(
                f"{scheme}:// cannot be watched", f"known: {', '.join(sorted(SCHEMES))}; files are named by their path"
            )
        options = BRIEF | ({"rtsp_flags": "prefer_tcp"} if scheme.startswith("rtsp") else {})
        return Address(_without_secrets(given), "url", given, None, options)
    if Path(given).is_char_device():
        return Address(given, "device", given, "v4l2", BRIEF)
    return None


def _camera(number: int) -> Address:
    """A camera by its number among those of this computer."""
    if sys.platform == "darwin":  # most cameras of Macs refuse the 29.97 frames/s that FFmpeg asks for
        return Address(f"avfoundation:{number}", "device", f"{number}:none", "avfoundation", BRIEF | {"framerate": "30"})
    if sys.platform == "win32":
        name = _directshow_name(number)
        return Address(f"dshow:{name}", "device", f"video={name}", "dshow", BRIEF)
    return Address(f"/dev/video{number}", "device", f"/dev/video{number}", "v4l2", BRIEF)


def _directshow_name(number: int) -> str:
    """Windows gives cameras names only."""
    try:
        found = [d.name for d in av.device.enumerate_input_devices("dshow") if "video" in d.media_types]
    except (av.error.FFmpegError, ValueError):
        found = []
    if number >= len(found):
        raise VideoReadError(f"there is no camera {number}", f"found: {', '.join(found) or 'none'}")
    return found[number]


def _without_secrets(url: str) -> str:
    """An address without user, password and query, which may hold a key."""
    try:
        parts = urlsplit(url)
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
        port = f":{parts.port}" if parts.port else ""
    except ValueError as error:
        raise UsageError("this is no address", f"{error}") from None
    return f"{parts.scheme}://{host}{port}{parts.path}"
