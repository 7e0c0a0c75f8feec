"""The faces of a picture, found and cropped as in the analysis of a video.

An image may be a portrait that is cut close, or a picture of 48 px: a detector that learnt from whole scenes wants such faces
larger, and some air around them. So where nothing is found in an image as it is, it is looked at in the framings that the
training of the classifier used for its own images.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from feelit.errors import UsageError
from feelit.explaining.sources import Source, read_image
from feelit.segment import Networks
from feelit.types import Detections, Float32, UInt8, VideoInfo
from feelit.video.luma import FULL_RANGE
from feelit.video.stills import sample_at
from feelit.vision.detector import FaceDetector, shrink
from feelit.vision.looking import USUAL_ACROSS, Looker

FRAMINGS = ((144, 24), (192, 0), (96, 48), (48, 72))
"""Attempts: the short side of the image becomes so many px, and gets a border of so many."""

SMALL_PX = 144
"""An image whose short side is less is looked at in these framings first, and as it is at last."""

MOST_FRAMED_PX = 4096
"""A framing whose long side would be longer is left out: the image is a strip, not a portrait."""


@dataclass(frozen=True, slots=True, eq=False)
class Faces:
    """The faces of one picture, from the left to the right; the whole picture where none was found."""

    time_s: float | None  # of the frame that was shown, None in an image
    crop: UInt8  # (F, S, S) as the classifier is given them
    box: Float32  # (F, 4) px of the upright picture
    found: bool


def find_faces(source: Source, networks: Networks) -> Faces:
    """All faces of an image, or of the frame of a video.

    Raises
    ------
    VideoReadError
        if it cannot be read.
    UsageError
        if the video has ended by that time, or the frame shows no face.
    """
    if source.time_s is None:
        return _in_image(read_image(source.path), networks)
    return _in_video(source.path, source.time_s, networks)


def _in_video(path: Path, time_s: float, networks: Networks) -> Faces:
    def looker(info: VideoInfo) -> Looker:
        return Looker(networks.detector, info.width_px, info.height_px, None)

    sample, info = sample_at(path, time_s, lambda info: looker(info).view)
    found = _from_the_left(looker(info).find([sample], networks.detector.threshold))
    if not len(found):
        raise UsageError(f"no face was found in {path} at {sample.time_s:g} s", "choose another moment")
    crops = networks.expression.crop(sample.luma, sample.levels, found.box, found.landmarks)
    return Faces(sample.time_s, crops, found.box, True)


def _in_image(image: UInt8, networks: Networks) -> Faces:
    luma = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), np.uint8)
    found = _in_framings(luma if networks.detector.color == "luma" else image, networks.detector)
    if len(found):
        return Faces(None, networks.expression.crop(luma, FULL_RANGE, found.box, found.landmarks), found.box, True)
    height, width = luma.shape
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    square, size = luma[top : top + side, left : left + side], (networks.expression.size_px,) * 2
    crop = cv2.resize(square, size, interpolation=cv2.INTER_AREA if side > size[0] else cv2.INTER_CUBIC)
    return Faces(None, np.asarray(crop, np.uint8)[None], np.array([[left, top, left + side, top + side]], np.float32), False)


def _in_framings(image: UInt8, detector: FaceDetector) -> Detections:
    """The faces of the first framing that has any, in px of the image."""
    short, long = sorted(image.shape[:2])
    framings = [(px / short, border) for px, border in FRAMINGS if px / short * long <= MOST_FRAMED_PX]
    for factor, border in [*framings, (1.0, 0)] if short < SMALL_PX else [(1.0, 0), *framings]:
        framed = _framed(image, factor, border)
        height, width = framed.shape[:2]
        view = detector.view_of(width, height, min(height, width) / USUAL_ACROSS)
        found = detector.detect(shrink(framed, view)[None], view)
        if len(found):
            # A box tells edges of pixels, a landmark the middle of one.
            box = (found.box - np.float32(border)) / np.float32(factor)
            landmarks = (found.landmarks - np.float32(border) + np.float32(0.5)) / np.float32(factor) - np.float32(0.5)
            return _from_the_left(Detections(found.row, box, landmarks, found.score))
    return found


def _framed(image: UInt8, factor: float, border: int) -> UInt8:
    if factor != 1.0:
        size = tuple(max(1, round(side * factor)) for side in image.shape[1::-1])
        way = cv2.INTER_CUBIC if factor > 1 else cv2.INTER_AREA
        image = np.asarray(cv2.resize(image, size, interpolation=way), np.uint8)
    return np.asarray(cv2.copyMakeBorder(image, border, border, border, border, cv2.BORDER_REPLICATE), np.uint8)


def _from_the_left(found: Detections) -> Detections:
    return found.rows(np.argsort(found.box[:, 0] + found.box[:, 2], kind="stable").astype(np.int64))
