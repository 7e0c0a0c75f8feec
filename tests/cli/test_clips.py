"""The command `feelit clips`: what it says and what it leaves behind."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from feelit.clipping.index import FIELDS
from tests.clipping import made
from tests.conftest import Command

MOMENT = "0001_00-00-00.800_track1_happiness_moment.mp4"


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a video and its timeline, to copy from."""
    folder = tmp_path_factory.mktemp("made")
    made.timeline(folder / "t.parquet", made.video(folder / "a.mp4"))
    return folder


@pytest.fixture
def here(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with the two."""
    for file in source.iterdir():
        shutil.copy(file, tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_it_is_silent_unless_asked(here: Path, command: Command) -> None:
    ran = command("clips", "a.mp4", "t.parquet")
    assert (ran.code, ran.out, ran.err) == (0, "", "")
    assert len(list((here / "clips").glob("*.mp4"))) == 3


def test_json_is_one_object_a_clip(here: Path, command: Command) -> None:
    ran = command("clips", "a.mp4", "t.parquet", "--out", "o", "--kind", "moment,bout", "--emotion", "happiness", "--json")
    assert (ran.code, ran.err) == (0, "")
    bout, moment = map(json.loads, ran.out.splitlines())
    assert tuple(bout) == tuple(moment) == FIELDS
    assert (bout["kind"], bout["tracks"], bout["start_s"], bout["end_s"], bout["p_value"]) == ("bout", [1], 0.0, 2.2, None)
    assert (moment["file"], moment["event_start_s"]) == (MOMENT.replace("0001", "0002"), 0.8)
    assert all((here / "o" / clip["file"]).is_file() for clip in (bout, moment))


def test_nothing_to_cut_is_reported_and_is_no_failure(here: Path, command: Command) -> None:
    ran = command("clips", "a.mp4", "t.parquet", "--emotion", "fear", "--json")
    assert (ran.code, ran.out, ran.err) == (0, "", "feelit: t.parquet has no such event; there are no clips\n")
    assert [p.name for p in (here / "clips").iterdir()] == ["clips.csv"]


@pytest.mark.parametrize(
    ("arguments", "code", "reported"),
    [
        pytest.param(["a.mp4", "t.parquet", "--kind", "smile"], 2, "--kind smile is not known", id="kind"),
        pytest.param(["a.mp4", "t.parquet", "--tracks", "9"], 2, "no track 9", id="track"),
        pytest.param(["a.mp4", "t.parquet", "--tracks", "x"], 2, "no list of track ids", id="no track"),
        pytest.param(["a.mp4", "t.parquet", "--at", "9:75"], 2, "no time", id="time"),
        pytest.param(["a.mp4", "t.parquet", "--most", "0"], 2, "leaves no clip", id="none"),
        pytest.param(["a.mp4", "t.parquet", "--codec", "theora"], 2, "cannot encode with theora", id="codec"),
        pytest.param(["gone.mp4", "t.parquet"], 3, "gone.mp4 does not exist", id="no video"),
        pytest.param(["a.mp4", "gone.parquet"], 3, "gone.parquet does not exist", id="no timeline"),
        pytest.param(["a.mp4", "a.mp4"], 3, "not a readable Parquet file", id="no Parquet"),
        pytest.param(["a.mp4", "t.parquet", "--out", "a.mp4"], 5, "a.mp4 cannot be written", id="a file for a folder"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_leaves_nothing(
    here: Path, command: Command, arguments: list[str], code: int, reported: str
) -> None:
    ran = command("clips", *arguments)
    assert (ran.code, ran.out, len(ran.lines)) == (code, "", 1)
    assert reported in ran.err
    assert {p.name for p in here.iterdir()} == {"a.mp4", "t.parquet"}


@pytest.mark.parametrize(
    ("number", "reported"),
    [(errno.EACCES, "permission denied"), (errno.EROFS, "permission denied"), (errno.ENOSPC, "no space left")],
)
def test_a_folder_that_cannot_be_written_is_reported(
    here: Path, command: Command, monkeypatch: pytest.MonkeyPatch, number: int, reported: str
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Path, "mkdir", refuse)
    ran = command("clips", "a.mp4", "t.parquet", "--out", "o")
    assert (ran.code, len(ran.lines)) == (5, 1)
    assert reported in ran.err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_an_interruption_leaves_nothing(
    here: Path, command: Command, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    drawn = 0

    def interrupt(*_: object) -> None:
        nonlocal drawn
        drawn += 1
        if drawn == 60:  # within the second clip
            os.kill(os.getpid(), number)

    monkeypatch.setattr("feelit.clipping.cut._artist", lambda *_: SimpleNamespace(draw=interrupt))
    ran = command("clips", "a.mp4", "t.parquet")
    assert (ran.code, drawn) == (130, 60)
    assert {p.name for p in here.iterdir()} == {"a.mp4", "t.parquet"}


NAMES = [
    pytest.param(lambda folder: folder / "10:30 [bold] <b>'\"&.mp4", id="quotes and colons"),
    pytest.param(lambda folder: folder / "two\nlines.mp4", id="newline"),
    pytest.param(lambda folder: Path(os.fsdecode(os.fsencode(folder) + b"/not-\xff-text.mp4")), id="not UTF-8"),
]


@pytest.mark.skipif(os.name == "nt", reason="Windows allows none of these names")
@pytest.mark.parametrize("name", NAMES)
def test_names_may_be_odd(here: Path, command: Command, name: Callable[[Path], Path]) -> None:
    video = (here / "a.mp4").rename(name(here))
    timeline = here / "t.parquet"
    ran = command("clips", video, timeline, "--most", "1", "--out", video.with_suffix(""), "--json")
    assert (ran.code, ran.err) == (0, "")
    assert (video.with_suffix("") / json.loads(ran.out)["file"]).is_file()
    assert command("clips", video, timeline, "--emotion", "fear", "--out", here / "none").err.count("\n") == 1


def test_what_is_said_is_cut_and_listed(here: Path, command: Command) -> None:
    text = "WEBVTT\n\n0:00.500 --> 0:01.500\n<v Ann>The price, please\n\n0:04.500 --> 0:05.000\nThe end\n"
    (here / "a.vtt").write_text(text, encoding="utf-8")
    said = ("clips", "a.mp4", "t.parquet", "--transcript", "a.vtt")
    ran = command(*said, "--say", "PRICE", "--before", "0.1", "--after", "0", "--json")
    assert (ran.code, ran.err) == (0, "")
    clip = json.loads(ran.out)
    assert (clip["kind"], clip["text"], clip["start_s"], clip["end_s"]) == ("say", "The price, please", 0.4, 1.5)
    assert clip["file"] == "0001_00-00-00.500_say.mp4"
    assert "price" in (here / "clips" / "clips.csv").read_text(encoding="utf-8")
    ran = command(*said, "--say", "prices", "--force")
    assert (ran.code, ran.err) == (0, "feelit: a.vtt has no such words; there are no clips\n")
    ran = command(*said, "--say", "end", "--force")
    assert (ran.code, "what is said at 4.5 s is not in the video" in ran.err) == (2, True)
    ran = command(*said, "--say", "end", "--offset", "-2", "--out", "moved")
    assert (ran.code, [p.name for p in (here / "moved").glob("*.mp4")]) == (0, ["0001_00-00-02.500_say.mp4"])
