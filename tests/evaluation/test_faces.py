"""A detector whose answers are known on pictures made for it, counted by hand; and YuNet on the photographs of WIDER FACE."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from feelit.errors import UsageError
from feelit.evaluation.detector.evaluate import evaluate_faces
from feelit.evaluation.detector.folder import COLUMNS, FALSE, GAP_PX, MISSED, ROWS, TILE_PX, draw_sheet, write_sheet
from feelit.evaluation.detector.images import find_images
from feelit.evaluation.detector.scores import FaceScores
from feelit.models.paths import model_path
from feelit.options.models import EvaluateFacesOptions
from feelit.types import Detections, UInt8, View
from feelit.vision.detector import FaceDetector
from tests.evaluation.photographs import Photograph, about, detector, marks, picture, scene, write_parquet
from tests.vision.networks import ultraface

SHARED = Path(__file__).parents[2] / "../shared"


@pytest.fixture
def network(tmp_path: Path) -> Path:
    return detector(tmp_path / "points.onnx")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_parquet(tmp_path / "faces.parquet", scene())


@pytest.fixture
def scores(network: Path, data: Path) -> FaceScores:
    return evaluate_faces(network, data)


def test_figures_by_hand(scores: FaceScores) -> None:
    # By score: 1.0 hit, 0.9 false, 0.8 hit, 0.6 false, 0.4 hit; four faces, one of them (40 px) never found; three images.
    first, large = scores.sizes[0], scores.sizes[1]
    assert (first.title, first.faces) == ("from 16 px", 4)
    assert first.average_precision == pytest.approx(1 / 4 * 1 + 1 / 4 * 2 / 3 + 1 / 4 * 3 / 5)
    assert (first.recall, first.false_per_image) == pytest.approx((0.5, 2 / 3))
    assert first.recall_at_one_false_in_ten_images == pytest.approx(0.25)
    assert first.threshold_at_one_false_in_ten_images == pytest.approx(1.0)
    assert (large.title, large.faces) == ("from 32 px", 4)
    assert [(s.title, s.faces) for s in scores.sizes[2:]] == [
        ("8 to 16 px", 0),
        ("16 to 32 px", 0),
        ("32 to 64 px", 4),
        ("64 to 128 px", 0),
        ("from 128 px", 0),
    ]


def test_images_are_reported_by_who_labelled_them_and_by_whether_they_show_a_face(scores: FaceScores) -> None:
    assert (scores.images, scores.labelled_by_people, scores.negatives, scores.false_in_negatives) == (3, 1, 1, 1)


def test_calibration_is_about_scores_from_half_the_threshold_on(scores: FaceScores, network: Path, data: Path) -> None:
    filled = [(part.detections, part.mean_score, part.precision) for part in scores.calibration if part.detections]
    highest = (1 + 230 / 255) / 2
    np.testing.assert_allclose(filled, [(1, 0.4, 1), (1, 0.6, 0), (1, 0.8, 1), (2, highest, 0.5)], atol=1e-6)
    assert all(np.isnan((part.mean_score, part.precision)).all() for part in scores.calibration if not part.detections)
    assert scores.calibration_error == pytest.approx((0.6 + 0.6 + 0.2 + 2 * (highest - 0.5)) / 5)
    strict = evaluate_faces(detector(network, threshold=0.9), data)
    assert sum(part.detections for part in strict.calibration) == 4  # without the one of 0.4


def test_landmarks_are_compared_where_another_detector_reported_them(scores: FaceScores, network: Path, tmp_path: Path) -> None:
    assert (scores.landmark_error, scores.landmark_faces) == (0, 1)  # the face at 0.4 is below the threshold
    moved = replace(scene()[0], landmarks=[[v + 4 for v in marks(40, 40)], marks(120, 40)])
    once_more = evaluate_faces(network, write_parquet(tmp_path / "moved.parquet", [moved]))
    assert once_more.landmark_error == pytest.approx(32**0.5 / 16)  # 4 px each way; the eyes are two strides of 8 px apart


def test_smaller_faces_than_asked_for_count_for_nothing(network: Path, data: Path) -> None:
    scores = evaluate_faces(network, data, EvaluateFacesOptions(min_face_px=39))
    assert (scores.sizes[0].title, scores.sizes[0].faces) == ("from 39 px", 1)
    assert [(s.title, s.faces) for s in scores.sizes[1:3]] == [("from 16 px", 4), ("from 32 px", 4)]
    assert len(scores.missed) == 1
    assert [mistake.score for mistake in scores.false] == pytest.approx([230 / 255, 0.6])  # 32 px is more than 0.8 of 39
    assert evaluate_faces(network, data, EvaluateFacesOptions(min_face_px=41)).false == ()


def test_faces_to_ignore_count_neither_way(network: Path, tmp_path: Path) -> None:
    photograph = Photograph(picture((40, 40, 255), (120, 40, 255)), [about(40, 40), about(120, 40)], [True, False])
    scores = evaluate_faces(network, write_parquet(tmp_path / "f.parquet", [photograph]))
    assert (scores.sizes[0].faces, scores.sizes[0].recall, scores.false, scores.missed) == (1, 1, (), ())


def test_boxes_end_where_the_picture_does(network: Path, tmp_path: Path) -> None:
    """What a detector says of a face beyond the edge cannot be compared with what people drew."""
    cut = Photograph(picture((8, 40, 255)), [(0, 24, 24, 56)])  # what is found reaches from -8 to 24
    scores = evaluate_faces(network, write_parquet(tmp_path / "f.parquet", [cut]))
    assert (scores.sizes[0].recall, scores.false) == (1, ())


def test_the_long_side_is_the_working_size(network: Path, tmp_path: Path) -> None:
    """At half the size the same network finds faces twice as large."""
    large = np.zeros((192, 320, 3), np.uint8)
    large[80:82, 80:82] = 255
    content = cv2.imencode(".png", large)[1].tobytes()
    data = write_parquet(tmp_path / "f.parquet", [Photograph(content, [about(80, 80, 64)])])
    assert evaluate_faces(network, data, EvaluateFacesOptions(long_px=160)).sizes[0].recall == 1
    assert evaluate_faces(network, data).sizes[0].recall == 0


def test_a_detector_sees_what_analysis_shows_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole photograph small, for faces from 1/12 of its short side, and once more as large as was asked for."""
    shown: list[tuple[int, ...]] = []
    detect = FaceDetector.detect

    def noted(self: FaceDetector, images: UInt8, view: View, least: float | None = None) -> Detections:
        shown.append((view.width_px, view.height_px))
        return detect(self, images, view, least)

    monkeypatch.setattr(FaceDetector, "detect", noted)
    content = cv2.imencode(".png", np.zeros((360, 640, 3), np.uint8))[1].tobytes()
    data = write_parquet(tmp_path / "f.parquet", [Photograph(content, [])])
    evaluate_faces(model_path("face"), data)
    assert dict.fromkeys(shown) == dict.fromkeys([(320, 180), (640, 360)])


