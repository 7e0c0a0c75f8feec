"""Training and validation data of expression classifiers: square images with labels and landmarks.

The built-in detector finds the landmarks, so that training crops faces as `vision.align.crop_faces` crops them in videos.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from feelit.datasets.faces import LabelledFaces
from feelit.datasets.images import Images
from feelit.datasets.names import FER2013
from feelit.datasets.read import read_splits
from feelit.errors import UsageError
from feelit.evaluation.classifier.crops import whole
from feelit.models.paths import model_path
from feelit.storage.atomic import whole_file
from feelit.training.face.data import load_images
from feelit.types import EMOTIONS, Columns, Float32, Int64, UInt8
from feelit.vision.align import TEMPLATE, crop_faces
from feelit.vision.detector import FaceDetector
from feelit.vision.face_crops import find_face

LEAST_PX = 40.0
"""Smaller unlabelled faces are left out: too little to see for a teacher."""


@dataclass(frozen=True, slots=True, eq=False)
class Examples(Columns):
    """Images with labels, one row per image."""

    image: UInt8  # (N, S, S) luma
    landmarks: Float32  # (N, 5, 2) px of the image; NaN where no face was found
    share: Float32  # (N, 8) shares of the votes; rows sum to 1, or to 0 where no emotion was named
    label: Int64  # (N,) majority label, an index into EMOTIONS; -1 where there is none
    fer2013: Int64  # (N,) FER2013's own label; -1 where there is none

    def counts(self) -> tuple[int, ...]:
        """Images per majority label, in the order of EMOTIONS."""
        return tuple(np.bincount(self.label[self.label >= 0], minlength=len(EMOTIONS)).tolist())

    def fer2013_one_hot(self) -> Float32:
        """(N, 7) FER2013's own labels; rows of zeros where there is none."""
        return np.eye(len(FER2013) + 1, len(FER2013), dtype=np.float32)[self.fer2013]

    def some(self, count: int) -> Examples:
        """At most `count` images, evenly spaced over the data, which may be sorted by label."""
        return self.rows(np.linspace(0, len(self) - 1, min(count, len(self))).astype(np.int64))


def read_examples(data: Path, size_px: int, out: Path) -> tuple[Examples, Examples]:
    """Read the training and the validation examples of labelled faces.

    Parameters
    ----------
    data : labelled faces with the splits train and valid, in any format of docs/evaluation.md
    out : folder of the run, in which landmarks are cached

    Raises
    ------
    UsageError
        if the data cannot be used, or lack a split.
    """
    splits = read_splits(data)
    if missing := [split for split in ("train", "valid") if split not in splits]:
        raise UsageError(f"{data} has no split {missing[0]}", "docs/evaluation.md says how splits are named")
    training = prepare(trainable(splits["train"]), size_px, out / "landmarks-train.npz")
    return training, prepare(splits["valid"], size_px, out / "landmarks-valid.npz")


def trainable(faces: LabelledFaces) -> LabelledFaces:
    """The images of a training split without those that are held out and those without an expression, such as AffectNet's
    "uncertain" (9) and "no face" (10).
    """
    named = (faces.share.sum(axis=1) > 0) | (faces.fer2013 >= 0)
    return faces.rows(named & ~faces.held_out)


def prepare(faces: LabelledFaces, size_px: int, cache: Path | None = None) -> Examples:
    """Labelled faces as images of one size, with landmarks. One photograph at a time is held in memory.

    Square images of that size stay as they are, smaller ones are enlarged; training may choose between their own framing and
    the aligned one. Other images are cropped around the face, or taken whole where none is found.

    Parameters
    ----------
    cache : file for the landmarks, whose detection takes a minute for ten thousand images
    """
    images = faces.images
    landmarks = _landmarks(images, cache)
    square = np.empty((len(images), size_px, size_px), np.uint8)
    for i, luma in enumerate(images):
        side = luma.shape[0]
        if luma.shape == (side, side) and side <= size_px:
            square[i] = cv2.resize(luma, (size_px, size_px), interpolation=cv2.INTER_LINEAR)
            landmarks[i] = (landmarks[i] + 0.5) * (size_px / side) - 0.5
        elif np.isfinite(landmarks[i]).all():
            square[i], landmarks[i] = crop_faces(luma, landmarks[i : i + 1], size_px)[0], template(size_px)
        else:
            square[i] = whole(luma, size_px)
    return Examples(square, landmarks, faces.share, faces.label, faces.fer2013)


