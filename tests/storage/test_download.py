"""A file arrives whole and right, whatever servers do, or not at all; what has arrived is not asked for again."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import numpy as np
import pytest

from feelit.errors import ModelError
from feelit.storage import web
from feelit.storage import web as module
from feelit.storage.web import RemoteFile, download
from tests.storage.sites import Site, Trouble, cut, endless, nonsense, other_part, page, redirection, serving, status, stuck

CONTENT = np.random.default_rng(7).bytes(700_000)
OTHER = np.random.default_rng(8).bytes(700_000)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """No pauses, and no proxy of this computer."""
    monkeypatch.setattr(module, "PAUSES_S", (0.0, 0.0, 0.0))
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def site() -> Iterator[Site]:
    with serving(CONTENT) as found:
        yield found


@pytest.fixture
def part(tmp_path: Path) -> Path:
    return tmp_path / "model.onnx.part"


def remote(site: Site, content: bytes = CONTENT) -> RemoteFile:
    return RemoteFile(f"{site.address}/model.onnx", len(content), hashlib.sha256(content).hexdigest())


def fetch(site: Site, part: Path) -> list[float]:
    reported: list[float] = []
    download(remote(site), part, reported.append)
    return reported


def refused(site: Site, part: Path) -> ModelError:
    with pytest.raises(ModelError) as caught:
        fetch(site, part)
    assert caught.value.message.startswith(f"{site.address}/model.onnx ")
    assert caught.value.hint
    return caught.value


def test_a_file_arrives_and_states_how_far_it_is(site: Site, part: Path) -> None:
    reported = fetch(site, part)
    assert part.read_bytes() == CONTENT
    assert [p.name for p in part.parent.iterdir()] == [part.name]
    assert reported == sorted(reported)
    assert (reported[0], reported[-1]) == (0, 1)
    assert site.asked[0]["Accept-Encoding"] == "identity"
    assert "Range" not in site.asked[0]


@pytest.mark.parametrize(
    ("trouble", "requests"),
    [
        pytest.param([cut(300_000)], 2, id="cut once"),
        pytest.param([cut(0)], 2, id="cut before the first byte"),
        pytest.param([status(503)], 2, id="busy"),
        pytest.param([status(500), status(500), status(429)], 4, id="broken for a while"),
        pytest.param([redirection("/elsewhere/file")], 2, id="elsewhere"),
    ],
)
def test_what_passes_is_tried_again(trouble: list[Trouble], requests: int, site: Site, part: Path) -> None:
    site.troubles.extend(trouble)
    fetch(site, part)
    assert part.read_bytes() == CONTENT
    assert len(site.asked) == requests


def test_only_the_rest_is_asked_for_and_only_of_the_same_version(site: Site, part: Path) -> None:
    site.troubles.append(cut(300_000))
    reported = fetch(site, part)
    assert (site.asked[1]["Range"], site.asked[1]["If-Range"]) == ("bytes=300000-", '"1"')
    assert reported == sorted(reported)


def test_a_redirection_does_not_lose_what_was_asked_for(site: Site, part: Path) -> None:
    site.troubles.extend([cut(300_000), redirection("/elsewhere/file")])
    fetch(site, part)
    assert site.asked[2][":line"] == "GET /elsewhere/file HTTP/1.1"
    assert (site.asked[2]["Range"], site.asked[2]["If-Range"]) == ("bytes=300000-", '"1"')
    assert part.read_bytes() == CONTENT


@pytest.mark.parametrize("tag", ['W/"1"', ""], ids=["weak", "none"])
def test_a_tag_that_means_nothing_is_not_sent(tag: str, site: Site, part: Path) -> None:
    site.tag = tag
    site.troubles.append(cut(300_000))
    fetch(site, part)
    assert site.asked[1]["Range"] == "bytes=300000-"
    assert "If-Range" not in site.asked[1]


def test_a_later_run_goes_on(site: Site, part: Path) -> None:
    site.troubles.extend([cut(100_000), status(404)])
    assert "404" in refused(site, part).message
    assert part.read_bytes() == CONTENT[:100_000]
    fetch(site, part)
    assert site.asked[-1]["Range"] == "bytes=100000-"
    assert part.read_bytes() == CONTENT


def test_another_server_goes_on_where_the_first_one_stopped(site: Site, part: Path) -> None:
    part.write_bytes(CONTENT[:100_000])
    part.with_name(f"{part.name}.json").write_text(json.dumps({"address": "http://gone.example/model.onnx", "tag": '"9"'}))
    fetch(site, part)
    assert site.asked[0]["Range"] == "bytes=100000-"
    assert "If-Range" not in site.asked[0]
    assert part.read_bytes() == CONTENT


@pytest.mark.parametrize("note", ["", "{", "[]", '{"tag": 1}'], ids=repr)
def test_a_damaged_note_is_no_note(note: str, site: Site, part: Path) -> None:
    part.write_bytes(CONTENT[:100_000])
    part.with_name(f"{part.name}.json").write_text(note)
    fetch(site, part)
    assert part.read_bytes() == CONTENT


def test_a_server_that_knows_no_ranges_begins_again(site: Site, part: Path) -> None:
    site.ranges = False
    site.troubles.append(cut(300_000))
    fetch(site, part)
    assert part.read_bytes() == CONTENT
    assert len(site.asked) == 2


def test_a_file_that_changes_between_two_attempts_begins_again(site: Site, part: Path) -> None:
    part.write_bytes(OTHER[:300_000])
    note = {"address": f"{site.address}/model.onnx", "tag": '"0"'}
    part.with_name(f"{part.name}.json").write_text(json.dumps(note))
    fetch(site, part)
    assert part.read_bytes() == CONTENT
    assert len(site.asked) == 1


@pytest.mark.parametrize(
    "old",
    [
        pytest.param(OTHER[:300_000], id="the beginning of another file"),
        pytest.param(OTHER, id="another file"),
        pytest.param(CONTENT + b"more", id="too long"),
    ],
)
def test_an_old_part_that_is_wrong_is_thrown_away(old: bytes, site: Site, part: Path) -> None:
    part.write_bytes(old)
    fetch(site, part)
    assert part.read_bytes() == CONTENT


def test_a_part_that_is_whole_is_not_asked_for(site: Site, part: Path) -> None:
    part.write_bytes(CONTENT)
    fetch(site, part)
    assert site.asked == []


def test_where_the_file_became_shorter_it_is_another(site: Site, part: Path) -> None:
    part.write_bytes(CONTENT[:300_000])
    site.content = CONTENT[:200_000]
    assert "it has 200000 bytes, not 700000" in refused(site, part).message
    assert site.asked[0]["Range"] == "bytes=300000-"
    assert "Range" not in site.asked[1]


@pytest.mark.parametrize(
    ("trouble", "reason", "requests"),
    [
        pytest.param(status(404), "the server answered 404", 1, id="404"),
        pytest.param(status(410), "the server answered 410", 1, id="410"),
        pytest.param(status(401), "the server answered 401", 1, id="401"),
        pytest.param(status(403), "the server answered 403", 1, id="403"),
        pytest.param(status(407), "the proxy wants a name and a password", 1, id="407"),
        pytest.param(status(418), "the server answered 418", 1, id="418"),
        pytest.param(status(500), "the server answered 500", 4, id="500"),
        pytest.param(cut(0), "broke off", 4, id="cut again and again"),
        pytest.param(page, "it has 35 bytes, not 700000", 1, id="a page for logging in"),
        pytest.param(endless, "it goes on where it should end", 1, id="endless"),
        pytest.param(other_part, "sent another part", 1, id="another part"),
        pytest.param(nonsense, "what answers is no web server", 1, id="a mail server"),
        pytest.param(redirection("ftp://127.0.0.1/file"), "leads to what is no web server", 1, id="to another protocol"),
        pytest.param(redirection("file:///etc/hostname"), "the server answered 302", 1, id="to a file of this computer"),
        pytest.param(redirection("/models/model.onnx"), "the server answered 302", 5, id="in a circle"),
    ],
)
def test_what_does_not_pass_is_reported(trouble: Trouble, reason: str, requests: int, site: Site, part: Path) -> None:
    site.troubles.extend([trouble] * 12)
    assert reason in refused(site, part).message
    assert len(site.asked) == requests
    assert not part.exists() or part.stat().st_size <= len(CONTENT)


def test_another_file_of_the_same_size_is_refused_and_not_kept(site: Site, part: Path) -> None:
    site.content = OTHER
    assert hashlib.sha256(OTHER).hexdigest() in refused(site, part).message
    assert len(site.asked) == 1
    assert not part.exists()


def test_a_server_that_says_nothing_more_is_left(site: Site, part: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "PATIENCE_S", 0.1)
    go_on = threading.Event()
    site.troubles.extend([stuck(100_000, go_on), stuck(0, go_on)] * 2)
    site.ranges = False
    assert "nothing came for 0.1 s" in refused(site, part).message
    go_on.set()


def test_a_server_that_is_slow_is_waited_for(site: Site, part: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "PATIENCE_S", 0.3)
    pause = threading.Event()

    def slow(handler: BaseHTTPRequestHandler, site: Site) -> None:
        handler.send_response(200)
        site.head(handler, len(site.content))
        for start in range(0, len(site.content), 140_000):
            handler.wfile.write(site.content[start : start + 140_000])
            pause.wait(0.1)

    site.troubles.append(slow)
    fetch(site, part)
    assert part.read_bytes() == CONTENT
    assert len(site.asked) == 1
