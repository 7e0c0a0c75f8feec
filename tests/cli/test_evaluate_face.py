"""What is printed and written about a detector."""

from __future__ import annotations

import inspect
import json
import os
import sys
from pathlib import Path

import cv2
import pytest

from feelit.cli.evaluate import evaluate
from feelit.errors import MissingExtraError, ModelError, OutputError, UsageError
from feelit.evaluation.detector.folder import FILES
from feelit.options.models import DataOptions, EvaluateFacesOptions, EvaluateOptions, ScoresOptions
from feelit.options.printing import JsonOptions
from tests.conftest import Command
from tests.evaluation.photographs import detector, scene, write_parquet

PRINTED = ScoresOptions()


def evaluate_face(model: Path, data: Path, faces: EvaluateFacesOptions, written: ScoresOptions, json: bool = False) -> None:
    """The command with records of options."""
    run = inspect.unwrap(evaluate)
    run(str(model), DataOptions(data=data), EvaluateOptions(), faces, written, JsonOptions(json=json))


@pytest.fixture
def network(tmp_path: Path) -> Path:
    return detector(tmp_path / "points.onnx")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_parquet(tmp_path / "faces.parquet", scene())


def test_a_table_for_people(network: Path, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    evaluate_face(network, data, EvaluateFacesOptions(), PRINTED)
    out, err = capsys.readouterr()
    assert err == ""
    cells = [[cell.strip() for cell in line.strip("│").split("│")] for line in out.splitlines() if line.startswith("│")]
    assert out.startswith("points: 3 images of faces.parquet, boxes drawn by people in 1, else of another detector")
    assert cells[0] == ["from 16 px", "4", "0.567", "0.250", "1.00", "0.500", "0.667"]
    assert cells[2] == ["8 to 16 px", "0", "-", "-", "-", "-", "0.000"]
    assert cells[7:9] == [
        ["false faces in images without a face", "1.000 an image: 1 in 1"],
        ["landmark error, median", "0.0 % of the distance between the eyes (1 faces)"],
    ]


def test_json_for_programs_and_files_for_both(
    network: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "new" / "folder"
    evaluate_face(network, data, EvaluateFacesOptions(min_face_px=20), ScoresOptions(out=out), json=True)
    printed = capsys.readouterr().out
    assert json.loads(printed)["sizes"][0]["least_px"] == 20
    assert sorted(path.name for path in out.iterdir()) == sorted(FILES)
    assert (out / "scores.json").read_text(encoding="utf-8") == printed
    assert all(cv2.imread(str(out / name)) is not None for name in FILES[1:])


@pytest.mark.parametrize("name", FILES)
def test_nothing_is_overwritten_unasked(name: str, network: Path, data: Path, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"mine")
    with pytest.raises(OutputError, match=f"{name} exists already"):
        evaluate_face(network, data, EvaluateFacesOptions(), ScoresOptions(out=tmp_path))
    assert (tmp_path / name).read_bytes() == b"mine"
    evaluate_face(network, data, EvaluateFacesOptions(), ScoresOptions(out=tmp_path, force=True))
    assert (tmp_path / name).read_bytes() != b"mine"


def test_a_folder_that_is_a_file_is_reported(network: Path, data: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OutputError, match="cannot be written"):
        evaluate_face(network, data, EvaluateFacesOptions(), ScoresOptions(out=tmp_path / "file"))


def test_a_missing_model_or_data_set_is_reported(network: Path, data: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="does not exist"):
        evaluate_face(tmp_path / "gone.onnx", data, EvaluateFacesOptions(), PRINTED)
    with pytest.raises(UsageError, match="does not exist"):
        evaluate_face(network, tmp_path / "gone", EvaluateFacesOptions(), PRINTED)


def test_the_command_takes_detectors(network: Path, data: Path, tmp_path: Path, command: Command) -> None:
    asked = ("evaluate", network, "--data", data, "--min-face", 20, "--long-side", 160, "--source", "made", "--json")
    ran = command(*asked, "--out", tmp_path / "out")
    assert (ran.code, ran.err) == (0, "")
    scores = json.loads(ran.out)
    assert (scores["sizes"][0]["least_px"], scores["long_px"], scores["images"]) == (20, 160, 3)
    again = command(*asked, "--out", tmp_path / "out")
    assert (again.code, again.out, len(again.lines)) == (5, "", 1)


@pytest.mark.parametrize(
    ("asked", "reported"),
    [
        pytest.param(["--split", "test"], "--split is for classifiers, and this model finds faces", id="split"),
        pytest.param(["--framing", "original"], "--framing is for classifiers", id="framing"),
        pytest.param(["--end-to-end"], "--end-to-end is for classifiers", id="end-to-end"),
        pytest.param(["--min-face", "-3"], "--min-face -3 is out of range", id="negative"),
        pytest.param(["--long-side", "0"], "--long-side 0 is out of range", id="no-side"),
        pytest.param(["--source", "elsewhere"], "holds no image with the source elsewhere", id="no-such-source"),
    ],
)
def test_what_cannot_be_asked_is_one_line(asked: list[str], reported: str, network: Path, data: Path, command: Command) -> None:
    ran = command("evaluate", network, "--data", data, *asked)
    assert (ran.code, ran.out, len(ran.lines)) == (2, "", 1)
    assert reported in ran.err


@pytest.mark.parametrize("asked", [("--min-face", 20), ("--min-face", 0), ("--long-side", 640), ("--source", "")], ids=str)
def test_options_of_detectors_are_not_for_classifiers(asked: tuple[str, object], data: Path, command: Command) -> None:
    ran = command("evaluate", "expression", "--data", data, *asked)
    assert (ran.code, len(ran.lines)) == (2, 1)
    assert f"{asked[0]} is for detectors, and this model is a classifier" in ran.err


@pytest.mark.skipif(os.name == "nt", reason="Windows allows none of these names")
@pytest.mark.parametrize("name", ["<b>'\"&$x$", "two\nlines", os.fsdecode(b"not-\xff-text")], ids=ascii)
def test_names_may_be_odd(name: str, network: Path, data: Path, tmp_path: Path, command: Command) -> None:
    odd = data.rename(tmp_path / f"{name}.parquet")
    ran = command("evaluate", network, "--data", odd, "--out", tmp_path / name)
    assert (ran.code, ran.err) == (0, "")
    assert sorted(path.name for path in (tmp_path / name).iterdir()) == sorted(FILES)
    assert json.loads(command("evaluate", network, "--data", odd, "--json").out)["images"] == 3
    assert len(command("evaluate", network, "--data", f"{odd}?").lines) == 1


def test_figures_need_matplotlib_and_tables_do_not(
    network: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtraError, match="matplotlib"):
        evaluate_face(network, data, EvaluateFacesOptions(), ScoresOptions(out=tmp_path / "out"))
    assert not (tmp_path / "out").exists()
    evaluate_face(network, data, EvaluateFacesOptions(), PRINTED, json=True)
    assert json.loads(capsys.readouterr().out)["images"] == 3
