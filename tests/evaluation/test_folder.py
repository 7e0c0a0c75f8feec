"""What an evaluation writes."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from matplotlib.patches import Rectangle

import feelit.plots.scores
from feelit.errors import MissingExtraError, OutputError
from feelit.evaluation.classifier.evaluate import evaluate_classifier
from feelit.evaluation.classifier.folder import check_folder, write_folder
from feelit.evaluation.classifier.scores import ClassifierScores
from feelit.options.models import EvaluateOptions
from tests.evaluation.made import classifier, write_data

GIVEN = (Path("model.onnx"), Path("data"))
"""A model and data that there are not."""

FILES = {"scores.json", "confusion.png", "reliability.png"}


@pytest.fixture(scope="module")
def scores(tmp_path_factory: pytest.TempPathFactory) -> ClassifierScores:
    folder = tmp_path_factory.mktemp("evaluated")
    return evaluate_classifier(classifier(folder), write_data(folder), EvaluateOptions(framing="original", occlusions=True))


def test_a_folder_holds_the_scores_and_two_figures(scores: ClassifierScores, tmp_path: Path) -> None:
    out = tmp_path / "new" / "out"
    write_folder(scores, out)
    assert {path.name for path in out.iterdir()} == FILES
    assert json.loads((out / "scores.json").read_text(encoding="utf-8")) == json.loads(json.dumps(scores.as_json()))
    for name in ("confusion.png", "reliability.png"):
        figure = cv2.imread(str(out / name))
        assert figure is not None
        assert min(figure.shape[:2]) > 300
        assert figure.std() > 10


def test_figures_are_the_same_bytes_every_time(scores: ClassifierScores, tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_folder(scores, tmp_path / name)
    for name in FILES:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_the_diagonal_of_the_confusion_matrix_is_the_darkest(scores: ClassifierScores) -> None:
    (axes,) = feelit.plots.scores.confusion_figure(scores).axes
    np.testing.assert_allclose(np.asarray(axes.images[0].get_array(), np.float64), np.array([[2 / 3, 1 / 3], [1 / 4, 3 / 4]]))
    assert {"67%", "2", "25%", "3"} <= {text.get_text() for text in axes.texts}
    assert [label.get_text() for label in axes.get_yticklabels()] == ["happiness", "sadness"]


def test_a_panel_a_kind_of_calibration(scores: ClassifierScores) -> None:
    assert scores.calibration_votes is not None
    axes = feelit.plots.scores.reliability_figure(scores).axes
    assert [a.get_ylabel() for a in axes] == ["share that is right", "images", "share of votes that agree", "images"]
    bars = [bar.get_height() for bar in axes[0].patches[::2] if isinstance(bar, Rectangle)]
    assert bars == [b.agreement for b in scores.calibration.bins if b.images]


@pytest.mark.parametrize("name", sorted(FILES))
def test_files_that_exist_are_kept_unless_forced(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("mine")
    with pytest.raises(OutputError, match="exists already"):
        check_folder(tmp_path, False, *GIVEN)
    check_folder(tmp_path, True, *GIVEN)
    assert (tmp_path / name).read_text() == "mine"


def test_a_figure_that_fails_leaves_nothing(scores: ClassifierScores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(feelit.plots.scores, "reliability_figure", fail)
    with pytest.raises(MemoryError):
        write_folder(scores, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_figures_without_matplotlib_are_reported_before_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtraError, match="matplotlib") as caught:
        check_folder(tmp_path, False, *GIVEN)
    assert "feelit[plot]" in caught.value.hint


@pytest.mark.parametrize("out", ["file", "file/below/it"])
def test_a_file_in_the_way_of_the_folder_is_reported_before_the_work(out: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(OutputError, match="cannot be written"):
        check_folder(tmp_path / out, True, *GIVEN)
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="nothing is forbidden to root, nor by these bits on Windows")
def test_a_folder_that_may_not_be_written_is_reported_before_the_work(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(OutputError, match="permission denied"):
            check_folder(tmp_path / "new" / "out", False, *GIVEN)
    finally:
        tmp_path.chmod(0o700)


def test_a_check_leaves_nothing(tmp_path: Path) -> None:
    check_folder(tmp_path / "new" / "out", False, *GIVEN)
    assert list(tmp_path.iterdir()) == []
