"""Finding a Ray cluster, in seconds, where Ray itself would try for minutes; and joining it, quietly."""

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

KNOCK_S = 5.0
LOOK_S = 2.0
SILENT_S = 20.0
"""How long a connection may take, how often the head is looked for, and how long it may be away."""

LEAVE_S = 5.0
"""How long leaving a cluster may take; one that is lost is not waited for."""

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
    host, port = _host_and_port(found)
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


def _host_and_port(address: str) -> tuple[str | None, int | None]:
    try:
        parts = urlsplit(address if "//" in address else f"//{address}")
        return parts.hostname, parts.port
    except ValueError:
        return None, None


def lost(address: str, why: str) -> FeelitError:
    """The failure of a run whose cluster has gone."""
    return FeelitError(f"the Ray cluster at {address} was lost: {why}", "run the same command again to resume")


class Head:
    """Whether the head of the cluster is still there. Ray finds out by itself after a minute, and ends the process.

    A head that is started again within `SILENT_S` is taken for the same one, as Ray takes it.
    """

    def __init__(self, ray: Any, address: str) -> None:
        self._address = address
        known = address
        if not address.startswith("ray://"):
            with contextlib.suppress(Exception):  # of a driver that was one before, which knows better than our option
                known = str(ray.get_runtime_context().gcs_address)
        self._place = _host_and_port(known)
        self._next_s = self._heard_s = time.monotonic()
        self.answers = True

    def look(self) -> None:
        """Knock, if it is time for that.

        Raises
        ------
        FeelitError
            if nothing has answered for too long.
        """
        host, port = self._place
        if not host or not port or time.monotonic() < self._next_s:
            return
        try:
            socket.create_connection((host, port), KNOCK_S).close()
        except OSError:
            self.answers = False
            if time.monotonic() - self._heard_s > SILENT_S:
                raise lost(self._address, f"its head has not answered for {SILENT_S:g} s") from None
        else:
            self.answers, self._heard_s = True, time.monotonic()
        self._next_s = time.monotonic() + LOOK_S


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
    with _quiet():  # until it is left: news may come at any moment
        handler = signal.getsignal(signal.SIGTERM)
        try:
            ray.init(address, logging_level=logging.CRITICAL, log_to_driver=False)
        except Exception as error:  # connections fail in a dozen ways
            raise FeelitError(f"the Ray cluster at {address} cannot be joined: {first_line(error)}", JOINING) from error
        finally:
            if threading.current_thread() is threading.main_thread():
                signal.signal(signal.SIGTERM, handler)  # Ray puts its own there
        ray._private.worker._worker_logs_enabled = False  # news of nodes that died
        try:
            yield
        finally:
            _leave(ray)
            ray._private.worker._worker_logs_enabled = True


def _leave(ray: Any) -> None:
    """Be a driver no more, in a thread: Ray waits for a head that is lost, and would do so again when the program ends."""
    thread = threading.Thread(target=ray.shutdown, name="ray-leave", daemon=True)
    thread.start()
    thread.join(LEAVE_S)
    if thread.is_alive():
        atexit.unregister(ray.shutdown)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Nothing of Ray's on standard output, where results go: its threads print there what befalls its nodes."""
    given = sys.stdout

    class Ours(io.TextIOBase):
        def write(self, text: str) -> int:
            name = threading.current_thread().name
            return len(text) if name.startswith("ray") or "(_log_main)" in name else given.write(text)

        def flush(self) -> None:
            given.flush()

        def isatty(self) -> bool:
            return given.isatty()

        def fileno(self) -> int:
            return given.fileno()

    sys.stdout = ours = Ours()
    try:
        yield
    finally:
        if sys.stdout is ours:
            sys.stdout = given


def first_line(error: Exception) -> str:
    """What an error says, without the pages that follow."""
    return next(iter(str(error).splitlines()), type(error).__name__)
