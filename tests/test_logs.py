"""What a run says of itself while it goes on: lines of a log, with times."""

from __future__ import annotations

import logging
import re
import shutil
from pathlib import Path

import pytest

from feelit.errors import OutputError
from feelit.logs import LineFormatter, facts, logged
from feelit.run.engines.local import LocalEngine
from tests import works
from tests.conftest import Command
from tests.video import clips

LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (info|warning|error) +[a-z._]+: ")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("logs") / "a.mp4"
    clips.plain(path, face=True, frames=10)
    return path


@pytest.fixture
def video(made: Path) -> Path:
    """A video in the working folder."""
    shutil.copy(made, "a.mp4")
    return Path("a.mp4")


def line(message: str, **values: object) -> str:
    record = logging.LogRecord("feelit.run.pipeline", logging.INFO, "", 0, message, None, None)
    record.created, record.msecs = 1.25, 250.0
    record.__dict__.update(facts(**values))
    return LineFormatter().format(record)


def test_a_line_has_a_time_and_named_values() -> None:
    assert line("done", video="in/a b.mp4", faces=3, wall_s=0.25, people=None) == (
        '1970-01-01T00:00:01.250Z info    run.pipeline: done video="in/a b.mp4" faces=3 wall_s=0.25'
    )


def test_nothing_breaks_a_line_or_commands_a_terminal() -> None:
    text = line("opened\n", video='\x1b[2J"=\n')
    assert text.isprintable()
    assert "\\x1b" in text or "\\u001b" in text


def test_lines_go_to_a_file_and_to_standard_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log, logger = tmp_path / "run.log", logging.getLogger("feelit.test")
    with logged(True, log):
        logger.info("one")
        logger.debug("no")
    with logged(False, log):
        logger.warning("two")
    logger.warning("after")
    assert capsys.readouterr().err.splitlines()[0].endswith("test: one")
    assert [text.split("test: ")[1] for text in log.read_text(encoding="utf-8").splitlines()] == ["one", "two"]


def test_a_log_that_cannot_be_written_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot be written"), logged(False, tmp_path / "gone" / "run.log"):
        pass


def test_without_a_configuration_nothing_is_printed(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    logging.getLogger("feelit.run").warning("a worker ended")
    assert capfd.readouterr().err == ""


@pytest.mark.usefixtures("serial")
def test_a_run_is_logged(video: Path, command: Command) -> None:
    ran = command("analyze", video, "--verbose", "--log-file", "run.log")
    assert (ran.code, ran.out) == (0, "")
    assert all(map(LINE.match, ran.lines))
    heads = [re.split(r"Z \w+ +", text)[1] for text in ran.lines]
    assert heads[0].startswith("run.pipeline: a run begins videos=1 out=results.parquet engine=local")
    assert heads[1].startswith("run.pipeline: opened video=a.mp4 duration_s=0.4 segments=1")
    assert "run.pipeline: done video=a.mp4 sampled=4 faces=4 tracks=1 people=1" in heads[2]
    assert Path("run.log").read_text(encoding="utf-8").splitlines() == ran.lines
    failed = command("analyze", "gone.mp4", video, "--out", "out", "--verbose", "--json")
    assert any("error   run.pipeline: failed video=gone.mp4 kind=VideoReadError" in text for text in failed.lines)


@pytest.mark.usefixtures("serial")
def test_a_log_never_goes_into_an_input(video: Path, command: Command) -> None:
    before = video.read_bytes()
    ran = command("analyze", video, "--log-file", "a.mp4")
    assert ran.code == 2
    assert "is an input" in ran.lines[0]
    assert video.read_bytes() == before


@pytest.mark.usefixtures("serial")
def test_where_there_is_no_terminal_a_line_says_what_became_of_a_video(video: Path, command: Command) -> None:
    shutil.copy(video, "b.mp4")
    ran = command("analyze", video, "b.mp4", "--out", "out")
    assert [re.sub(r"took [\d.]+ s.*x real time\)", "took T", text) for text in ran.lines] == [
        f"feelit: {name}.mp4: 0:00.4 took T: 4 samples, 4 faces, 1 person, 1 track; in out/{name}.mp4.parquet" for name in "ab"
    ]
    assert command("analyze", video, "b.mp4", "--out", "out").lines == ["feelit: 2 videos are unchanged"]
    assert command("analyze", video, "--out", "quiet.parquet", "--quiet").err == ""
    assert command("analyze", video, "--out", "json.parquet", "--json").err == ""


def test_a_worker_that_dies_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "feelit"):
        works.reported(LocalEngine(1, works.deadly_once).run(works.orders(tmp_path)))
    (record,) = [one for one in caplog.records if "tried again" in one.message]
    assert record.__dict__["facts"] == {"cause": "its worker died", "video": str(tmp_path / "a.mp4"), "segment": 2}
