"""Questions about a file or an object: whether it exists, its size and time, and whether two names are one file."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

from feelit.errors import FeelitError, OutputError, TimelineReadError
from feelit.storage import objects
from feelit.storage.blocks import ObjectFile
from feelit.storage.location import Location, Url, refuse_url


class Stamp(NamedTuple):
    """The size of a file and the time of its last change."""

    size_bytes: int
    mtime_ns: int


def stamp(place: Location, kind: type[FeelitError] = OutputError) -> Stamp | None:
    """None if there is no such file. A listing that has shown an object has shown all of this. Raises an error of this kind
    if the storage does not answer; OSError if the disk does not."""
    if isinstance(place, Url):
        info = objects.info(place, kind)
        if info is None:
            return None
        written = next((info[name] for name in ("LastModified", "mtime", "updated") if info.get(name)), None)
        return Stamp(int(info["size"]), int(written.timestamp() * 1e9) if isinstance(written, datetime) else 0)
    try:
        found = place.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return Stamp(found.st_size, found.st_mtime_ns) if stat.S_ISREG(found.st_mode) else None


def exists(place: Location) -> bool:
    """Whether a file or a folder is there, or an object. Raises OutputError if the storage does not answer, OSError if
    the disk does not; UsageError if it is a path that was meant as an address."""
    if isinstance(place, Url):
        return objects.info(place, OutputError) is not None
    refuse_url(place)
    return place.exists()


def is_folder(place: Location) -> bool:
    """Whether it is a folder that exists; in a bucket, an address that ends in a slash or names nothing but the bucket."""
    return place.is_dir() if isinstance(place, Path) else not place.name or place.key.endswith("/")


class InputFiles:
    """The files and objects that a command reads, known by device and inode, so through links as well.

    They are looked at when an output is first compared with them.
    """

    def __init__(self, places: Iterable[Location]) -> None:
        self._places = places
        self._known: dict[object, Location] | None = None

    def find(self, place: Location) -> Location | None:
        """The input that is the same file, under whatever name; None if there is none."""
        if self._known is None:
            self._known = {_identity(given): given for given in self._places}
            self._known.pop(None, None)
        return self._known.get(_identity(place))


def _identity(place: Location) -> object:
    """What two names of one file have in common; None for what is missing, or cannot be looked at."""
    if isinstance(place, Url):
        return (place.scheme, place.path)
    try:
        found = place.stat()
    except (OSError, ValueError):  # ValueError: a name with a NUL
        return None
    return (found.st_dev, found.st_ino)


def files_below(place: Path, names: Collection[str] = ()) -> Iterator[Path]:
    """A file, or all files of a folder and its subfolders, without those directly in it that are called one of `names`."""
    if not place.is_dir():
        yield place
        return
    for folder, _, files in os.walk(place):
        yield from (Path(folder, file) for file in files if Path(folder) != place or file not in names)


def named(folder: Location, pattern: str) -> list[Location]:
    """The files of a folder, without those of its subfolders, whose names match a pattern with a beginning. Raises
    TimelineReadError if the storage does not answer."""
    if isinstance(folder, Path):
        return list(folder.glob(pattern))
    found = objects.find(folder, TimelineReadError, pattern.partition("*")[0])
    return [url for url in found if fnmatchcase(url.key.removeprefix((folder / "").key), pattern)]


def remove(place: Location) -> None:
    """Delete a file; it need not be there. Raises OutputError if the storage refuses; OSError if the disk does."""
    if isinstance(place, Url):
        objects.delete(place)
    else:
        place.unlink(missing_ok=True)


def readable(place: Location) -> Path | ObjectFile:
    """A file or an object in the form that Arrow reads. Raises TimelineReadError if it is an object that is missing or
    cannot be read; UsageError if it is a path that was meant as an address."""
    if isinstance(place, Url):
        return objects.open_object(place, TimelineReadError)
    refuse_url(place)
    return place
