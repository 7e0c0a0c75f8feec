"""The command `feelit annotate`: what it says."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.clipping import made
from tests.conftest import Command
from tests.video.test_companions import recording


@pytest.mark.parametrize(("name", "lost"), [("out.mp4", ["attachment"]), ("out.mkv", ["attachment"])])
def test_what_the_container_cannot_hold_is_one_line_each(name: str, lost: list[str], tmp_path: Path, command: Command) -> None:
    video = recording(tmp_path / "a.mkv")
    made.timeline(tmp_path / "t.parquet", video)
    ran = command("annotate", str(video), str(tmp_path / "t.parquet"), "--out", str(tmp_path / name))
    assert (ran.code, ran.out) == (0, "")
    lines = ran.err.splitlines()
    assert len(lines) == len(lost)
    for line, word in zip(lines, lost, strict=True):
        assert line.startswith(f"feelit: {name} cannot hold stream")
        assert word in line
        assert line.endswith("it is left out")
