"""docs/pipelines.md: every recipe is run, word for word, by the program that it is written for."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.video import clips

PAGE = (Path(__file__).parents[1] / "docs" / "pipelines.md").read_text(encoding="utf-8")
SECTIONS: dict[str, list[tuple[str, str]]] = {
    title: re.findall(r"^```(\w+)\n(.*?)^```", body, re.MULTILINE | re.DOTALL)
    for title, body in re.findall(r"^##? ([^\n]+)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
}

NEEDS = {"xargs, and GNU parallel": "parallel", "jq": "jq", "cron": "flock", "make": "make"}

pytestmark = pytest.mark.skipif(os.name == "nt", reason="recipes for a POSIX shell")


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with two recordings, untouched for an hour, and `feelit` on the PATH."""
    folder = tmp_path / "recordings"
    folder.mkdir()
    clips.plain(folder / "call.mp4", frames=15, face=True)
    clips.plain(folder / "talk.mp4", frames=10)
    for video in folder.iterdir():
        os.utime(video, (time.time() - 3600,) * 2)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    return tmp_path


def needs(title: str) -> None:
    if shutil.which(program := NEEDS.get(title, "sh")) is None:
        pytest.skip(f"{program} is not installed")


def run(code: str, language: str = "sh", **environment: str) -> str:
    """What a recipe prints on standard output."""
    if language == "make":
        Path("Makefile").write_text(code, encoding="utf-8")
        command = ["make", "-j", "2"]
    else:
        command = {"sh": ["bash", "-e", "-o", "pipefail", "-c", code], "python": [sys.executable, "-c", code]}[language]
    done = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def rows(*files: Path) -> list[int]:
    return [pq.read_metadata(file).num_rows for file in files]


def test_every_section_has_a_recipe_and_a_test() -> None:
    tested = set(re.findall(r'SECTIONS\["([^"]+)"\]', Path(__file__).read_text(encoding="utf-8")))
    assert tested == set(SECTIONS)
    assert all(SECTIONS.values())


def all_timelines(study: Path) -> list[Path]:
    return sorted((study / "timelines").rglob("*.mp4.parquet"))


def test_a_folder(study: Path) -> None:
    ((_, code),) = SECTIONS["Pipelines"]
    run(code)
    assert rows(*all_timelines(study)) == [6, 4]


def test_exit_codes(study: Path) -> None:
    ((_, code),) = SECTIONS["Exit codes"]
    assert run(code) == ""
    clips.not_a_video(study / "recordings" / "broken.mp4")
    assert "some videos failed" in run(code)
    assert rows(*all_timelines(study)) == [6, 4]


def test_find(study: Path) -> None:
    ((_, code),) = SECTIONS["find"]
    (study / "recordings" / "empty.mp4").touch()
    run(code)
    assert rows(*all_timelines(study)) == [6, 4]


@pytest.mark.parametrize("recipe", SECTIONS["xargs, and GNU parallel"], ids=["xargs", "parallel"])
def test_one_process_a_video(study: Path, recipe: tuple[str, str]) -> None:
    needs("xargs, and GNU parallel")
    run(recipe[1])
    assert rows(study / "apart" / "call.mp4.parquet", study / "apart" / "talk.mp4.parquet") == [6, 4]


def test_make(study: Path) -> None:
    needs("make")
    ((language, code),) = SECTIONS["make"]
    run(code, language)
    assert sorted(path.name for path in (study / "made").iterdir()) == [
        *("call.csv", "call.parquet", "talk.csv", "talk.parquet"),
    ]
    assert "Nothing to be done" in run(code, language)


def test_slurm(study: Path) -> None:
    (_, job), (_, afterwards) = SECTIONS["Slurm"]
    for task in range(1, 5):
        run(job, SLURM_ARRAY_TASK_ID=str(task))
    assert rows(*all_timelines(study)) == [6, 4]
    run(afterwards)
    assert rows(study / "all.parquet") == [10]


def test_cron(study: Path) -> None:
    needs("cron")
    ((_, code),) = SECTIONS["cron"]
    assert code.removesuffix(" || true\n") in PAGE.split("As a line of a crontab", 1)[1]
    run(code)
    assert rows(*all_timelines(study)) == [6, 4]


def test_watching_a_folder(study: Path) -> None:
    ((_, code),) = SECTIONS["Watching a folder"]
    (study / "recordings" / "still-written.mp4").write_bytes(b"....ftyp")
    watch = subprocess.Popen(["bash", "-c", code], env={**os.environ, "PAUSE": "0.2"}, start_new_session=True)
    try:
        deadline_s = time.monotonic() + 60
        while len(all_timelines(study)) < 2:
            assert watch.poll() is None
            assert time.monotonic() < deadline_s
            time.sleep(0.1)
    finally:
        os.killpg(watch.pid, signal.SIGTERM)
        watch.wait()
    assert rows(*all_timelines(study)) == [6, 4]


def test_jq(study: Path) -> None:
    needs("jq")
    (_, failures), (_, speed) = SECTIONS["jq"]
    clips.not_a_video(study / "recordings" / "broken.mp4")
    run(f"({failures.strip()}) || true")
    (line,) = (study / "failed.tsv").read_text(encoding="utf-8").splitlines()
    assert line.split("\t")[0] == "recordings/broken.mp4"
    (study / "recordings" / "broken.mp4").unlink()
    assert float(run(speed)) > 0


def test_duckdb(study: Path) -> None:
    pytest.importorskip("duckdb")
    ((language, code),) = SECTIONS["DuckDB"]
    run("feelit analyze recordings --out timelines --quiet")
    assert "recordings/call.mp4" in run(code, language)
