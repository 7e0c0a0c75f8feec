"""The command `feelit evaluate`, for classifiers."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.conftest import Command
from tests.datasets.made import encoded, pictures
from tests.evaluation.made import classifier, write_data


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a classifier and labelled images."""
    monkeypatch.chdir(tmp_path)
    classifier(tmp_path)
    (tmp_path / "data").mkdir()
    write_data(tmp_path / "data")
    return tmp_path


def test_tables_on_standard_output(here: Path, command: Command) -> None:
    ran = command("evaluate", "light.onnx", "--data", "data", "--framing", "original", "--occlusions")
    assert (ran.code, ran.err) == (0, "")
    assert "light-and-dark on data, split valid, original framing" in ran.out
    for words in (["accuracy", "71.4 %"], ["sadness", "75.0 %", "4"], ["happiness", "2", "1"], ["mask", "points lost"]):
        assert all(word in ran.out for word in words)
    assert sorted(path.name for path in here.iterdir()) == ["data", "light.json", "light.onnx"]


def test_json_holds_everything(here: Path, command: Command) -> None:
    ran = command("evaluate", "light.onnx", "--data", "data", "--split", "val", "--json")
    assert (ran.code, ran.err) == (0, "")
    scores = json.loads(ran.out)
    assert (scores["framing"], scores["confusion"], scores["images"]["scored"]) == ("aligned", [[2, 1], [1, 3]], 7)
    assert scores["accuracy"]["low"] < scores["accuracy"]["value"] < scores["accuracy"]["high"]
    assert (scores["occlusions"], len(scores["calibration"]["bins"])) == (None, 15)
    assert scores["distribution"]["sadness"]["images"] == 4


def test_a_folder_is_written_and_not_overwritten(here: Path, command: Command) -> None:
    arguments = ("evaluate", "light.onnx", "--data", "data", "--json", "--out", "scores")
    ran = command(*arguments)
    assert (ran.code, ran.err) == (0, "")
    assert (here / "scores" / "scores.json").read_text(encoding="utf-8") == ran.out
    again = command(*arguments)
    assert (again.code, again.out, len(again.lines)) == (5, "", 1)
    assert command(*arguments, "--force").code == 0


@pytest.mark.parametrize(
    ("arguments", "code", "reported"),
    [
        pytest.param(["gone.onnx", "--data", "data"], 4, "gone.onnx does not exist", id="no model"),
        pytest.param(["light.onnx", "--data", "gone"], 2, "gone does not exist", id="no data"),
        pytest.param(["light.onnx", "--data", "data", "--split", "test"], 2, "has no split test (it has valid)", id="no split"),
        pytest.param(["light.onnx", "--data", "bad"], 2, "b.png is damaged or cut off", id="damaged image"),
        pytest.param(
            ["light.onnx", "--data", "data", "--framing", "original", "--end-to-end"], 2, "choose one of them", id="no sense"
        ),
        pytest.param(["face", "--data", "data", "--occlusions"], 2, "--occlusions is for classifiers", id="a detector"),
        pytest.param(["broken.onnx", "--data", "data"], 4, "broken.json cannot be read", id="no card"),
        pytest.param(["light.onnx", "--data", "data", "--out", "light.json"], 5, "light.json", id="a file in the way"),
    ],
)
def test_what_cannot_be_done_is_one_line(here: Path, command: Command, arguments: list[str], code: int, reported: str) -> None:
    for name in ("happy", "sad"):
        (here / "bad" / name).mkdir(parents=True)
        (here / "bad" / name / "b.png").write_bytes(encoded(pictures(1)[0])[:-9])
    (here / "broken.onnx").write_bytes(b"")
    (here / "broken.json").write_text("{")
    ran = command("evaluate", *arguments)
    assert (ran.code, ran.out, len(ran.lines)) == (code, "", 1)
    assert reported in ran.err


@pytest.mark.skipif(os.name == "nt", reason="Windows allows none of these names")
@pytest.mark.parametrize("name", ["<b>'\"&$x$", "two\nlines", os.fsdecode(b"not-\xff-text")], ids=ascii)
def test_names_may_be_odd(here: Path, command: Command, name: str) -> None:
    (here / "data").rename(here / name)
    ran = command("evaluate", "light.onnx", "--data", name, "--framing", "original", "--out", name + "-out")
    assert (ran.code, ran.err) == (0, "")
    assert (here / (name + "-out") / "confusion.png").exists()
    reported = command("evaluate", "light.onnx", "--data", name, "--framing", "original", "--json")
    assert json.loads(reported.out)["confusion"] == [[2, 1], [1, 3]]
    assert command("evaluate", "light.onnx", "--data", name + "?").lines[0].startswith("feelit: ")
