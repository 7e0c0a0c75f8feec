"""How the program is started, and what it says of itself to a shell."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

FEELIT = Path(sys.executable).with_name("feelit")


def test_the_package_can_be_run_as_a_module() -> None:
    done = subprocess.run([sys.executable, "-m", "feelit", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("feelit ")


@pytest.mark.parametrize(
    "names",
    [
        pytest.param(["empty.mp4"], id="one", marks=pytest.mark.slow),
        pytest.param(["empty.mp4", "text.mp4"], id="all"),
    ],
)
def test_a_run_whose_videos_all_fail_ends(names: list[str], tmp_path: Path) -> None:
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "text.mp4").write_text("no video")
    done = subprocess.run([FEELIT, "analyze", *names], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode in (3, 10)
    assert done.stderr.startswith("feelit: ")


@pytest.mark.parametrize(("words", "expected"), [("feelit an", ["analyze", "annotate"]), ("feelit plot --em", ["--emotion"])])
def test_a_shell_completes_commands_and_options(words: str, expected: list[str]) -> None:
    asked = {"_FEELIT_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(len(words.split()) - 1)}
    done = subprocess.run([FEELIT], env=os.environ | asked, capture_output=True, text=True, check=True)
    assert done.stdout.split() == expected
