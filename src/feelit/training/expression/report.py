"""What a run leaves beside its model: scores with figures, and a picture of what the network goes by."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from feelit.evaluation.classifier.folder import write_folder
from feelit.evaluation.classifier.scores import ClassifierScores
from feelit.explaining.colours import coloured
from feelit.explaining.masking import baseline_of, score_of
from feelit.explaining.occlusion import occlusion
from feelit.options.models import PATCH_SHARE, STRIDE_SHARE
from feelit.storage.atomic import whole_file
from feelit.training.expression.data import Lesson, aligned
from feelit.types import EMOTIONS, Float32, Int64, UInt8
from feelit.vision.expression import ExpressionModel

SHOWN = 10
"""Faces on the sheet of saliency maps."""

CELL_PX, CAPTION_PX, GAP_PX = 144, 18, 6


def write_report(model: ExpressionModel, scores: dict[str, ClassifierScores], check: Lesson, out: Path) -> None:
    """Write a folder of each evaluation, by its name, and `saliency.png`.

    Raises
    ------
    OutputError
        if the folder cannot be written.
    """
    for name, found in scores.items():
        write_folder(found, out / name)
    content = cv2.imencode(".png", saliency_sheet(model, check.rows(fixed_faces(check.label)))[..., ::-1])[1].tobytes()
    with whole_file(out / "saliency.png") as part:
        part.write_bytes(content)


def fixed_faces(label: Int64, count: int = SHOWN) -> Int64:
    """(K,) the same pictures for every network: the first one of each class, then the second ones, and so on."""
    by_class = [np.flatnonzero(label == k) for k in range(len(EMOTIONS))]
    most = max(map(len, by_class))
    turns = [int(rows[turn]) for turn in range(min(most, count)) for rows in by_class if turn < len(rows)]
    return np.array(turns[:count], np.int64)


def saliency_sheet(model: ExpressionModel, faces: Lesson) -> UInt8:
    """(H, W, 3) uint8 RGB: aligned faces with the label that people gave them, and below each how far hiding a part of it makes
    that label less likely (orange) or more likely (blue), in shares of the largest change of the face.
    """
    columns = []
    for crop, label in zip(aligned(faces), faces.label.tolist(), strict=True):
        score = score_of(model, EMOTIONS[label])
        side = len(crop)
        patch, stride = round(side * PATCH_SHARE), max(1, round(side * STRIDE_SHARE))
        saliency = occlusion(score, crop, baseline_of(crop, "mean"), patch, stride)
        probability = float(score(crop[None])[0])
        columns.append(np.concatenate([_caption(f"{EMOTIONS[label]} {probability:.0%}"), _pair(crop, saliency)]))
    sheet = np.concatenate(columns, axis=1)
    return np.asarray(sheet, np.uint8)


def _pair(crop: UInt8, saliency: Float32) -> UInt8:
    size = (CELL_PX - GAP_PX, CELL_PX - GAP_PX)
    grey = cv2.cvtColor(cv2.resize(crop, size, interpolation=cv2.INTER_CUBIC), cv2.COLOR_GRAY2RGB)
    largest = max(float(np.abs(saliency).max()), 1e-9)
    colours = coloured(np.asarray(cv2.resize(saliency / largest, size), np.float32))
    mixed = np.rint(0.4 * grey + 0.6 * colours).astype(np.uint8)
    framed = [
        cv2.copyMakeBorder(part, 0, GAP_PX, 0, GAP_PX, cv2.BORDER_CONSTANT, value=(255, 255, 255)) for part in (grey, mixed)
    ]
    return np.asarray(np.concatenate(framed), np.uint8)


def _caption(text: str) -> UInt8:
    line = np.full((CAPTION_PX, CELL_PX, 3), 255, np.uint8)
    return np.asarray(cv2.putText(line, text, (1, 13), cv2.FONT_HERSHEY_SIMPLEX, 0.42, (0, 0, 0), 1, cv2.LINE_AA), np.uint8)
