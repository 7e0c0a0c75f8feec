"""FER2013 images with FER+ votes, and where the five landmarks lie in them.

The images are 48 px wide and framed by another program than ours. A teacher detector finds the landmarks, so that training
can crop them as `vision.align.crop_faces` will crop faces when the model is served.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from pyarrow import parquet

from feelit.errors import ModelError, UsageError
from feelit.types import EMOTIONS, Bool, Float32, UInt8
from feelit.vision.align import TEMPLATE, crop_faces, similarity_to_template

SIZE_PX = 48
VOTES = (*EMOTIONS, "unknown", "NF")
"""What a tagger of FER+ could say, in the order of the vote columns; NF is "not a face"."""

_PASSES = ((3.0, 24), (4.0, 0), (2.0, 48), (1.0, 72))
"""How the teacher looks at an image, one attempt after another: enlarged by, then a border of so many px, 192 px in all."""


_LARGEST_SCALE = 2.75
"""A face would be under 18 px of 48: beyond this, what the teacher found in FER2013 is an eye or a shadow."""


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """One split of FER2013, one row an image."""

    image: UInt8  # (N, 48, 48) luma
    votes: UInt8  # (N, 10) how many of ten taggers said what, in the order of VOTES
    landmarks: Float32  # (N, 5, 2) px of the image; NaN where the teacher found no face
    held_out: Bool  # (N,) the same pixels stand in a split that is used for scoring

    def __len__(self) -> int:
        return len(self.image)

    def rows(self, where: Bool) -> Split:
        """The images that a mask (N,) selects."""
        return Split(self.image[where], self.votes[where], self.landmarks[where], self.held_out[where])


def read_split(path: Path, teacher: Path | None = None, cache: Path | None = None) -> Split:
    """Read a split from Parquet and let the teacher find the landmarks, once: they are kept in the file `cache`.

    Raises
    ------
    UsageError
        if the file is missing or lacks a column.
    ModelError
        if the teacher cannot be read.
    """
    columns = ["image", "copy_held_out", *(f"votes_{v}" for v in VOTES)]
    try:
        table = parquet.read_table(path, columns=columns)
    except (OSError, ValueError, KeyError) as error:
        reason = str(error).splitlines()[0]
        raise UsageError(f"{path} cannot be read: {reason}", "FER2013 images with FER+ votes are expected") from error
    image = np.stack([_decode(bytes(b), path) for b in table["image"].to_pylist()])
    votes = np.stack([table[f"votes_{v}"].to_numpy() for v in VOTES], axis=1).astype(np.uint8)
    return Split(image, votes, _landmarks(image, teacher, cache), table["copy_held_out"].to_numpy().astype(bool))


def _decode(content: bytes, path: Path) -> UInt8:
    image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_GRAYSCALE)
    if image is None or image.shape != (SIZE_PX, SIZE_PX):
        raise UsageError(f"{path} holds something that is not an image of {SIZE_PX} px", "the images of FER2013 are expected")
    return np.asarray(image, np.uint8)


def _landmarks(image: UInt8, teacher: Path | None, cache: Path | None) -> Float32:
    if teacher is None:
        return np.full((len(image), 5, 2), np.nan, np.float32)
    if cache is not None and cache.exists():
        kept: Float32 = np.load(cache)["landmarks"]
        if len(kept) == len(image):
            return kept
    found = find_landmarks(image, teacher)
    if cache is not None:
        cache.parent.mkdir(parents=True, exist_ok=True)
        np.savez(cache, landmarks=found)
    return found


def find_landmarks(image: UInt8, teacher: Path) -> Float32:
    """What YuNet (Wu et al. 2023) sees in tightly framed faces: it needs them enlarged, and some air around them.

    Parameters
    ----------
    image : (N, 48, 48) uint8
    teacher : an ONNX file that `cv2.FaceDetectorYN` reads

    Returns
    -------
    (N, 5, 2) float32, px of the 48 px image; NaN where no attempt found a plausible face.
    """
    try:
        net = cv2.FaceDetectorYN.create(str(teacher), "", (192, 192), 0.5, 0.3, 50)
    except cv2.error as error:
        raise ModelError(f"{teacher} cannot be read as a YuNet detector", "export it with a free height and width") from error
    out = np.full((len(image), 5, 2), np.nan, np.float32)
    for i, one in enumerate(image):
        for factor, border in _PASSES:
            side = round(SIZE_PX * factor)
            large = cv2.resize(one, (side, side), interpolation=cv2.INTER_CUBIC)
            large = cv2.copyMakeBorder(large, border, border, border, border, cv2.BORDER_REPLICATE)
            faces = net.detect(cv2.cvtColor(large, cv2.COLOR_GRAY2BGR))[1]
            if faces is not None and len(faces):
                best = faces[np.argmax(faces[:, 14])]
                out[i] = (best[4:14].reshape(5, 2) - border + 0.5) / factor - 0.5
                break
    matrix = similarity_to_template(out, SIZE_PX)
    out[np.hypot(matrix[:, 0, 0], matrix[:, 1, 0]) > _LARGEST_SCALE] = np.nan
    return out


def aligned(split: Split) -> UInt8:
    """(N, 48, 48) uint8: crops as they are served; an image without landmarks stays as it is."""
    out = split.image.copy()
    for i in np.flatnonzero(np.isfinite(split.landmarks).all(axis=(1, 2))):
        out[i] = crop_faces(split.image[i], split.landmarks[i : i + 1], SIZE_PX)[0]
    return out


def framing(landmarks: Float32) -> Float32:
    """Where landmarks lie on average in the images' own framing, made symmetric: (5, 2), in sides of the image."""
    mean = (np.nanmean(landmarks, axis=0) + 0.5) / SIZE_PX
    mirrored = mean[[1, 0, 2, 4, 3]] * (-1, 1) + (1, 0)
    return ((mean + mirrored) / 2).astype(np.float32)


def vote_shares(votes: UInt8) -> Float32:
    """What taggers agree on, as the target of training.

    Votes below two are taken for slips and dropped, as in FER+ (Barsoum et al. 2016); unknown and "not a face" are left out
    of the shares.

    Returns
    -------
    (N, 8) float32, rows sum to 1; a row of zeros where unknown or "not a face" got at least as many votes as any emotion.
    """
    kept = np.where(votes < 2, 0, votes).astype(np.float32)
    known, other = kept[:, : len(EMOTIONS)], kept[:, len(EMOTIONS) :]
    known = known * (known.max(axis=1) > other.max(axis=1))[:, None]
    return (known / np.maximum(known.sum(axis=1, keepdims=True), 1)).astype(np.float32)


def template_landmarks() -> Float32:
    """(5, 2) float32 px: landmarks for which cropping changes nothing, for images in which the teacher found none."""
    return (TEMPLATE * SIZE_PX - 0.5).astype(np.float32)


def contact_sheet(crops: UInt8, captions: Sequence[str], columns: int = 16) -> UInt8:
    """Crops (N, 48, 48) in rows, doubled, each with a caption: for a person who wants to see what the model is shown."""
    cells = []
    for crop, caption in zip(crops, captions, strict=True):
        cell = cv2.copyMakeBorder(cv2.resize(crop, (96, 96)), 0, 16, 0, 4, cv2.BORDER_CONSTANT, value=0)
        cells.append(cv2.putText(cell, caption, (1, 108), cv2.FONT_HERSHEY_SIMPLEX, 0.38, 255))
    cells += [np.zeros_like(cells[0])] * (-len(cells) % columns)
    return np.concatenate([np.concatenate(cells[i : i + columns], axis=1) for i in range(0, len(cells), columns)])
