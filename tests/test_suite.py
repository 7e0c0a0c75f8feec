"""What every test may rely on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]

LEAKS = """
import subprocess, sys

def test_that_fails():
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    with open("child", "w") as file:
        file.write(str(child.pid))
    assert False
"""


def test_every_test_runs_in_an_empty_folder_of_its_own(own_folder: Path) -> None:
    """After `make demo` the repository holds results.parquet: a test that ran there would meet it."""
    assert Path.cwd() == own_folder
    assert not own_folder.is_relative_to(REPOSITORY)
    assert list(own_folder.iterdir()) == []


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="children are found by way of Linux's /proc")
def test_what_a_failing_test_started_does_not_outlive_it(own_folder: Path) -> None:
    (own_folder / "conftest.py").write_text("from tests.conftest import pytest_runtest_call\n", encoding="utf-8")
    (own_folder / "test_leak.py").write_text(LEAKS, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(own_folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "1 failed" in done.stdout
    with pytest.raises(ProcessLookupError):
        os.kill(int((own_folder / "child").read_text(encoding="utf-8")), 0)


def test_ctrl_c_reaches_what_tests_start() -> None:
    """Also where pytest runs as a background job, whose shell has SIGINT ignored."""
    assert signal.getsignal(signal.SIGINT) is not signal.SIG_IGN
