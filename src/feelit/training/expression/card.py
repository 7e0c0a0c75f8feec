"""Export of a trained expression classifier: ONNX file, scores, reports and model card."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from feelit.evaluation.classifier.evaluate import evaluate_classifier
from feelit.evaluation.classifier.folder import write_folder
from feelit.evaluation.classifier.metrics import fit_temperature, reliability, softmax
from feelit.evaluation.classifier.scores import ClassifierScores
from feelit.explaining.figure import coloured
from feelit.explaining.saliency import baseline_of, occlusion, score_of
from feelit.models.card import ModelCard, write_card
from feelit.options.models import PATCH_SHARE, STRIDE_SHARE, EvaluateOptions
from feelit.storage.atomic import whole_file
from feelit.training.export import count_parameters, export_onnx, four_digits, quantize
from feelit.training.expression.data import Examples, aligned
from feelit.training.expression.network import OUTPUTS, ExpressionNet
from feelit.training.face.data import as_data
from feelit.types import EMOTIONS, Float32, Int64, UInt8
from feelit.vision.expression import ExpressionModel
from feelit.vision.session import open_session

log = logging.getLogger(__name__)

EXPOSURE = 140.0, 80.0
"""Of the card: see `vision.exposure`. Chosen on validation images and rendered heads: docs/lab-notes.md."""

IN_FLOAT = ("/features/features.0/",)
"""The first convolution: it has one channel to work on, and is faster so."""

LIMITATIONS = (
    "It classifies the expression that people would see in a still picture, not what a person feels.",
    "Disgust, contempt and fear are rare in the training data and often missed.",
    "The training faces were collected from the web in 2013: they are mostly posed, young to middle-aged, and not balanced by "
    "origin. Errors by group were not measured.",
    "The temperature was fitted on the validation images, so the calibration error on them is optimistic. People agree on "
    "these images, so the model is overconfident on faces on which people disagree.",
    "Predictions are less reliable for profiles, covered mouths and faces below about 20 px.",
)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a network comes from, for its card."""

    recipe: str  # in words
    data: Path
    unlabelled: frozenset[str] = frozenset()  # sources of faces that teachers labelled, by the column `source`
    counts: tuple[int, ...] = ()  # training images per majority label, in the order of EMOTIONS


def publish(network: ExpressionNet, origin: Origin, valid: Examples, path: Path, calibration: UInt8 | None = None) -> Path:
    """Export a network, quantise it, fit its temperature, score the file as `feelit evaluate` does; write card and reports.

    Parameters
    ----------
    valid : the validation images; the data of `origin` hold the same ones
    path : the ONNX file to write
    calibration : (N, S, S) uint8 images for quantisation; None leaves the network in float32

    Raises
    ------
    ModelError
        if the ONNX file, before quantisation, computes something else than the network.
    """
    crops, data = aligned(valid), origin.data
    difference = export_onnx(network.eval(), torch.from_numpy(crops[:32])[:, None].contiguous(), path, OUTPUTS)
    labelled, named = valid.label >= 0, valid.fer2013 >= 0
    scores: dict[str, Any] = {}
    if calibration is not None:
        right = _outputs(path, crops)[0].argmax(axis=1) == valid.label
        scores["accuracy on aligned crops, in float32"] = four_digits(right[labelled].mean())
        quantize(path, path, calibration, IN_FLOAT)
    logits, fer2013_logits = _outputs(path, crops)
    temperature = fit_temperature(logits[labelled], np.eye(len(EMOTIONS), dtype=np.float32)[valid.label[labelled]])
    card = _card(path, origin, valid, count_parameters(network), temperature)
    write_card(card, path)
    reports = {"evaluation": evaluate_classifier(path, data, EvaluateOptions(split="valid", occlusions=True))}
    if named.any():
        by_fer2013 = EvaluateOptions(split="valid", labels="fer2013")
        reports["evaluation-fer2013"] = evaluate_classifier(path, data, by_fer2013)
    write_report(ExpressionModel(path, "cpu"), reports, valid, path.parent)
    unaligned = evaluate_classifier(path, data, EvaluateOptions(split="valid", framing="original"))
    scores |= {
        "aligned crops, as videos give them": _summary(reports["evaluation"]),
        "original framing": _summary(unaligned),
        "calibration against votes at a temperature of its own": _vote_calibration(logits, valid.share),
    }
    if named.any():
        right = fer2013_logits.argmax(axis=1) == valid.fer2013
        scores["accuracy of the second output, against FER2013's own labels"] = four_digits(right[named].mean())
    scores["largest difference between PyTorch and ONNX Runtime"] = float(f"{difference:.1e}")
    write_card(replace(card, scores={"data": "validation images"} | scores), path)
    log.info("%s: %s", path, scores)
    return path


