"""What is to be explained: an image file, or a moment of a video."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from feelit.datasets.images import decode
from feelit.errors import UsageError, VideoReadError
from feelit.storage.location import refuse_url
from feelit.storage.names import as_text
from feelit.times import is_time, parse_time
from feelit.types import UInt8


@dataclass(frozen=True, slots=True)
class Source:
    """An image, or the moment of a video at `time_s`, in seconds on the player's clock."""

    path: Path
    time_s: float | None = None

    @classmethod
    def parse(cls, text: str) -> Source:
        """What a user's text means: a file that there is, whatever its name; otherwise VIDEO@TIME, otherwise a file."""
        path, at, moment = text.rpartition("@")
        if not at or not path or not is_time(moment) or _is_file(Path(text)):
            return cls(Path(text))
        return cls(Path(path), parse_time(moment, "VIDEO@"))

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
