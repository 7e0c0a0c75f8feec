"""Finding a Ray cluster, in seconds, where Ray itself would try for minutes; and joining it, quietly."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import socket
import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from feelit.errors import FeelitError, MissingExtraError, UsageError

KNOCK_S = 5.0
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(3) + b"\x04" + bytes(5)
"""How an HTTP/2 client begins (RFC 9113, section 3.4), with an empty SETTINGS frame. Ray speaks gRPC, which answers in kind."""

SETTINGS = 4
JOINING = "run it on a node of the cluster, or through ray://HOST:10001; Ray and Python must be the same there"
STARTING = "start one with: ray start --head; see docs/clusters.md"


def import_ray() -> Any:
    """The package.

    Raises
    ------
    MissingExtraError
        if it is not installed.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # else it reports home
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # else it warns that it will hide GPUs no more
    try:
        import ray
        import ray.exceptions
    except ImportError as error:
        raise MissingExtraError("--engine ray needs Ray, which is not installed", "pip install 'feelit[ray]'") from error
    return ray


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
    from ray._private.services import canonicalize_bootstrap_address  # no public function gives it without connecting

    try:
        found: str | None = canonicalize_bootstrap_address("auto")
    except ConnectionError:
        found = None
    if found is None:
        raise FeelitError("no Ray cluster runs on this machine", STARTING)
    return found


@contextlib.contextmanager
def joined(ray: Any, address: str) -> Iterator[None]:
    """Be a driver of the cluster, and as quiet a one as may be. Who is one already stays one.

    Raises
    ------
    FeelitError
        if it does not let us.
    """
    if ray.is_initialized():
        yield
        return
    handler = signal.getsignal(signal.SIGTERM)
    try:
        ray.init(address, logging_level=logging.CRITICAL, log_to_driver=False)
    except Exception as error:  # connections fail in a dozen ways
        raise FeelitError(f"the Ray cluster at {address} cannot be joined: {first_line(error)}", JOINING) from error
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, handler)  # Ray puts its own there
    ray._private.worker._worker_logs_enabled = False  # news of nodes that died would go to standard output, among the results
    try:
        yield
    finally:
        ray._private.worker._worker_logs_enabled = True
        ray.shutdown()


def first_line(error: Exception) -> str:
    """What an error says, without the pages that follow."""
    return next(iter(str(error).splitlines()), type(error).__name__)
