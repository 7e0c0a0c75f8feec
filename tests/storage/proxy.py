"""A server between feelit and a storage that counts what is asked, and goes wrong where it is reported to. Loopback only."""

from __future__ import annotations

import http.client
import select
import socket
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Literal

Trouble = Literal["reset", "503", "403", "slow", "break off", "too short", "meanwhile", "stall", "trickle", "page"]

PAGE = b"<html><body>Please log in to the network of the hotel.</body></html>"


@dataclass
class Fault:
    """What is to go wrong: `times` requests of a method for a path that holds `path`, but for the first `after`."""

    trouble: Trouble
    method: str = "GET"
    path: str = ""
    times: int = 1
    after: int = 0
    lost_answer: bool = False  # let the storage do what it was asked for, then fail
    meanwhile: Callable[[], object] = lambda: None  # what somebody else does first


@dataclass(frozen=True)
class Asked:
    """A request as it was seen."""

    method: str
    path: str
    bytes_given: int


@dataclass
class Proxy:
    """A running server; `asked` is what it has seen since the last `forget`."""

    port: int
    behind: int
    asked: list[Asked] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    closing: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    def forget(self) -> None:
        """Begin again."""
        self.asked.clear()
        self.faults.clear()

    def count(self, method: str, path: str = "") -> int:
        """How often a method was asked for on paths that hold `path`."""
        return sum(a.method == method and path in a.path for a in self.asked)

    def bytes_given(self, path: str = "") -> int:
        """Bytes of content that were read from such paths."""
        return sum(a.bytes_given for a in self.asked if path in a.path and a.method == "GET")

    def due(self, method: str, path: str) -> Fault | None:
        """The fault that this request meets, if any."""
        with self.lock:
            for fault in self.faults:
                if fault.times and fault.method == method and fault.path in path:
                    if fault.after:
                        fault.after -= 1
                        return None
                    fault.times -= 1
                    return fault
        return None


def start(behind: int) -> tuple[Proxy, ThreadingHTTPServer]:
    """A proxy in front of the storage at a port of this machine. Whoever starts it ends it with `shutdown`."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self._body()
            fault = proxy.due(self.command, self.path)
            if fault is not None and fault.trouble == "slow":
                time.sleep(0.3)
            if fault is not None:
                fault.meanwhile()
            if fault is not None and not fault.lost_answer and self._refused(fault):
                return
            status, headers, content = self._forwarded(body)
            if fault is not None and fault.lost_answer and self._refused(fault):
                return
            proxy.asked.append(Asked(self.command, self.path, len(content)))
            if fault is not None and fault.trouble == "too short":
                content = content[: len(content) // 2]
                headers = [(k, v) for k, v in headers if k.lower() != "content-length"] + [
                    ("Content-Length", str(len(content)))
                ]
            self.send_response(status)
            for name, value in headers:
                self.send_header(name, value)
            self.end_headers()
            if fault is not None and fault.trouble in ("stall", "trickle"):
                self._drag(content, fault.trouble == "stall")
                return
            if fault is not None and fault.trouble == "break off":
                self.wfile.write(content[: len(content) // 2])
                self.close_connection = True
                return
            self.wfile.write(content)

        do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = answer  # noqa: N815  # the names are http.server's

        def _body(self) -> bytes:
            if self.headers.get("Expect") == "100-continue":
                self.send_response_only(100)
                self.end_headers()
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))

        def _forwarded(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
            connection = http.client.HTTPConnection("127.0.0.1", proxy.behind, timeout=20)
            headers = {k: v for k, v in self.headers.items() if k.lower() not in ("connection", "expect")}
            connection.request(self.command, self.path, body, headers)
            response = connection.getresponse()
            content = response.read()
            connection.close()
            kept = [
                (k, v)
                for k, v in response.getheaders()
                if k.lower() not in ("connection", "transfer-encoding", "content-length")
            ]
            length = response.getheader("Content-Length") if self.command == "HEAD" else str(len(content))
            return response.status, [*kept, ("Content-Length", length or "0")], content

        def _refused(self, fault: Fault) -> bool:
            proxy.asked.append(Asked(self.command, self.path, 0))
            if fault.trouble == "reset":
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.close_connection = True
                self.connection.close()
                return True
            if fault.trouble == "page":
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                self.send_header("Content-Length", str(len(PAGE)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(PAGE)
                return True
            if fault.trouble in ("503", "403"):
                code = {"503": "SlowDown", "403": "AccessDenied"}[fault.trouble]
                content = f"<Error><Code>{code}</Code><Message>no</Message></Error>".encode()
                self.send_response(int(fault.trouble))
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(content)
                return True
            proxy.asked.pop()
            return False

        def _drag(self, content: bytes, stall: bool) -> None:
            """The beginning of a body; then nothing, or a byte now and then, until the reader has had enough."""
            self.wfile.write(content[:1000])
            self.close_connection = True
            for n in count(1000):
                gone, _, _ = select.select([self.connection], [], [], 0.02)
                if gone or proxy.closing.is_set() or n == (0 if stall else len(content)):
                    return
                if not stall:
                    self.wfile.write(content[n : n + 1])

        def log_message(self, *_: object) -> None:
            pass

        def handle(self) -> None:
            with suppress(OSError, ValueError):  # of connections that were reset
                super().handle()

        def finish(self) -> None:
            with suppress(OSError, ValueError):
                super().finish()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    proxy = Proxy(server.server_address[1], behind)
    threading.Thread(target=server.serve_forever, name="proxy", daemon=True).start()
    return proxy, server
