"""Photographs: files of one picture without a time, recognised by their first bytes, and turned as their cameras note.

FFmpeg decodes them as videos of one frame. What is done here is what it leaves to others: the orientation in EXIF (JEITA
CP-3451, tag 274) of JPEG, PNG (eXIf), WebP and TIFF, whether a file is whole, and the names of what cannot be read.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from feelit.errors import VideoReadError

SUFFIXES = frozenset({".avif", ".bmp", ".heic", ".heif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"})
"""What counts as a photograph inside a folder without videos. HEIC and AVIF count, so that they are named as not supported."""

MOST_BYTES = 1 << 28
"""No photograph is larger."""

HEAD_BYTES = 1 << 16

JPEG, PNG, BMP = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"BM"
TIFFS = (b"II*\0", b"MM\0*")
ORIENTATION = 274
STREAMS = (".mjpeg", ".mjpg")
"""Endings of videos that are JPEG pictures one after the other."""

HEIF_BRANDS = frozenset({b"avif", b"heic", b"heim", b"heis", b"heix", b"mif1"})

END, FILL, ALONE = 0xD9, 0xFF, (0x00, 0x01, *range(0xD0, 0xD8))
"""What follows the byte 255 in a JPEG: at its end, for padding, and where no segment begins (ITU-T T.81, table B.1)."""

APP1, SCAN = 0xE1, 0xDA
FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""Segments of a JPEG that begin a picture, with its size."""


def demuxer_of(path: Path, head: bytes) -> str | None:
    """FFmpeg's name for the format of a photograph, by the first HEAD_BYTES of its file; None for all else, animations and
    streams of JPEG pictures included. Raises VideoReadError if it is a picture of a kind that is not supported."""
    if head.startswith(JPEG):
        return None if path.suffix.lower() in STREAMS else "jpeg_pipe"
    if head.startswith(PNG):
        return None if b"acTL" in head.partition(b"IDAT")[0] else "png_pipe"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        if head[12:16] == b"VP8X" and head[20:21] and head[20] & 2:
            hint = "make a GIF, a PNG or a video of it with another program"
            raise VideoReadError(f"{path} is an animated WebP, which FFmpeg cannot decode", hint)
        return "webp_pipe"
    if head[4:8] == b"ftyp" and head[8:12] in HEIF_BRANDS:
        kind = "AVIF" if head[8:12] == b"avif" else "HEIC"
        raise VideoReadError(f"{path} is a photograph in {kind}, which is not supported", "convert it to JPEG or PNG")
    if head.startswith(TIFFS):
        return "tiff_pipe"
    return "bmp_pipe" if head.startswith(BMP) else None


DEMUXERS = frozenset({"jpeg_pipe", "png_pipe", "webp_pipe", "tiff_pipe", "bmp_pipe"})


def is_whole(content: bytes) -> bool:
    """Whether a PNG, JPEG or WebP has its end: decoders fill what is missing with grey, and say nothing or too much."""
    if content.startswith(PNG):
        return _is_whole_png(content)
    if content[:4] == b"RIFF":
        return len(content) >= 8 + int.from_bytes(content[4:8], "little")
    return not content.startswith(JPEG) or any(kind == END for kind, _, _ in _segments(content))


def _is_whole_png(content: bytes) -> bool:
    for name, start, end in _chunks(content, len(PNG), "big"):
        if end + 4 > len(content) or zlib.crc32(content[start - 4 : end]) != int.from_bytes(content[end : end + 4]):
            return False
        if name == b"IEND":
            return True
    return False


def _segments(content: bytes) -> Iterator[tuple[int, int, int]]:
    """The segments of a JPEG up to its end: kind, and where the content begins and ends. A segment may hold a picture of its
    own: the small one for overviews."""
    place = 2
    while 0 <= (place := content.find(b"\xff", place)) < len(content) - 1:
        kind = content[place + 1]
        if kind == FILL or kind in ALONE:
            place += 1 if kind == FILL else 2
            continue
        start, place = place + 4, place + 2 + int.from_bytes(content[place + 2 : place + 4])
        yield kind, start, place
        if kind == END:
            return


def size_in(content: bytes) -> tuple[int, int] | None:
    """Width and height that a PNG or JPEG claims, before anything of it is decoded; None where it claims none."""
    if content.startswith(PNG):
        return (int.from_bytes(content[16:20]), int.from_bytes(content[20:24])) if content[12:16] == b"IHDR" else None
    for kind, start, _ in _segments(content) if content.startswith(JPEG) else ():
        if kind in FRAMES and start + 5 <= len(content):
            return int.from_bytes(content[start + 3 : start + 5]), int.from_bytes(content[start + 1 : start + 3])
    return None


def orientation_in(content: bytes) -> int:
    """How a photograph is to be turned and mirrored, 1 to 8, see `shape.Shape`; 1 where its EXIF data do not say."""
    if content.startswith(JPEG):
        exif = _exif_in_jpeg(content)
    elif content.startswith(PNG):
        exif = _chunk(content, len(PNG), b"eXIf", "big")
    elif content[:4] == b"RIFF":
        exif = _chunk(content, 12, b"EXIF", "little")
    else:
        exif = content if content.startswith(TIFFS) else b""
    return _orientation(exif.removeprefix(b"Exif\0\0"))


def _exif_in_jpeg(content: bytes) -> bytes:
    for kind, start, end in _segments(content):
        if kind == APP1 and content[start : start + 6] == b"Exif\0\0":
            return content[start:end]
        if kind == SCAN:
            break
    return b""


def _chunks(content: bytes, place: int, order: Literal["big", "little"]) -> Iterator[tuple[bytes, int, int]]:
    """The chunks of a PNG (length, name, content, checksum; "big") or a RIFF file (name, length, content): name, and where the
    content begins and ends."""
    while place + 8 <= len(content):
        first, second = content[place : place + 4], content[place + 4 : place + 8]
        name, length = (second, first) if order == "big" else (first, second)
        end = place + 8 + int.from_bytes(length, order)
        yield name, place + 8, end
        place = end + (4 if order == "big" else end % 2)  # RIFF files begin at an even place


def _chunk(content: bytes, place: int, wanted: bytes, order: Literal["big", "little"]) -> bytes:
    return next((content[start:end] for name, start, end in _chunks(content, place, order) if name == wanted), b"")


def _orientation(tiff: bytes) -> int:
    """What the first directory of a TIFF structure says (TIFF 6.0, section 2)."""
    if not tiff.startswith(TIFFS):
        return 1
    order = "<" if tiff[:1] == b"I" else ">"
    try:
        (start,) = struct.unpack_from(f"{order}I", tiff, 4)
        (count,) = struct.unpack_from(f"{order}H", tiff, start)
        for entry in range(count):
            tag, kind, values, value = struct.unpack_from(f"{order}HHIH", tiff, start + 2 + 12 * entry)
            if tag == ORIENTATION:
                return value if kind == 3 and values == 1 and 1 <= value <= 8 else 1
    except struct.error:
        pass
    return 1