def _outputs(path: Path, crops: UInt8) -> list[Float32]:
    """(N, 8) and (N, 7) logits of the file."""
    session = open_session(path, "cpu")
    parts = [session.run(list(OUTPUTS), {"luma": crops[i : i + 256, None]}) for i in range(0, len(crops), 256)]
    return [np.concatenate(part) for part in zip(*parts, strict=True)]


def _summary(scores: ClassifierScores) -> dict[str, Any]:
    """The scores of an evaluation that a card holds."""
    summary: dict[str, Any] = {
        "images": scores.images.scored,
        "accuracy": {name: four_digits(value) for name, value in asdict(scores.accuracy).items()},
        "macro_f1": four_digits(scores.macro_f1.value),
        "f1": {name: four_digits(report.f1.value) for name, report in scores.classes.items()},
        "ece_15_bins": four_digits(scores.calibration.error),
    }
    if scores.calibration_votes is not None:
        summary["ece_15_bins_against_votes"] = four_digits(scores.calibration_votes.error)
    if scores.occlusions is not None:
        summary["accuracy_under"] = {name: four_digits(score.accuracy.value) for name, score in scores.occlusions.items()}
    return summary


def _vote_calibration(logits: Float32, share: Float32) -> dict[str, float]:
    """The temperature fitted to vote shares, and the calibration error against them."""
    voted = share.sum(axis=1) > 0
    temperature = fit_temperature(logits[voted], share[voted])
    probability = softmax(logits[voted], temperature)
    agreement = share[voted][np.arange(voted.sum()), probability.argmax(axis=1)].astype(np.float64)
    error = reliability(probability.max(axis=1), agreement).error
    return {"temperature": four_digits(temperature), "ece_15_bins_against_votes": four_digits(error)}


FERPLUS = (
    {
        "name": "FER2013",
        "part": "training split, without images whose pixels also occur in another split",
        "licence": "research use",
        "source": "Goodfellow et al. 2013, Challenges in Representation Learning",
    },
    {
        "name": "FER+",
        "part": "votes of ten annotators per image, as soft targets",
        "licence": "MIT",
        "source": "Barsoum et al. 2016, https://github.com/microsoft/FERPlus",
    },
)
"""The training data of a card for FER2013 with votes; other data are named after their folder."""


def _training_data(origin: Origin, valid: Examples) -> tuple[dict[str, Any], ...]:
    """Names and licences. Vote shares together with FER2013's own labels identify FER+."""
    voted = bool(((valid.share > 0) & (valid.share < 1)).any())
    labelled: tuple[dict[str, Any], ...] = FERPLUS
    if not voted or not bool((valid.fer2013 >= 0).any()):
        labelled = ({"name": origin.data.resolve().name, "part": "training split", "licence": "unstated"},)
    part = {"part": "faces without labels, labelled by other networks"}
    return (*labelled, *(entry | part for entry in as_data(origin.unlabelled)))


def shares(counts: Sequence[int]) -> tuple[float, ...]:
    """The prior of a card from the images per label, with half an image added to each."""
    total = sum(counts) + len(counts) / 2
    return tuple(four_digits((count + 0.5) / total) for count in counts)


