"""An object as a file: read in blocks, ahead where it is read in order, each block once.

FFmpeg reads 32 KiB at a time and goes back and forth between pictures and sound. A request for each read would be thousands, so
whole blocks are fetched and kept; whoever reads on gets twice as many with every request.
"""

from __future__ import annotations

import io
import os
import threading
from collections import OrderedDict
from collections.abc import Callable

from feelit.storage.location import Url

BLOCK = 1 << 20
"""What one request fetches at least. A round trip costs about as much as this many bytes."""

MOST_AHEAD = 4
"""So many blocks are fetched with one request where reading is in order."""

KEPT = 64
"""So many blocks are kept, the latest used: the index of ten hours of video, and what is being read."""


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
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        while len(self._runs) > KEPT:
            self._runs.popitem(last=False)


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
        wanted = self.size - self._position if size is None or size < 0 else size
        end = min(self._position + wanted, self.size)
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