def test_detectors_without_landmarks_are_scored_and_say_so(tmp_path: Path) -> None:
    path = tmp_path / "u.onnx"
    (tmp_path / "u.json").write_text('{"name": "u", "task": "face", "adapter": "ultraface", "color": "rgb"}', encoding="utf-8")
    ultraface(path, [[24 / 320, 24 / 240, 56 / 320, 56 / 240]])
    scores = evaluate_faces(path, write_parquet(tmp_path / "f.parquet", scene()[:1]))
    assert (scores.sizes[0].recall, scores.has_landmarks, scores.landmark_faces) == (0.5, False, 1)
    assert scores.landmark_error is not None
    assert scores.landmark_error > 0.1


def test_no_face_found_at_all_is_a_result(network: Path, tmp_path: Path) -> None:
    scores = evaluate_faces(network, write_parquet(tmp_path / "f.parquet", [Photograph(picture(), [about(40, 40)])]))
    assert (scores.sizes[0].recall, scores.sizes[0].average_precision, scores.landmark_error) == (0, 0, None)
    assert [part.detections for part in scores.calibration] == [0] * 10
    assert scores.ms_per_image > 0


def test_json_holds_numbers_and_nothing_that_is_none(scores: FaceScores) -> None:
    content = json.loads(json.dumps(scores.as_json(), allow_nan=False))
    assert content["sizes"][0]["below_px"] is None
    assert content["sizes"][0]["recall"] == 0.5
    assert content["calibration"][0] == {"detections": 0, "mean_score": None, "precision": None}
    assert {"curves", "missed", "false"}.isdisjoint(content)
    assert content["threshold"] == 0.5


