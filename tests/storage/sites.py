"""A web server on loopback that has one file, and goes wrong where it is reported to."""

from __future__ import annotations

import ssl
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Trouble = Callable[[BaseHTTPRequestHandler, "Site"], None]


@dataclass
class Site:
    """What the server has and does; `asked` holds the headers of every request, with its line as `:line`."""

    content: bytes
    tag: str = '"1"'
    ranges: bool = True
    troubles: deque[Trouble] = field(default_factory=deque)
    asked: list[dict[str, str]] = field(default_factory=list)
    port: int = 0
    scheme: str = "http"

    @property
    def address(self) -> str:
        """Of the folder that holds the file."""
        return f"{self.scheme}://127.0.0.1:{self.port}/models"

    def give(self, handler: BaseHTTPRequestHandler) -> None:
        """Answer as a server does in which all is well."""
        wanted = handler.headers.get("Range", "")
        version = handler.headers.get("If-Range", self.tag)
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and self.ranges and version == self.tag else 0
        if start >= len(self.content) > 0:
            handler.send_response(416)
            handler.send_header("Content-Range", f"bytes */{len(self.content)}")
            handler.send_header("Content-Length", "0")
            handler.end_headers()
            return
        body = self.content[start:]
        handler.send_response(206 if start else 200)
        if start:
            handler.send_header("Content-Range", f"bytes {start}-{len(self.content) - 1}/{len(self.content)}")
        self.head(handler, len(body))
        handler.wfile.write(body)

    def head(self, handler: BaseHTTPRequestHandler, length: int | None) -> None:
        """End the head of an answer with so many bytes; None for one that does not tell."""
        if length is not None:
            handler.send_header("Content-Length", str(length))
        if self.tag:
            handler.send_header("ETag", self.tag)
        handler.end_headers()


@contextmanager
def serving(content: bytes, context: ssl.SSLContext | None = None) -> Iterator[Site]:
    """A running server. With a context it speaks TLS."""
    site = Site(content)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # the name is http.server's
            site.asked.append({":line": self.requestline, **self.headers})
            trouble = site.troubles.popleft() if site.troubles else None
            with suppress(OSError):  # the caller hung up
                if trouble:
                    trouble(self, site)
                else:
                    site.give(self)

        do_CONNECT = do_GET  # noqa: N815  # as above

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        site.scheme = "https"
        server.handle_error = lambda *_: None  # type: ignore[method-assign]  # callers that do not trust it hang up
    site.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), name="site", daemon=True)
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


def status(code: int) -> Trouble:
    """Answer with a code and a page."""

    def answer(handler: BaseHTTPRequestHandler, site: Site) -> None:
        handler.send_response(code)
        handler.send_header("Content-Length", "2")
        handler.end_headers()
        handler.wfile.write(b"no")

    return answer


def cut(after: int) -> Trouble:
    """Hang up after so many bytes of the whole file."""

    def answer(handler: BaseHTTPRequestHandler, site: Site) -> None:
        handler.send_response(200)
        site.head(handler, len(site.content))
        handler.wfile.write(site.content[:after])

    return answer


def stuck(after: int, go_on: threading.Event) -> Trouble:
    """Send so many bytes and then nothing more until it is reported to end."""

    def answer(handler: BaseHTTPRequestHandler, site: Site) -> None:
        cut(after)(handler, site)
        handler.wfile.flush()
        go_on.wait(30)

    return answer


def endless(handler: BaseHTTPRequestHandler, site: Site) -> None:
    """Send more than the file, and do not tell how much."""
    handler.send_response(200)
    site.head(handler, None)
    handler.wfile.write(site.content + bytes(1 << 20))


def page(handler: BaseHTTPRequestHandler, site: Site) -> None:
    """Answer with a page for logging in, as networks in hotels do."""
    body = b"<html>Welcome, please log in</html>"
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def other_part(handler: BaseHTTPRequestHandler, site: Site) -> None:
    """Answer with a part that nobody asked for."""
    handler.send_response(206)
    handler.send_header("Content-Range", f"bytes 1-{len(site.content) - 1}/{len(site.content)}")
    site.head(handler, len(site.content) - 1)
    handler.wfile.write(site.content[1:])


def redirection(to: str) -> Trouble:
    """Say that the file is elsewhere."""

    def answer(handler: BaseHTTPRequestHandler, site: Site) -> None:
        handler.send_response(302)
        handler.send_header("Location", to)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return answer


def nonsense(handler: BaseHTTPRequestHandler, site: Site) -> None:
    """Speak something else than HTTP."""
    handler.wfile.write(b"220 mail.example ESMTP\r\n")
