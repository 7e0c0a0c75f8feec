"""Calibrate a trained face detector, export it, check it, score it and write its card."""

from __future__ import annotations

import copy
import logging
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from sklearn.linear_model import LogisticRegression
from torch import nn

from feelit.evaluation.detector.evaluate import evaluate_faces
from feelit.evaluation.detector.images import find_images
from feelit.evaluation.detector.metrics import match_sizes
from feelit.evaluation.detector.scores import FaceScores
from feelit.models.card import ModelCard, write_card
from feelit.options.models import EvaluateFacesOptions
from feelit.scaling import detector_view
from feelit.training.face.data import load_images
from feelit.training.face.graph import check, export
from feelit.training.face.network import HEAD, FaceNet
from feelit.training.onnx.export import count_parameters
from feelit.training.onnx.quantize import quantize
from feelit.training.sources import as_data
from feelit.types import UInt8
from feelit.vision.detector import MIN_DETECTABLE_PX, FaceDetector

log = logging.getLogger(__name__)

CALIBRATED_PX, LEAST_FACE_PX, LEAST_SCORE = 320, 20.0, 0.15
"""Scores are calibrated at this long side, over faces from this size and boxes from this score on."""

IN_FLOAT = (f"/{HEAD}",)

LIMITATIONS = (
    "Most training images carry licences for research only, or none that is stated; review them before any commercial use.",
    "Boxes and landmarks were learnt from another detector, YuNet, so its mistakes are inherited: profiles and dark faces that "
    "it missed counted as background.",
    "Landmarks under masks, hands and beyond the edge of the frame are guesses.",
    "Profiles, faces half hidden by hands or helmets, faces turned in the plane by more than about 40 degrees, and faces under "
    "some 15 px at the working size, above all in dim rooms, get low scores and are often missed.",
    "Drawn faces, heads of animals, and small round things with a dark middle are sometimes taken for faces.",
    "Validation images and held-out clips carry the teacher's labels; only the WIDER images were labelled by people.",
    "The training images show public figures, conference speakers and stock photographs; how recall differs between groups of "
    "people has not been measured.",
)


def calibrated(net: FaceNet, valid: Path, path: Path) -> FaceNet:
    """Write the ONNX file of a network whose scores are chances: of boxes with 0.7, seven in ten are faces.

    A line through its logits is fitted to which boxes of the validation images are faces (Platt 1999), and put into the
    weights of the heads.
    """
    export(net, path)
    detector = FaceDetector(path, ModelCard(path.stem, "face", "feelit"), "cpu")
    scores, hits = [], []
    for image in find_images(valid).read():
        luma = image.pixels("luma")
        view = detector.view_of(luma.shape[1], luma.shape[0], MIN_DETECTABLE_PX * max(luma.shape) / CALIBRATED_PX)
        found = detector.detect(detector_view(luma, view)[None], view, LEAST_SCORE)
        edges = np.tile(luma.shape[::-1], 2).astype(np.float32)  # beyond them nobody has drawn boxes
        box, truth = np.clip(found.box, 0, edges), np.clip(image.box, 0, edges)
        matches = match_sizes(box, found.score, truth, image.ignore, (LEAST_FACE_PX, np.inf))
        scores.append(matches.score)
        hits.append(matches.hit)
    score, hit = np.concatenate(scores).astype(np.float64).clip(1e-6, 1 - 1e-6), np.concatenate(hits)
    net = copy.deepcopy(net)
    if hit.any() and not hit.all():
        line = LogisticRegression(C=1e6).fit(np.log(score / (1 - score))[:, None], hit)
        slope, offset = float(line.coef_[0, 0]), float(line.intercept_[0])
        for head in net.head:
            assert isinstance(head, nn.Conv2d)
            assert head.bias is not None
            head.weight.data[0] *= slope
            head.bias.data[0] = head.bias.data[0] * slope + offset
        export(net, path)
    return net


