"""Requests to web servers, their failures in words, and downloads that continue where they stopped.

The standard library's urllib is enough for one file at a time: it goes through the proxies that HTTP_PROXY, HTTPS_PROXY and
NO_PROXY name, checks certificates, and follows redirections.

A download is known beforehand by its size and checksum. What has arrived is kept in a part file, and the next attempt asks for
the rest only (RFC 9110, section 14): of the same version, by If-Range, if the server gave one. Whatever servers and proxies
say, the checksum decides.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import re
import socket
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from feelit import __version__
from feelit.errors import ModelError, UsageError
from feelit.storage import waiting
from feelit.storage.errors import AGAIN, Fault
from feelit.storage.location import redacted

PATIENCE_S = 30.0
"""How long a server may take to answer, and to go on."""

BY_HAND = "or fetch the file by other means and give it with --file"
ELSEWHERE = f"choose another server with --from, {BY_HAND}"
NO_SUCH_PART = Fault("has changed since a part of it was fetched", "run the same command again", transient=True)
ANSWERS = {
    401: Fault("is refused: the server answered 401", f"the server wants a login; {ELSEWHERE}"),
    403: Fault("is refused: the server answered 403", ELSEWHERE),
    404: Fault("is not there: the server answered 404", ELSEWHERE),
    407: Fault(
        "cannot be reached: the proxy wants a name and a password",
        "set HTTPS_PROXY and HTTP_PROXY to http://NAME:PASSWORD@HOST:PORT",
    ),
    410: Fault("is not there any more: the server answered 410", ELSEWHERE),
    416: NO_SUCH_PART,
}
TUNNEL = re.compile(r"Tunnel connection failed: (\d{3})")
"""How http.client says that a proxy refuses a connection through it."""


class WebError(Exception):
    """A question that was not answered as it should be."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.reason)
        self.fault = fault


def check_address(address: str) -> None:
    """Refuse what is no plain address of a web server. Raises UsageError if it does not begin with http:// or https://, names
    no server, or carries credentials."""
    try:
        parts = urlsplit(address)
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:  # a port that is no number, brackets that do not close
        sound = False
    if not sound or not address.isascii() or not address.isprintable() or " " in address:
        hint = "an address is https://SERVER/FOLDER, in ASCII without spaces"
        raise UsageError(f"{redacted(address)} is no address of a web server", hint)
    if "@" in parts.netloc:
        raise UsageError(f"{redacted(address)} holds credentials", "choose a server that needs none, or fetch the file by hand")


@contextmanager
def asked(address: str, headers: dict[str, str]) -> Iterator[http.client.HTTPResponse]:
    """The answer of a web server, which is 2xx and not yet read. Raises WebError if there is none, or another."""
    everything = {"User-Agent": f"feelit/{__version__}", "Accept-Encoding": "identity"} | headers
    request = urllib.request.Request(address, headers=everything)  # noqa: S310  # http and https are all that `_opener` knows
    try:
        response = _opener().open(request, timeout=PATIENCE_S)
    except urllib.error.HTTPError as error:
        error.close()
        raise WebError(_answered(error.code)) from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise WebError(_unanswered(error, address)) from error
    with response:
        yield response