def _card(path: Path, origin: Origin, valid: Examples, parameters: int, temperature: float) -> ModelCard:
    size_px = valid.image.shape[1]
    return ModelCard(
        name=path.stem,
        task="expression",
        adapter="feelit",
        licence="weights: as the images they were trained on, see training_data; code: Apache-2.0",
        description=(
            f"Facial expression of one aligned {size_px} px face crop, eight classes. Input luma: (N, 1, {size_px}, {size_px}) "
            "uint8, full range 0..255, normalised inside the graph; outputs logits: (N, 8) float32, and fer2013: (N, 7) "
            "float32, logits of FER2013's own labels in FER2013's order."
        ),
        color="luma",
        crop="aligned",
        size_px=size_px,
        labels=EMOTIONS,
        temperature=round(temperature, 4),
        prior=shares(origin.counts),
        exposure=EXPOSURE,
        parameters=parameters,
        training_data=_training_data(origin, valid),
        limitations=LIMITATIONS,
        recipe=origin.recipe,
    )


SHOWN = 10
"""Faces on the sheet of saliency maps."""

CELL_PX, CAPTION_PX, GAP_PX = 144, 18, 6


def write_report(model: ExpressionModel, scores: dict[str, ClassifierScores], valid: Examples, out: Path) -> None:
    """Write a folder per evaluation, by its name, and `saliency.png`.

    Raises
    ------
    OutputError
        if the folder cannot be written.
    """
    for name, found in scores.items():
        write_folder(found, out / name)
    content = cv2.imencode(".png", saliency_sheet(model, valid.rows(fixed_faces(valid.label)))[..., ::-1])[1].tobytes()
    with whole_file(out / "saliency.png") as part:
        part.write_bytes(content)


def fixed_faces(label: Int64, count: int = SHOWN) -> Int64:
    """(K,) the same images for every network: the first of each class, then the second of each, and so on."""
    by_class = [np.flatnonzero(label == k) for k in range(len(EMOTIONS))]
    most = max(map(len, by_class))
    turns = [int(rows[turn]) for turn in range(min(most, count)) for rows in by_class if turn < len(rows)]
    return np.array(turns[:count], np.int64)


def saliency_sheet(model: ExpressionModel, faces: Examples) -> UInt8:
    """(H, W, 3) uint8 RGB: aligned faces with their majority label, and below each an occlusion map: where hiding a part makes
    that label less likely (orange) or more likely (blue), relative to the largest change of the face.
    """
    columns = []
    for crop, label in zip(aligned(faces), faces.label.tolist(), strict=True):
        score = score_of(model, EMOTIONS[label])
        side = len(crop)
        patch, stride = round(side * PATCH_SHARE), max(1, round(side * STRIDE_SHARE))
        saliency = occlusion(score, crop, baseline_of(crop, "mean"), patch, stride)
        probability = float(score(crop[None])[0])
        columns.append(np.concatenate([_caption(f"{EMOTIONS[label]} {probability:.0%}"), _pair(crop, saliency)]))
    return np.concatenate(columns, axis=1)


def _pair(crop: UInt8, saliency: Float32) -> UInt8:
    size = (CELL_PX - GAP_PX, CELL_PX - GAP_PX)
    grey = cv2.cvtColor(cv2.resize(crop, size, interpolation=cv2.INTER_CUBIC), cv2.COLOR_GRAY2RGB)
    largest = max(float(np.abs(saliency).max()), 1e-9)
    colours = coloured(np.asarray(cv2.resize(saliency / largest, size), np.float32))
    mixed = np.rint(0.4 * grey + 0.6 * colours).astype(np.uint8)
    edges = (0, GAP_PX, 0, GAP_PX)
    framed = [cv2.copyMakeBorder(part, *edges, cv2.BORDER_CONSTANT, value=(255, 255, 255)) for part in (grey, mixed)]
    return np.asarray(np.concatenate(framed), np.uint8)


def _caption(text: str) -> UInt8:
    line = np.full((CAPTION_PX, CELL_PX, 3), 255, np.uint8)
    return np.asarray(cv2.putText(line, text, (1, 13), cv2.FONT_HERSHEY_SIMPLEX, 0.42, (0, 0, 0), 1, cv2.LINE_AA), np.uint8)
