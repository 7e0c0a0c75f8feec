"""`feelit live` as a command: what it prints, how it ends, what it leaves."""

from __future__ import annotations

import itertools
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.conftest import Command
from tests.live.test_server import messages
from tests.timeline.reading import read_table
from tests.video import clips
from tests.video.clips import SAMPLE
from tests.video.servers import answering, silent

FEELIT = Path(sys.executable).with_name("feelit")


def start(*arguments: object) -> subprocess.Popen[str]:
    """The command as a process of its own, as a shell starts it."""
    return subprocess.Popen(
        [FEELIT, "live", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": ""},
    )


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().rstrip("\n")


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)])
def test_a_signal_ends_it_soon_and_the_recording_is_whole(number: signal.Signals, tmp_path: Path) -> None:
    out = tmp_path / "live.parquet"
    process = start(SAMPLE, "--loop", "--out", out)
    url = line(process)
    with urllib.request.urlopen(url) as page:
        assert page.status == 200
    with urllib.request.urlopen(url.replace("/?", "/stream?")) as stream:
        shown = (message for message in messages(stream) if message["kind"] == "frame")
        assert all(message["faces"] for message in itertools.islice(shown, 7))
    process.send_signal(number)
    rest, errors = process.communicate(timeout=60)
    assert (process.returncode, rest, errors) == (0, "", "")
    assert [p.name for p in tmp_path.iterdir()] == ["live.parquet"]
    rows, record = read_table(out)
    assert rows.column("track_id").drop_null().unique().to_pylist() == [1, 2, 3, 4]
    assert record["videos"][str(SAMPLE)]["frames_sampled"] > 5
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(url)


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_a_signal_before_there_is_anything_leaves_nothing(tmp_path: Path) -> None:
    with answering(silent) as url:
        process = start(url, "--out", tmp_path / "live.parquet")
        deadline_s = time.monotonic() + 60
        while not list(tmp_path.iterdir()) and time.monotonic() < deadline_s:  # the hidden folder of the recording
            time.sleep(0.05)
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        out, errors = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "")
    assert errors == "feelit: interrupted before there was anything to see\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_a_signal_at_the_moment_of_opening_does_not_crash(tmp_path: Path) -> None:
    """The interpreter must not end under a thread that FFmpeg is just opening something in."""
    program = (
        "import signal, threading, feelit.live.session as session\n"
        "first = session.open_capture\n"
        "session.open_capture = lambda *given: (signal.raise_signal(signal.SIGINT), first(*given))[1]\n"
        "import os, atexit; atexit.register(print, 'the interpreter has come to its end')\n"
        "from feelit.cli import main; main()"
    )
    with answering(silent) as url:
        ran = subprocess.run([sys.executable, "-c", program, "live", url], capture_output=True, text=True, timeout=60)
    assert (ran.returncode, ran.stdout) == (130, ""), "it ends at once, without what the interpreter does at its end"
    assert ran.stderr == "feelit: interrupted before there was anything to see\n"


def test_the_end_of_a_file_is_a_good_end(tmp_path: Path, command: Command) -> None:
    clip = clips.plain(tmp_path / "a.mp4", frames=20, face=True)
    ran = command("live", clip, "--json", "--device", "cpu", "--token", "a-token-of-mine")
    assert (ran.code, ran.err) == (0, "")
    first, last = map(json.loads, ran.out.splitlines())
    assert first["source"] == str(clip)
    assert first["url"].startswith("http://127.0.0.1:")
    assert first["url"].endswith("/?token=a-token-of-mine")
    assert (last["status"], last["out"], last["decoded"]) == ("done", None, 20)
    assert last["sampled"] + last["skipped"] == 20
    assert 0.7 < last["wall_s"] < 10


def test_without_json_the_address_is_all_that_is_printed(tmp_path: Path, command: Command) -> None:
    ran = command("live", clips.plain(tmp_path / "a.mp4", frames=5), "--port", 0, "--duration", 0.1)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.count("\n") == 1
    assert ran.out.startswith("http://127.0.0.1:")


def test_the_browser_is_opened_if_asked(tmp_path: Path, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    clip = clips.plain(tmp_path / "a.mp4", frames=5)
    command("live", clip)
    assert opened == []
    ran = command("live", clip, "--open")
    assert opened == ran.out.split()


def test_other_computers_are_let_in_with_a_warning(tmp_path: Path, command: Command) -> None:
    ran = command("live", clips.plain(tmp_path / "a.mp4", frames=5), "--host", "0.0.0.0")
    assert ran.code == 0
    assert ran.lines == ["feelit: whoever gets hold of the address can watch, and it travels unencrypted"]


def test_a_port_that_is_taken_is_reported(tmp_path: Path, command: Command) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ran = command("live", SAMPLE, "--port", taken.getsockname()[1])
    assert (ran.code, ran.out, len(ran.lines)) == (2, "", 1)
    assert "leave --port out" in ran.err


@pytest.mark.parametrize(
    ("arguments", "code", "reported"),
    [
        pytest.param(["missing.mp4"], 3, "missing.mp4 does not exist", id="missing file"),
        pytest.param(["text.mp4"], 3, "is not a video", id="text"),
        pytest.param(["."], 3, "is a folder", id="folder"),
        pytest.param([""], 2, "the source is empty", id="empty name"),
        pytest.param(["99"], 3, "no such camera", id="missing camera", marks=pytest.mark.skipif("sys.platform != 'linux'")),
        pytest.param(["rtsp://me:secret@127.0.0.1:9/a"], 3, "rtsp://127.0.0.1:9/a cannot be opened", id="unreachable"),
        pytest.param(["ftp://127.0.0.1/a"], 2, "cannot be watched", id="other scheme"),
        pytest.param(["rtsp://127.0.0.1:9/a", "--loop"], 2, "--loop is for files", id="loop of a stream"),
        pytest.param([SAMPLE, "--out", "there.parquet"], 5, "exists already", id="existing output"),
        pytest.param([SAMPLE, "--out", "a.csv"], 2, "no name for a timeline", id="other output"),
        pytest.param([SAMPLE, "--out", "text.mp4/a.parquet"], 5, "cannot be written", id="output below a file"),
        pytest.param([SAMPLE, "--rate", "often"], 2, "--rate often is no rate", id="rate"),
        pytest.param([SAMPLE, "--duration", "0"], 2, "--duration 0 is no time", id="duration"),
        pytest.param([SAMPLE, "--duration", "nan"], 2, "--duration nan is no time", id="no duration"),
        pytest.param([SAMPLE, "--min-face", "0"], 2, "--min-face", id="min-face"),
        pytest.param([SAMPLE, "--max-width", "1"], 2, "--max-width", id="max-width"),
        pytest.param([SAMPLE, "--classifier", "none"], 4, "does not exist", id="model"),
        pytest.param([SAMPLE, "--port", "99999"], 2, "is no port", id="port"),
        pytest.param([SAMPLE, "--token", "1"], 2, "--token", id="token"),
        pytest.param([SAMPLE, "--host", "nobody.invalid"], 2, "nothing can listen", id="host"),
    ],
)
def test_what_cannot_be_done_is_reported_in_one_line(
    arguments: list[object], code: int, reported: str, tmp_path: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    clips.not_a_video(Path("text.mp4"))
    Path("there.parquet").touch()
    ran = command("live", *arguments)
    assert (ran.code, ran.out) == (code, "")
    assert reported in ran.err
    assert "secret" not in ran.err
    assert [line.startswith("feelit: ") for line in ran.lines if "whoever" not in line] == [True]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["text.mp4", "there.parquet"]
