"""Objects in buckets: look up, list, open, write, delete. All requests are made here."""

from __future__ import annotations

import functools
import importlib
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from feelit.errors import FeelitError, MissingExtraError, OutputError, VideoReadError
from feelit.storage.blocks import Blocks, ObjectFile, Pace, read_s3, refuse_foreign_listing
from feelit.storage.errors import AGAIN_HINT, CHANGED, ForeignError, IncompleteError, attempt, fault_of
from feelit.storage.location import Url

CONNECT_S, ANSWER_S = 5, 20
"""The time that a storage may take to connect, and to answer."""

PART = 16 << 20
"""Objects from twice this size on are sent in parts. They appear when the last one has arrived."""

Kind = type[FeelitError]
Info = dict[str, Any]


class _FileSystem(Protocol):
    """What of fsspec is used."""

    retries: int

    def info(self, path: str) -> Info: ...
    def find(self, path: str, detail: bool, prefix: str) -> dict[str, Info]: ...
    def cat_file(self, path: str, *, start: int, end: int, timeout: float) -> bytes: ...
    def rm_file(self, path: str) -> None: ...
    def put_file(self, local: str, path: str, **options: Any) -> None: ...


def info(url: Url, kind: Kind) -> Info | None:
    """What the storage knows of an object, or knew when it was listed; None if there is none: a folder counts as none.

    Raises an error of this kind if the storage does not answer.
    """
    return _listed[url] if url in _listed else _asked(url, kind)


def _asked(url: Url, kind: Kind) -> Info | None:
    system = _system(url.scheme)

    def request() -> Info | None:
        try:
            found = _look(system, url)
        except FileNotFoundError as error:
            if fault_of(error, url).missing:
                return None
            raise
        return found if found["type"] == "file" else None

    return attempt(request, url, kind)


def find(folder: Url, kind: Kind, beginning: str = "") -> list[Url]:
    """The objects below a folder, in alphabetical order; only those whose names in it have this beginning. Raises an error
    of this kind if the storage does not answer."""
    system, prefix = _system(folder.scheme), folder.path.rstrip("/")

    def request() -> dict[Url, Info]:
        found = sorted(system.find(prefix, detail=True, prefix=beginning).items())
        if not found and folder.scheme == "s3":
            refuse_foreign_listing(system, folder)
        inside = [(name, info) for name, info in found if name.startswith(f"{prefix}/") and not name.endswith("/")]
        return {Url(folder.scheme, *name.split("/", 1)): info for name, info in inside if info["type"] == "file"}

    there = attempt(request, folder, kind)
    _listed.update(there)
    return list(there)


def forget() -> None:
    """Drop the listings that are kept, as a run begins."""
    _listed.clear()


_listed: dict[Url, Info] = {}
"""Objects of earlier listings, so that ten thousand need no request each."""


def open_object(url: Url, kind: Kind = VideoReadError) -> ObjectFile:
    """An object as a file to read, from its beginning. Raises an error of this kind if it is missing, is not the version
    that `url` is pinned to, or cannot be read."""
    blocks = _latest.get(url)
    if blocks is None:
        blocks = _connect(url, kind)
        _latest.clear()
        if blocks.url.tag:  # without one nobody would know whether it is still the same
            _latest[blocks.url] = blocks
    return ObjectFile(blocks, url.name)


_latest: dict[Url, Blocks] = {}
"""The last object that was opened, by its version, so that the segments of a video share its index."""


def _look(system: _FileSystem, url: Url) -> Info:
    """What the storage says of an object, or of a folder."""
    found = system.info(url.path)
    if url.scheme == "s3" and found["type"] == "file" and not found.get("ETag"):
        raise ForeignError("no entity tag, which every storage of this kind gives")
    return found


def _connect(url: Url, kind: Kind) -> Blocks:
    system, found = _system(url.scheme), _asked(url, kind)
    if found is None:
        fault = fault_of(FileNotFoundError(url.path), url)
        raise kind(f"{url} {fault.reason}", fault.hint)
    tag, size = str(found.get("ETag") or found.get("etag") or ""), int(found["size"])
    if url.tag and tag != url.tag:
        raise kind(f"{url} {CHANGED}", AGAIN_HINT)
    pinned = replace(url, tag=tag)

    def fetch(start: int, end: int) -> bytes:
        def request() -> bytes:
            pace = Pace(ANSWER_S)
            if url.scheme == "s3":
                return read_s3(system, pinned, start, end, size, pace)
            data = system.cat_file(url.path, start=start, end=end, timeout=pace.limit_s(end - start))
            if len(data) != end - start:
                raise IncompleteError(f"{len(data)} of {end - start} bytes")
            return data

        return attempt(request, url, kind)

    return Blocks(pinned, size, fetch)


def write(file: Path, url: Url, replace: bool) -> None:
    """Make an object of a local file, in one step: nobody ever sees a part of it. Raises OutputError if it exists already and
    is not to be replaced, or cannot be written."""
    system = _system(url.scheme)

    def request() -> None:
        size, mode = file.stat().st_size, "overwrite" if replace else "create"
        try:
            system.put_file(str(file), url.path, chunksize=PART, mode=mode, timeout=Pace(ANSWER_S).limit_s(size))
        except Exception as error:
            if not fault_of(error, url).exists:
                raise
            # An attempt whose answer was lost may have succeeded: then what is in the way is our own.
            if not _same(file, url):
                raise FileExistsError(url.path) from error
        try:
            found = _look(system, url)
        except FileNotFoundError:
            found = {}
        if found.get("size") != size:  # what answers anything with success has stored nothing
            raise ForeignError(f"{found.get('size')} of {size} bytes are there")
        written.append(found)

    written: list[Info] = []
    _listed.pop(url, None)
    attempt(request, url, OutputError)
    _listed[url] = written[-1]


def delete(url: Url) -> None:
    """Remove an object; it need not be there. Raises OutputError if the storage refuses."""
    system = _system(url.scheme)
    _listed.pop(url, None)

    def request() -> None:
        with suppress(FileNotFoundError):  # S3 takes it for done, Google does not
            system.rm_file(url.path)

    attempt(request, url, OutputError)


def _same(file: Path, url: Url) -> bool:
    with file.open("rb") as mine, closing(open_object(url, OutputError)) as theirs:
        if file.stat().st_size != theirs.size:
            return False
        while piece := mine.read(1 << 20):
            if theirs.read(len(piece)) != piece:
                return False
    return True


@functools.cache
def _system(scheme: str) -> _FileSystem:
    """The file system of a storage, configured as its own tools are. Raises MissingExtraError if the package for it is not
    installed."""
    package = {"s3": "s3fs", "gs": "gcsfs"}[scheme]
    try:
        module = importlib.import_module(package)
    except ImportError as error:
        extra = "pip install 'feelit[s3]'" if scheme == "s3" else f"pip install {package}"
        raise MissingExtraError(f"{scheme}:// needs the package {package}", extra) from error
    system: _FileSystem
    if scheme == "gs":
        system = module.GCSFileSystem(use_listings_cache=False)
        return system
    config = {"connect_timeout": CONNECT_S, "read_timeout": ANSWER_S, "retries": {"total_max_attempts": 1}}
    settings = {"use_listings_cache": False, "skip_instance_cache": True, "max_concurrency": 4}
    system = module.S3FileSystem(config_kwargs=config, **settings)
    system.retries = 1  # `attempt` tries again, and nobody else
    return system
