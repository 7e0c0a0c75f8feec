"""Photographs for tests: a face, or four quarters of different luma, in every format and orientation."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import cv2
import numpy as np

from feelit.types import UInt8
from tests.video.clips import face_patch

QUARTERS = (40, 90, 150, 220)
"""Luma of the quarters of an upright picture: upper left, upper right, lower left, lower right."""


def quarters(width: int = 96, height: int = 64) -> UInt8:
    """(H, W, 3) uint8."""
    picture = np.zeros((height, width, 3), np.uint8)
    for i, luma in enumerate(QUARTERS):
        y, x = divmod(i, 2)
        picture[y * height // 2 :, x * width // 2 :] = luma if y or x else QUARTERS[0]
    for i, luma in enumerate(QUARTERS):
        y, x = divmod(i, 2)
        picture[y * height // 2 : (y + 1) * height // 2, x * width // 2 : (x + 1) * width // 2] = luma
    return picture


def face(side_px: int = 240) -> UInt8:
    """(side, side, 3) uint8 BGR: one face on grey."""
    patch = face_patch()[0][:, :, ::-1]
    scale = 0.7 * side_px / max(patch.shape[:2])
    small = cv2.resize(patch, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    picture = np.full((side_px, side_px, 3), 128, np.uint8)
    y, x = (side_px - small.shape[0]) // 2, (side_px - small.shape[1]) // 2
    picture[y : y + small.shape[0], x : x + small.shape[1]] = small
    return picture


def stored(picture: UInt8, orientation: int) -> UInt8:
    """How a camera stores an upright picture whose EXIF data say `orientation` (TIFF 6.0, tag 274: where row 0 and column 0
    of the stored picture lie in the upright one)."""
    row_bottom, column_right = orientation in (3, 4, 7, 8), orientation in (2, 3, 6, 7)
    if orientation >= 5:  # rows of the stored picture are columns of the upright one
        turned = picture.swapaxes(0, 1)
        first = turned[::-1] if orientation in (6, 7) else turned
        return np.ascontiguousarray(first[:, ::-1] if orientation in (7, 8) else first)
    first = picture[::-1] if row_bottom else picture
    return np.ascontiguousarray(first[:, ::-1] if column_right else first)


def exif(orientation: int, order: str = "<") -> bytes:
    """A TIFF structure with one entry."""
    mark = b"II*\0" if order == "<" else b"MM\0*"
    entry = struct.pack(f"{order}HHIHH", 274, 3, 1, orientation, 0)
    return mark + struct.pack(f"{order}IH", 8, 1) + entry + struct.pack(f"{order}I", 0)


def with_exif(content: bytes, orientation: int, order: str = "<") -> bytes:
    """An encoded JPEG, PNG or WebP with an orientation."""
    data = exif(orientation, order)
    if content.startswith(b"\xff\xd8"):
        body = b"Exif\0\0" + data
        return content[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + content[2:]
    if content.startswith(b"\x89PNG"):
        chunk = struct.pack(">I", len(data)) + b"eXIf" + data + struct.pack(">I", zlib.crc32(b"eXIf" + data))
        return content[:33] + chunk + content[33:]  # behind the header
    picture = content[12:]
    image = cv2.imdecode(np.frombuffer(content, np.uint8), 1)
    assert image is not None
    height, width = image.shape[:2]
    sizes = struct.pack("<I", width - 1)[:3] + struct.pack("<I", height - 1)[:3]
    extended = b"VP8X" + struct.pack("<I", 10) + b"\x08\0\0\0" + sizes
    chunk = b"EXIF" + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)
    body = b"WEBP" + extended + picture + chunk
    return b"RIFF" + struct.pack("<I", len(body)) + body


def encoded(picture: UInt8, suffix: str) -> bytes:
    """In the format of an ending."""
    done, content = cv2.imencode(suffix, picture)
    assert done
    return content.tobytes()


def write(path: Path, picture: UInt8, orientation: int = 1) -> Path:
    """Store an upright picture as a camera would."""
    content = encoded(stored(picture, orientation), path.suffix)
    path.write_bytes(content if orientation == 1 else with_exif(content, orientation))
    return path
