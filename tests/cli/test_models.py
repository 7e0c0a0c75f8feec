"""feelit models, as it is called."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from feelit.models.paths import BUILT_IN
from feelit.storage import web
from tests.conftest import Command
from tests.models.small import Small, small_model
from tests.storage.sites import cut, status, stuck

PROGRAM = """
import pathlib, sys
from feelit.models import catalogue
catalogue.CATALOGUE = pathlib.Path(sys.argv.pop(1))
from feelit.cli import main
main()
"""


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Small]:
    """A catalogue of one small classifier, and an empty cache."""
    monkeypatch.setattr(web, "PAUSES_S", ())
    monkeypatch.chdir(tmp_path)
    with small_model(tmp_path, monkeypatch) as found:
        yield found


def start(small: Small, *arguments: str) -> subprocess.Popen[str]:
    """`feelit models pull` in a process of its own."""
    command = [sys.executable, "-c", PROGRAM, str(small.catalogue), "models", "pull", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_list_is_a_table_or_json(small: Small, command: Command) -> None:
    ran = command("models", "list")
    assert (ran.code, ran.err) == (0, "")
    assert all(word in ran.out for word in (*BUILT_IN, "small", "built in", "to be pulled", "MIT (made for a test)"))
    command("models", "pull", "small")
    assert "in the cache" in command("models", "list").out
    listed = json.loads(command("models", "list", "--json").out)
    assert [model["name"] for model in listed] == [*BUILT_IN, "small"]
    assert listed[-1]["path"] == str(small.model)
    assert listed[-1]["present"] is True


@pytest.mark.parametrize("asked", [("list",), ("list", "--json"), ("info", "mine"), ("info", "mine", "--json")], ids=" ".join)
def test_no_card_commands_a_terminal(
    asked: tuple[str, ...], small: Small, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    command("models", "pull", "small")
    small.model.rename(small.model.with_name("mine.onnx"))
    card = json.loads(small.model.with_suffix(".json").read_text(encoding="utf-8")) | {"licence": "MIT\x9b31m\u202etxt"}
    small.model.with_name("mine.json").write_text(json.dumps(card), encoding="utf-8")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    shown = command("models", *asked).out
    assert "MIT" in shown
    assert not {"\x9b", "\u202e"} & set(shown)


def test_info_is_text_or_json(small: Small, command: Command) -> None:
    ran = command("models", "info", "small")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("small: a classifier of expressions\n")
    assert json.loads(command("models", "info", "expression", "--json").out)["outputs"][0]["name"] == "logits"
    assert small.site.asked == []


def test_verify_is_a_line_a_model_and_an_exit_code(small: Small, command: Command) -> None:
    command("models", "pull", "small")
    ran = command("models", "verify")
    assert (ran.code, ran.err) == (0, "")
    assert [line.split(":")[0].split() for line in ran.out.splitlines()] == [["ok", name] for name in (*BUILT_IN, "small")]
    small.model.write_bytes(b"\x1b[31m")
    ran = command("models", "verify", "small", "gone\n.onnx")
    assert (ran.code, ran.err) == (4, "")
    first, second = ran.out.splitlines()
    assert first.startswith("error    small: ")
    assert first.endswith("(`feelit models pull small` puts it right)")
    assert second.startswith("error    gone\\n.onnx: model gone\\n.onnx does not exist")
    assert [model["ok"] for model in json.loads(command("models", "verify", "small", "face", "--json").out)] == [False, True]


def test_pull_prints_where_the_model_is_and_states_its_licence(small: Small, command: Command) -> None:
    ran = command("models", "pull", "small")
    assert (ran.code, ran.out) == (0, f"{small.model}\n")
    assert ran.lines == ["feelit: small has the licence: MIT (made for a test)"]
    ran = command("models", "pull", "small", "--quiet")
    assert (ran.code, ran.out, ran.err) == (0, f"{small.model}\n", "")


def test_a_mirror_may_be_an_option_or_in_the_environment(
    small: Small, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    small.site.troubles.append(status(404))
    assert command("models", "pull", "small", "--from", f"{small.site.address}/a").code == 4
    monkeypatch.setenv("FEELIT_MIRROR", f"{small.site.address}/b")
    assert command("models", "pull", "small").code == 0
    assert [request[":line"].split()[1] for request in small.site.asked] == ["/models/a/small.onnx", "/models/b/small.onnx"]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        pytest.param(["other"], 4, "feelit: the catalogue has no model other (it has small)", id="unknown"),
        pytest.param(["../../small"], 4, "feelit: the catalogue has no model ../../small (it has small)", id="a way up"),
        pytest.param(["small", "--from", "nowhere"], 2, "feelit: nowhere is no address of a web server", id="no address"),
        pytest.param(["small", "--file", "gone"], 4, "feelit: gone cannot be read: No such file", id="no copy"),
    ],
)
def test_what_is_wrong_is_one_line(arguments: list[str], code: int, message: str, small: Small, command: Command) -> None:
    ran = command("models", "pull", "--quiet", *arguments)
    assert (ran.code, ran.out, len(ran.lines)) == (code, "", 1)
    assert ran.err.startswith(message)


def test_analyze_finds_what_was_pulled_and_says_how_if_it_was_not(small: Small, command: Command) -> None:
    Path("empty.mp4").write_bytes(b"")
    ran = command("analyze", "empty.mp4", "--classifier", "small")
    assert (ran.code, ran.lines) == (4, ["feelit: model small is not on this computer (`feelit models pull small` fetches it)"])
    assert small.site.asked == []
    command("models", "pull", "small")
    assert command("analyze", "empty.mp4", "--classifier", "small").code == 3


@pytest.mark.parametrize(
    ("number", "code", "said"),
    [
        pytest.param(signal.SIGKILL, -signal.SIGKILL, "", id="kill-9"),
        pytest.param(signal.SIGINT, 130, "feelit: interrupted; run the same command again to resume\n", id="ctrl-c"),
        pytest.param(signal.SIGTERM, 130, "feelit: interrupted; run the same command again to resume\n", id="sigterm"),
    ],
)
def test_an_interrupted_pull_is_resumed(number: int, code: int, said: str, small: Small, command: Command) -> None:
    go_on = threading.Event()
    small.site.troubles.append(stuck(400, go_on))
    with start(small, "small", "--quiet") as process:
        deadline_s = time.monotonic() + 20
        while not (small.part.exists() and small.site.asked) and time.monotonic() < deadline_s:
            time.sleep(0.01)
        time.sleep(0.2)
        os.kill(process.pid, number)
        out, err = process.communicate(timeout=20)
    go_on.set()
    assert (process.returncode, out, err) == (code, "", said)
    assert not small.model.exists()
    there = small.part.stat().st_size
    assert command("models", "pull", "small").code == 0
    assert small.model.read_bytes() == small.content
    assert small.site.asked[-1].get("Range") == (f"bytes={there}-" if there else None)
    assert command("models", "verify", "small").code == 0


def test_of_two_at_once_one_is_reported(small: Small, command: Command) -> None:
    go_on = threading.Event()
    small.site.troubles.append(stuck(400, go_on))
    with start(small, "small", "--quiet") as process:
        deadline_s = time.monotonic() + 20
        while not small.site.asked and time.monotonic() < deadline_s:
            time.sleep(0.01)
        ran = command("models", "pull", "small", "--quiet")
        go_on.set()
        out, err = process.communicate(timeout=30)
    assert (ran.code, ran.err) == (5, "feelit: another process is fetching small (wait for its end)\n")
    assert (process.returncode, out, err) == (0, f"{small.model}\n", "")
    assert small.model.read_bytes() == small.content


def test_a_cache_that_may_not_be_written_is_reported(small: Small, command: Command) -> None:
    small.cache.mkdir(mode=0o500)
    if os.access(small.cache, os.W_OK):
        pytest.skip("nothing is forbidden to this user")
    ran = command("models", "pull", "small", "--quiet")
    assert ran.code == 5
    assert "permission denied (set FEELIT_CACHE to another folder, or fix the folder's permissions)" in ran.err


def test_a_connection_that_breaks_again_and_again_is_reported_once(small: Small, command: Command) -> None:
    small.site.troubles.append(cut(400))
    ran = command("models", "pull", "small", "--quiet")
    assert ran.code == 4
    assert ran.err.endswith("made.onnx broke off (run the same command again to go on)\n")
