"""A small web server for those who have the token: three files and one endless stream."""

from __future__ import annotations

import contextlib
import hmac
import ipaddress
import os
import secrets
import socket
import socketserver
import sys
import threading
import time
from http import HTTPStatus
from http.cookies import CookieError, SimpleCookie
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urlsplit

from feelit.errors import UsageError
from feelit.live.latest import Broadcast
from feelit.options.videos import ServerOptions

PAGE = Path(__file__).parent / "page"
FILES = {
    "/": ("live.html", "text/html; charset=utf-8"),
    "/live.css": ("live.css", "text/css; charset=utf-8"),
    **{f"/{name}": (name, "text/javascript; charset=utf-8") for name in ("live.js", "look.js", "marks.js", "panels.js")},
}
"""All that there is to get, besides the stream."""

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

SEND_BUFFER = 1 << 17  # what the system may hold back for a slow page: about one picture, or it would see the past
SILENCE_S = 10.0  # the time without reading after which a page counts as closed
ASKING_S = 5.0  # the time that a client has to send its request

MOST_CALLERS = 64
"""The most connections at once, each with a thread. With more, the oldest unfinished request is dropped."""


class PageServer(socketserver.ThreadingTCPServer):
    """Has its port at once, and serves from `begin` to the end of its context: a thread for all, and one a caller.

    Raises
    ------
    UsageError
        if there is no such host, or its port is taken.
    """

    allow_reuse_address = os.name != "nt"  # Windows would let two programs have one port
    request_queue_size = 32

    def __init__(self, config: ServerOptions, broadcast: Broadcast) -> None:
        self.config, self.broadcast = config, broadcast
        self.token = config.token or secrets.token_urlsafe(16)
        self.greeting = b""  # the first message of every stream
        self._callers: set[socket.socket] = set()
        self._asking: dict[socket.socket, float] = {}  # callers whose request is not complete, since when, the longest first
        self._guard = threading.Lock()
        self._thread = threading.Thread(target=self.serve_forever, args=(0.1,), name="page", daemon=True)
        try:
            family, _, _, _, address = socket.getaddrinfo(config.host, config.port, type=socket.SOCK_STREAM)[0]
            self.address_family = family
            super().__init__((str(address[0]), int(address[1])), _Handler)
        except OSError as error:
            hint = "leave --port out for a free one, and --host for this computer only"
            raise UsageError(f"nothing can listen at {config.host} port {config.port}: {error.strerror}", hint) from error
        self.port = self.socket.getsockname()[1]
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(config.host, config.host)  # of all its names, one that is sure
        # The address of the page, token included.
        self.url = f"http://{f'[{host}]' if ':' in host else host}:{self.port}/?token={self.token}"

    def begin(self, greeting: bytes) -> None:
        """Answer from now on; who called before has waited."""
        self.greeting = greeting
        self._thread.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._thread.ident is not None:
            self.shutdown()
            self._thread.join()
        self.broadcast.close()
        self.server_close()

    def server_close(self) -> None:
        """Hang up on everybody, and wait for their threads."""
        with self._guard:
            for caller in self._callers:
                self._hang_up(caller)
        super().server_close()

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._guard:
            if len(self._callers) >= MOST_CALLERS and self._asking:
                self._hang_up(next(iter(self._asking)))
            heard = len(self._callers) < 2 * MOST_CALLERS  # those whose threads are about to end included
            if heard:
                self._callers.add(request)
                self._asking[request] = time.monotonic()
        if heard:
            super().process_request(request, client_address)
        else:
            super().shutdown_request(request)

    def service_actions(self) -> None:
        """See `BaseServer.service_actions`: several times a second, hang up on those who take too long to ask."""
        with self._guard:
            for caller, since_s in list(self._asking.items()):
                if time.monotonic() - since_s > ASKING_S:
                    self._hang_up(caller)

    def understood(self, caller: socket.socket) -> None:
        """A request is complete."""
        with self._guard:
            self._asking.pop(caller, None)

    def _hang_up(self, caller: socket.socket) -> None:
        """Let a caller go, whose thread then finds that nothing more comes."""
        self._asking.pop(caller, None)
        with contextlib.suppress(OSError):
            caller.shutdown(socket.SHUT_RDWR)

    def shutdown_request(self, request: Any) -> None:
        with self._guard:
            self._callers.discard(request)
            self._asking.pop(request, None)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller who hangs up, or falls silent, is no error of ours."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)

    def knows(self, host: str) -> bool:
        """Whether a Host header names this server.

        A page from elsewhere that lets its own name point here (DNS rebinding) sends that name. A number cannot be bent so.
        """
        name = urlsplit(f"//{host}").hostname or ""
        with contextlib.suppress(ValueError):
            return bool(ipaddress.ip_address(name))
        return name in ("localhost", self.config.host.lower())


