"""Saliency of a classifier on faces: which pixels count for or against a label."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from feelit.errors import MissingExtraError, UsageError
from feelit.explaining.faces import Faces, Source, find_faces
from feelit.explaining.saliency import Faithfulness, baseline_of, judge, occlusion, rise, score_of
from feelit.labels import spelled
from feelit.models.paths import model_path
from feelit.options.models import ExplainOptions
from feelit.run.segment import open_networks
from feelit.run.task import Models
from feelit.types import EMOTIONS, LANDMARKS, Float32, UInt8
from feelit.vision.align import TEMPLATE
from feelit.vision.expression import ExpressionModel

UNITS = {"rise": "change of probability", "occlusion": "change of probability", "gradcam": "share of the largest"}
"""Units of the maps."""


@dataclass(frozen=True, slots=True, eq=False)
class Explanation:
    """The saliency map of one face for one label; S is the side of the classifier's crop."""

    source: str  # the path as it was given
    time_s: float | None  # of the frame, on the player's clock; None in an image
    face: int  # 1 is the leftmost
    found: bool  # False where no face was detected and the crop is the whole image
    box: Float32  # (4,) px of the upright picture
    crop: UInt8  # (S, S)
    probability: Float32  # (8,) in the order of EMOTIONS
    label: str  # what is explained
    saliency: Float32  # (S, S)
    unit: str  # of the saliency
    faithfulness: Faithfulness
    near: str | None  # the landmark nearest to the peak, None where the crop is not aligned

    def summary(self) -> dict[str, Any]:
        """The numbers and texts of an explanation, for JSON."""
        judged = self.faithfulness
        return {
            "source": self.source,
            "time_s": self.time_s,
            "face": self.face,
            "found": self.found,
            "box": [round(float(v), 2) for v in self.box],
            "label": self.label,
            "probability": _rounded(self.probability[EMOTIONS.index(self.label)]),
            "probabilities": dict(zip(EMOTIONS, map(_rounded, self.probability), strict=True)),
            "unit": self.unit,
            "largest": _rounded(self.saliency.max()),
            "smallest": _rounded(self.saliency.min()),
            "peak": list(judged.peak_px),
            "near": self.near,
            "top_region": list(judged.top_px),
            "drop": _rounded(judged.drop),
            "deletion_auc": _rounded(judged.deletion),
            "insertion_auc": _rounded(judged.insertion),
        }


def explain_sources(
    model: str,
    sources: Sequence[str],
    options: ExplainOptions,
    progress: Callable[[float], None] = lambda share: None,
    room: int | None = None,
) -> list[Explanation]:
    """Explain a classifier's output on the faces of images and of moments of videos.

    Parameters
    ----------
    model : "expression", or the path of an ONNX file with its card
    sources : paths of images, and moments of videos as VIDEO@TIME
    progress : called with the share that is done, 0..1
    room : the most faces; None for any number

    Returns
    -------
    One explanation per face: by source, and then from left to right.

    Raises
    ------
    ModelError
        if a model is missing, damaged, or of the wrong kind, or Grad-CAM cannot compute it.
    VideoReadError
        if an image or a video cannot be read.
    UsageError
        if a model, a source, a label or a face does not exist, or there are more faces than `room`.
    MissingExtraError
        if the method is Grad-CAM and PyTorch is not installed.
    """
    if not sources:
        raise UsageError("there is nothing to explain", "name an image, or a moment of a video, as in VIDEO@83.5")
    path = model_path(model)
    networks = open_networks(Models(model_path(options.detector), path, None, options.device))
    explain = _explainer(path, networks.expression, options)
    pictures = [(source, find_faces(source, networks)) for source in map(Source.parse, sources)]
    asked = [(source, faces, i) for source, faces in pictures for i in _asked(source, faces, options.face)]
    if room is not None and len(asked) > room:
        message = f"{len(asked)} faces are more than the {room} that a picture has room for"
        raise UsageError(message, "choose one with --face, or name fewer pictures")
    done = []
    for source, faces, i in asked:
        done.append(explain(source, faces, i))
        progress(len(done) / len(asked))
    return done


def _asked(source: Source, faces: Faces, face: int | None) -> range:
    count = len(faces.crop)
    if face is None:
        return range(count)
    if face > count:
        shown = f"{count} face{'' if count == 1 else 's'}"
        raise UsageError(f"--face {face}: {source.path} shows {shown}", "1 is the leftmost")
    return range(face - 1, face)


def _explainer(path: Path, model: ExpressionModel, options: ExplainOptions) -> Callable[[Source, Faces, int], Explanation]:
    """The function that explains one face of a picture; what cannot be asked is reported before any work begins."""
    lengths_px = options.lengths_px(model.size_px)
    asked = None if options.label is None else spelled(options.label)
    if asked is not None and asked not in model.labels:
        raise UsageError(f"{path.name} has no label {asked}", f"it has {', '.join(model.labels)}")
    gradients = _gradients() if options.method == "gradcam" else None

    def explain(source: Source, faces: Faces, i: int) -> Explanation:
        crop = faces.crop[i]
        probability = model.probabilities(crop[None])[0]
        label = asked or max(model.labels, key=lambda name: probability[EMOTIONS.index(name)])
        score, baseline = score_of(model, label), baseline_of(crop, options.baseline)
        if gradients:
            saliency = gradients(path, model, crop, label)
        elif options.method == "rise":
            saliency = rise(score, crop, baseline, options.masks, options.seed)
        else:
            saliency = occlusion(score, crop, baseline, *lengths_px)
        faithfulness = judge(score, crop, baseline, saliency)
        aligned = faces.found and model.card.crop == "aligned"
        return Explanation(
            source=source.name,
            time_s=faces.time_s,
            face=i + 1,
            found=faces.found,
            box=faces.box[i],
            crop=crop,
            probability=probability,
            label=label,
            saliency=saliency,
            unit=UNITS[options.method],
            faithfulness=faithfulness,
            near=_nearest(faithfulness.peak_px, len(crop)) if aligned else None,
        )

    return explain


def _gradients() -> Callable[[Path, ExpressionModel, UInt8, str], Float32]:
    try:
        from feelit.explaining.gradcam import grad_cam
    except ImportError as error:
        hint = "pip install 'feelit[train]', or choose --method rise or occlusion"
        raise MissingExtraError("Grad-CAM needs PyTorch and onnx, which are not installed", hint) from error
    return grad_cam


def _nearest(peak_px: tuple[int, int], side_px: int) -> str:
    """The landmark that lies nearest to a pixel of an aligned crop."""
    away = np.hypot(*(TEMPLATE * side_px - 0.5 - np.array(peak_px)).T)
    return LANDMARKS[int(away.argmin())]


def _rounded(value: float) -> float:
    return round(float(value), 4)