def test_the_share_that_is_done_is_reported(network: Path, data: Path) -> None:
    reported: list[float] = []
    evaluate_faces(network, data, advance=reported.append)
    assert reported == pytest.approx([1 / 3, 2 / 3, 1])


@pytest.mark.parametrize(
    "question",
    [{"min_face_px": -1}, {"min_face_px": float("nan")}, {"long_px": 0}, {"long_px": 10**9}],
    ids=["negative", "nan", "no-side", "endless"],
)
def test_sizes_that_make_no_sense_are_refused(question: dict[str, float]) -> None:
    with pytest.raises(UsageError, match="out of range"):
        EvaluateFacesOptions(**question)  # type: ignore[arg-type]  # that is the point


def test_mistakes_are_in_order(scores: FaceScores) -> None:
    assert [m.box.tolist() for m in scores.missed] == [list(about(72, 72, 40)), list(about(120, 40))]
    assert [m.score for m in scores.missed] == pytest.approx([0, 0.4])
    assert [(m.name, m.image) for m in scores.false] == [("faces.parquet, row 1", 1), ("faces.parquet, row 2", 2)]


def test_the_sheet_shows_what_was_missed_and_what_is_false(scores: FaceScores, data: Path, tmp_path: Path) -> None:
    sheet = draw_sheet(scores, find_images(data))
    assert sheet.shape[1] == COLUMNS * (TILE_PX + GAP_PX) + GAP_PX
    for colour, count in ((MISSED, 2), (FALSE, 2)):
        frame = (sheet == colour).all(axis=2).astype(np.uint8)
        boxes = cv2.connectedComponentsWithStats(frame, connectivity=8)[2][1:]
        large = boxes[boxes[:, cv2.CC_STAT_WIDTH] > 30]
        assert len(large) == count
        # A box takes a third of its tile.
        assert np.abs(large[:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]] - TILE_PX / 3).max() <= 4
    write_sheet(scores, find_images(data), tmp_path / "s.png")
    np.testing.assert_array_equal(cv2.imread(str(tmp_path / "s.png")), sheet[..., ::-1])


def test_the_sheet_has_an_end(network: Path, tmp_path: Path) -> None:
    many = [Photograph(picture(), [about(40, 40), about(120, 40)]) for _ in range(20)]
    data = write_parquet(tmp_path / "f.parquet", many)
    sheet = draw_sheet(evaluate_faces(network, data), find_images(data))
    assert ROWS * TILE_PX < sheet.shape[0] < (ROWS + 2) * (TILE_PX + 50)


def test_a_sheet_without_mistakes_is_two_lines(network: Path, tmp_path: Path) -> None:
    data = write_parquet(tmp_path / "f.parquet", [Photograph(picture((40, 40, 255)), [about(40, 40)])])
    assert draw_sheet(evaluate_faces(network, data), find_images(data)).shape[0] < TILE_PX


def test_names_of_any_kind_fit_below_their_tiles(network: Path, tmp_path: Path) -> None:
    name = "Größe\x1b[31m " + "x" * 200 + ".png"
    (tmp_path / name).write_bytes(picture())
    (tmp_path / "f.csv").write_text(f"image,x0,y0,x1,y1\n{name},24,24,56,56\n", encoding="utf-8")
    scores = evaluate_faces(network, tmp_path / "f.csv")
    assert scores.missed[0].name == name
    assert draw_sheet(scores, find_images(tmp_path / "f.csv")).ndim == 3


@pytest.mark.slow
@pytest.mark.skipif(not SHARED.exists(), reason="needs the shared YuNet and photographs")
def test_yunet_reaches_its_known_figures_on_wider_face() -> None:
    """Measured by another program on the same 200 images: recall at 0.1 false faces an image, and average precision."""
    question = EvaluateFacesOptions(min_face_px=32, source="wider_us")
    scores = evaluate_faces(SHARED / "models/yunet_n_dynamic.onnx", SHARED / "data/faces/test.parquet", question)
    large, small = scores.sizes[:2]
    assert (large.faces, small.faces, scores.labelled_by_people) == (279, 873, 200)
    assert large.recall_at_one_false_in_ten_images == pytest.approx(0.932, abs=5e-4)
    assert small.recall_at_one_false_in_ten_images == pytest.approx(0.685, abs=5e-4)
    assert large.average_precision == pytest.approx(0.961, abs=2e-3)