class _Handler(BaseHTTPRequestHandler):
    """One request."""

    server: PageServer
    server_version, sys_version = "feelit", ""
    timeout = SILENCE_S

    def do_GET(self) -> None:  # the name that http.server calls
        """Answer, if the caller may ask."""
        self.server.understood(self.connection)
        try:
            url = urlsplit(self.path)
            known = self.server.knows(self.headers.get("Host", ""))
        except ValueError:
            self._refuse(HTTPStatus.BAD_REQUEST, "This is no address.")
            return
        if not known:
            self._refuse(HTTPStatus.MISDIRECTED_REQUEST, "This server has another name.")
        elif not self._has_token(parse_qs(url.query).get("token", [])):
            self._refuse(HTTPStatus.FORBIDDEN, "The token is missing or wrong: open the address that feelit live printed.")
        elif url.path == "/stream":
            self._stream()
        elif url.path in FILES:
            self._file(*FILES[url.path])
        else:
            self._refuse(HTTPStatus.NOT_FOUND, "There is nothing here.")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the name that http.server gives it
        """Nothing: standard error is for what the user has to know."""

    def _has_token(self, given: list[str]) -> bool:
        with contextlib.suppress(CookieError):
            cookie = SimpleCookie(self.headers.get("Cookie", "")).get(self._cookie)
            given = [*given, *([cookie.value] if cookie else [])]
        return any(hmac.compare_digest(token.encode(), self.server.token.encode()) for token in given)

    @property
    def _cookie(self) -> str:
        """Cookies of one host are shared by its ports, so each has a name of its own."""
        return f"feelit-{self.server.port}"

    def _file(self, name: str, kind: str) -> None:
        cookie = f"{self._cookie}={self.server.token}; Path=/; HttpOnly; SameSite=Strict"
        self._answer(HTTPStatus.OK, kind, (PAGE / name).read_bytes(), {"Set-Cookie": cookie})

    def _refuse(self, status: HTTPStatus, why: str) -> None:
        self._answer(status, "text/plain; charset=utf-8", f"{why}\n".encode())

    def _answer(self, status: HTTPStatus, kind: str, body: bytes, more: dict[str, str] | None = None) -> None:
        self._head(status, {"Content-Type": kind, "Content-Length": str(len(body))} | (more or {}))
        self.wfile.write(body)

    def _head(self, status: HTTPStatus, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in (HEADERS | headers).items():
            self.send_header(name, value)
        self.end_headers()

    def _stream(self) -> None:
        """Messages, the newest ever, until one side has enough."""
        with self.server.broadcast.subscriber() as subscriber:
            if subscriber is None:
                self._refuse(HTTPStatus.SERVICE_UNAVAILABLE, "Too many pages are open: close one, then reload.")
                return
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
            self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._head(HTTPStatus.OK, {"Content-Type": "application/octet-stream"})
            self.wfile.write(self.server.greeting)
            while not subscriber.over:
                if (message := subscriber.take(SILENCE_S)) is not None:
                    self.wfile.write(message)
