"""A file from a web server, known beforehand by its size and checksum, in as many attempts as it takes.

What has arrived is kept in a part file, and the next attempt asks for the rest only (RFC 9110, section 14): of the same
version, by If-Range, if the server gave one. Whatever servers and those between say, the checksum decides.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from feelit.errors import ModelError
from feelit.storage import waiting
from feelit.storage.errors import Fault
from feelit.storage.location import redacted
from feelit.storage.web import ELSEWHERE, NO_SUCH_PART, WebError, asked, broken

PAUSES_S = (1.0, 3.0, 9.0)
"""How long to wait before each new attempt."""

PIECE = 1 << 18
CONTENT_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file as it must be: its address, its size in bytes, and its SHA-256 in hexadecimal."""

    address: str
    size_bytes: int
    sha256: str


def download(remote: RemoteFile, part: Path, progress: Callable[[float], None]) -> None:
    """Make `part` the file that is remote, from where earlier attempts stopped.

    Parameters
    ----------
    remote : what to fetch
    part : stays when this fails or is interrupted; beside it lies a note of where it comes from
    progress : is called with the share that is there, 0..1

    Raises
    ------
    ModelError
        if it cannot be had, or is another file than the one that is remote.
    OSError
        if the disk is full or cannot be written.
    """
    pauses_s = iter(PAUSES_S)
    while True:
        try:
            _attempt(remote, part, progress)
        except WebError as error:
            if error.fault is NO_SUCH_PART:
                part.unlink(missing_ok=True)
            pause_s = next(pauses_s, None) if error.fault.transient else None
            if pause_s is None:
                raise ModelError(f"{redacted(remote.address)} {error.fault.reason}", error.fault.hint) from None
            waiting.say(f"{redacted(remote.address)} {error.fault.reason}; tried again in {pause_s:g} s")
            time.sleep(pause_s)
        else:
            _note(part).unlink(missing_ok=True)
            return


def _attempt(remote: RemoteFile, part: Path, progress: Callable[[float], None]) -> None:
    with part.open("a+b") as file:
        digest, there = hashlib.sha256(), 0
        file.seek(0)
        while piece := file.read(PIECE):
            digest.update(piece)
            there += len(piece)
        old = there > 0
        if there > remote.size_bytes:
            digest, there = hashlib.sha256(), 0
            file.truncate(0)
        if there < remote.size_bytes:
            progress(there / remote.size_bytes)
            with asked(remote.address, _rest(remote, part, there)) as response:
                if _begins_at(response, remote, there) == 0:
                    digest, there, old = hashlib.sha256(), 0, False
                    file.truncate(0)
                    _take_note(remote, part, response)
                for piece in _pieces(response, remote.size_bytes - there):
                    file.write(piece)
                    digest.update(piece)
                    there += len(piece)
                    progress(there / remote.size_bytes)
    if digest.hexdigest() == remote.sha256:
        return
    part.unlink()
    hint = f"somebody has changed it on the way or where it lies; {ELSEWHERE}"
    reason = f"is another file: its SHA-256 is {digest.hexdigest()}, not {remote.sha256}"
    raise WebError(Fault(reason, hint, transient=old))  # what was old may have been of another file


def _rest(remote: RemoteFile, part: Path, there: int) -> dict[str, str]:
    """The headers that ask for what is not there yet."""
    if not there:
        return {}
    try:
        note = json.loads(_note(part).read_text(encoding="utf-8"))
        tag = str(note["tag"]) if note["address"] == remote.address else ""
    except (OSError, ValueError, KeyError, TypeError):  # there is none, or it was being written when all ended
        tag = ""
    return {"Range": f"bytes={there}-"} | ({"If-Range": tag} if tag else {})


def _begins_at(response: http.client.HTTPResponse, remote: RemoteFile, there: int) -> int:
    """Where the content of an answer begins: `there`, or 0 from servers that send all of it.

    Raises
    ------
    WebError
        if it does not fit what is remote.
    """
    start, size = 0, response.headers.get("Content-Length")
    total = int(size) if size is not None and size.isdecimal() else remote.size_bytes
    if response.status == http.client.PARTIAL_CONTENT:
        found = CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
        if found is None or int(found[1]) != there:
            raise WebError(Fault("cannot be had: the server sent another part than it was asked for", ELSEWHERE))
        start, total = there, remote.size_bytes if found[2] == "*" else int(found[2])
    if total != remote.size_bytes:
        hint = f"a proxy or a page for logging in may have answered; {ELSEWHERE}"
        raise WebError(Fault(f"is another file: it has {total} bytes, not {remote.size_bytes}", hint))
    return start


def _pieces(response: http.client.HTTPResponse, rest: int) -> Iterator[bytes]:
    """The content as it arrives, `rest` bytes of it.

    Raises
    ------
    WebError
        if there are fewer, or more.
    """
    while True:
        try:
            piece = response.read1(PIECE)
        except (OSError, http.client.HTTPException) as error:
            raise broken(error) from error
        if not piece and rest:
            raise broken(ConnectionError())
        if not piece:
            return
        rest -= len(piece)
        if rest < 0:
            raise WebError(Fault("is another file: it goes on where it should end", ELSEWHERE))
        yield piece


def _note(part: Path) -> Path:
    return part.with_name(f"{part.name}.json")


def _take_note(remote: RemoteFile, part: Path, response: http.client.HTTPResponse) -> None:
    """Write down which version the part is of. Weak tags are no use: they may mean other bytes."""
    tag = response.headers.get("ETag", "")
    content = {"address": remote.address, "tag": "" if tag.startswith("W/") else tag}
    _note(part).write_text(json.dumps(content), encoding="utf-8")
