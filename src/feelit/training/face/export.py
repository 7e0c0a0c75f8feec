"""Export of a trained face detector: calibration, ONNX file, scores and model card.

The ONNX file takes `luma` (N, 1, H, W) uint8, H and W multiples of 32, and gives `score` (N, A), `box` (N, A, 4) and
`landmarks` (N, A, 10) in px of the input.
"""

from __future__ import annotations

import copy
import logging
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyarrow.parquet as pq
import torch
from sklearn.linear_model import LogisticRegression
from torch import Tensor, nn
from torch.nn.functional import conv2d, pad

from feelit.errors import ModelError
from feelit.evaluation.detector.evaluate import evaluate_faces
from feelit.evaluation.detector.images import find_images
from feelit.evaluation.detector.metrics import Matches, match_sizes
from feelit.evaluation.detector.scores import FaceScores
from feelit.models.card import ModelCard, write_card
from feelit.options.models import EvaluateFacesOptions
from feelit.scaling import detector_view
from feelit.training.export import count_parameters, four_digits, quantize, write_onnx
from feelit.training.face.data import FaceImages, as_data, load_images
from feelit.training.face.network import HEAD, FaceNet
from feelit.types import UInt8
from feelit.vision.detector import MIN_DETECTABLE_PX, FaceDetector
from feelit.vision.session import open_session

MOST_BOX_ERROR_PX, MOST_SCORE_ERROR = 1e-2, 1e-4
"""The largest differences between PyTorch and ONNX Runtime that float32 arithmetic in another order may cause."""

SQUARE = 4
"""The stride of the stem, px."""


