"""Names that want to be more than names: through every command, to a terminal, a pipe and a file."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest

from feelit.storage.names import as_text, one_line
from tests.conftest import Command
from tests.timeline.reading import read_table
from tests.video import clips

FEELIT = Path(sys.executable).with_name("feelit")
NAMES = {
    "newline": b"new\nline.mp4",
    "escape-sequence": b"\x1b[31mred\x1b[0m\x07\x08.mp4",
    "c1-control": "\x9b31m.mp4".encode(),
    "right-to-left": "\u202egpm.4pm.mp4".encode(),
    "no-utf-8": b"bad\xff\xfe.mp4",
    "script": b"<script>alert(1)<&amp;.mp4",
    "markup": "[red]ü:smile:`a`|b.mp4".encode(),
    "formula": b"=1+1.mp4",
    "option": b"--help.mp4",
    "long": b"x" * 250 + b".mp4",
    "blanks": b" sp ace\ttab\r .mp4",
}
FORMATS = {"table": "--format=table", "json": "--format=json", "csv": "--format=csv", "md": "--format=md"}
LATER = {"csv", "json", "md"}
"""Formats that are left to the slow tests where a process is started for each."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A video under every name: copies, which differ in nothing else."""
    made = tmp_path_factory.mktemp("names")
    (made / "in").mkdir()
    clip = clips.plain(made / "clip.mp4", frames=15, size=(96, 64), face=True)
    for name in NAMES.values():
        shutil.copy(os.fsencode(clip), os.fsencode(made / "in") + b"/" + name)
    return made


@pytest.fixture
def analysed(folder: Path, monkeypatch: pytest.MonkeyPatch, command: Command, serial: None) -> Path:
    """The timeline of all of them."""
    monkeypatch.chdir(folder)
    out = folder / "all.parquet"
    if not out.exists():
        ran = command("analyze", "in", "--out", out, "--min-face", 16, "--rate", "native", "--json")
        assert (ran.code, ran.err) == (0, "")
        assert {json.loads(line)["video"] for line in ran.out.splitlines()} == names_of(folder)
    return out


def names_of(folder: Path) -> set[str]:
    """What timelines call the videos."""
    return {f"in/{as_text(path.relative_to(folder / 'in'))}" for path in (folder / "in").iterdir()}


def harmless(text: str) -> bool:
    """Whether nothing in a text commands a terminal."""
    return all(c.isprintable() or c == "\n" for c in text)


def test_copies_of_one_video_are_distinguished(analysed: Path, folder: Path) -> None:
    table, _ = read_table(analysed)
    names = table.column("video").cast(pa.string()).to_pylist()
    assert set(names) == names_of(folder)
    assert {names.count(name) for name in names} == {15}


@pytest.mark.parametrize("what", ["summarize", "events"])
def test_tables_show_names_and_obey_none(what: str, analysed: Path, folder: Path, command: Command) -> None:
    shown = command(what, analysed, *(["--kind", "all"] if what == "events" else [])).out
    assert harmless(shown)
    for name in names_of(folder) - {f"in/{as_text(Path('x' * 250 + '.mp4'))}"}:
        assert one_line(name).replace("\\", "\\") in shown


def test_markdown_shows_names_and_obeys_none(analysed: Path, command: Command) -> None:
    shown = command("summarize", analysed, "--format", "md").out
    assert harmless(shown)
    assert "<script>" not in shown.replace("\\<", "")
    assert len(shown.splitlines()) == 2 + len(NAMES)


@pytest.mark.parametrize("what", ["summarize", "events"])
def test_data_hold_names_as_they_are(what: str, analysed: Path, folder: Path, command: Command) -> None:
    kind = ["--kind", "all"] if what == "events" else []
    objects = json.loads(command(what, analysed, *kind, "--format", "json").out)
    rows = list(csv.DictReader(io.StringIO(command(what, analysed, *kind, "--format", "csv").out, newline="")))
    assert {row["video"] for row in objects} == {row["video"] for row in rows} == names_of(folder)


def on_terminal(*arguments: object, cwd: Path) -> str:
    """What a command writes to a terminal."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "dumb", "COLUMNS": "200", "NO_COLOR": "1"}
    process = subprocess.Popen([FEELIT, *map(str, arguments)], stdout=theirs, stderr=theirs, cwd=cwd, env=environment)
    os.close(theirs)
    said = b""
    while True:
        try:
            part = os.read(ours, 1 << 16)
        except OSError:  # Linux's way to tell that the other end is closed
            break
        if not part:
            break
        said += part
    os.close(ours)
    assert process.wait(60) == 0, said
    return said.decode("utf-8").replace("\r\n", "\n")


@pytest.mark.parametrize(
    "form", [pytest.param(form, id=name, marks=[pytest.mark.slow] if name in LATER else []) for name, form in FORMATS.items()]
)
def test_nothing_commands_a_terminal_in_any_format(form: str, analysed: Path, folder: Path) -> None:
    said = on_terminal("summarize", analysed, form, cwd=folder)
    assert harmless(said)
    assert "u202egpm" in said


def test_a_run_on_a_terminal_obeys_no_name(folder: Path) -> None:
    hostile = [Path("in", os.fsdecode(NAMES[name])) for name in ("escape-sequence", "c1-control", "right-to-left")]
    said = on_terminal("analyze", *hostile, "--out", "tty.parquet", "--min-face", 16, "--workers", 1, "--force", cwd=folder)
    assert "red\x1b[0m" not in said
    assert "\x9b" not in said
    assert "\u202e" not in said
    assert "\\x1b[31mred\\x1b[0m" in said


@pytest.mark.parametrize("what", [["analyze"], ["summarize"], ["events"], ["annotate", "gone.mp4"]], ids=lambda words: words[0])
@pytest.mark.parametrize("name", [n for n in NAMES if n != "option"])
def test_what_fails_is_reported_in_one_line(name: str, what: list[str], tmp_path: Path, command: Command, serial: None) -> None:
    ran = command(*what, tmp_path / os.fsdecode(NAMES[name][:250]))
    assert ran.code == 3
    assert harmless(ran.err)
    assert len(ran.lines) == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("encoding", ["ascii", *(pytest.param(name, marks=pytest.mark.slow) for name in ("latin-1", "cp1252"))])
def test_json_stays_json_in_any_encoding(encoding: str, analysed: Path, folder: Path) -> None:
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    command = [str(FEELIT), "summarize", str(analysed), "--format", "json"]
    ran = subprocess.run(command, capture_output=True, env=environment, check=True)
    assert {row["video"] for row in json.loads(ran.stdout.decode(encoding))} == names_of(folder)


def test_doctor_shows_odd_folders_in_one_line_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: Command) -> None:
    odd = tmp_path / "temp\n\x1b[31m\udcff"
    odd.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(odd))
    lines = command("doctor").out.splitlines()
    assert sum(r"temp\n\x1b[31m\udcff" in line for line in lines) == 1
    assert all(harmless(line) for line in lines)
    assert any(r"\udcff" in finding["message"] for finding in json.loads(command("doctor", "--json").out))
