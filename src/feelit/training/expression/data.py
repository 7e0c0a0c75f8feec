"""Labelled faces as a classifier learns them: square pictures, what people said of them, and where the landmarks lie.

The built-in detector finds the landmarks, so that training can crop faces as `vision.align.crop_faces` will crop them when the
model is served.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import cv2
import numpy as np

from feelit.datasets.faces import LabelledFaces
from feelit.datasets.images import Images
from feelit.errors import UsageError
from feelit.evaluation.classifier.crops import whole
from feelit.models.paths import model_path
from feelit.storage.atomic import whole_file
from feelit.training.face.data import load_images
from feelit.types import EMOTIONS, Bool, Float32, Int64, UInt8
from feelit.vision.align import TEMPLATE, crop_faces
from feelit.vision.detector import open_detector
from feelit.vision.face_crops import find_face


@dataclass(frozen=True, slots=True, eq=False)
class Lesson:
    """Pictures to learn from, or to check with; one row a picture."""

    image: UInt8  # (N, S, S) luma
    landmarks: Float32  # (N, 5, 2) px of the picture; NaN where no face was found
    share: Float32  # (N, 8) what people said, rows sum to 1, or to 0 where it was no emotion
    label: Int64  # (N,) index into EMOTIONS: what the majority says; -1 where there is none
    fer2013: Int64  # (N,) FER2013's own label, -1 where there is none

    def __len__(self) -> int:
        return len(self.image)

    def counts(self) -> tuple[int, ...]:
        """Pictures by majority label, in the order of EMOTIONS."""
        return tuple(np.bincount(self.label[self.label >= 0], minlength=len(EMOTIONS)).tolist())

    def rows(self, where: Bool | Int64) -> Lesson:
        """The pictures that a mask or an index array selects."""
        return Lesson(*(getattr(self, field.name)[where] for field in fields(self)))

    def some(self, count: int) -> Lesson:
        """So many pictures, or all, from all over the data, which may be sorted by label."""
        return self.rows(np.linspace(0, len(self) - 1, min(count, len(self))).astype(np.int64))

    def joined(self, other: Lesson) -> Lesson:
        """These pictures, and then others."""
        return Lesson(*(np.concatenate([getattr(self, field.name), getattr(other, field.name)]) for field in fields(self)))


def to_learn_from(faces: LabelledFaces) -> LabelledFaces:
    """The images of a training split that teach something: of those that are held out, and those of which nobody named an
    expression, such as AffectNet's "uncertain" (9) and "no face" (10), none is left.
    """
    named = (faces.share.sum(axis=1) > 0) | (faces.fer2013 >= 0)
    return faces.rows(named & ~faces.held_out)


def prepare(
    faces: LabelledFaces, size_px: int, cache: Path | None = None, progress: Callable[[float], None] = lambda share: None
) -> Lesson:
    """Labelled faces as pictures of one size, with landmarks. One photograph at a time is held in memory.

    Square pictures of that size stay as they are, smaller ones are enlarged, and training may choose between their own framing
    and the aligned one. Of others, the aligned crop is taken, or the whole where no face is found.

    Parameters
    ----------
    cache : a file in which landmarks are kept, for looking for them takes a minute for ten thousand pictures
    """
    images = faces.images
    landmarks = _landmarks(images, cache, progress)
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
    return Lesson(square, landmarks, faces.share, faces.label, faces.fer2013)


def _landmarks(images: Images, cache: Path | None, progress: Callable[[float], None]) -> Float32:
    model = model_path("face")
    key = hashlib.blake2b(model.read_bytes(), digest_size=16)
    for image in images:
        key.update(image.tobytes())
    if cache is not None and cache.exists():
        with np.load(cache) as kept:
            if str(kept["key"]) == key.hexdigest():
                return np.asarray(kept["landmarks"], np.float32)
    detector = open_detector(model, "cpu")
    found = np.full((len(images), 5, 2), np.nan, np.float32)
    for i, image in enumerate(images):
        if len(face := find_face(detector, image)):
            found[i] = face.landmarks[0]
        progress((i + 1) / len(images))
    if cache is not None:
        with whole_file(cache) as part, part.open("wb") as file:
            np.savez(file, landmarks=found, key=key.hexdigest())
    return found


def aligned(lesson: Lesson) -> UInt8:
    """(N, S, S) uint8: crops as they are served; a picture without landmarks stays as it is."""
    out = lesson.image.copy()
    for i in np.flatnonzero(np.isfinite(lesson.landmarks).all(axis=(1, 2))):
        out[i] = crop_faces(lesson.image[i], lesson.landmarks[i : i + 1], out.shape[1])[0]
    return out


def framing(lesson: Lesson) -> Float32:
    """Where landmarks lie on average in the pictures' own framing, made symmetric: (5, 2), in sides of the picture.

    That of crops, if no picture has landmarks.
    """
    if not np.isfinite(lesson.landmarks).any():
        return TEMPLATE.astype(np.float32)
    mean = (np.nanmean(lesson.landmarks, axis=0) + 0.5) / lesson.image.shape[1]
    mirrored = mean[[1, 0, 2, 4, 3]] * (-1, 1) + (1, 0)
    return ((mean + mirrored) / 2).astype(np.float32)


def template(size_px: int) -> Float32:
    """(5, 2) float32 px: landmarks for which cropping changes nothing."""
    return (TEMPLATE * size_px - 0.5).astype(np.float32)


def contact_sheet(crops: UInt8, captions: Sequence[str], columns: int = 16) -> UInt8:
    """Crops (N, S, S) in rows, 96 px wide, each with a caption: for a person who wants to see what the model is shown."""
    cells = []
    for crop, caption in zip(crops, captions, strict=True):
        cell = cv2.copyMakeBorder(cv2.resize(crop, (96, 96)), 0, 16, 0, 4, cv2.BORDER_CONSTANT, value=0)
        cells.append(cv2.putText(cell, caption, (1, 108), cv2.FONT_HERSHEY_SIMPLEX, 0.38, 255))
    cells += [np.zeros_like(cells[0])] * (-len(cells) % columns)
    return np.concatenate([np.concatenate(cells[i : i + columns], axis=1) for i in range(0, len(cells), columns)])


LEAST_PX = 40.0
"""Smaller faces show too little to say anything of them."""


def unlabelled(folder: Path, size_px: int, framing: Float32) -> tuple[Lesson, frozenset[str]]:
    """The faces of a folder of train-*.parquet (see `face_data`) without a mask, with no opinion on any; and their sources.

    Parameters
    ----------
    framing : (5, 2) where the landmarks shall lie on average, in sides of the picture

    Raises
    ------
    UsageError
        if there are no such files, or no faces of LEAST_PX in them.
    """
    pictures, landmarks, sources = [], [], set()
    for source, luma, points in _faces(folder):
        cut, where = _cut(luma, points, framing)
        pictures.append(whole(cut, size_px))
        landmarks.append((where + 0.5) * (size_px / len(cut)) - 0.5)
        sources.add(source)
    if not pictures:
        raise UsageError(f"{folder} has no faces of {LEAST_PX:.0f} px", "unlabelled names a folder with train-*.parquet")
    nothing = np.zeros((len(pictures), len(EMOTIONS)), np.float32)
    nobody = np.full(len(pictures), -1, np.int64)
    points = np.stack(landmarks).astype(np.float32)
    return Lesson(np.stack(pictures), points, nothing, nobody, nobody), frozenset(sources)


def _faces(folder: Path) -> Iterator[tuple[str, UInt8, Float32]]:
    """Faces that teachers can label, each with its whole picture: source, luma, and (5, 2) landmarks in px."""
    for path in sorted(folder.glob("train-*.parquet")):
        images = load_images([path])
        for i in np.flatnonzero(~images.masked).tolist():
            faces = images.faces(i)
            size = (images.box[faces, 2:] - images.box[faces, :2]).min(axis=1)
            luma = np.asarray(cv2.cvtColor(images.image(i), cv2.COLOR_BGR2GRAY), np.uint8)
            for points in images.landmarks[faces][(size >= LEAST_PX) & ~images.ignore[faces]]:
                yield images.source[i], luma, points


def _cut(luma: UInt8, points: Float32, framing: Float32) -> tuple[UInt8, Float32]:
    """An upright square of a picture in which landmarks lie as `framing` says, and where in it they do.

    Its side is that in which they spread as wide, however the head is rolled; the border is repeated where the picture ends.
    """
    middle, wanted = points.mean(axis=0), framing - framing.mean(axis=0)
    side = max(round(float(np.sqrt(((points - middle) ** 2).sum() / (wanted**2).sum()))), 8)
    centre = middle + (0.5 - framing.mean(axis=0)) * side
    cut = np.asarray(cv2.getRectSubPix(luma, (side, side), (float(centre[0]), float(centre[1]))), np.uint8)
    return cut, (points - centre + (side - 1) / 2).astype(np.float32)
