"""The command `feelit explain`."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import cv2
import pytest

from tests.conftest import Command
from tests.explaining.made import group, linear, nobody, portrait, quick_png, region_weight
from tests.video import clips

FAST = ("--masks", "20", "--device", "cpu")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with images, a video and a model of its own."""
    monkeypatch.chdir(tmp_path)
    quick_png(monkeypatch)
    portrait(tmp_path / "a.png")
    group(tmp_path / "group.png")
    nobody(tmp_path / "nobody.png")
    clips.plain(tmp_path / "v.mp4", frames=10, face=True)
    linear(tmp_path / "made.onnx", region_weight())
    return tmp_path


def test_it_draws_a_png_unless_given_otherwise_and_is_silent(here: Path, command: Command) -> None:
    ran = command("explain", "expression", "a.png", *FAST)
    assert (ran.code, ran.out, ran.err) == (0, "", "")
    picture = cv2.imread("explained.png")
    assert picture is not None
    assert picture.shape[1] > 1000


def test_one_json_object_a_face(here: Path, command: Command) -> None:
    ran = command("explain", "expression", "group.png", "v.mp4@0:00.1", "--json", "--out", "o/b.png", *FAST)
    assert (ran.code, ran.err) == (0, "")
    reported = [json.loads(line) for line in ran.out.splitlines()]
    assert [(one["source"], one["time_s"], one["face"]) for one in reported] == [
        *(("group.png", None, n) for n in (1, 2, 3)),
        ("v.mp4", 0.08, 1),
    ]
    assert all(one["label"] == max(one["probabilities"], key=one["probabilities"].get) for one in reported)
    assert (here / "o" / "b.png").is_file()


@pytest.mark.parametrize("method", ["rise", pytest.param("occlusion", marks=pytest.mark.slow)])
def test_options_reach_the_maps(method: str, here: Path, command: Command) -> None:
    def drop(*options: str) -> list[float]:
        arguments = ("--method", method, "--label", "happiness", "--face", "2", "--json", "--force", *FAST)
        ran = command("explain", "expression", "group.png", *arguments, *options)
        assert (ran.code, ran.err) == (0, "")
        (reported,) = map(json.loads, ran.out.splitlines())
        assert (reported["face"], reported["label"]) == (2, "happiness")
        return [figure for figure in reported.values() if isinstance(figure, float)]

    plain = drop()
    assert drop() == plain
    assert drop("--baseline", "blur") != plain
    assert drop(*(("--seed", "9") if method == "rise" else ("--patch", "16", "--stride", "8"))) != plain


def test_an_image_without_a_face_is_taken_whole_and_that_is_said(here: Path, command: Command) -> None:
    ran = command("explain", "made.onnx", "nobody.png", "--json", *FAST)
    assert (ran.code, len(ran.lines)) == (0, 1)
    assert "no face was found in nobody.png; the whole image is taken for one" in ran.err
    assert json.loads(ran.out)["found"] is False


@pytest.mark.parametrize(
    ("arguments", "code", "reported"),
    [
        pytest.param(["expression", "gone.png"], 3, "gone.png cannot be read: No such file", id="no image"),
        pytest.param(["expression", "cut.png"], 3, "cut.png is damaged or cut off", id="truncated"),
        pytest.param(["expression", "v.mp4"], 3, "as in VIDEO@83.5", id="a video without a time"),
        pytest.param(["expression", "v.mp4@9"], 2, "v.mp4 ends at 0.4 s, before 9 s", id="beyond the end"),
        pytest.param(["expression", "v.mp4@1:99"], 2, "1:99 is no time", id="no time"),
        pytest.param(["expression", "gone.mp4@1"], 3, "gone.mp4 does not exist", id="no video"),
        pytest.param(["expression", "a.png@1"], 2, "ends at", id="an image with a time"),
        pytest.param(["bare.onnx", "a.png"], 4, "bare.onnx has no card", id="model without a card"),
        pytest.param(["gone.onnx", "a.png"], 4, "gone.onnx does not exist", id="no model"),
        pytest.param(["face", "a.png"], 4, "not for expressions", id="a detector"),
        pytest.param(["made.onnx", "a.png", "--label", "fear"], 2, "made.onnx has no label fear", id="another model's label"),
        pytest.param(["expression", "a.png", "--label", "joy"], 2, "--label joy is not known", id="no label"),
        pytest.param(["expression", "a.png", "--face", "2"], 2, "a.png shows 1 face", id="no such face"),
        pytest.param(["expression", "a.png", "--out", "b.jpg"], 2, "b.jpg is not a name for a picture", id="format"),
        pytest.param(["expression", "a.png", "--out", "there.png"], 5, "there.png exists already", id="in the way"),
        pytest.param(["expression", "a.png", "--out", "a.png/b.png"], 5, "cannot be written", id="below a file"),
        pytest.param(["expression", "s3://bucket/a.png"], 2, "is an address", id="a bucket"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_leaves_nothing(
    here: Path, command: Command, arguments: list[str], code: int, reported: str
) -> None:
    (here / "there.png").write_text("mine")
    (here / "cut.png").write_bytes((here / "a.png").read_bytes()[:900])
    (here / "bare.onnx").write_bytes((here / "made.onnx").read_bytes())
    before = {path.name for path in here.iterdir()}
    ran = command("explain", *arguments, *FAST)
    assert (ran.code, ran.out, len(ran.lines)) == (code, "", 1)
    assert reported in ran.err
    assert {path.name for path in here.iterdir()} == before
    assert (here / "there.png").read_text() == "mine"


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="nothing is forbidden to root, nor by these bits on Windows")
def test_a_folder_that_cannot_be_written_is_reported(here: Path, command: Command) -> None:
    (here / "locked").mkdir(mode=0o500)
    ran = command("explain", "expression", "a.png", "--out", "locked/b.png", *FAST)
    assert (ran.code, len(ran.lines)) == (5, 1)
    assert "permission denied" in ran.err


def test_without_pytorch_the_other_methods_are_named(here: Path, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    for name in ("gradcam", "onnx_gradients"):  # an earlier test may have imported them
        monkeypatch.delitem(sys.modules, f"feelit.explaining.{name}", raising=False)
    ran = command("explain", "expression", "a.png", "--method", "gradcam", *FAST)
    assert (ran.code, len(ran.lines)) == (6, 1)
    assert "pip install 'feelit[train]', or choose --method rise or occlusion" in ran.err
    assert not (here / "explained.png").exists()


@pytest.mark.skipif(os.name == "nt", reason="Windows allows none of these names")
@pytest.mark.parametrize(
    "name",
    [
        os.fsdecode(b"not-\xff-text.png"),
        "me@12:30",
        *(pytest.param(n, marks=pytest.mark.slow) for n in ("<b>'\"&.png", "two\nlines.png")),
    ],
    ids=ascii,
)
def test_names_may_be_odd(here: Path, command: Command, name: str) -> None:
    (here / name).write_bytes((here / "a.png").read_bytes())
    ran = command("explain", "expression", name, "--json", *FAST)
    assert (ran.code, ran.err) == (0, "")
    assert json.loads(ran.out)["found"] is True
    ran = command("explain", "expression", "a.png", "--out", name, *FAST)
    assert (ran.code, len(ran.lines)) == (5 if name.endswith("png") else 2, 1)
