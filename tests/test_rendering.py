"""The program that renders the meeting: what it says where something is missing, and that it draws the committed video."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import tarfile
from pathlib import Path
from types import ModuleType
from typing import Any

import av
import numpy as np
import pandas as pd
import pytest

SAMPLES = Path(__file__).parents[1] / "sample_videos"
PROGRAM = SAMPLES / "make_meeting.py"
PSNR_DB = 35.0
LANDMARK_PX = 1 / 8
"""How well what is rendered here agrees with the committed video, of which an encoder has lost something, and its truth."""


@pytest.fixture
def rendering(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Imports modules of the renderer."""
    monkeypatch.syspath_prepend(SAMPLES)
    return lambda name: importlib.import_module(name)


HELP = ("heads.tar.xz", "MPFB 2", "https://github.com/makehumancommunity/mpfb2", "FEELIT_HEADS", "SHA-256 2a5161b0")


def test_without_meshes_the_program_says_where_to_get_them(tmp_path: Path) -> None:
    variables = {name: value for name, value in os.environ.items() if name != "FEELIT_HEADS"}
    command = [sys.executable, str(PROGRAM), str(tmp_path), "--every", "900"]
    ran = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
    assert (ran.returncode, "Traceback" in ran.stderr) == (1, False)
    assert [text for text in HELP if text not in ran.stderr] == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("given", ["missing", "text", "cut off", "empty folder", "without targets"])
def test_meshes_that_cannot_be_read_are_named(given: str, tmp_path: Path, rendering: Any) -> None:
    assets: ModuleType = rendering("rendering.assets")
    heads = tmp_path / "heads.tar.xz"
    if given == "text":
        heads.write_text("no archive")
    elif given == "cut off":
        (tmp_path / "base.obj").write_bytes(os.urandom(1 << 14))
        with tarfile.open(heads, "w:xz") as archive:
            archive.add(tmp_path / "base.obj", "heads/3dobjs/base.obj")
        heads.write_bytes(heads.read_bytes()[: 1 << 13])
    elif given == "empty folder":
        heads.mkdir()
    elif given == "without targets":
        (heads / "heads" / "3dobjs").mkdir(parents=True)
        (heads / "heads" / "3dobjs" / "base.obj").write_text("v 0 0 0\n")
    with pytest.raises(assets.AssetsMissingError) as caught:
        assets.read_assets(heads)
    assert str(caught.value).startswith(f"{heads} ")
    assert [text for text in HELP if text not in str(caught.value)] == []


def test_a_missing_target_is_named(rendering: Any) -> None:
    assets: ModuleType = rendering("rendering.assets")
    made = assets.Assets(vertices=np.zeros((1, 3), np.float32), groups={}, files={})
    with pytest.raises(assets.AssetsMissingError, match=r"^The meshes lack targets/nose/long\.target\.gz"):
        made.target("nose/long")


def test_without_espeak_the_meeting_is_silent_and_says_so(
    rendering: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    script: ModuleType = rendering("rendering.script")
    script.utterances.cache_clear()
    monkeypatch.setattr(script, "speak", lambda *_: None)
    assert script.utterances() == ()
    script.moment(script.AMARA, 1.0)
    reported = capsys.readouterr().out
    assert reported.count("espeak-ng is not installed (apt-get install espeak-ng): the meeting is silent") == 1
    assert not script.moment(script.AMARA, 1.0).speaking
    program: ModuleType = rendering("make_meeting")
    monkeypatch.setattr(program, "utterances", script.utterances)
    assert not program.sound().any()
    script.utterances.cache_clear()


def test_a_missing_library_is_no_speech(rendering: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    voices: ModuleType = rendering("rendering.voices")
    monkeypatch.setattr(voices.ctypes.util, "find_library", lambda _: "libespeak-ng-that-there-is-not.so")
    assert voices.speak("hello", "en-us", 50, 160) is None


def test_a_missing_compiler_is_named(rendering: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    draw: ModuleType = rendering("rendering.draw")
    draw.library.cache_clear()
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(SystemExit, match=r"rendering needs a C\+\+ compiler"):
        draw.library()


@pytest.mark.skipif("FEELIT_HEADS" not in os.environ, reason="the meshes are not part of the repository")
@pytest.mark.parametrize("number", [320])
def test_the_program_draws_the_committed_video(number: int, rendering: Any) -> None:
    program: ModuleType = rendering("make_meeting")
    with av.open(str(SAMPLES / "meeting.mp4")) as source:
        committed = next(f.to_ndarray(format="rgb24") for k, f in enumerate(source.decode(video=0)) if k == number)
    picture, rows = program.frame_picture(program.drawn(number))
    error = np.square(picture.astype(np.float64) - committed).mean()
    assert 10 * np.log10(255**2 / error) > PSNR_DB
    truth = pd.read_parquet(SAMPLES / "meeting.truth.parquet")
    truth = truth[truth["frame"] == number].sort_values("person")
    mine = sorted((row for row in rows if row["frame"] == number), key=lambda row: row["person"])
    assert truth["person"].tolist() == [row["person"] for row in mine]
    points = np.array([row["landmarks_68"] for row in mine]) - np.stack(list(truth["landmarks_68"]))
    assert np.abs(points).max() <= LANDMARK_PX
