"""Conversion of dlib's network to the identity model: folded to luma, quantised, and compared at every step.

The folder of data holds dlib's file, or the package that contains it (see `identity.network`), and Parquet files of faces,
aligned to `vision.identity.TEMPLATE`, in a column `image` (encoded images), for the calibration of the quantisation. Where a
file also has a column `person`, the model is scored on its pairs.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyarrow.parquet as pq

from feelit.errors import ModelError, UsageError
from feelit.models.card import ModelCard, write_card
from feelit.training.export import quantize
from feelit.training.identity.network import SIZE_PX, DlibWeights, embed_colour, read_dlib_weights, write_identity
from feelit.types import Bool, Float32, Float64, Int64, UInt8
from feelit.vision.identity import IdentityModel

log = logging.getLogger(__name__)

QUANTIZED = ("Conv", "Relu", "Add", "AveragePool", "MaxPool", "Pad")

MOST_DIFFERENCE = 1e-4
"""Between dlib's network on grey RGB images and the ONNX file in float32."""

LEAST_COSINE = 0.995
"""Between an embedding in float32 and the same after quantisation."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """All settings besides the data."""

    pictures: int = 200  # for the calibration of the quantisation
    percentile: float = 99.9999
    seed: int = 0


def train(name: str, recipe: Recipe, data: Path, out: Path) -> Path:
    """Convert, compare and score; gives the path of the ONNX file `out`/`name`.onnx, with its card beside it.

    Raises
    ------
    UsageError
        if `data` holds no faces.
    ModelError
        if dlib's file is missing or another one, or a step changes the embeddings.
    """
    weights = read_dlib_weights(data)
    faces = {path.stem: _faces(path) for path in sorted(data.glob("*.parquet"))}
    pictures = np.concatenate([*(images for images, _ in faces.values()), np.zeros((0, SIZE_PX, SIZE_PX), np.uint8)])
    if not len(pictures):
        raise UsageError(f"{data} holds no faces", "give aligned faces in a column `image` of a .parquet file")
    some = np.random.default_rng(recipe.seed).permutation(len(pictures))[: recipe.pictures]
    path, exact = out / f"{name}.onnx", out / f"{name}-float32.onnx"
    write_identity(weights, exact)
    card = _card(name, weights, recipe)
    write_card(replace(card, name=exact.stem), exact)
    difference = _difference(weights, exact, pictures[some[:16]])
    quantize(exact, path, pictures[some], (), QUANTIZED, recipe.percentile)
    write_card(card, path)
    scores: dict[str, Any] = {
        "largest difference between dlib's network and ONNX Runtime in float32, on luma": float(f"{difference:.1e}"),
        "cosine between float32 and integers": _cosines(exact, path, pictures[some]),
    }
    model = IdentityModel(path, "cpu")
    for source, (images, person) in faces.items():
        if person is not None:
            pairs = score_pairs(*pairs_of(model.embed(images), person))
            scores[f"pairs of {source}"] = {
                "same": pairs.same,
                "different": pairs.different,
                "equal_error": round(pairs.equal_error, 4),
                "at_cosine": round(pairs.threshold, 3),
            }
    write_card(replace(card, scores=scores), path)
    log.info("%s: %s", path, scores)
    return path


def _faces(path: Path) -> tuple[UInt8, Any]:
    """The images of a table at the network's size, and the numbers of the people; None where there is no such column."""
    columns = pq.read_schema(path).names
    if "image" not in columns:
        return np.zeros((0, SIZE_PX, SIZE_PX), np.uint8), None
    names = [name for name in ("source", "person") if name in columns]
    table = pq.read_table(path, columns=["image", *names])
    pictures = np.empty((len(table), SIZE_PX, SIZE_PX), np.uint8)
    for i, encoded in enumerate(table.column("image").to_pylist()):
        picture = cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_GRAYSCALE)
        if picture is None:
            raise UsageError(f"{path}: row {i} holds no picture", "the column `image` holds the bytes of PNG, JPEG or WebP")
        pictures[i] = cv2.resize(picture, (SIZE_PX, SIZE_PX), interpolation=cv2.INTER_LINEAR)
    if "person" not in names:
        return pictures, None
    who = [str(row) for row in table.select(names).to_pylist()]
    return pictures, np.unique(who, return_inverse=True)[1].astype(np.int64)


