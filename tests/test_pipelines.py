"""docs/pipelines.md: every recipe is run, word for word, by the program that it is written for."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml

from feelit.cli.reference import commands
from feelit.errors import FeelitError
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


@pytest.mark.slow
def test_a_folder(study: Path) -> None:
    ((_, code),) = SECTIONS["Pipelines"]
    run(code)
    assert rows(*all_timelines(study)) == [6, 4]


@pytest.mark.slow
def test_exit_codes(study: Path) -> None:
    ((_, code),) = SECTIONS["Exit codes"]
    assert run(code) == ""
    clips.not_a_video(study / "recordings" / "broken.mp4")
    assert "some videos failed" in run(code)
    assert rows(*all_timelines(study)) == [6, 4]


@pytest.mark.slow
def test_find(study: Path) -> None:
    ((_, code),) = SECTIONS["find"]
    (study / "recordings" / "empty.mp4").touch()
    run(code)
    assert rows(*all_timelines(study)) == [6, 4]


@pytest.mark.slow
@pytest.mark.parametrize("recipe", SECTIONS["xargs, and GNU parallel"], ids=["xargs", "parallel"])
def test_one_process_a_video(study: Path, recipe: tuple[str, str]) -> None:
    needs("xargs, and GNU parallel")
    run(recipe[1])
    assert rows(study / "apart" / "call.mp4.parquet", study / "apart" / "talk.mp4.parquet") == [6, 4]


@pytest.mark.slow
def test_make(study: Path) -> None:
    needs("make")
    ((language, code),) = SECTIONS["make"]
    run(code, language)
    assert sorted(path.name for path in (study / "made").iterdir()) == [
        *("call.csv", "call.parquet", "talk.csv", "talk.parquet"),
    ]
    assert "Nothing to be done" in run(code, language)


@pytest.mark.slow
def test_slurm(study: Path) -> None:
    (_, job), (_, afterwards) = SECTIONS["Slurm"]
    for task in range(1, 5):
        run(job, SLURM_ARRAY_TASK_ID=str(task))
    assert rows(*all_timelines(study)) == [6, 4]
    run(afterwards)
    assert rows(study / "all.parquet") == [10]


@pytest.mark.slow
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


@pytest.mark.slow
def test_jq(study: Path) -> None:
    needs("jq")
    (_, failures), (_, speed) = SECTIONS["jq"]
    clips.not_a_video(study / "recordings" / "broken.mp4")
    run(f"({failures.strip()}) || true")
    (line,) = (study / "failed.tsv").read_text(encoding="utf-8").splitlines()
    assert line.split("\t")[0] == "recordings/broken.mp4"
    (study / "recordings" / "broken.mp4").unlink()
    assert float(run(speed)) > 0


@pytest.mark.slow
def test_duckdb(study: Path) -> None:
    pytest.importorskip("duckdb")
    ((language, code),) = SECTIONS["DuckDB"]
    run("feelit analyze recordings --out timelines --quiet")
    assert "recordings/call.mp4" in run(code, language)


def test_a_container() -> None:
    ((language, code),) = SECTIONS["A container"]
    lines = [line for line in code.splitlines() if line.startswith("docker run")]
    assert language == "docker"
    for line in [*lines, *DOCKERFILE.splitlines()]:
        if "docker run" in line:
            refuse_unknown_options(line.partition(" feelit ")[2])
    assert "--read-only --tmpfs /tmp --user" in lines[0]


DOCKERFILE = (Path(__file__).parents[1] / "Dockerfile").read_text(encoding="utf-8")


def refuse_unknown_options(arguments: str) -> None:
    """What follows `feelit` in a command that cannot be run here is at least understood."""
    name, *rest = shlex.split(arguments)
    command = commands()[name]
    command.make_context(name, rest)


@pytest.mark.slow
def test_kubernetes(study: Path) -> None:
    ((language, code),) = SECTIONS["Kubernetes"]
    job = yaml.safe_load(code)
    assert (language, job["kind"], job["apiVersion"], job["spec"]["completionMode"]) == ("yaml", "Job", "batch/v1", "Indexed")
    pod = job["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert {mount["name"] for mount in container["volumeMounts"]} == {volume["name"] for volume in pod["volumes"]}
    (rule,) = [rule["onExitCodes"] for rule in job["spec"]["podFailurePolicy"]["rules"] if "onExitCodes" in rule]
    lasting = {kind.exit_code for kind in FeelitError.__subclasses__()} - {7, 11}
    assert (rule["containerName"], set(rule["values"])) == (container["name"], lasting)
    (arguments,) = container["args"]
    assert f'/{job["spec"]["completions"]}"' in arguments
    for index in range(job["spec"]["completions"]):
        subprocess.run([*container["command"], arguments], env={**os.environ, "JOB_COMPLETION_INDEX": str(index)}, check=True)
    assert rows(*all_timelines(study)) == [6, 4]


@pytest.mark.slow
def test_snakemake(study: Path) -> None:
    """Its rules, by hand: Snakemake itself brings forty packages."""
    ((language, code),) = SECTIONS["Snakemake"]
    assert language == "snakemake"
    pattern = r'rule (\w+):\n    input:\n        "([^"]+)"\n    output:\n        "([^"]+)"\n.*?    shell:\n        "([^"]+)"'
    rules = re.findall(pattern, code, re.DOTALL)
    assert [name for name, *_ in rules] == ["analyze", "summarize"]
    (study / "made").mkdir()
    for _, given, made, command in rules:
        for video in ("call", "talk"):
            text = command.replace("{input:q}", given).replace("{output:q}", made).replace("{threads}", "1")
            run(text.replace("{video}", video))
    assert rows(study / "made/call.parquet", study / "made/talk.parquet") == [6, 4]
    assert (study / "made/call.csv").exists()


@pytest.mark.slow
def test_nextflow(study: Path) -> None:
    ((language, code),) = SECTIONS["Nextflow"]
    (script,) = re.findall(r'"""\n(.*?)"""', code, re.DOTALL)
    assert language == "nextflow"
    for video in (study / "recordings").iterdir():
        (study / video.name).symlink_to(video)  # as Nextflow stages inputs
        run(script.replace("${video}", video.name).replace("${video.name}", video.name).replace("${task.cpus}", "1"))
    assert rows(study / "call.mp4.parquet", study / "talk.mp4.parquet") == [6, 4]


@pytest.mark.slow
def test_airflow(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its file, with operators that only note what they are given: Airflow itself brings a hundred packages."""
    ((language, code),) = SECTIONS["Airflow"]
    tasks: list[dict[str, Any]] = []

    class Operator:
        def __init__(self, **given: Any) -> None:
            tasks.append(given)

        def __rshift__(self, other: object) -> object:
            return other

    class Dag(contextlib.nullcontext[None]):
        def __init__(self, name: str, **_: object) -> None:
            super().__init__()

    for name in ("airflow", "airflow.providers", "airflow.providers.standard", "airflow.providers.standard.operators"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    bash, sdk = ModuleType("bash"), ModuleType("sdk")
    vars(bash)["BashOperator"], vars(sdk)["DAG"] = Operator, Dag
    monkeypatch.setitem(sys.modules, "airflow.providers.standard.operators.bash", bash)
    monkeypatch.setitem(sys.modules, "airflow.sdk", sdk)
    assert language == "airflow"
    exec(compile(code, "dag.py", "exec"), {})
    for task in tasks:
        run(task["bash_command"])
    assert (study / "summary.csv").exists()
    assert rows(*all_timelines(study)) == [6, 4]
