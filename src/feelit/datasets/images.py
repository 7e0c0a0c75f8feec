"""Images that are decoded on access: a data set of photographs may be larger than the memory."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

import cv2
import numpy as np

from feelit.errors import UsageError
from feelit.types import Bool, Int64, UInt8
from feelit.video.photographs import is_whole

SUFFIXES = (".bmp", ".jpeg", ".jpg", ".png", ".webp")

MOST_IMAGE_BYTES = 1 << 28
"""No picture of a face is larger."""

Source = UInt8 | bytes | Path
"""Pixels, an encoded image, or the file that holds one."""


class Images:
    """N images of any size; `images[i]` is (H, W) uint8 luma, full range, upright."""

    def __init__(self, sources: Sequence[Source], origins: Sequence[str]) -> None:
        self._sources, self.origins = sources, origins  # origins: file and line or row of each, for messages

    def __len__(self) -> int:
        return len(self._sources)

    def __getitem__(self, index: int) -> UInt8:
        """Decode one.

        Raises
        ------
        UsageError
            if its file is missing, or it is damaged or no image.
        """
        source = self._sources[index]
        return source if isinstance(source, np.ndarray) else decode(source, self.origins[index])

    def __iter__(self) -> Iterator[UInt8]:
        return (self[i] for i in range(len(self)))

    def rows(self, where: Int64 | Bool) -> Images:
        """Those that an index array or a boolean mask selects."""
        chosen = np.arange(len(self))[where].tolist()
        return Images([self._sources[i] for i in chosen], [self.origins[i] for i in chosen])


def decode(source: bytes | Path, origin: str, color: Literal["luma", "bgr"] = "luma") -> UInt8:
    """An image in any format that OpenCV reads, (H, W) or (H, W, 3) uint8; what cameras note about "up" is heeded.

    Raises
    ------
    UsageError
        if the file is missing, or it is damaged, cut off or no image.
    """
    content = _read(source, origin) if isinstance(source, Path) else source
    if not is_whole(content):
        raise UsageError(f"{origin} is damaged or cut off", "copy it again from its origin, or leave it out")
    with _silent():
        try:
            kind = cv2.IMREAD_GRAYSCALE if color == "luma" else cv2.IMREAD_COLOR
            image = cv2.imdecode(np.frombuffer(content, np.uint8), kind) if content else None
        except cv2.error:  # too many pixels, for instance
            image = None
    if image is None:
        raise UsageError(f"{origin} is not an image that can be read", f"images are {', '.join(SUFFIXES)} files; leave it out")
    return np.asarray(image, np.uint8)


def _read(path: Path, origin: str) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(MOST_IMAGE_BYTES + 1)
    except OSError as error:
        what = "" if origin == str(path) else f": {path}"
        message = f"{origin}{what} cannot be read: {error.strerror or error}"
        raise UsageError(message, "copy it there, or leave it out") from error
    if len(content) > MOST_IMAGE_BYTES:
        raise UsageError(f"{origin} is larger than {MOST_IMAGE_BYTES >> 20} MiB", "a picture of a face is not; leave it out")
    return content


@contextlib.contextmanager
def _silent() -> Iterator[None]:
    """Suppress the warnings that OpenCV and its libraries write to standard error."""
    sys.stderr.flush()
    try:
        kept = os.dup(2)
    except OSError:  # closed, as in `feelit ... 2>&-`
        yield
        return
    try:
        with Path(os.devnull).open("w") as nothing:
            os.dup2(nothing.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
