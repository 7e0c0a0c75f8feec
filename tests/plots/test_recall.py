"""The figure of a detector: its curves, its dots, and the same bytes every time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from feelit.evaluation.detector.evaluate import evaluate_faces
from feelit.evaluation.detector.scores import FaceScores
from feelit.options.models import EvaluateFacesOptions
from feelit.plots.scores import FEWEST_FALSE, draw_recall, write_recall
from tests.evaluation.photographs import Photograph, detector, picture, scene, write_parquet


@pytest.fixture
def scores(tmp_path: Path) -> FaceScores:
    return evaluate_faces(detector(tmp_path / "points.onnx"), write_parquet(tmp_path / "f.parquet", scene()))


def points(line: Any) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in line.get_xydata()]


def test_a_curve_for_each_size_from_which_faces_are_asked_for(scores: FaceScores) -> None:
    left, right = draw_recall(scores).axes
    legend = left.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["from 16 px: 4 faces", "from 32 px: 4 faces"]
    curve, dot = left.get_lines()[:2]
    expected = [(FEWEST_FALSE, 0.25), (1 / 3, 0.25), (1 / 3, 0.5), (2 / 3, 0.5), (2 / 3, 0.75)]
    np.testing.assert_allclose(points(curve), expected, rtol=1e-6)
    np.testing.assert_allclose(points(dot), [(2 / 3, 0.5)], rtol=1e-6)
    assert [y for _, y in points(right.get_lines()[1])] == [1, 0, 1, 0.5]


def test_the_same_scores_give_the_same_bytes(scores: FaceScores, tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        write_recall(scores, tmp_path / name)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    image = cv2.imread(str(tmp_path / "a.png"))
    assert image is not None
    assert image.shape[1] == pytest.approx(180 / 25.4 * 200, abs=1)


def test_a_detector_that_finds_nothing_has_a_figure(tmp_path: Path) -> None:
    data = write_parquet(tmp_path / "f.parquet", [Photograph(picture())])
    scores = evaluate_faces(detector(tmp_path / "points.onnx"), data, EvaluateFacesOptions(min_face_px=20))
    write_recall(scores, tmp_path / "r.png")
    assert (tmp_path / "r.png").stat().st_size > 1000
