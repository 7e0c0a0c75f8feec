"""What is to be explained: an image file, or a moment of a video."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from feelit.datasets.images import decode
from feelit.errors import UsageError, VideoReadError
from feelit.storage.location import refuse_url
from feelit.storage.names import as_text
from feelit.types import MOST_S, UInt8

MOMENT = re.compile(r"(?:(?:(\d+):)?(\d{1,2}):)?(\d+(?:\.\d*)?)", re.ASCII)
"""Seconds, minutes and seconds, or hours, minutes and seconds, as in 83.5, 1:23.5 and 0:01:23.5."""


@dataclass(frozen=True, slots=True)
class Source:
    """An image, or the moment of a video at `time_s`, in seconds on the player's clock."""

    path: Path
    time_s: float | None = None

    @classmethod
    def parse(cls, text: str) -> Source:
        """What a user's text means: a file that there is, whatever its name; otherwise VIDEO@TIME, otherwise a file."""
        path, at, moment = text.rpartition("@")
        found = MOMENT.fullmatch(moment)
        if not at or not path or found is None or _is_file(Path(text)):
            return cls(Path(text))
        hours, minutes, seconds = (float(part or 0) for part in found.groups())
        time_s = 3600 * hours + 60 * minutes + seconds
        if (found[2] and seconds >= 60) or (found[1] and minutes >= 60) or time_s > MOST_S:
            raise UsageError(f"{moment} is no time", "give seconds, as in VIDEO@83.5, or minutes, as in VIDEO@1:23.5")
        return cls(Path(path), time_s)

    @property
    def name(self) -> str:
        """The path, as text that can be stored."""
        return as_text(self.path)


def read_image(path: Path) -> UInt8:
    """Read an image in any format that OpenCV reads, turned upright as its EXIF data say.

    Returns
    -------
    (H, W, 3) uint8, BGR

    Raises
    ------
    VideoReadError
        if the file is missing, damaged, or no image.
    UsageError
        if it is a path that was meant as an address.
    """
    refuse_url(path)
    try:
        return decode(path, str(path), "bgr")
    except UsageError as error:
        hint = "name an image that is whole, or a moment of a video, as in VIDEO@83.5"
        raise VideoReadError(error.message, hint) from error


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name that is too long
        return False
