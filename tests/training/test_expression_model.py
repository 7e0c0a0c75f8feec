"""The classifier that is shipped: what its card says is true of the file beside it."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pyarrow.parquet as pq
import pytest

from feelit.evaluation.classifier.evaluate import evaluate_classifier
from feelit.models.card import read_card, sha256_of
from feelit.models.paths import model_path
from feelit.options.models import EvaluateOptions
from feelit.types import EMOTIONS, UInt8
from feelit.vision.session import open_session
from tests.datasets.made import write_folders

MODEL = model_path("expression")
MEETING = Path(__file__).parents[2] / "sample_videos" / "meeting.mp4"
LEAST_RIGHT, CALIBRATION_ERROR = 0.9, 0.25
DATA = Path(__file__).parents[2] / "../shared/data/fer"


def test_card_names_the_bytes_of_the_file() -> None:
    assert read_card(MODEL).sha256 == sha256_of(MODEL)


def test_card_describes_what_is_served() -> None:
    card = read_card(MODEL)
    assert (card.task, card.adapter, card.color, card.crop, card.size_px) == ("expression", "feelit", "luma", "aligned", 64)
    assert card.labels == EMOTIONS
    assert card.temperature is not None
    assert 0.2 < card.temperature < 5
    assert card.parameters <= 2_000_000


@pytest.mark.parametrize("faces", [1, 5, 32])
@pytest.mark.parametrize("kind", ["black", "white", "noise"])
def test_logits_are_finite(faces: int, kind: str) -> None:
    luma = np.zeros((faces, 1, 64, 64), np.uint8)
    if kind == "white":
        luma[:] = 255
    elif kind == "noise":
        luma[:] = np.random.default_rng(0).integers(0, 256, luma.shape)
    logits = np.asarray(open_session(MODEL, "cpu").run(["logits"], {"luma": luma})[0])
    assert logits.dtype == np.float32
    assert logits.shape == (faces, len(EMOTIONS))
    assert np.isfinite(logits).all()


def rendered_faces() -> tuple[list[UInt8], list[str]]:
    """Faces of the sample meeting, 48 px squared, and what they show: two of each emotion, frontally, lit and strongly."""
    rows = pq.read_table(MEETING.with_suffix(".truth.parquet")).to_pandas()
    clear = (rows.yaw_deg.abs() < 15) & (rows.occlusion == "none") & (rows.lighting == "lit") & (rows.x1 - rows.x0 > 70)
    rows = rows[clear & ((rows.emotion == "neutral") | (rows.intensity > 0.8))]
    capture, pictures, shown = cv2.VideoCapture(str(MEETING)), [], []
    for emotion, faces in rows.groupby("emotion"):
        for _, of_one in list(faces.groupby("person"))[:2]:
            row = of_one.iloc[len(of_one) // 2]
            capture.set(cv2.CAP_PROP_POS_FRAMES, int(row.frame))
            luma = cv2.cvtColor(capture.read()[1], cv2.COLOR_BGR2GRAY)
            scale = 48 / (1.05 * max(row.x1 - row.x0, row.y1 - row.y0))
            x, y = (row.x0 + row.x1) / 2, (row.y0 + row.y1) / 2
            place = np.array([[scale, 0, 24 - scale * x], [0, scale, 24 - scale * y]])
            pictures.append(np.asarray(cv2.warpAffine(luma, place, (48, 48), flags=cv2.INTER_AREA), np.uint8))
            shown.append(str(emotion))
    return pictures, shown


def test_the_file_scores_on_rendered_faces_as_it_did(tmp_path: Path) -> None:
    """Faces that the repository has: what the card states is checked on FER2013, where that is."""
    pictures, shown = rendered_faces()
    write_folders(tmp_path, np.stack(pictures), shown)
    scores = evaluate_classifier(MODEL, tmp_path, EvaluateOptions(framing="original", prior="as-trained"))
    assert scores.images.scored == len(shown) >= 8
    assert scores.accuracy.value >= LEAST_RIGHT
    assert scores.calibration.error == pytest.approx(CALIBRATION_ERROR, abs=0.03)


def test_the_figures_of_the_card_agree_with_one_another() -> None:
    for framing in ("original framing", "aligned crops, as videos give them"):
        reported = read_card(MODEL).scores[framing]
        accuracy = reported["accuracy"]
        assert accuracy["low"] < accuracy["value"] < accuracy["high"]
        assert reported["macro_f1"] == pytest.approx(np.mean(list(reported["f1"].values())), abs=1e-4)
        assert tuple(reported["f1"]) == EMOTIONS


@pytest.mark.slow
@pytest.mark.skipif(not DATA.exists(), reason="needs FER2013 with FER+ votes")
def test_the_card_states_what_the_file_scores() -> None:
    scores = evaluate_classifier(MODEL, DATA, EvaluateOptions(split="valid", framing="original", prior="as-trained"))
    reported = read_card(MODEL).scores["original framing"]
    assert scores.images.scored == reported["images"] == 3199
    assert scores.accuracy.value == pytest.approx(reported["accuracy"]["value"], abs=1e-3)
    assert scores.macro_f1.value == pytest.approx(reported["macro_f1"], abs=5e-3)
    assert scores.calibration.error == pytest.approx(reported["ece_15_bins"], abs=2e-3)
