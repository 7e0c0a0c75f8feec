"""Whether a Ray cluster answers at an address, found out in seconds: Ray itself would try for minutes."""

from __future__ import annotations

import os
import socket
from urllib.parse import urlsplit

from feelit.errors import FeelitError, UsageError

KNOCK_S = 5.0
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(3) + b"\x04" + bytes(5)
"""How an HTTP/2 client begins (RFC 9113, section 3.4), with an empty SETTINGS frame. Ray speaks gRPC, which answers in kind."""

SETTINGS = 4
STARTING = "start one with: ray start --head; docs/clusters.md tells more"


def reachable(address: str) -> str:
    """The address of a cluster, "auto" resolved, at which something speaks its language.

    Raises
    ------
    UsageError
        if it is no address.
    FeelitError
        if nothing answers there, or something else.
    """
    found = _found(address)
    try:
        parts = urlsplit(found if "//" in found else f"//{found}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or not port:
        raise UsageError(f"--ray-address {address} is no address", "give auto, HOST:PORT, or ray://HOST:PORT")
    try:
        with socket.create_connection((host, port), KNOCK_S) as connection:
            if os.environ.get("RAY_USE_TLS", "0") != "1":  # else only those with a certificate may speak
                connection.sendall(PREFACE)
                answer = connection.recv(9)
                if len(answer) < 9 or answer[3] != SETTINGS:
                    raise FeelitError(f"what answers at {found} is no Ray cluster", "6379 is the usual port, 10001 with ray://")
    except OSError as error:
        raise FeelitError(f"no Ray cluster answers at {found}: {error.strerror or error}", STARTING) from error
    return found


def _found(address: str) -> str:
    """The cluster that Ray's tools mean by "auto"."""
    if address != "auto":
        return address
    if named := os.environ.get("RAY_ADDRESS"):
        return named
    from ray._private.services import canonicalize_bootstrap_address  # no public function tells without connecting

    try:
        found: str | None = canonicalize_bootstrap_address("auto")
    except ConnectionError:
        found = None
    if found is None:
        raise FeelitError("no Ray cluster runs on this machine", STARTING)
    return found
