"""Labelled images cropped as the faces of a video are, and changes of the crops: occlusion, blur, rotation, brightness."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from feelit.datasets.images import Images
from feelit.models.paths import model_path
from feelit.options.models import Framing
from feelit.types import Bool, Float32, Float64, UInt8
from feelit.vision.align import TEMPLATE
from feelit.vision.detector import FaceDetector
from feelit.vision.expression import ExpressionModel, crop_boxes
from feelit.vision.face_crops import find_face

AS_IT_IS = np.arange(256, dtype=np.uint8)
"""Images hold the full range of luma already."""


@dataclass(frozen=True, slots=True, eq=False)
class Crops:
    """The classifier's inputs for N images."""

    pixels: UInt8  # (N, S, S)
    found: Bool  # (N,) whether a face was found; the others are whole images


def crop_images(
    model: ExpressionModel, images: Images, framing: Framing, progress: Callable[[float], None] = lambda share: None
) -> Crops:
    """Crop each image around the face that the built-in detector finds, as in a video.

    With the framing "original" all images are taken whole, with "aligned" only those in which no face is found.

    Raises
    ------
    UsageError
        if an image is damaged.
    """
    detector = FaceDetector(model_path("face"), "cpu") if framing == "aligned" else None
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


BLUR_SIGMA_PX = 2.0
"""At crops of 48 px; in proportion at others."""

ROLL_DEG = 30.0
BRIGHTNESS = 0.4

_SHIFT = 4  # OpenCV's polygons take sixteenths of a pixel

Change = Callable[[UInt8, np.random.Generator], UInt8]


def cover_mouth(crop: UInt8, landmarks: Float32 | Float64, shade: int) -> UInt8:
    """A crop (S, S) with a medical mask: from the bridge of the nose to below the chin, from cheek to cheek.

    `landmarks` (5, 2), px of the crop: right eye, left eye, nose, right and left mouth corner.
    """
    eye_r, eye_l, nose, mouth_r, mouth_l = landmarks.astype(np.float64)
    eyes, mouth = (eye_r + eye_l) / 2, (mouth_r + mouth_l) / 2
    down = mouth - eyes
    across = (eye_l - eye_r + mouth_l - mouth_r) / 2
    bridge = eyes + 0.35 * down + (nose - eyes - (nose - eyes) @ down / max(down @ down, 1e-9) * down)
    outline = [
        bridge,
        eyes + 0.45 * down + 1.05 * across,
        eyes + 1.0 * down + 1.0 * across,
        eyes + 1.9 * down + 0.45 * across,
        eyes + 1.9 * down - 0.45 * across,
        eyes + 1.0 * down - 1.0 * across,
        eyes + 0.45 * down - 1.05 * across,
    ]
    return _filled(crop, np.array(outline), shade)


def cover_eyes(crop: UInt8, landmarks: Float32 | Float64, shade: int) -> UInt8:
    """A crop (S, S) with sunglasses: two lenses and a bridge. `landmarks` as in `cover_mouth`."""
    eye_r, eye_l = landmarks[:2].astype(np.float64)
    across = eye_l - eye_r
    angle = float(np.degrees(np.arctan2(across[1], across[0])))
    width = float(np.hypot(*across))
    axes = (round(0.43 * width * (1 << _SHIFT)), round(0.34 * width * (1 << _SHIFT)))
    crop = crop.copy()
    for eye in (eye_r, eye_l):
        centre = (round(eye[0] * (1 << _SHIFT)), round(eye[1] * (1 << _SHIFT)))
        cv2.ellipse(crop, centre, axes, angle, 0, 360, shade, cv2.FILLED, cv2.LINE_AA, _SHIFT)
    up = np.array([across[1], -across[0]]) * 0.08
    return _filled(crop, np.array([eye_r + up, eye_l + up, eye_l - up, eye_r - up]), shade)


def cover_quarter(crop: UInt8, rng: np.random.Generator, shade: int) -> UInt8:
    """A crop (S, S) with a square of a quarter of its area somewhere."""
    part = len(crop) // 2
    y, x = rng.integers(0, len(crop) - part + 1, 2)
    crop = crop.copy()
    crop[y : y + part, x : x + part] = shade
    return crop


def at_resolution(crop: UInt8, px: int) -> UInt8:
    """A crop (S, S) with the detail of one of `px`: shrunk by area averaging, enlarged bilinearly."""
    small = cv2.resize(crop, (px, px), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, crop.shape[::-1], interpolation=cv2.INTER_LINEAR), np.uint8)


def tone_curve(gamma: float, contrast: float, brightness: float, gain: float = 1.0) -> UInt8:
    """(256,) uint8: what each grey level becomes."""
    levels = (np.linspace(0, 1, 256) ** gamma - 0.5) * contrast + 0.5 + brightness
    return np.clip(levels * gain * 255, 0, 255).astype(np.uint8)


def _filled(crop: UInt8, outline: Float64, shade: int) -> UInt8:
    points = np.round(outline * (1 << _SHIFT)).astype(np.int32)
    return np.asarray(cv2.fillPoly(crop.copy(), [points], shade, cv2.LINE_AA, _SHIFT), np.uint8)


def _landmarks(crop: UInt8) -> Float64:
    return TEMPLATE * len(crop) - 0.5


def _roll(crop: UInt8, rng: np.random.Generator) -> UInt8:
    side = len(crop)
    angle = ROLL_DEG if rng.random() < 0.5 else -ROLL_DEG
    matrix = cv2.getRotationMatrix2D(((side - 1) / 2, (side - 1) / 2), angle, 1.0)
    return np.asarray(cv2.warpAffine(crop, matrix, (side, side), borderMode=cv2.BORDER_REPLICATE), np.uint8)


def _brightness(crop: UInt8, rng: np.random.Generator) -> UInt8:
    factor = 1 + BRIGHTNESS if rng.random() < 0.5 else 1 - BRIGHTNESS
    return np.clip(np.round(crop * factor), 0, 255).astype(np.uint8)


OCCLUSIONS: dict[str, Change] = {
    "mask": lambda crop, rng: cover_mouth(crop, _landmarks(crop), int(rng.integers(130, 251))),
    "sunglasses": lambda crop, rng: cover_eyes(crop, _landmarks(crop), int(rng.integers(0, 41))),
    "quarter covered": lambda crop, rng: cover_quarter(crop, rng, int(rng.integers(0, 256))),
    "blur": lambda crop, _: np.asarray(cv2.GaussianBlur(crop, (0, 0), BLUR_SIGMA_PX * len(crop) / 48), np.uint8),
    "half resolution": lambda crop, _: at_resolution(crop, len(crop) // 2),
    "roll ±30°": _roll,
    "brightness ±40 %": _brightness,
}
"""Changes of crops under which classifiers are compared, by the names in tables; landmarks lie at `align.TEMPLATE`."""


def changed(crops: UInt8, name: str, seed: int = 1) -> UInt8:
    """Apply one of OCCLUSIONS to crops (N, S, S) uint8; random choices depend on the seed and the index of a crop alone."""
    change = OCCLUSIONS[name]
    return np.stack([change(crop, np.random.default_rng([seed, i])) for i, crop in enumerate(crops)]) if len(crops) else crops
