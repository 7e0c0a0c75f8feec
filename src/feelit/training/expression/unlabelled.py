"""Faces of which nobody has said what they show: other networks say it (Xie et al. 2020, "Self-training with noisy student").

The pictures are those that the detector learns from, whose faces come with landmarks. They are cut as the labelled pictures are
on average, so that everything that is done to those can be done to these.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from feelit.errors import UsageError
from feelit.evaluation.classifier.crops import whole
from feelit.training.expression.data import Lesson
from feelit.training.face.data import load_images
from feelit.types import EMOTIONS, Float32, UInt8

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
