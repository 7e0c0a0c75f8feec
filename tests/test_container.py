"""What a container does to the program: it is process 1, its user has no name and no home, and little can be written."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.test_interruption import kept, wait_for
from tests.video import clips

REPOSITORY = Path(__file__).parents[1]
DOCKERFILE = (REPOSITORY / "Dockerfile").read_text(encoding="utf-8")
COMMAND = [sys.executable, "-m", "feelit"]
NAMESPACE = ["unshare", "--pid", "--fork", "--mount-proc"]


def can_unshare() -> bool:
    if shutil.which("unshare") is None:
        return False
    return subprocess.run([*NAMESPACE, "true"], capture_output=True, check=False).returncode == 0


def test_the_image_is_made_of_files_that_there_are() -> None:
    copied = [word for line in re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE) for word in line.split()]
    assert copied
    assert all((REPOSITORY / name).exists() for name in copied)
    sent = {line[1:] for line in (REPOSITORY / ".dockerignore").read_text(encoding="utf-8").splitlines() if line[0] == "!"}
    assert set(copied) == sent
    assert (REPOSITORY / "constraints.txt").read_text(encoding="utf-8").count("onnxruntime") == 2, "one for GPUs, one for CPUs"


def test_the_image_runs_as_nobody_and_gets_signals_itself() -> None:
    assert re.search(r"^USER (?!0)\d+:\d+$", DOCKERFILE, re.MULTILINE)
    assert 'ENTRYPOINT ["feelit"]' in DOCKERFILE, "not by way of a shell, which keeps signals to itself"


@pytest.mark.slow
@pytest.mark.skipif(not can_unshare(), reason="no namespaces of processes")
def test_process_1_ends_in_order_on_sigterm_and_is_resumed(tmp_path: Path) -> None:
    video = clips.plain(tmp_path / "a.mp4", frames=500, gop=25, face=True)
    out, whole = tmp_path / "out.parquet", tmp_path / "whole.parquet"
    arguments = ["analyze", str(video), "--workers", "1", "--quiet", "--rate", "native"]
    process = subprocess.Popen([*NAMESPACE, *COMMAND, *arguments, "--out", str(out)], stderr=subprocess.PIPE, text=True)
    wait_for(lambda: kept(out) or process.poll() is not None)
    (first,) = psutil.Process(process.pid).children()
    first.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (130, "feelit: interrupted; run the same command again to resume\n")
    assert kept(out)
    for place in (out, whole):
        subprocess.run([*COMMAND, *arguments, "--out", str(place)], check=True)
    assert out.read_bytes() == whole.read_bytes()


def can_be_anybody() -> bool:
    """Whether tests run as root, and with a Python that others may run as well."""
    if os.name == "nt" or os.getuid() != 0:
        return False
    try:
        return subprocess.run([sys.executable, "-c", "import feelit.cli"], user=54321, cwd="/", check=False).returncode == 0
    except PermissionError:
        return False


@pytest.mark.skipif(not can_be_anybody(), reason="no other user can run this Python")
def test_a_user_without_name_and_home_can_run_it_where_little_can_be_written(tmp_path: Path) -> None:
    video = clips.plain(tmp_path / "a.mp4", frames=10, face=True)
    for folder in (tmp_path, *tmp_path.parents[:-2]):
        folder.chmod(0o755)
    results = tmp_path / "results"
    results.mkdir()
    os.chown(results, 54321, 54321)
    done = subprocess.run(
        [*COMMAND, "analyze", str(video), "--out", str(results / "a.parquet"), "--quiet"],
        env={"PATH": os.environ["PATH"], "HOME": "/nonexistent", "PYTHONPATH": os.environ["PYTHONPATH"]},
        cwd="/", user=54321, group=54321, extra_groups=[], capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert [path.name for path in results.iterdir()] == ["a.parquet"]
