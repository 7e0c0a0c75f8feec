"""What the index of an .mp4 says of its packets, so that a video in a bucket is probed without reading it.

FFmpeg's demuxer takes times, sizes and keyframes of an .mp4 from its index, and touches the packets only to hand them out. So
once a frame was decoded it is fed zeros in their place: it reports the same sizes and times, and nothing is fetched.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator

from feelit.storage.blocks import ObjectFile

MOST_BOXES = 64
"""A film in one piece has a handful of boxes; one in fragments has thousands."""


def has_whole_index(file: ObjectFile) -> bool:
    """Whether a file is an .mp4 or .mov with one index for all of it; ISO 14496-12, 4.2 and 8.8.

    The position of the file is left where it was.
    """
    before = file.tell()
    try:
        kinds = list(_boxes(file))
    finally:
        file.seek(before)
    return len(kinds) <= MOST_BOXES and kinds.count(b"moov") == 1 and not {b"moof", b"sidx", b"styp"} & set(kinds)


def _boxes(file: ObjectFile) -> Iterator[bytes]:
    """The kinds of the outermost boxes, one more than wanted at most; nothing follows what is no box."""
    offset = 0
    for _ in range(MOST_BOXES + 1):
        file.seek(offset, os.SEEK_SET)
        head = file.read(16)
        if len(head) < 8:
            return
        size, kind = struct.unpack(">I4s", head[:8])
        if size == 1 and len(head) == 16:
            (size,) = struct.unpack(">Q", head[8:])
        yield kind
        if size < 8:  # 0 stands for the rest of the file
            return
        offset += size
