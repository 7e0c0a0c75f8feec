"""Where a file is: a path of this machine, or an object in a bucket."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TypeAlias
from urllib.parse import unquote

from feelit.errors import UsageError

SCHEMES = ("s3", "gs")
"""Storages whose objects are read and written."""

ADDRESS = re.compile(r"([a-z][a-z0-9+.-]*)://", re.IGNORECASE)
COLLAPSED = re.compile(r"([a-z][a-z0-9+.-]+):$", re.IGNORECASE)
"""What a path makes of the beginning of an address: it takes // for /. One letter is a disk of Windows."""

QUERY = re.compile(r"\?[\w.-]+=")


@dataclass(frozen=True, slots=True)
class Url:
    """An object in a bucket, or the beginning that the names of several have in common.

    `tag` is the entity tag of the version that is meant; empty stands for whatever is there.
    """

    scheme: str
    bucket: str
    key: str
    tag: str = ""

    def __str__(self) -> str:
        return f"{self.scheme}://{self.bucket}/{self.key}"

    def __truediv__(self, name: str) -> Url:
        folder = self.key.rstrip("/")
        return Url(self.scheme, self.bucket, f"{folder}/{name}" if folder else name)

    @property
    def path(self) -> str:
        """The bucket and the key, as libraries want them."""
        return f"{self.bucket}/{self.key}"

    @property
    def name(self) -> str:
        """What the object would be called in a folder."""
        return PurePosixPath(self.key).name

    @property
    def parent(self) -> Url:
        """The folder that the object would be in."""
        return Url(self.scheme, self.bucket, self.key.rpartition("/")[0])

    @property
    def suffix(self) -> str:
        """The ending of the name, with its dot; none where the address ends in / and so means a folder."""
        return "" if self.key.endswith("/") else PurePosixPath(self.key).suffix

    def place(self, folder: Url | None = None) -> str:
        """Where the object lies below `folder`, else below the storage: a relative path that leads nowhere else.

        Keys are any text, so the parts that mean something to a file system are written as percent codes.
        """
        key = self.path if folder is None else self.key.removeprefix(folder.key).removeprefix("/")
        return "/".join(map(_harmless, key.split("/")))


Location: TypeAlias = Path | Url


def object_called(name: str) -> Url | None:
    """The object that a timeline calls so, None if it is the name of a file."""
    match = ADDRESS.match(name)
    if match is None or match[1] not in SCHEMES:
        return None
    bucket, _, key = name[match.end() :].partition("/")
    return Url(match[1], bucket, key)


def location(given: str | os.PathLike[str]) -> Location:
    """What a user's text means: `s3://` and `gs://` are objects, `file://` and everything without `://` are paths. Raises
    UsageError if it is an address of another kind, names no bucket, or carries credentials."""
    text = os.fspath(given)
    if (match := ADDRESS.match(text)) is None:
        return Path(text)
    scheme, rest = match[1].lower(), text[match.end() :]
    if scheme == "file":
        return _local(rest)
    if scheme not in SCHEMES:
        hint = "addresses begin with s3://, gs:// or file://; anything else is a path"
        raise UsageError(f"{redacted(text)} cannot be read or written", hint)
    bucket, _, key = rest.partition("/")
    if "@" in bucket or QUERY.search(rest):
        hint = "credentials come from the environment or the usual configuration files, see docs/storage.md"
        raise UsageError(f"{redacted(text)} holds more than a bucket and a key", hint)
    if not bucket:
        raise UsageError(f"{redacted(text)} names no bucket", f"as in {scheme}://bucket/folder/video.mp4")
    if re.search("[\ud800-\udfff]", text):  # bytes that are no text
        raise UsageError(f"{redacted(text)} is not UTF-8", "keys of objects are text")
    return Url(scheme, bucket, key)


def absolute(place: Location) -> Location:
    """The same place for a process with another working folder."""
    return place.absolute() if isinstance(place, Path) else place


def refuse_url(path: Path) -> None:
    """A command that works on local files says so where it is given an address, which as a path has lost a slash. Raises
    UsageError if the path was meant as an address."""
    first, *rest = path.parts or ("",)
    match = COLLAPSED.match(first)
    if match is None or not rest or Path(first).exists():
        return
    hint = "copy it to this machine first; docs/storage.md says which commands take addresses"
    address = redacted(f"{match[1]}://" + "/".join(rest))
    raise UsageError(f"{address} is an address, and a local file is needed here", hint)


def redacted(address: str) -> str:
    """An address without what may be secret in it: the user's name and password, and the query."""
    shown = re.sub(r"(://)[^/@]*@", r"\1...@", address)
    return re.sub(r"\?.*", "?...", shown, flags=re.DOTALL)


def _local(rest: str) -> Path:
    host, slash, path = rest.partition("/")
    if host not in ("", "localhost"):
        raise UsageError(f"{redacted(f'file://{rest}')} lies on another machine", "a local file is file:///folder/name")
    return Path(unquote(slash + path))


def _harmless(part: str) -> str:
    """A part of a key as the name of a file, which is no way up, not empty, and one part on any system."""
    if part in ("", ".", ".."):
        return part.replace(".", "%2E") or "%2F"
    return part.replace("\\", "%5C").replace("\0", "%00")
