"""Bytes of an object, at no less than the lowest rate that is put up with, and of no other object than was meant."""

from __future__ import annotations

import re
import time
from contextlib import suppress
from typing import Any

from feelit.storage import waiting
from feelit.storage.errors import ChangedError, ForeignError, IncompleteError, SlowError
from feelit.storage.location import Url

NEWS_S = 5.0
"""How often a transfer that takes longer says how far it is."""

CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/")


class Pace:
    """How long a transfer may take: `answer_s`, and its bytes at the lowest rate that is put up with."""

    least_bytes_per_s = 8 << 10
    """Of this process: the option of a run, which its workers get with their tasks."""

    def __init__(self, answer_s: float) -> None:
        self._answer_s, self._least = answer_s, Pace.least_bytes_per_s
        self._started_s = time.monotonic()

    @property
    def spent_s(self) -> float:
        """Since the transfer began."""
        return time.monotonic() - self._started_s

    def left_s(self, received: int) -> float:
        """How long the next bytes may take, once so many were received; raises SlowError if that is no time at all."""
        left_s = self._answer_s + received / self._least - self.spent_s
        if left_s <= 0:
            raise SlowError(f"{received} bytes in {self.spent_s:.1f} s")
        return left_s

    def limit_s(self, size: int) -> float:
        """How long a whole transfer may take."""
        return self._answer_s + size / self._least


def read_s3(system: Any, url: Url, start: int, end: int, size: int, pace: Pace) -> bytes:
    """Bytes start..end of the version of an object that `url` is pinned to.

    Raises
    ------
    ForeignError
        if the answer is not from the storage, but from something in between.
    ChangedError
        if the object is another version now.
    SlowError, IncompleteError
        if too little comes, or comes too slowly.
    Exception
        what s3fs raises.
    """
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
