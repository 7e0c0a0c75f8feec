"""Questions to web servers, and what can go wrong with them, in words.

The standard library's urllib is enough for one file at a time: it goes through the proxies that HTTP_PROXY, HTTPS_PROXY and
NO_PROXY name, checks certificates, and follows redirections.
"""

from __future__ import annotations

import http.client
import re
import socket
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from feelit import __version__
from feelit.errors import UsageError
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
    """Refuse what is no plain address of a web server.

    Raises
    ------
    UsageError
        if it does not begin with http:// or https://, names no server, or carries credentials.
    """
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
    """The answer of a web server, which is 2xx and not yet read.

    Raises
    ------
    WebError
        if there is none, or another.
    """
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
    if isinstance(error, TimeoutError):
        reason = f"stopped: nothing came for {PATIENCE_S:g} s"
        return WebError(Fault(reason, "run the same command again to go on", transient=True))
    return WebError(Fault("broke off", "run the same command again to go on", transient=True))


def _answered(status: int) -> Fault:
    if known := ANSWERS.get(status):
        return known
    if status in AGAIN:
        return Fault(f"cannot be had: the server answered {status}", "run the same command again later", transient=True)
    return Fault(f"cannot be had: the server answered {status}", ELSEWHERE)


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