def score_export(path: Path, data: Path) -> dict[str, Any]:
    """Scores on the validation images and on the test images of each source; `feelit evaluate` gives more."""
    sources = sorted(set(pq.read_table(data / "test.parquet", columns=["source"])["source"].to_pylist()))
    valid, question = _validation(data)
    asked = [("validation images", valid.stem, question)]
    asked += [
        (f"test images of {source}", "test", EvaluateFacesOptions(min_face_px=least_px, long_px=long_px, source=source))
        for source in sources
        for least_px, long_px in ((32.0, None), (16.0, None), (32.0, 320))
    ]
    scores = {}
    for what, file, question in asked:
        size = "as they are" if question.long_px is None else f"{question.long_px} px"
        found = evaluate_faces(path, data / f"{file}.parquet", question)
        scores[f"{what}, {size}, faces from {question.min_face_px:g} px"] = _summary(found)
    return scores


def _validation(data: Path) -> tuple[Path, EvaluateFacesOptions]:
    return data / "val.parquet", EvaluateFacesOptions(min_face_px=20.0, long_px=320)


def _summary(found: FaceScores) -> dict[str, float | int | None]:
    score = found.sizes[0]
    return {
        "images": found.images,
        "faces": score.faces,
        "recall_at_0.1_false": _round(score.recall_at_one_false_in_ten_images),
        "average_precision": _round(score.average_precision),
        "recall_at_default": _round(score.recall),
        "false_per_image_at_default": _round(score.false_per_image),
        "images_without_faces": found.negatives,
        "false_in_images_without_faces": found.false_in_negatives,
        "landmark_error": None if found.landmark_error is None else _round(found.landmark_error),
        "calibration_error": _round(found.calibration_error),
    }


def _round(value: float) -> float:
    return round(float(value), 4)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a network comes from, for its card."""

    recipe: str  # in words
    teacher: str
    sources: frozenset[str]  # of the images, by the column `source`

    def training_data(self) -> tuple[dict[str, Any], ...]:
        """Names and licences."""
        name = Path(self.teacher).stem
        teacher = ("teacher: YuNet (OpenCV zoo)", "MIT") if "yunet" in name.lower() else (f"teacher: {name}", "see its card")
        return ({"name": teacher[0], "licence": teacher[1]}, *as_data(self.sources))


def publish(net: FaceNet, origin: Origin, data: Path, path: Path, pictures: UInt8 | None = None) -> Path:
    """Calibrate and export a network, compare it with the file, quantise it, score the file and write the card.

    Parameters
    ----------
    data : a folder with val.parquet and test.parquet
    path : the ONNX file to write
    pictures : (N, H, W) uint8, by which convolutions become those of integers; None leaves them as they are

    Raises
    ------
    ModelError
        if the ONNX file, before that, computes something else than the network.
    """
    net = calibrated(net, data / "val.parquet", path)
    px, score = check(net, path, load_images([data / "val.parquet"]))
    card = ModelCard(
        name=path.stem,
        task="face",
        adapter="feelit",
        licence="weights: see training_data; code: Apache-2.0",
        description="Faces with five landmarks in grey pictures: plain convolutions, levels 8, 16 and 32, anchor-free heads"
        + ("." if pictures is None else "; 8-bit integers but for the heads."),
        scale=1.0,
        parameters=count_parameters(net),
        training_data=origin.training_data(),
        limitations=LIMITATIONS,
        recipe=origin.recipe,
    )
    write_card(card, path)
    scores: dict[str, Any] = {}
    if pictures is not None:
        scores["validation images, 320 px, faces from 20 px, in float32"] = _summary(evaluate_faces(path, *_validation(data)))
        quantize(path, path, pictures, IN_FLOAT)
    scores |= score_export(path, data)
    scores["largest difference between PyTorch and ONNX Runtime"] = {"px": px, "score": score}
    write_card(replace(card, scores=scores), path)
    log.info("%s: %s", path, scores)
    return path
