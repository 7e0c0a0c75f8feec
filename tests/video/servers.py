"""Network cameras for tests: web servers on this computer that send a clip as a live stream does."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

Answer = Callable[[socket.socket, int], None]

HEAD = b"HTTP/1.0 200 OK\r\nContent-Type: video/mp2t\r\n\r\n"


@contextmanager
def answering(answer: Answer) -> Iterator[str]:
    """The address of a server that gives every caller to `answer`, with the number of the call, and hangs up after it."""
    listener = socket.create_server(("127.0.0.1", 0))
    callers: list[socket.socket] = []

    def serve() -> None:
        for call in count():
            with suppress(OSError):  # the caller hung up, or all is over
                callers.append(listener.accept()[0])
                with callers[-1]:
                    answer(callers[-1], call)
            if listener.fileno() < 0:
                return

    thread = threading.Thread(target=serve, name="camera", daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/live.ts"
    finally:
        for caller in (listener, *callers[-1:]):
            with suppress(OSError):  # it hung up before
                caller.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)
        assert not thread.is_alive()


def sending(clip: Path, seconds: float) -> Answer:
    """A camera that sends an .ts file within so many seconds, then hangs up."""
    data = clip.read_bytes()
    step = 188 * 7

    def answer(caller: socket.socket, call: int) -> None:
        caller.recv(4096)
        caller.sendall(HEAD)
        for start in range(0, len(data), step):
            caller.sendall(data[start : start + step])
            time.sleep(seconds * step / len(data))

    return answer


def silent(caller: socket.socket, call: int) -> None:
    """A camera that takes calls and says nothing, until the caller hangs up."""
    while caller.recv(4096):
        pass


def refusing(caller: socket.socket, call: int) -> None:
    """A server that has no such camera."""
    caller.recv(4096)
    caller.sendall(b"HTTP/1.0 404 Not Found\r\n\r\n")
