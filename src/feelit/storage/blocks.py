"""An object as a file: read in blocks, ahead where it is read in order, each block once, at no less than a minimum rate.

FFmpeg reads 32 KiB at a time and goes back and forth between pictures and sound. A request for each read would be thousands, so
whole blocks are fetched and kept, and sequential reading fetches twice as many with each request.
"""

from __future__ import annotations

import io
import os
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from feelit.storage import waiting
from feelit.storage.errors import ChangedError, ForeignError, IncompleteError, SlowError
from feelit.storage.location import Url

BLOCK = 1 << 20
"""The least that one request fetches. A round trip costs about as much as this many bytes."""

MOST_AHEAD = 4
"""The most blocks that one request fetches where reading is in order."""

KEPT = 64
"""The number of blocks that are kept, the last used ones: the index of ten hours of video, and what is being read."""


class Blocks:
    """The bytes of one object, as far as they were fetched.

    Attributes
    ----------
    url : the object, pinned to the version that is read
    size : in bytes
    requests, fetched : how often, and how many bytes, `fetch` was asked for
    """

    def __init__(self, url: Url, size: int, fetch: Callable[[int, int], bytes]) -> None:
        self.url, self.size = url, size
        self.requests = self.fetched = 0
        self._fetch = fetch
        self._kept: OrderedDict[int, bytes] = OrderedDict()
        self._runs: OrderedDict[int, int] = OrderedDict()  # where a stretch that was fetched ends: its length
        self._lock = threading.Lock()

    def read(self, start: int, end: int) -> bytes:
        """Bytes start..end, fewer at the end of the object. Raises what `fetch` raises."""
        end = min(end, self.size)
        with self._lock:
            parts = []
            for number in range(start // BLOCK, -(-end // BLOCK)):
                offset = number * BLOCK
                parts.append(self._block(number)[max(start - offset, 0) : end - offset])
            return b"".join(parts)

    def _block(self, number: int) -> bytes:
        if number not in self._kept:
            self._get(number)
        self._kept.move_to_end(number)
        return self._kept[number]

    def _get(self, first: int) -> None:
        """Fetch a block, and those after it if it continues what was fetched before."""
        run = min(2 * self._runs.pop(first, 0), MOST_AHEAD) or 1
        last = first + 1
        while last < first + run and last * BLOCK < self.size and last not in self._kept:
            last += 1
        data = self._fetch(first * BLOCK, min(last * BLOCK, self.size))
        self.requests += 1
        self.fetched += len(data)
        for number in range(first, last):
            self._kept[number] = data[(number - first) * BLOCK : (number + 1 - first) * BLOCK]
        self._runs[last] = run
        for known in (self._kept, self._runs):
            while len(known) > KEPT:
                known.popitem(last=False)


class ObjectFile(io.RawIOBase):
    """An object as a binary file that is read; several may share the same blocks.

    Attributes
    ----------
    name : by which FFmpeg recognises some containers
    size : in bytes
    hollow : give zeros for what was not fetched yet, and make no request
    """

    def __init__(self, blocks: Blocks, name: str) -> None:
        self.blocks, self.name, self.size = blocks, name, blocks.size
        self.hollow = False
        self._position = 0
        self._failed = False

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Always."""
        return True

    def tell(self) -> int:
        """The position, in bytes."""
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move, and return the new position."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self.size}[whence]
        self._position = max(0, base + offset)
        return self._position

    def read(self, size: int | None = -1) -> bytes:
        """Up to `size` bytes, all to the end if negative; less only at the end.

        After a failure, which is raised once, there is nothing to read: FFmpeg asks again, and PyAV prints what it cannot
        raise.
        """
        end = self.size if size is None or size < 0 else min(self._position + size, self.size)
        if self._failed or end <= self._position:
            return b""
        try:
            data = bytes(end - self._position) if self.hollow else self.blocks.read(self._position, end)
        except BaseException:
            self._failed = True
            raise
        self._position = end
        return data

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # the stub wants any Buffer
        """Fill a buffer, as buffered readers ask."""
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


NEWS_S = 5.0
"""The interval in which a longer transfer reports its progress."""

CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/")


class Pace:
    """The time that a transfer may take: `answer_s`, and its bytes at the minimum rate."""

    least_bytes_per_s = 8 << 10
    """The minimum rate of this process: an option of a run, which its workers get with their tasks."""

    def __init__(self, answer_s: float) -> None:
        self._answer_s, self._least = answer_s, Pace.least_bytes_per_s
        self._started_s = time.monotonic()

    @property
    def spent_s(self) -> float:
        """The time since the transfer began."""
        return time.monotonic() - self._started_s

    def left_s(self, received: int) -> float:
        """The time that the next bytes may take after `received` bytes; raises SlowError if none is left."""
        left_s = self._answer_s + received / self._least - self.spent_s
        if left_s <= 0:
            raise SlowError(f"{received} bytes in {self.spent_s:.1f} s")
        return left_s

    def limit_s(self, size: int) -> float:
        """The time that a transfer of `size` bytes may take."""
        return self._answer_s + size / self._least


def read_s3(system: Any, url: Url, start: int, end: int, size: int, pace: Pace) -> bytes:
    """Bytes start..end of the version of an object that `url` is pinned to. Raises ForeignError if the answer is not from the
    storage, but from something in between; ChangedError if the object is another version now; SlowError, IncompleteError if too
    little comes, or comes too slowly; and what s3fs raises."""
    from fsspec.asyn import sync

    condition = {"IfMatch": url.tag} if url.tag else {}
    ask = {"Bucket": url.bucket, "Key": url.key, "Range": f"bytes={start}-{end - 1}", **condition}
    answer = system.call_s3("get_object", **ask)
    body = answer["Body"]
    try:
        _refuse_foreign(answer, url, start, end, size)
        data: bytes = sync(system.loop, _receive, body, end - start, url, pace)
    finally:
        with suppress(Exception):  # of a connection that is given up
            body.close()
    return data


def refuse_foreign_listing(system: Any, folder: Url) -> None:
    """A page that is no listing looks like one of nothing, but names no bucket; raises ForeignError."""
    answer = system.call_s3("list_objects_v2", Bucket=folder.bucket, Prefix=folder.key, MaxKeys=1)
    if answer.get("Name") != folder.bucket:
        raise ForeignError("no listing")


def _refuse_foreign(answer: dict[str, Any], url: Url, start: int, end: int, size: int) -> None:
    """A proxy, or a page for logging in, answers anything with 200 and what it likes: without a tag, or without the range."""
    found = CONTENT_RANGE.match(str(answer.get("ContentRange") or ""))
    given = (int(found[1]), int(found[2]) + 1) if found else (0, size)
    if given != (start, end) or not answer.get("ETag"):
        raise ForeignError("no entity tag, or another range")
    if url.tag and answer["ETag"] != url.tag:  # of a storage that does not know the condition
        raise ChangedError(answer["ETag"])


async def _receive(body: Any, wanted: int, url: Url, pace: Pace) -> bytes:
    import asyncio  # which takes as long to load as a network, and local files do without

    received = bytearray()
    news_s = NEWS_S
    while len(received) < wanted:
        left_s = pace.left_s(len(received))
        try:
            piece = await asyncio.wait_for(body.read(wanted - len(received)), left_s)
        except TimeoutError as error:
            raise SlowError(f"{len(received)} of {wanted} bytes in {pace.spent_s:.1f} s") from error
        if not piece:
            raise IncompleteError(f"{len(received)} of {wanted} bytes")
        received += piece
        if pace.spent_s > news_s:
            news_s = pace.spent_s + NEWS_S
            waiting.say(f"waiting for {url}: {len(received) >> 10} of {wanted >> 10} KiB after {pace.spent_s:.0f} s")
    return bytes(received)
