"""Searching folders for videos and photographs: files with known suffixes, and links."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from feelit.video.photographs import SUFFIXES as PHOTOGRAPHS

SUFFIXES = frozenset(
    {".3gp", ".asf", ".avi", ".flv", ".gif", ".m2ts", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg"}
    | {".mts", ".mxf", ".ogv", ".ts", ".vob", ".webm", ".wmv", ".y4m"}
)
"""What counts as a video inside a folder. A file that is named on the command line is opened whatever its name."""


@dataclass(slots=True)
class Search:
    """A folder, searched once; all paths are relative to it, in alphabetical order.

    Links to files count as files, also where they lead nowhere: whoever opens them says so. What begins with a dot is passed
    over. Folders that links lead to are searched if `follow_links` says so, after all others, and each folder once: a link to
    one that was searched already, as in a loop, is noted.

    Attributes
    ----------
    files : those with endings that count
    unread : folders that cannot be searched, with the reason, and links that lead nowhere and may have led to a folder
    notes : what was left out besides, a line each
    """

    folder: Path
    follow_links: bool = False
    files: list[str] = field(default_factory=list)
    unread: list[tuple[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    _searched: set[tuple[int, int]] = field(default_factory=set)
    _links: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._walk("")
        while self._links:  # walking finds more of them
            link = self._links.pop(0)
            place = self.folder / link
            if not self.follow_links:
                self.notes.append(f"{place} is a link to a folder and is left out (--follow-links searches it)")
            elif _identity(place) in self._searched:
                self.notes.append(f"{place} is a link to a folder that is searched already")
            else:
                self._walk(link + os.sep)
        self._choose()
        self.files.sort(key=lambda path: path.split(os.sep))  # noqa: PTH206  # a Path a file is slow

    def _choose(self) -> None:
        """Pictures count where there are no videos; beside videos they are covers and stills of these."""
        videos = [path for path in self.files if _suffix(path) in SUFFIXES]
        if videos and (pictures := len(self.files) - len(videos)):
            self.notes.append(left_out(str(self.folder), pictures))
            self.files = videos

    def _walk(self, inside: str) -> None:
        place = self.folder / inside
        try:
            with os.scandir(place) as found:
                entries = sorted((entry for entry in found if not entry.name.startswith(".")), key=lambda entry: entry.name)
        except OSError as error:
            self.unread.append((inside, f"cannot be searched: {error.strerror or error}"))
            return
        if self.follow_links:
            self._searched.add(_identity(place))
        for entry in entries:
            path = inside + entry.name
            if entry.is_dir(follow_symlinks=False):
                if not self.follow_links or _identity(self.folder / path) not in self._searched:
                    self._walk(path + os.sep)
                continue
            suffix = _suffix(entry.name)
            counts = suffix in SUFFIXES or suffix in PHOTOGRAPHS
            if not counts and (suffix or not entry.is_symlink()):
                if entry.is_symlink() and _leads_to(entry) == "folder":
                    self._links.append(path)
                continue
            self._take(entry, path, counts)

    def _take(self, entry: os.DirEntry[str], path: str, counts: bool) -> None:
        """A file with an ending that counts, or a link without any."""
        if not entry.is_symlink():
            if entry.is_file():
                self.files.append(path)
            return
        leads_to = _leads_to(entry)
        if leads_to == "folder":
            self._links.append(path)
        elif counts and leads_to in ("file", "nothing"):
            self.files.append(path)
        elif leads_to == "nothing":
            self.unread.append((path, f"is a link to {Path(entry.path).readlink()}, which does not exist"))


def left_out(folder: str, pictures: int) -> str:
    """The note about pictures beside videos."""
    what = "1 picture is" if pictures == 1 else f"{pictures} pictures are"
    return f"{folder} holds videos, so {what} left out (name them, or a folder without videos)"


def _suffix(path: str) -> str:
    return os.path.splitext(path)[1].lower()  # noqa: PTH122  # a Path a file is slow


def _leads_to(entry: os.DirEntry[str]) -> str:
    """The target of a link: "file", "folder", "other" for devices and pipes, or "nothing"."""
    try:
        if entry.is_dir():
            return "folder"
        return "file" if entry.is_file() else "other" if Path(entry.path).exists() else "nothing"
    except OSError:  # a link that leads to itself, or where nothing may be looked at
        return "nothing"


def _identity(place: Path) -> tuple[int, int]:
    try:
        found = place.stat()
    except OSError:  # gone meanwhile
        return (0, 0)
    return (found.st_dev, found.st_ino)
