"""Evaluation of expression classifiers on labelled faces."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from feelit.datasets.faces import LabelledFaces
from feelit.datasets.names import FER2013
from feelit.datasets.read import pixel_hashes, read_split
from feelit.errors import UsageError
from feelit.evaluation.classifier.crops import OCCLUSIONS, Crops, changed, crop_images
from feelit.evaluation.classifier.metrics import class_scores, reliability
from feelit.evaluation.classifier.scores import (
    AVERAGED,
    NO_FACE,
    Averages,
    Calibration,
    ClassifierScores,
    ImageCounts,
    ModelFacts,
    OcclusionScore,
    accuracy_of,
    calibration_of,
    class_reports,
    estimate,
    occlusion_score,
)
from feelit.models.card import sha256_of
from feelit.options.models import EvaluateOptions
from feelit.storage.names import as_text
from feelit.types import EMOTIONS, Bool, Float64, Int64, UInt8
from feelit.vision.expression import ExpressionModel

Progress = Callable[[float], None]

CROPPING = 0.8
"""The approximate share of cropping in the run time."""

BATCH, RUNS = 32, 20
"""Batch size and number of batches in the measurement of speed, whose fastest batch counts."""


def evaluate_classifier(
    path: Path, data: Path, options: EvaluateOptions | None = None, progress: Progress = lambda share: None
) -> ClassifierScores:
    """Score an ONNX classifier with its card on one split of labelled faces; docs/evaluation.md says how.

    Raises
    ------
    ModelError
        if the model or its card is missing, damaged or of the wrong kind.
    UsageError
        if the data are missing, damaged or in no known format, or hold fewer than two classes that the model knows.
    """
    options = options or EvaluateOptions()
    model = ExpressionModel(path, "cpu", prior=options.prior, mirrored=options.mirrored)
    faces = read_split(data, options.split)
    if options.labels == "fer2013":
        faces, model = faces.by_fer2013(), model.of_output("fer2013", FER2013)
    hashes = pixel_hashes(faces.images)
    crops = crop_images(model, faces.images, options.framing, lambda share: progress(CROPPING * share))
    shown = _Shown(model, faces, crops, options)
    occlusions = _occlusions(shown, progress) if options.occlusions else None
    matrix = shown.matrix()
    found = class_scores(matrix)
    progress(1.0)
    return ClassifierScores(
        model=ModelFacts(
            name=model.card.name,
            file=as_text(Path(path.name)),
            sha256=sha256_of(path),
            parameters=model.card.parameters or None,
            size_bytes=path.stat().st_size,
            ms_per_face=ms_per_face(model, crops.pixels),
        ),
        data=as_text(data),
        split=faces.split,
        labels=options.labels,
        framing=options.framing,
        end_to_end=options.end_to_end,
        images=shown.counts(copies=len(hashes) - len(set(hashes))),
        distribution=faces.distribution(),
        accuracy=estimate(matrix, accuracy_of),
        balanced_accuracy=estimate(matrix, lambda m: class_scores(m).macro("recall")),
        macro_f1=estimate(matrix, lambda m: class_scores(m).macro("f1")),
        macro=Averages(*(float(found.macro(name)) for name in AVERAGED)),
        weighted=Averages(*(float(found.weighted(name)) for name in AVERAGED)),
        classes=class_reports(shown.names, matrix),
        confusion=tuple(map(tuple, matrix.tolist())),
        predicted=(*shown.names, NO_FACE) if options.end_to_end else shown.names,
        calibration=shown.calibration(),
        calibration_votes=shown.calibration_votes() if faces.voted else None,
        occlusions=occlusions,
    )


class _Shown:
    """The predictions of a model on the crops of a split, over the K classes that it knows."""

    def __init__(self, model: ExpressionModel, faces: LabelledFaces, crops: Crops, options: EvaluateOptions) -> None:
        self.model, self.faces, self.crops, self.options = model, faces, crops, options
        self.known = np.array([k for k, name in enumerate(EMOTIONS) if name in model.labels], np.int64)
        self.names = tuple(EMOTIONS[k] for k in self.known)  # in the order of EMOTIONS
        self.scored: Bool = np.isin(faces.label, self.known)  # (N,) images with a majority label that the model knows
        if len(np.unique(faces.label[self.scored])) < 2:
            hint = f"it knows {', '.join(self.names)}"
            raise UsageError(f"the split {faces.split} shows fewer than two classes that the model knows", hint)
        self.label: Int64 = np.searchsorted(self.known, faces.label)  # valid where scored
        self.probability = self.probability_of(crops.pixels)
        self.answer = self._answer(self.probability, crops.found)
        self.missed: Bool = ~crops.found if options.end_to_end else np.zeros(len(faces), bool)

    def right(self, probability: Float64) -> Bool:
        """(N',) whether the scored images are classified correctly, given their probabilities."""
        answer = self._answer(probability, self.crops.found[self.scored])
        return np.asarray(answer == self.label[self.scored], bool)

    def matrix(self) -> Int64:
        """(K, K) or, end to end, (K, K + 1) int64: true classes in rows, predicted ones in columns, the last for no face."""
        classes, answers = len(self.known), len(self.known) + self.options.end_to_end
        cells = self.label[self.scored] * answers + self.answer[self.scored]
        return np.bincount(cells, minlength=classes * answers).reshape(classes, answers).astype(np.int64)

    def counts(self, copies: int) -> ImageCounts:
        label = self.faces.label
        return ImageCounts(
            read=len(label),
            copies=copies,
            without_majority=int((label < 0).sum()),
            of_unknown_classes=int(((label >= 0) & ~self.scored).sum()),
            scored=int(self.scored.sum()),
            without_face=int((self.scored & ~self.crops.found).sum()) if self.options.framing == "aligned" else 0,
        )

    def calibration(self) -> Calibration:
        """Calibration against the majority label, on scored images that, end to end, have a face."""
        chosen = self.scored & ~self.missed
        hit = (self.answer == self.label)[chosen].astype(np.float64)
        return calibration_of(reliability(self.probability.max(axis=1)[chosen], hit))

    def calibration_votes(self) -> Calibration:
        """Calibration against the votes, also on images without a majority, if a class that the model knows comes first."""
        share = self.faces.share
        said = share.sum(axis=1) > 0
        chosen = said & np.isin(share.argmax(axis=1), self.known) & ~self.missed
        best = self.probability.argmax(axis=1)
        agreement = share[:, self.known][np.arange(len(share)), best].astype(np.float64)
        return calibration_of(reliability(self.probability.max(axis=1)[chosen], agreement[chosen]))

    def probability_of(self, pixels: UInt8) -> Float64:
        """(N', K) the probabilities of crops."""
        return self.model.probabilities(pixels)[:, self.known].astype(np.float64)

    def _answer(self, probability: Float64, found: Bool) -> Int64:
        """(N,) the most probable class or, end to end where there is no face, the index after the last class."""
        best = probability.argmax(axis=1).astype(np.int64)
        return np.where(found, best, len(self.known)) if self.options.end_to_end else best


def _occlusions(shown: _Shown, progress: Progress) -> dict[str, OcclusionScore]:
    before, crops = shown.right(shown.probability[shown.scored]), shown.crops.pixels[shown.scored]
    scores = {}
    for done, name in enumerate(OCCLUSIONS):
        progress(CROPPING + (1 - CROPPING) * done / len(OCCLUSIONS))
        scores[name] = occlusion_score(before, shown.right(shown.probability_of(changed(crops, name))))
    return scores


def ms_per_face(model: ExpressionModel, crops: UInt8) -> float:
    """Milliseconds per face on one core in batches of 32, with normalisation and softmax: the fastest of 20 batches.

    Parameters
    ----------
    model : opened for the CPU with one thread
    crops : (N, S, S) uint8, N > 0
    """
    batch = np.resize(crops, (BATCH, *crops.shape[1:]))
    model.probabilities(batch, BATCH)
    times_s = []
    for _ in range(RUNS):
        start_s = time.perf_counter()
        model.probabilities(batch, BATCH)
        times_s.append(time.perf_counter() - start_s)
    return min(times_s) * 1000 / BATCH
