"""The web server: who may ask, for what, and that one caller is no trouble to another."""

from __future__ import annotations

import http.client
import json
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest

from feelit.errors import UsageError
from feelit.live.latest import MOST_SUBSCRIBERS, Broadcast
from feelit.live.server import HEADERS, MOST_CALLERS, PageServer
from feelit.live.session import pack
from feelit.options.videos import ServerOptions

TOKEN = "a-token-of-a-test"


@contextmanager
def served(config: ServerOptions | None = None) -> Iterator[tuple[PageServer, Broadcast]]:
    """A server with nothing to show yet; none of its threads outlives the block."""
    before = set(threading.enumerate())
    broadcast = Broadcast()
    with PageServer(config or ServerOptions(token=TOKEN), broadcast) as server:
        server.begin(pack({"kind": "hello"}))
        yield server, broadcast
    assert set(threading.enumerate()) <= before


@pytest.fixture(scope="module")
def server() -> Iterator[PageServer]:
    with served() as (server, _):
        yield server


def ask(server: PageServer, path: str, method: str = "GET", **headers: str) -> http.client.HTTPResponse:
    """One request with just these headers, its body unread."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
    connection.putrequest(method, path, skip_host=True)
    for name, value in ({"Host": f"127.0.0.1:{server.port}"} | headers).items():
        connection.putheader(name, value)
    connection.endheaders()
    return connection.getresponse()


@pytest.mark.parametrize("path", ["/", "/live.css", "/live.js", "/look.js", "/marks.js", "/panels.js", "/stream"])
@pytest.mark.parametrize(
    ("query", "status"),
    [
        pytest.param("", 403, id="no token"),
        pytest.param("?token=", 403, id="empty token"),
        pytest.param("?token=a-token-of-a-tesT", 403, id="wrong token"),
        pytest.param("?token=%C3%BC%00", 403, id="token of odd characters"),
        pytest.param(f"?token={TOKEN}x", 403, id="longer token"),
        pytest.param(f"?token={TOKEN}", 200, id="token"),
        pytest.param(f"?token=wrong&token={TOKEN}", 200, id="one of two"),
    ],
)
def test_everything_asks_for_the_token(server: PageServer, path: str, query: str, status: int) -> None:
    assert ask(server, path + query).status == status


@pytest.mark.parametrize(
    ("cookie", "status"),
    [
        pytest.param("feelit-PORT=TOKEN", 200, id="own"),
        pytest.param("other=1; feelit-PORT=TOKEN; more=2", 200, id="among others"),
        pytest.param("feelit-1=TOKEN", 403, id="of another port"),
        pytest.param("feelit-PORT=wrong", 403, id="wrong"),
        pytest.param("a\x01b=;;==,", 403, id="nonsense"),
    ],
)
def test_the_page_keeps_the_token_in_a_cookie(server: PageServer, cookie: str, status: int) -> None:
    cookie = cookie.replace("PORT", str(server.port)).replace("TOKEN", TOKEN)
    assert ask(server, "/live.js", Cookie=cookie).status == status


def test_the_cookie_is_for_this_page_only(server: PageServer) -> None:
    given = ask(server, f"/?token={TOKEN}").getheader("Set-Cookie")
    assert given == f"feelit-{server.port}={TOKEN}; Path=/; HttpOnly; SameSite=Strict"


@pytest.mark.parametrize(
    ("host", "status"),
    [
        pytest.param("127.0.0.1:1", 200, id="number"),
        pytest.param("LOCALHOST", 200, id="localhost"),
        pytest.param("[::1]:8000", 200, id="IPv6"),
        pytest.param("evil.example", 421, id="foreign name"),
        pytest.param("127.0.0.1.evil.example:80", 421, id="name like a number"),
        pytest.param("localhost.evil.example", 421, id="name like localhost"),
        pytest.param("", 421, id="empty"),
        pytest.param("[", 400, id="nonsense"),
    ],
)
def test_a_name_that_was_bent_to_this_computer_is_refused(server: PageServer, host: str, status: int) -> None:
    assert ask(server, f"/live.css?token={TOKEN}", Host=host).status == status


@pytest.mark.parametrize(
    "path",
    [
        "/../server.py",
        "/%2e%2e/server.py",
        "/..%2fserver.py",
        "//etc/passwd",
        "/live.html",
        "/page/live.js",
        "/live.js/",
        "/live.js%00",
        "/.",
        "/stream/",
        "*",
    ],
)
def test_there_is_nothing_else_to_get(server: PageServer, path: str) -> None:
    response = ask(server, f"{path}?token={TOKEN}")
    assert response.status == 404
    assert b"import" not in response.read()


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "HEAD", "TRACE"])
def test_there_is_nothing_to_do(server: PageServer, method: str) -> None:
    assert ask(server, f"/?token={TOKEN}", method).status == 501


@pytest.mark.parametrize(("path", "status"), [("/", 200), ("/nothing", 404), ("/stream", 200)])
def test_every_answer_keeps_other_pages_out(server: PageServer, path: str, status: int) -> None:
    response = ask(server, f"{path}?token={TOKEN}", Origin="http://evil.example")
    assert response.status == status
    assert {name: response.getheader(name) for name in HEADERS} == HEADERS
    assert not [name for name, _ in response.getheaders() if name.lower().startswith("access-control")]
    assert "'unsafe" not in HEADERS["Content-Security-Policy"]


def messages(response: http.client.HTTPResponse) -> Iterator[dict[str, Any]]:
    """What a stream says, without pictures."""
    while len(head := response.read(4)) == 4:
        yield json.loads(response.read(struct.unpack(">I", head)[0]))
        response.read(struct.unpack(">I", response.read(4))[0])


def test_a_page_that_takes_nothing_stalls_nobody_and_then_gets_the_newest() -> None:
    picture = bytes(200_000)
    with served() as (server, broadcast):
        slow, fast = (messages(ask(server, f"/stream?token={TOKEN}")) for _ in range(2))
        assert next(slow) == next(fast) == {"kind": "hello"}
        shown_s = []
        for number in range(100):
            begun_s = time.perf_counter()
            broadcast.show(pack({"number": number}, picture))
            shown_s.append(time.perf_counter() - begun_s)
            while next(fast)["number"] < number:
                pass
        assert max(shown_s) < 0.1
        late: list[int] = []
        while not late or late[-1] < 99:
            late.append(next(slow)["number"])
        assert late == sorted(late)
        assert len(late) < 50, "the past was kept for it"


def test_only_so_many_pages_can_watch() -> None:
    with served() as (server, broadcast), ExitStack() as subscribers:
        for _ in range(MOST_SUBSCRIBERS):
            assert subscribers.enter_context(broadcast.subscriber()) is not None
        assert ask(server, f"/stream?token={TOKEN}").status == 503
        subscribers.close()
        assert ask(server, f"/stream?token={TOKEN}").status == 200


def test_who_comes_after_the_end_is_sent_away() -> None:
    with served() as (server, broadcast):
        broadcast.close()
        assert list(messages(ask(server, f"/stream?token={TOKEN}"))) == [{"kind": "hello"}]


def test_callers_who_say_nothing_or_take_nothing_do_not_hold_up_the_end() -> None:
    with served() as (server, broadcast):
        silent = socket.create_connection(("127.0.0.1", server.port))
        greedy = ask(server, f"/stream?token={TOKEN}")
        for _ in range(20):
            broadcast.show(pack({}, bytes(1_000_000)))
            time.sleep(0.01)
        begun_s = time.monotonic()
    assert time.monotonic() - begun_s < 2
    greedy.close()
    silent.close()


def test_a_caller_who_leaves_is_no_error(capfd: pytest.CaptureFixture[str]) -> None:
    with served() as (server, broadcast):
        ask(server, f"/stream?token={TOKEN}").close()
        for _ in range(5):
            broadcast.show(pack({}, bytes(1_000_000)))
            time.sleep(0.02)
        assert not broadcast.watching
    assert capfd.readouterr().err == ""


def test_a_bug_is_one(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("feelit.live.server.FILES", {"/": ()})
    with served() as (server, _), pytest.raises(http.client.RemoteDisconnected):
        ask(server, f"/?token={TOKEN}")
    assert "TypeError" in capfd.readouterr().err


def test_a_port_that_is_taken_is_reported() -> None:
    with served() as (server, _), pytest.raises(UsageError, match="Address already in use") as caught:
        PageServer(ServerOptions(port=server.port), Broadcast())
    assert "--port" in caught.value.hint


@pytest.mark.parametrize(
    ("asked", "reported"),
    [
        pytest.param({"host": "nobody.invalid"}, "nothing can listen", id="unknown host"),
        pytest.param({"host": "203.0.113.1"}, "nothing can listen", id="host of another computer"),
        pytest.param({"port": 65536}, "no port", id="port too high"),
        pytest.param({"port": -1}, "no port", id="negative port"),
        pytest.param({"token": "short"}, "too easy", id="short token"),
        pytest.param({"token": "12345678&x=1"}, "too easy", id="token that breaks the address"),
    ],
)
def test_what_cannot_be_served_is_reported(asked: dict[str, Any], reported: str) -> None:
    with pytest.raises(UsageError, match=reported):
        PageServer(ServerOptions(**asked), Broadcast())


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("lab", False),
    ],
)
def test_what_stays_on_this_computer_is_known(host: str, local: bool) -> None:
    assert ServerOptions(host=host).is_local is local


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "0.0.0.0"])
def test_the_address_leads_to_the_page(host: str) -> None:
    if host == "::1" and not socket.has_ipv6:
        pytest.skip("no IPv6")
    with served(ServerOptions(host=host)) as (server, _):
        url = urlsplit(server.url)
        connection = http.client.HTTPConnection(str(url.hostname), url.port, timeout=5)
        connection.request("GET", f"/?{url.query}")
        assert connection.getresponse().status == 200
        assert len(server.token) >= 20


def slow(server: PageServer) -> socket.socket:
    """A caller who began to ask."""
    caller = socket.create_connection(("127.0.0.1", server.port), timeout=20)
    caller.sendall(b"GET / HTTP/1.1\r\nHost: ")
    return caller


@pytest.fixture
def long_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    """Room for all who call at once: the system lets those whom it turns away try again after a second only."""
    monkeypatch.setattr(PageServer, "request_queue_size", 8 * MOST_CALLERS)


@pytest.mark.usefixtures("long_queue")
def test_many_slow_callers_take_few_threads_and_keep_nobody_out() -> None:
    before = threading.active_count()
    with served() as (server, _), ExitStack() as stack:
        for _ in range(4):
            for _ in range(MOST_CALLERS):
                stack.enter_context(slow(server))
            assert threading.active_count() - before <= 2 * MOST_CALLERS + 1
            with ask(server, f"/?token={TOKEN}") as answer:
                assert answer.status == 200
            assert threading.active_count() - before <= 2 * MOST_CALLERS + 1, "all who called before it have been heard"


@pytest.mark.usefixtures("long_queue")
def test_pages_stay_open_whoever_else_calls() -> None:
    with served() as (server, broadcast), ExitStack() as stack:
        page = ask(server, f"/stream?token={TOKEN}")
        assert page.status == 200
        for _ in range(2 * MOST_CALLERS):
            stack.enter_context(slow(server))
        broadcast.show(pack({"kind": "frame"}))
        shown = messages(page)
        assert [next(shown)["kind"], next(shown)["kind"]] == ["hello", "frame"]


def test_who_asks_too_slowly_is_hung_up_on_though_words_keep_coming(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("feelit.live.server.ASKING_S", 0.3)
    with served() as (server, _), slow(server) as caller, pytest.raises((BrokenPipeError, ConnectionError)):
        drip(caller)


def drip(caller: socket.socket) -> None:
    """Go on to ask, a letter at a time, for 20 s."""
    for _ in range(1000):
        caller.sendall(b"x")
        time.sleep(0.02)