def _difference(weights: DlibWeights, path: Path, pictures: UInt8) -> float:
    expected = embed_colour(weights, np.repeat(pictures[:, None].astype(np.float32), 3, axis=1))
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    difference = float(np.abs(IdentityModel(path, "cpu").embed(pictures) - expected).max())
    if not difference <= MOST_DIFFERENCE:
        raise ModelError(f"{path.name} differs from dlib's network by {difference:.2g}", "compare layer by layer")
    return difference


def _cosines(exact: Path, path: Path, pictures: UInt8) -> dict[str, float]:
    """Mean and least cosine between embeddings in float32 and after quantisation."""
    before, after = (IdentityModel(model, "cpu").embed(pictures) for model in (exact, path))
    cosine: Float32 = (before * after).sum(axis=1)
    if not cosine.min() >= LEAST_COSINE:
        message = f"an embedding of {path.name} has a cosine of {cosine.min():.4f} with the same in float32"
        raise ModelError(message, "give more pictures, or ones that are aligned as the model wants them")
    return {"mean": round(float(cosine.mean()), 5), "least": round(float(cosine.min()), 5)}


def _card(name: str, weights: DlibWeights, recipe: Recipe) -> ModelCard:
    return ModelCard(
        name=name,
        task="identity",
        adapter="feelit",
        licence="CC0-1.0 (weights by Davis E. King, dlib.net); code: Apache-2.0",
        description=(
            f"Face embedding for comparing faces. Input luma: (N, 1, {SIZE_PX}, {SIZE_PX}) uint8, full range 0..255, "
            "normalised inside the graph; output embedding: (N, 128) float32, compared by its direction. Faces are aligned by "
            "five landmarks to the template in vision/identity.py."
        ),
        color="luma",
        crop="aligned",
        size_px=SIZE_PX,
        parameters=sum(k.size + b.size for k, b in zip(weights.kernel, weights.shift, strict=True)) + weights.projection.size,
        training_data=(
            {
                "name": "dlib_face_recognition_resnet_model_v1",
                "part": "weights as published; VGG-Face, FaceScrub and faces from the web, about 3 million",
                "licence": "CC0-1.0 for the weights; the pictures are not distributed",
                "source": "King 2017, https://github.com/davisking/dlib-models",
            },
        ),
        limitations=(
            "It compares faces and contains no list of people. Embeddings are biometric data (GDPR Art. 9) where they are used "
            "to identify people.",
            "It is less accurate for profiles, strong blur and small faces. Twins and children were not measured.",
            "Errors differ between groups of people (docs/people.md, docs/fairness.md, as far as labels allow).",
            "It uses luma only: colour has no effect.",
        ),
        recipe=f"feelit train identity: {recipe}",
    )


@dataclass(frozen=True, slots=True)
class PairScores:
    """The equal error rate of face verification."""

    same: int  # pairs of one person
    different: int  # pairs of two
    equal_error: float  # the error rate at the threshold where false acceptances and rejections are equally frequent
    threshold: float


def pairs_of(embedding: Float32, person: Int64) -> tuple[Float64, Bool]:
    """The cosines of all pairs of faces, and which pairs are of one person.

    (F, D) float32 of length one and (F,) int64 -> (P,) float64 and (P,) bool
    """
    first, second = np.triu_indices(len(embedding), 1)
    cosine = (embedding @ embedding.T).astype(np.float64)[first, second]
    return cosine, person[first] == person[second]


def score_pairs(likeness: Float64, same: Bool) -> PairScores:
    """Score pairs of both kinds: (P,) float64 similarities and (P,) bool."""
    of_one, of_two = np.sort(likeness[same]), np.sort(likeness[~same])
    threshold = np.unique(likeness)
    missed = np.searchsorted(of_one, threshold) / len(of_one)  # share below
    joined = 1 - np.searchsorted(of_two, threshold) / len(of_two)
    best = int(np.argmin(np.abs(missed - joined)))
    return PairScores(len(of_one), len(of_two), float(missed[best] + joined[best]) / 2, float(threshold[best]))
