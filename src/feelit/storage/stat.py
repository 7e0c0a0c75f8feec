"""What can be asked of a file, wherever it is."""

from __future__ import annotations

import stat
from datetime import datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

from feelit.errors import FeelitError, OutputError, TimelineReadError
from feelit.storage import objects
from feelit.storage.blocks import ObjectFile
from feelit.storage.location import Location, Url, refuse_url


class Stamp(NamedTuple):
    """What changes when a file does: its size, and when it was last written."""

    size_bytes: int
    mtime_ns: int


def stamp(place: Location, kind: type[FeelitError] = OutputError) -> Stamp | None:
    """None if there is no such file. A listing that has shown an object has shown all of this.

    Raises
    ------
    FeelitError
        of this kind, if the storage does not answer.
    OSError
        if the disk does not.
    """
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
    """Whether a file or a folder is there, or an object.

    Raises
    ------
    FeelitError
        OutputError, if the storage does not answer; UsageError, if it is a path that was meant as an address.
    OSError
        if the disk does not.
    """
    if isinstance(place, Url):
        return objects.info(place, OutputError) is not None
    refuse_url(place)
    return place.exists()


def named(folder: Location, pattern: str) -> list[Location]:
    """The files of a folder, without those of its subfolders, whose names match a pattern with a beginning.

    Raises
    ------
    FeelitError
        TimelineReadError, if the storage does not answer.
    """
    if isinstance(folder, Path):
        return list(folder.glob(pattern))
    found = objects.find(folder, TimelineReadError, pattern.partition("*")[0])
    return [url for url in found if fnmatchcase(url.key.removeprefix((folder / "").key), pattern)]


def remove(place: Location) -> None:
    """Delete a file; it need not be there.

    Raises
    ------
    FeelitError
        OutputError, if the storage refuses.
    OSError
        if the disk does.
    """
    if isinstance(place, Url):
        objects.delete(place)
    else:
        place.unlink(missing_ok=True)


def readable(place: Location) -> Path | ObjectFile:
    """What Arrow can read a table from.

    Raises
    ------
    FeelitError
        TimelineReadError, if it is an object that is missing or cannot be read; UsageError, if it is a path that was meant as
        an address.
    """
    if isinstance(place, Url):
        return objects.open_object(place, TimelineReadError)
    refuse_url(place)
    return place