def _opener() -> urllib.request.OpenerDirector:
    """Proxies, HTTP and HTTPS, and nothing else: the usual opener would read files and call FTP servers as well."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.UnknownHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPRedirectHandler(),
        urllib.request.HTTPErrorProcessor(),
    ):
        opener.add_handler(handler)
    return opener


def broken(error: OSError | http.client.HTTPException) -> WebError:
    """What happened while an answer was read."""
    reason = f"stopped: nothing came for {PATIENCE_S:g} s" if isinstance(error, TimeoutError) else "broke off"
    return WebError(Fault(reason, "run the same command again to go on", transient=True))


def _answered(status: int) -> Fault:
    hint = "run the same command again later" if status in AGAIN else ELSEWHERE
    return ANSWERS.get(status) or Fault(f"cannot be had: the server answered {status}", hint, transient=status in AGAIN)


def _unanswered(error: Exception, address: str) -> Fault:
    cause = error.reason if isinstance(error, urllib.error.URLError) else error
    way = _proxy(address)
    check = f"check the network{f' and the proxy {way}' if way else ''}, {BY_HAND}"
    if tunnel := TUNNEL.search(str(cause)):
        if tunnel[1] == "407":
            return ANSWERS[407]
        return Fault(f"cannot be reached: the proxy answered {tunnel[1]}", check, transient=int(tunnel[1]) in AGAIN)
    if isinstance(cause, ssl.SSLCertVerificationError):
        hint = "check the clock, or set SSL_CERT_FILE to the certificates of your organisation"
        return Fault(f"cannot be reached: the certificate is not trusted: {cause.verify_message}", hint)
    if isinstance(cause, ssl.SSLError):
        return Fault("cannot be reached: there is no secure connection", check)
    if isinstance(cause, socket.gaierror):
        return Fault(f"cannot be reached: the name of the {'proxy' if way else 'server'} is not known", check)
    if isinstance(cause, TimeoutError):
        return Fault(f"cannot be reached: no answer within {PATIENCE_S:g} s", check, transient=True)
    if isinstance(cause, OSError):  # refused, reset, or no way there
        return Fault(f"cannot be reached: {(cause.strerror or 'the connection was closed').lower()}", check, transient=True)
    if isinstance(cause, str):  # "unknown url type", after a redirection
        return Fault("cannot be had: the server leads to what is no web server", ELSEWHERE)
    if isinstance(cause, ValueError | http.client.InvalidURL):  # the address itself was looked at before
        return Fault("cannot be reached: the address of the proxy makes no sense", check)
    return Fault("cannot be reached: what answers is no web server", check)


def _proxy(address: str) -> str:
    """The proxy on the way to an address, without its password; empty if there is none."""
    parts = urlsplit(address)
    proxy = urllib.request.getproxies().get(parts.scheme, "")
    return "" if urllib.request.proxy_bypass(parts.hostname or "") else redacted(proxy)


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
    """Download a file to `part`, from where earlier attempts stopped. Raises ModelError if it cannot be downloaded, or has
    another checksum; OSError if the disk is full or cannot be written.

    The part stays when this fails or is interrupted; beside it lies a note of where it comes from. `progress` is called with
    the share that is there, 0..1.
    """
    for pause_s in (*PAUSES_S, None):
        try:
            _attempt(remote, part, progress)
        except WebError as error:
            if error.fault is NO_SUCH_PART:
                part.unlink(missing_ok=True)
            if pause_s is None or not error.fault.transient:
                raise ModelError(f"{redacted(remote.address)} {error.fault.reason}", error.fault.hint) from None
            waiting.say(f"{redacted(remote.address)} {error.fault.reason}; tried again in {pause_s:g} s")
            time.sleep(pause_s)
        else:
            _note(part).unlink(missing_ok=True)
            return


def _attempt(remote: RemoteFile, part: Path, progress: Callable[[float], None]) -> None:
    with part.open("a+b") as file:
        file.seek(0)
        digest = hashlib.file_digest(file, "sha256")
        there = file.tell()
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
    """Where the content of an answer begins: `there`, or 0 from servers that send all of it. Raises WebError if it does not fit
    what is remote."""
    start, size = 0, response.headers.get("Content-Length", "")
    total = int(size) if size.isdecimal() else remote.size_bytes
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
    """The content as it arrives, `rest` bytes of it. Raises WebError if there are fewer, or more."""
    while True:
        try:
            piece = response.read1(PIECE)
        except (OSError, http.client.HTTPException) as error:
            raise broken(error) from error
        if not piece:
            break
        rest -= len(piece)
        if rest < 0:
            raise WebError(Fault("is another file: it goes on where it should end", ELSEWHERE))
        yield piece
    if rest:
        raise broken(ConnectionError())


def _note(part: Path) -> Path:
    return part.with_name(f"{part.name}.json")


def _take_note(remote: RemoteFile, part: Path, response: http.client.HTTPResponse) -> None:
    """Write down which version the part is of. Weak tags are no use: they may mean other bytes."""
    tag = response.headers.get("ETag", "")
    content = {"address": remote.address, "tag": "" if tag.startswith("W/") else tag}
    _note(part).write_text(json.dumps(content), encoding="utf-8")