class _OnSquares(torch.autograd.Function):
    """A 2x2 convolution padded at the top and on the left only, which nn.Conv2d cannot do."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor) -> Tensor:
        return conv2d(pad(x, (1, 0, 1, 0)), weight)

    @staticmethod
    def symbolic(graph: Any, x: Any, weight: Any) -> Any:
        """The same as an ONNX node."""
        return graph.op("Conv", x, weight, kernel_shape_i=[2, 2], pads_i=[1, 1, 0, 0])


class _Stem(nn.Module):
    """The 7x7 stem of stride 4 as a 2x2 convolution on squares of 4x4 pixels, whose 16 channels integer kernels read fast."""

    def __init__(self, stem: nn.Conv2d) -> None:
        super().__init__()
        padded = pad(stem.weight.data[:, 0], (1, 0, 1, 0)).unflatten(1, (2, SQUARE)).unflatten(3, (2, SQUARE))
        self.weight = nn.Parameter(padded.permute(0, 2, 4, 1, 3).flatten(1, 2).contiguous())  # (C, 16, 2, 2)

    def forward(self, luma: Tensor) -> Tensor:
        """(N, 1, H, W) uint8 -> (N, C, H / 4, W / 4) float32."""
        number, _, height, width = luma.shape
        rows = luma.reshape(number, height // SQUARE, SQUARE, width // SQUARE, SQUARE).permute(0, 1, 3, 2, 4)
        squares = rows.reshape(number, height // SQUARE, width // SQUARE, SQUARE * SQUARE).permute(0, 3, 1, 2)
        return _OnSquares.apply(squares.float(), self.weight)


class _Exported(nn.Module):
    """The network as it is exported: bytes in, sigmoid applied, the division by 255 folded into the stem."""

    def __init__(self, net: FaceNet) -> None:
        super().__init__()
        self.net = copy.deepcopy(net).eval()
        stem = self.net.stem[0]
        assert isinstance(stem, nn.Conv2d)
        stem.weight.data /= 255
        self.net.stem[0] = _Stem(stem)

    def forward(self, luma: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        found = self.net.predict(luma)
        return found.logit.sigmoid(), found.box, found.landmarks


def export(net: FaceNet, path: Path) -> None:
    """Write the ONNX file of a network."""
    path.parent.mkdir(parents=True, exist_ok=True)
    outputs = ("score", "box", "landmarks")
    axes = {"luma": {0: "n", 2: "h", 3: "w"}} | {name: {0: "n", 1: "a"} for name in outputs}
    module = _Exported(net.to(memory_format=torch.contiguous_format))
    write_onnx(module, torch.zeros(2, 1, 64, 96, dtype=torch.uint8), path, outputs, axes=axes)


@torch.inference_mode()
def parity(net: FaceNet, path: Path, images: UInt8) -> tuple[float, float]:
    """The largest difference between PyTorch and ONNX Runtime, in px of boxes and landmarks and in scores; NaN if either has
    NaN."""
    trained = net.eval()(torch.from_numpy(images[:, None]))
    score, box, landmarks = open_session(path, "cpu").run(["score", "box", "landmarks"], {"luma": images[:, None]})
    px = float(np.maximum(np.abs(box - trained.box.numpy()).max(), np.abs(landmarks - trained.landmarks.numpy()).max()))
    return px, float(np.abs(score - trained.logit.sigmoid().numpy()).max())


def check(net: FaceNet, path: Path, images: FaceImages) -> tuple[float, float]:
    """`parity` on real images; raises ModelError if the ONNX file computes something else than the network."""
    shown = np.zeros((8, 192, 320), np.uint8)
    for i in range(len(shown)):
        picture = images.image(i * (len(images) // len(shown)))[:192, :320]
        luma = np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), np.uint8)
        shown[i, : luma.shape[0], : luma.shape[1]] = luma
    px, score = parity(net, path, shown)
    if not (px <= MOST_BOX_ERROR_PX and score <= MOST_SCORE_ERROR):
        message = f"{path.name} differs from the network by {px:.2g} px and a score of {score:.2g}"
        raise ModelError(message, "do not serve it; compare layer by layer")
    return px, score


log = logging.getLogger(__name__)

CALIBRATED_PX, LEAST_FACE_PX, LEAST_SCORE = 320, 20.0, 0.15
"""Scores are calibrated at this long side, over faces from this size and boxes from this score on."""

VALIDATION = EvaluateFacesOptions(min_face_px=LEAST_FACE_PX, long_px=CALIBRATED_PX)

IN_FLOAT = (f"/{HEAD}",)

LIMITATIONS = (
    "Most training images have a research-only licence, or no stated licence: review them before any commercial use.",
    "The training labels are detections of another detector, YuNet, so its errors are inherited: profiles and dark faces that "
    "YuNet missed were background in training.",
    "Landmarks hidden by masks or hands, or outside the frame, are extrapolated and unreliable.",
    "Profiles, faces half hidden by hands or helmets, faces with more than about 40 degrees of roll, and faces below about 15 "
    "px at the working size, above all in dim rooms, get low scores and are often missed.",
    "Drawings of faces, heads of animals and small round objects with a dark centre are sometimes detected as faces.",
    "Validation images and held-out clips have the teacher's labels; only the WIDER FACE images were annotated by people.",
    "The training images show public figures, conference speakers and models of stock photographs. Recall by group of people "
    "was not measured.",
)


def calibrated(net: FaceNet, valid: Path, path: Path) -> FaceNet:
    """Write the ONNX file of a network whose scores are calibrated probabilities.

    Its logits are scaled by a logistic regression over the boxes on the validation images (Platt 1999), folded into the heads.
    """
    export(net, path)
    detector = FaceDetector(path, "cpu", ModelCard(path.stem, "face", "feelit"))
    matches = []
    for image in find_images(valid).read():
        luma = image.pixels("luma")
        view = detector.view_of(luma.shape[1], luma.shape[0], MIN_DETECTABLE_PX * max(luma.shape) / CALIBRATED_PX)
        found = detector.detect(detector_view(luma, view)[None], view, LEAST_SCORE)
        edges = np.tile(luma.shape[::-1], 2).astype(np.float32)  # labelled boxes end there
        box, truth = np.clip(found.box, 0, edges), np.clip(image.box, 0, edges)
        matches.append(match_sizes(box, found.score, truth, image.ignore, (LEAST_FACE_PX, np.inf)))
    every = Matches.join(matches)
    score, hit = every.score.astype(np.float64).clip(1e-6, 1 - 1e-6), every.hit
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
    """Scores on the validation images and on the test images of each source."""
    sources = sorted(set(pq.read_table(data / "test.parquet", columns=["source"])["source"].to_pylist()))
    evaluations = [("validation images", "val", VALIDATION)]
    evaluations += [
        (f"test images of {source}", "test", EvaluateFacesOptions(min_face_px=least_px, long_px=long_px, source=source))
        for source in sources
        for least_px, long_px in ((32.0, None), (16.0, None), (32.0, 320))
    ]
    scores = {}
    for what, file, options in evaluations:
        size = "as they are" if options.long_px is None else f"{options.long_px} px"
        found = evaluate_faces(path, data / f"{file}.parquet", options)
        scores[f"{what}, {size}, faces from {options.min_face_px:g} px"] = _summary(found)
    return scores


def _summary(found: FaceScores) -> dict[str, float | int | None]:
    score = found.sizes[0]
    return {
        "images": found.images,
        "faces": score.faces,
        "recall_at_0.1_false": four_digits(score.recall_at_one_false_in_ten_images),
        "average_precision": four_digits(score.average_precision),
        "recall_at_default": four_digits(score.recall),
        "false_per_image_at_default": four_digits(score.false_per_image),
        "images_without_faces": found.negatives,
        "false_in_images_without_faces": found.false_in_negatives,
        "landmark_error": None if found.landmark_error is None else four_digits(found.landmark_error),
        "calibration_error": four_digits(found.calibration_error),
    }


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


def publish(net: FaceNet, origin: Origin, data: Path, path: Path, calibration: UInt8 | None = None) -> Path:
    """Calibrate and export a network, compare the file with it, quantise it, score the file and write its card.

    Parameters
    ----------
    data : a folder with val.parquet and test.parquet
    path : the ONNX file to write
    calibration : (N, H, W) uint8 images for quantisation; None leaves the network in float32

    Raises
    ------
    ModelError
        if the ONNX file, before quantisation, computes something else than the network.
    """
    net = calibrated(net, data / "val.parquet", path)
    px, score = check(net, path, load_images([data / "val.parquet"]))
    card = ModelCard(
        name=path.stem,
        task="face",
        adapter="feelit",
        licence="weights: see training_data; code: Apache-2.0",
        description="Face detector with five landmarks for luma images: plain convolutions, anchor-free heads at strides 8, 16 "
        + ("and 32." if calibration is None else "and 32; 8-bit integers except in the heads."),
        scale=1.0,
        parameters=count_parameters(net),
        training_data=origin.training_data(),
        limitations=LIMITATIONS,
        recipe=origin.recipe,
    )
    write_card(card, path)
    scores: dict[str, Any] = {}
    if calibration is not None:
        exact = evaluate_faces(path, data / "val.parquet", VALIDATION)
        scores["validation images, 320 px, faces from 20 px, in float32"] = _summary(exact)
        quantize(path, path, calibration, IN_FLOAT)
    scores |= score_export(path, data)
    scores["largest difference between PyTorch and ONNX Runtime"] = {"px": px, "score": score}
    write_card(replace(card, scores=scores), path)
    log.info("%s: %s", path, scores)
    return path
