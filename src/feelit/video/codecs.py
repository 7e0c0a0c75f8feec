"""Which FFmpeg is inside PyAV, and what it can write."""

from __future__ import annotations

import av
from av.codec import Codec


def ffmpeg_version() -> str:
    """The version of FFmpeg that PyAV was built with."""
    return str(av.ffmpeg_version_info)


def can_encode(codec: str) -> bool:
    """Whether there is an encoder of that name, by FFmpeg's spelling: libx264, libx265, libvpx-vp9 ..."""
    try:
        return bool(Codec(codec, "w").is_encoder)
    except ValueError:  # PyAV's UnknownCodecError is one
        return False
