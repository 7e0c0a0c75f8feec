"""An evaluation from the files to its scores, with a network made by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from feelit.datasets.images import Images
from feelit.errors import ModelError, UsageError
from feelit.evaluation.classifier.crops import AS_IT_IS, OCCLUSIONS, crop_images, whole
from feelit.evaluation.classifier.evaluate import evaluate_classifier
from feelit.evaluation.classifier.folder import tables
from feelit.evaluation.classifier.scores import ClassifierScores, occlusion_score
from feelit.models.card import sha256_of
from feelit.models.paths import model_path
from feelit.options.models import EvaluateOptions
from feelit.types import EMOTIONS
from feelit.vision.detector import FaceDetector
from feelit.vision.expression import ExpressionModel
from tests.datasets.made import unanimous, write_folders, write_parquet
from tests.evaluation.made import DARK, HAPPY, LIGHT, SAD, classifier, flat, write_data
from tests.vision.test_face_crops import portrait, tight

SHARED = Path(__file__).parents[2] / "../shared/data/fer"


def evaluated(folder: Path, **asked: object) -> ClassifierScores:
    options = EvaluateOptions(**{"framing": "original"} | asked)  # type: ignore[arg-type]  # options by their names
    return evaluate_classifier(classifier(folder), write_data(folder), options)


def test_scores_agree_with_hand_computed_values(tmp_path: Path) -> None:
    scores = evaluated(tmp_path)
    assert scores.predicted == tuple(scores.classes) == ("happiness", "sadness")
    assert scores.confusion == ((2, 1), (1, 3))
    assert scores.accuracy.value == pytest.approx(5 / 7)
    assert scores.balanced_accuracy.value == pytest.approx((2 / 3 + 3 / 4) / 2)
    assert scores.classes["sadness"].precision == pytest.approx(3 / 4)
    assert scores.classes["happiness"].f1.value == pytest.approx(4 / 6)
    assert scores.macro.f1 == scores.macro_f1.value == pytest.approx((4 / 6 + 6 / 8) / 2)
    assert scores.weighted.f1 == pytest.approx((3 * 4 / 6 + 4 * 6 / 8) / 7)
    assert scores.accuracy.low < 5 / 7 < scores.accuracy.high


def test_a_class_without_images_has_no_scores_to_show(tmp_path: Path) -> None:
    scores = evaluated(tmp_path)
    nobody = replace(scores.classes["happiness"], images=0)
    found = replace(scores, classes=scores.classes | {"happiness": nobody})
    (rows,) = (table.rows for table in tables(found) if table.title == "classes")
    assert [row for row in rows if row[0] == "happiness"] == [("happiness", "-", "-", "-", "-", "0")]
    assert [row[1] for row in rows if row[0] == "sadness"] == ["75.0 %"]


def test_images_are_counted(tmp_path: Path) -> None:
    images = evaluated(tmp_path).images
    assert (images.read, images.without_majority, images.of_unknown_classes, images.scored) == (9, 1, 1, 7)
    assert (images.copies, images.without_face) == (0, 0)


def test_copies_are_counted_and_count(tmp_path: Path) -> None:
    write_parquet(tmp_path / "a.parquet", flat([DARK, LIGHT])[[0, 1, 0, 0]], unanimous([SAD, HAPPY, SAD, SAD]))
    images = evaluate_classifier(classifier(tmp_path), tmp_path / "a.parquet", EvaluateOptions(framing="original")).images
    assert (images.copies, images.scored) == (2, 4)


def test_calibration_is_measured_against_the_majority_and_the_votes(tmp_path: Path) -> None:
    votes = unanimous([SAD, HAPPY, SAD, HAPPY])
    votes[0] = (0, 4, 0, 6, 0, 0, 0, 0, 0, 0)
    votes[3] = (0, 5, 0, 5, 0, 0, 0, 0, 0, 0)  # no majority, but votes
    write_parquet(tmp_path / "a.parquet", flat([DARK, LIGHT, DARK, LIGHT]), votes)
    scores = evaluate_classifier(classifier(tmp_path), tmp_path / "a.parquet", EvaluateOptions(framing="original"))
    model = ExpressionModel(classifier(tmp_path), "cpu")
    sure = model.probabilities(np.stack([whole(image, model.size_px) for image in flat([DARK, LIGHT, DARK, LIGHT])])).max(
        axis=1
    )
    dark, light = sure[[0, 2]].mean(), sure[[1, 3]].mean()
    assert scores.calibration.images == 3
    assert scores.calibration.error == pytest.approx((2 * (1 - dark) + (1 - sure[1])) / 3, abs=1e-6)
    assert scores.calibration_votes is not None
    assert scores.calibration_votes.images == 4
    assert scores.calibration_votes.error == pytest.approx((abs(0.8 - dark) + abs(0.75 - light)) / 2, abs=1e-6)
    assert sum(b.images for b in scores.calibration_votes.bins) == 4
    assert [b.confidence is None for b in scores.calibration.bins] == [b.images == 0 for b in scores.calibration.bins]


def test_data_without_votes_have_no_calibration_against_them(tmp_path: Path) -> None:
    write_folders(tmp_path / "data", flat([DARK, LIGHT]), ["sad", "happy"])
    scores = evaluate_classifier(classifier(tmp_path), tmp_path / "data", EvaluateOptions(framing="original"))
    assert (scores.calibration_votes, scores.accuracy.value) == (None, 1.0)


def test_where_there_are_no_faces_whole_images_stand_in(tmp_path: Path) -> None:
    scores = evaluated(tmp_path, framing="aligned")
    assert scores.images.without_face == 7
    assert scores.confusion == evaluated(tmp_path).confusion


def test_end_to_end_faces_that_are_not_found_are_errors(tmp_path: Path) -> None:
    write_folders(tmp_path / "data", np.stack([tight(96), flat([DARK], 96)[0]]), ["sad", "happy"])
    scores = evaluate_classifier(classifier(tmp_path), tmp_path / "data", EvaluateOptions(end_to_end=True, occlusions=True))
    assert scores.predicted == ("happiness", "sadness", "no face")
    assert [row[2] for row in scores.confusion] == [1, 0]
    assert sum(map(sum, scores.confusion)) == 2
    assert (scores.images.scored, scores.images.without_face, scores.calibration.images) == (2, 1, 1)
    assert scores.occlusions is not None
    assert all(score.accuracy.value <= 0.5 for score in scores.occlusions.values())


def test_faces_are_cropped_as_those_of_a_video_are(tmp_path: Path) -> None:
    model, detector = ExpressionModel(model_path("expression"), "cpu"), FaceDetector(model_path("face"), "cpu")
    luma, (x0, y0, x1, y1) = portrait()
    crops = crop_images(model, Images([luma, np.zeros((40, 60), np.uint8)], ["face", "nothing"]), "aligned")
    assert crops.found.tolist() == [True, False]
    frame = np.zeros((360, 640), np.uint8)
    frame[50 : 50 + luma.shape[0], 70 : 70 + luma.shape[1]] = luma
    view = detector.view_of(640, 360, min(x1 - x0, y1 - y0) / 3)
    small = np.zeros((view.padded_height_px, view.padded_width_px), np.uint8)
    small[: view.height_px, : view.width_px] = cv2.resize(frame, (view.width_px, view.height_px), interpolation=cv2.INTER_AREA)
    found = detector.detect(small[None], view)
    served = model.crop(frame, AS_IT_IS, found.box, found.landmarks)[0]
    alike = np.corrcoef(served.ravel(), crops.pixels[0].ravel())[0, 1]
    assert alike > 0.85, "but for where the detector sees landmarks at two sizes"


def test_occlusions_cost_what_they_cost_each_image(tmp_path: Path) -> None:
    scores = evaluated(tmp_path, occlusions=True)
    assert scores.occlusions is not None
    assert list(scores.occlusions) == list(OCCLUSIONS)
    blurred = scores.occlusions["blur"]  # changes nothing about pictures of one grey
    assert (blurred.accuracy.value, blurred.lost.value, blurred.lost.low, blurred.lost.high) == (scores.accuracy.value, 0, 0, 0)
    for score in scores.occlusions.values():
        assert score.accuracy.value + score.lost.value == pytest.approx(scores.accuracy.value)


def test_the_interval_of_a_loss_is_that_of_differences_image_by_image() -> None:
    before = np.arange(1000) < 800
    same, few = occlusion_score(before, before), occlusion_score(before, np.arange(1000) < 790)
    assert (same.lost.low, same.lost.high) == (0, 0)
    assert few.lost.value == pytest.approx(0.01)
    assert 0.003 < few.lost.low < few.lost.high < 0.018  # though each accuracy alone is known to within 0.025
    assert few.accuracy.high - few.accuracy.low > 0.04


def test_the_facts_are_those_of_the_file(tmp_path: Path) -> None:
    path = classifier(tmp_path, parameters=12)
    facts = evaluate_classifier(path, write_data(tmp_path), EvaluateOptions(framing="original")).model
    assert (facts.name, facts.file, facts.parameters) == ("light-and-dark", "light.onnx", 12)
    assert (facts.size_bytes, facts.sha256) == (path.stat().st_size, sha256_of(path))
    assert 0 < facts.ms_per_face < 100


def test_the_same_data_give_the_same_scores_and_progress_goes_on_to_the_end(tmp_path: Path) -> None:
    reported: list[float] = []
    options = EvaluateOptions(occlusions=True)
    first, again = (evaluate_classifier(classifier(tmp_path), write_data(tmp_path), options, reported.append) for _ in range(2))
    assert {k: v for k, v in first.as_json().items() if k != "model"} == {
        k: v for k, v in again.as_json().items() if k != "model"
    }
    half = reported[: len(reported) // 2]
    assert half == sorted(half)
    assert half[-1] == 1


def test_all_classes_of_the_built_in_classifier_are_scored(tmp_path: Path) -> None:
    write_folders(tmp_path / "data", np.stack([tight(96), tight(96, 0.1)]), ["happy", "contempt"])
    scores = evaluate_classifier(model_path("expression"), tmp_path / "data")
    assert tuple(scores.classes) == EMOTIONS
    assert scores.images.without_face == 0
    assert scores.model.parameters


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        pytest.param(("fear", "disgust"), "shows fewer than two classes that the model knows", id="other classes"),
        pytest.param(("happy", "disgust"), "shows fewer than two classes that the model knows", id="one class"),
    ],
)
def test_data_of_other_classes_are_reported(labels: tuple[str, ...], message: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        evaluate_classifier(classifier(tmp_path, labels=labels), write_data(tmp_path), EvaluateOptions(framing="original"))
    assert "it knows" in caught.value.hint


@pytest.mark.parametrize(("name", "word"), [("framing", "orignal"), ("labels", "FER2013")])
def test_words_that_are_not_known_are_reported(name: str, word: str) -> None:
    with pytest.raises(UsageError, match=f"--{name} {word} is not known") as caught:
        EvaluateOptions(**{name: word})  # type: ignore[arg-type]  # what Python users may write
    assert "choose from" in caught.value.hint


def test_what_makes_no_sense_together_is_reported() -> None:
    with pytest.raises(UsageError, match="--end-to-end"):
        EvaluateOptions(framing="original", end_to_end=True)


def test_a_detector_is_no_classifier(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="is a model for face"):
        evaluate_classifier(model_path("face"), write_data(tmp_path))
