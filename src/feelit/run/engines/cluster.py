"""Finds a Ray cluster within seconds, where Ray itself would try for minutes, and joins it without Ray's messages."""

from __future__ import annotations

import atexit
import contextlib
import io
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from feelit.errors import FeelitError, MissingExtraError, UsageError

CONNECT_S = 5.0
CHECK_S = 2.0
LOST_S = 20.0
"""Timeout of a connection, interval of checks of the head node, and time without an answer after which it is lost."""

LEAVE_S = 5.0
"""Timeout of leaving a cluster, for one that is lost."""

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(3) + b"\x04" + bytes(5)
"""The preface of an HTTP/2 client (RFC 9113, section 3.4) with an empty SETTINGS frame. Ray uses gRPC, which answers with
another."""

SETTINGS = 4
JOINING = "run it on a node of the cluster, or through ray://HOST:10001; Ray and Python must be the same there"
STARTING = "start one with: ray start --head; see docs/clusters.md"


def import_ray() -> Any:
    """The package `ray`. Raises MissingExtraError if it is not installed."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # else it sends usage statistics
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # else it warns of a future change
    try:
        import ray
        import ray.exceptions
    except ImportError as error:
        raise MissingExtraError("--engine ray needs Ray, which is not installed", "pip install 'feelit[ray]'") from error
    return ray


def reachable(address: str) -> str:
    """The address of a cluster, with "auto" resolved, after checking that a gRPC server answers there. Raises UsageError if it
    is not an address; FeelitError if nothing answers there, or something other than gRPC.
    """
    found = _found(address)
    host, port = _host_and_port(found)
    if not host or not port:
        raise UsageError(f"--ray-address {address} is not an address", "give auto, HOST:PORT, or ray://HOST:PORT")
    try:
        with socket.create_connection((host, port), CONNECT_S) as connection:
            if os.environ.get("RAY_USE_TLS", "0") != "1":  # with TLS, a certificate would be needed
                connection.sendall(PREFACE)
                answer = connection.recv(9)
                if len(answer) < 9 or answer[3] != SETTINGS:
                    raise FeelitError(f"{found} is not a Ray cluster", "6379 is the usual port, 10001 with ray://")
    except OSError as error:
        raise FeelitError(f"no Ray cluster answers at {found}: {error.strerror or error}", STARTING) from error
    return found


def _host_and_port(address: str) -> tuple[str | None, int | None]:
    try:
        parts = urlsplit(address if "//" in address else f"//{address}")
        return parts.hostname, parts.port
    except ValueError:
        return None, None


def lost(address: str, why: str) -> FeelitError:
    """The error of a run that lost its cluster."""
    return FeelitError(f"the Ray cluster at {address} was lost: {why}", "run the same command again to resume")


class Head:
    """Watches the head node of the cluster. Ray itself notices its loss after a minute, and ends the process.

    A head that is restarted within `LOST_S` counts as the same one, as it does for Ray.
    """

    def __init__(self, ray: Any, address: str) -> None:
        self._address = address
        known = address
        if not address.startswith("ray://"):
            with contextlib.suppress(Exception):  # the process may have been a driver of another address before
                known = str(ray.get_runtime_context().gcs_address)
        self._place = _host_and_port(known)
        self._next_s = self._heard_s = time.monotonic()
        self.answers = True

    def check(self) -> None:
        """Connect to the head if a check is due. Raises FeelitError if nothing has answered for `LOST_S`."""
        host, port = self._place
        if not host or not port or time.monotonic() < self._next_s:
            return
        try:
            socket.create_connection((host, port), CONNECT_S).close()
        except OSError:
            self.answers = False
            if time.monotonic() - self._heard_s > LOST_S:
                raise lost(self._address, f"its head has not answered for {LOST_S:g} s") from None
        else:
            self.answers, self._heard_s = True, time.monotonic()
        self._next_s = time.monotonic() + CHECK_S


def _found(address: str) -> str:
    """The address of a cluster; "auto" is resolved as by Ray's tools."""
    if address != "auto":
        return address
    if named := os.environ.get("RAY_ADDRESS"):
        return named
    from ray._private.services import canonicalize_bootstrap_address  # no public function does this without connecting

    try:
        found: str | None = canonicalize_bootstrap_address("auto")
    except ConnectionError:
        found = None
    if found is None:
        raise FeelitError("no Ray cluster runs on this machine", STARTING)
    return found


@contextlib.contextmanager
def joined(ray: Any, address: str) -> Iterator[None]:
    """Join the cluster as a driver for the block, with Ray's messages suppressed. A process that has joined already stays so.

    Raises
    ------
    FeelitError
        if the cluster cannot be joined.
    """
    if ray.is_initialized():
        yield
        return
    with _quiet():  # until it is left: messages may come at any moment
        handler = signal.getsignal(signal.SIGTERM)
        try:
            ray.init(address, logging_level=logging.CRITICAL, log_to_driver=False)
        except Exception as error:  # connections fail in a dozen ways
            raise FeelitError(f"the Ray cluster at {address} cannot be joined: {line_of(error)}", JOINING) from error
        finally:
            if threading.current_thread() is threading.main_thread():
                signal.signal(signal.SIGTERM, handler)  # Ray installs its own
        ray._private.worker._worker_logs_enabled = False  # messages about dead nodes
        try:
            yield
        finally:
            _leave(ray)
            ray._private.worker._worker_logs_enabled = True


def _leave(ray: Any) -> None:
    """Leave the cluster, in a thread: Ray waits for a lost head, and would do so again at the end of the program."""
    thread = threading.Thread(target=ray.shutdown, name="ray-leave", daemon=True)
    thread.start()
    thread.join(LEAVE_S)
    if thread.is_alive():
        atexit.unregister(ray.shutdown)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Drop what Ray's threads print about its nodes on standard output, which is for results."""
    given = sys.stdout

    class Filtered(io.TextIOBase):
        def write(self, text: str) -> int:
            name = threading.current_thread().name
            return len(text) if name.startswith("ray") or "(_log_main)" in name else given.write(text)

        def flush(self) -> None:
            given.flush()

        def isatty(self) -> bool:
            return given.isatty()

        def fileno(self) -> int:
            return given.fileno()

    sys.stdout = filtered = Filtered()
    try:
        yield
    finally:
        if sys.stdout is filtered:
            sys.stdout = given


def line_of(error: Exception, which: int = 0) -> str:
    """A line of an error's message, the first one by default."""
    return (str(error).splitlines() or [type(error).__name__])[which]
