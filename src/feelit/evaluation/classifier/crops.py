"""Labelled images as a classifier is given faces: cropped as those of a video are, so that what is scored is what is served."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from feelit.datasets.images import Images
from feelit.models.paths import model_path
from feelit.options.models import Framing
from feelit.types import Bool, UInt8
from feelit.vision.detector import open_detector
from feelit.vision.expression import ExpressionModel, crop_boxes
from feelit.vision.face_crops import find_face

AS_IT_IS = np.arange(256, dtype=np.uint8)
"""Images hold the full range of luma already."""


@dataclass(frozen=True, slots=True, eq=False)
class Crops:
    """What the classifier sees of N images."""

    pixels: UInt8  # (N, S, S)
    found: Bool  # (N,) a face was found and cropped; the others are whole images


def crop_images(
    model: ExpressionModel, images: Images, framing: Framing, progress: Callable[[float], None] = lambda share: None
) -> Crops:
    """Crop each image as the pipeline would, by what the built-in detector finds in it, or take it whole.

    "original" takes all of them whole; "aligned" those in which no face is found.

    Raises
    ------
    UsageError
        if an image is damaged.
    """
    detector = open_detector(model_path("face"), "cpu") if framing == "aligned" else None
    pixels = np.empty((len(images), model.size_px, model.size_px), np.uint8)
    found = np.zeros(len(images), bool)
    for i, luma in enumerate(images):
        face = find_face(detector, luma) if detector else None
        if face:
            pixels[i], found[i] = model.crop(luma, AS_IT_IS, face.box, face.landmarks)[0], True
        else:
            pixels[i] = whole(luma, model.size_px)
        progress((i + 1) / len(images))
    return Crops(pixels, found)


def whole(luma: UInt8, size_px: int) -> UInt8:
    """(H, W) -> (size_px, size_px): the image as if it were the box of a face."""
    height, width = luma.shape
    crop: UInt8 = crop_boxes(luma, np.array([[0, 0, width, height]], np.float32), size_px)[0]
    return crop