def _landmarks(images: Images, cache: Path | None) -> Float32:
    model = model_path("face")
    key = hashlib.blake2b(model.read_bytes(), digest_size=16)
    for image in images:
        key.update(image.tobytes())
    if cache is not None and cache.exists():
        with np.load(cache) as kept:
            if str(kept["key"]) == key.hexdigest():
                return np.asarray(kept["landmarks"], np.float32)
    detector = FaceDetector(model, "cpu")
    found = np.full((len(images), 5, 2), np.nan, np.float32)
    for i, image in enumerate(images):
        if len(face := find_face(detector, image)):
            found[i] = face.landmarks[0]
    if cache is not None:
        with whole_file(cache) as part, part.open("wb") as file:
            np.savez(file, landmarks=found, key=key.hexdigest())
    return found


def aligned(examples: Examples) -> UInt8:
    """(N, S, S) uint8: crops as a video gives them; an image without landmarks stays as it is."""
    out = examples.image.copy()
    for i in np.flatnonzero(np.isfinite(examples.landmarks).all(axis=(1, 2))):
        out[i] = crop_faces(examples.image[i], examples.landmarks[i : i + 1], out.shape[1])[0]
    return out


def framing(examples: Examples) -> Float32:
    """(5, 2): the mean position of the landmarks in the images' own framing, made symmetric, relative to the image's side.

    The position in aligned crops, if no image has landmarks.
    """
    if not np.isfinite(examples.landmarks).any():
        return TEMPLATE.astype(np.float32)
    mean = (np.nanmean(examples.landmarks, axis=0) + 0.5) / examples.image.shape[1]
    mirrored = mean[[1, 0, 2, 4, 3]] * (-1, 1) + (1, 0)
    return ((mean + mirrored) / 2).astype(np.float32)


def template(size_px: int) -> Float32:
    """(5, 2) float32 px: landmarks for which cropping changes nothing."""
    return (TEMPLATE * size_px - 0.5).astype(np.float32)


def contact_sheet(crops: UInt8, captions: Sequence[str], columns: int = 16) -> UInt8:
    """Crops (N, S, S) in rows, 96 px wide, each with a caption."""
    cells = []
    for crop, caption in zip(crops, captions, strict=True):
        cell = cv2.copyMakeBorder(cv2.resize(crop, (96, 96)), 0, 16, 0, 4, cv2.BORDER_CONSTANT, value=0)
        cells.append(cv2.putText(cell, caption, (1, 108), cv2.FONT_HERSHEY_SIMPLEX, 0.38, 255))
    cells += [np.zeros_like(cells[0])] * (-len(cells) % columns)
    return np.concatenate([np.concatenate(cells[i : i + columns], axis=1) for i in range(0, len(cells), columns)])


def read_unlabelled(folder: Path, size_px: int, framing: Float32) -> tuple[Examples, frozenset[str]]:
    """The unmasked faces of detection data without labels, and the sources of their images.

    Other networks label them (Xie et al. 2020, "Self-training with noisy student"). They are framed as the labelled images are
    on average, so that the same augmentation applies.

    Parameters
    ----------
    folder : train-*.parquet, see `face.data`
    framing : (5, 2) mean position of the landmarks, see `framing`

    Raises
    ------
    UsageError
        if there are no such files, or no faces of LEAST_PX in them.
    """
    images, landmarks, sources = [], [], set()
    for path in sorted(folder.glob("train-*.parquet")):
        for source, luma, points in load_images([path]).unmasked(LEAST_PX):
            square, where = _framed(luma, points, framing)
            images.append(whole(square, size_px))
            landmarks.append((where + 0.5) * (size_px / len(square)) - 0.5)
            sources.add(source)
    if not images:
        raise UsageError(f"{folder} has no faces of {LEAST_PX:.0f} px", "unlabelled names a folder with train-*.parquet")
    share, none = np.zeros((len(images), len(EMOTIONS)), np.float32), np.full(len(images), -1, np.int64)
    return Examples(np.stack(images), np.stack(landmarks).astype(np.float32), share, none, none), frozenset(sources)


def _framed(luma: UInt8, points: Float32, framing: Float32) -> tuple[UInt8, Float32]:
    """An upright square in which landmarks lie as `framing` says, and their position in it, px.

    Its side follows from the spread of the landmarks, however the head is rolled; beyond the image its border is repeated.
    """
    middle, target = points.mean(axis=0), framing - framing.mean(axis=0)
    side = max(round(float(np.sqrt(((points - middle) ** 2).sum() / (target**2).sum()))), 8)
    centre = middle + (0.5 - framing.mean(axis=0)) * side
    square = np.asarray(cv2.getRectSubPix(luma, (side, side), (float(centre[0]), float(centre[1]))), np.uint8)
    return square, (points - centre + (side - 1) / 2).astype(np.float32)
