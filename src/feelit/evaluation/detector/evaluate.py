"""Evaluation of face detectors on labelled photographs."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from feelit.evaluation.detector.images import FaceImage, find_images
from feelit.evaluation.detector.metrics import landmark_error, match_sizes
from feelit.evaluation.detector.scores import FaceScores, Seen, find_mistakes, score_calibration, score_sizes, sizes_asked
from feelit.models.card import sha256_of
from feelit.options import Device
from feelit.options.models import EvaluateFacesOptions
from feelit.storage.names import as_text
from feelit.types import Float32
from feelit.video.decoded_frame import picture_of, sample_of
from feelit.vision.detector import MIN_DETECTABLE_PX, FaceDetector
from feelit.vision.multi_scale import MultiScaleDetector

LEAST_SCORE = 0.001
"""The lowest score of the curves."""

TIMED = 50
"""The number of first images on which the CPU time is measured, at the default threshold."""


def evaluate_faces(
    detector: Path,
    data: Path,
    question: EvaluateFacesOptions | None = None,
    device: Device = "cpu",
    advance: Callable[[float], None] = lambda share: None,
) -> FaceScores:
    """Run a detector on labelled images and score its detections at IoU 0.5.

    Images are searched as `feelit analyze` searches photographs: at a small scale and, for small faces, at a large one.

    Parameters
    ----------
    detector : the .onnx file, with its card beside it
    data : Parquet files, WIDER FACE or a CSV file; see `face_images`
    question : None stands for the defaults
    advance : called with the share that is done, 0..1

    Raises
    ------
    ModelError
        if the detector does not load.
    UsageError
        if the data are missing, damaged, or in no known format.
    """
    asked = question or EvaluateFacesOptions()
    network = FaceDetector(detector, device)
    images = find_images(data, asked.source)
    look = _Look(network, asked)
    for number, image in enumerate(images.read()):
        look.at(image)
        advance((number + 1) / images.count)
    ranges = sizes_asked(asked.min_face_px)
    scored = [score_sizes(look.seen, sizes_px, network.threshold) for sizes_px in ranges]
    missed, false = find_mistakes(look.seen, scored[0][2], ranges[0], network.threshold)
    bins, error = score_calibration(scored[0][2], network.threshold)
    empty = [image for image in look.seen if len(image.truth) == 0]
    misses = np.concatenate(look.misses)
    return FaceScores(
        model=network.card.name,
        sha256=sha256_of(detector),
        adapter=network.card.adapter,
        has_landmarks=network.has_landmarks,
        threshold=network.threshold,
        data=as_text(data),
        images=len(look.seen),
        labelled_by_people=look.drawn,
        long_px=asked.long_px,
        sizes=tuple(score for score, _, _ in scored),
        negatives=len(empty),
        false_in_negatives=sum(int((image.score >= network.threshold).sum()) for image in empty),
        landmark_error=float(np.median(misses)) if len(misses) else None,
        landmark_faces=len(misses),
        calibration=bins,
        calibration_error=error,
        ms_per_image=float(np.mean(look.ms)),
        curves=tuple(curve for _, curve, _ in scored),
        missed=missed,
        false=false,
    )


class _Look:
    """Runs a detector on images and collects its detections."""

    def __init__(self, network: FaceDetector, asked: EvaluateFacesOptions) -> None:
        self._network, self._asked = network, asked
        self.seen: list[Seen] = []
        self.misses: list[Float32] = []
        self.ms: list[float] = []
        self.drawn = 0

    def at(self, image: FaceImage) -> None:
        pixels = image.pixels(self._network.color)
        height, width = pixels.shape[:2]
        long_px = self._asked.long_px or max(height, width)
        least_px = MIN_DETECTABLE_PX * max(height, width) / long_px
        multi_scale = MultiScaleDetector(self._network, width, height, least_px, leaning=False)  # networks are compared
        sample = sample_of(picture_of(pixels if pixels.ndim == 2 else pixels[..., ::-1]), multi_scale.view)
        found = multi_scale.find([sample], min(LEAST_SCORE, self._network.threshold))
        if len(self.ms) < TIMED:
            begun = time.process_time()
            multi_scale.find([sample], self._network.threshold)
            self.ms.append((time.process_time() - begun) * 1000)
        edges = np.array([width, height, width, height], np.float32)  # labelled boxes end there
        box, truth = np.clip(found.box, 0, edges), np.clip(image.box, 0, edges)
        self.seen.append(Seen(image.name, box, found.score, truth, image.ignore))
        self.drawn += image.drawn
        sure, sizes_px = found.rows(found.score >= self._network.threshold), (self._asked.min_face_px, np.inf)
        pairs = match_sizes(sure.box, sure.score, image.marked, np.zeros(len(image.marked), bool), sizes_px)
        pairs = pairs.rows(pairs.hit)
        self.misses.append(landmark_error(sure.landmarks[pairs.found], image.landmarks[pairs.truth]))
