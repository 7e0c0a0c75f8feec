"""A cluster is found in seconds, or what is wrong with its address is reported."""

from __future__ import annotations

import os
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

from feelit.errors import FeelitError, MissingExtraError, UsageError
from feelit.run.engines import cluster
from tests.conftest import Command

HTTP_1 = b"HTTP/1.1 400 Bad Request\r\n\r\n"
SETTINGS = bytes(3) + b"\x04" + bytes(5)


@contextmanager
def server(answer: bytes) -> Iterator[str]:
    """The address of something that says `answer` to whoever calls."""

    def talk() -> None:
        while True:
            try:
                caller, _ = listener.accept()
            except OSError:
                return
            with caller:
                caller.recv(1024)
                caller.sendall(answer)

    listener = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=talk)
    thread.start()
    try:
        yield f"127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


@pytest.mark.parametrize("prefix", ["", "ray://"])
def test_what_speaks_the_language_is_taken_for_a_cluster(prefix: str) -> None:
    with server(SETTINGS) as address:
        assert cluster.reachable(prefix + address) == prefix + address


@pytest.mark.parametrize("answer", [HTTP_1, b""], ids=["web-server", "silence"])
def test_what_does_not_is_reported(answer: bytes) -> None:
    with server(answer) as address, pytest.raises(FeelitError, match="is not a Ray cluster") as caught:
        cluster.reachable(address)
    assert "6379" in caught.value.hint


@pytest.mark.parametrize("address", ["127.0.0.1:1", "ray://127.0.0.1:1", "nowhere.invalid:6379"])
def test_where_nothing_answers_it_is_reported_soon(address: str) -> None:
    start_s = time.perf_counter()
    with pytest.raises(FeelitError, match=f"no Ray cluster answers at {address}") as caught:
        cluster.reachable(address)
    assert time.perf_counter() - start_s < 2 * cluster.CONNECT_S
    assert "ray start --head" in caught.value.hint


@pytest.mark.parametrize("address", ["", "local", "head", "127.0.0.1", "head:port", "head:99999", "http://", "[::1"])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(UsageError, match="is not an address"):
        cluster.reachable(address)


def test_the_environment_names_the_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    with server(SETTINGS) as address:
        monkeypatch.setenv("RAY_ADDRESS", address)
        assert cluster.reachable("auto") == address


def test_without_ray_the_extra_is_named(tmp_path: Path, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    ran = command("analyze", __file__, "--out", tmp_path / "out", "--engine", "ray")
    assert ran.code == MissingExtraError.exit_code
    assert ran.err == "feelit: --engine ray needs Ray, which is not installed (pip install 'feelit[ray]')\n"
    assert list(tmp_path.iterdir()) == []


def test_without_a_cluster_nothing_is_touched(tmp_path: Path, command: Command) -> None:
    pytest.importorskip("ray")
    ran = command("analyze", __file__, "--out", tmp_path / "out", "--engine", "ray", "--ray-address", "127.0.0.1:1")
    assert ran.code == FeelitError.exit_code
    assert ran.lines[0].startswith("feelit: no Ray cluster answers at 127.0.0.1:1")
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_reported_home() -> None:
    pytest.importorskip("ray")
    cluster.import_ray()
    assert os.environ["RAY_USAGE_STATS_ENABLED"] == "0"


class Clusterless:
    """As much of Ray as a driver needs that is about to lose its cluster."""

    def __init__(self, address: str = "") -> None:
        self._address = address
        self.left = threading.Event()
        self.may_leave = threading.Event()

    def get_runtime_context(self) -> object:
        return SimpleNamespace(gcs_address=self._address)

    def shutdown(self) -> None:
        self.may_leave.wait()
        self.left.set()


@pytest.mark.parametrize("prefix", ["", "ray://"])
def test_a_head_that_is_away_for_long_is_lost(prefix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "CHECK_S", 0.0)
    with server(SETTINGS) as address:
        head = cluster.Head(Clusterless(address), prefix + address if prefix else "auto")
        head.check()
        assert head.answers
    head.check()
    assert not head.answers, "it may come back"
    monkeypatch.setattr(cluster, "LOST_S", 0.0)
    with pytest.raises(FeelitError, match=r"was lost: its head has not answered for 0 s") as caught:
        head.check()
    assert caught.value.hint == "run the same command again to resume"


def test_a_head_that_comes_back_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "CHECK_S", 0.0)
    with server(SETTINGS) as address:
        head = cluster.Head(Clusterless(address), address)
        head.answers = False
        head.check()
        assert head.answers


def test_a_driver_whose_cluster_has_no_known_place_knocks_nowhere() -> None:
    head = cluster.Head(None, "auto")
    head.check()
    assert head.answers


def test_what_rays_threads_print_stays_off_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    with cluster._quiet():
        for name in ("ray_listen_error_messages", "Thread-5 (_log_main)", "mine"):
            thread = threading.Thread(target=sys.stdout.write, args=("said\n",), name=name)
            thread.start()
            thread.join()
        sys.stdout.write("result\n")
        sys.stdout.flush()
    assert capsys.readouterr().out == "said\nresult\n"


def test_a_cluster_that_is_lost_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "LEAVE_S", 0.1)
    ray = Clusterless()
    cluster._leave(ray)
    assert not ray.left.is_set()
    ray.may_leave.set()
    assert ray.left.wait(30)
