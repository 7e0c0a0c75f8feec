"""Augmentation of face crops: framing, light, sharpness, occlusion."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from feelit.evaluation.classifier.crops import at_resolution, cover_eyes, cover_mouth, cover_quarter, tone_curve
from feelit.training.expression.data import Examples, template
from feelit.types import Bool, Float32, Float64, Int64, UInt8
from feelit.vision.align import similarity_to_template


@dataclass(frozen=True, slots=True)
class Augmentation:
    """Strengths and probabilities; lengths are relative to the side of the crop."""

    original_framing: float = 0.4  # share of images that keep their own framing instead of being aligned
    landmark_jitter: float = 0.03  # standard deviation: another detector's error
    rotation_deg: float = 20.0
    roll: float = 0.15  # share that is rotated by up to ROLL_DEG, as after a failed alignment
    scale: float = 0.15
    shift: float = 0.08
    light: float = 0.7  # share with another brightness, contrast and gamma
    blur: float = 0.3
    small: float = 0.25  # share of a lower resolution
    noise: float = 0.2
    erasing: float = 0.3
    covered: float = 0.5  # share with a mask, sunglasses or a covered quarter
    mirrored: float = 0.5


ROLL_DEG = 35.0

COVERS = (0.35, 0.15, 0.15, 0.35)
"""Shares of masks, covered lower halves, sunglasses and quarters: masks hide the most."""

STRONG = Augmentation()
CALM = Augmentation(
    landmark_jitter=0.02,
    rotation_deg=12.0,
    roll=0.1,
    scale=0.1,
    shift=0.05,
    light=0.5,
    blur=0.25,
    small=0.2,
    noise=0.1,
    erasing=0.1,
    covered=0.4,
)
"""For the final epochs: closer to real crops."""

LIGHT = Augmentation(
    original_framing=0.2,
    landmark_jitter=0.02,
    rotation_deg=10.0,
    roll=0.0,
    scale=0.1,
    shift=0.05,
    light=0.3,
    blur=0.0,
    small=0.0,
    noise=0.0,
    erasing=0.15,
    covered=0.0,
)
NONE = Augmentation(*[0.0] * 13)

AUGMENTATIONS = {"strong": (STRONG, CALM), "light": (LIGHT, LIGHT), "none": (NONE, NONE)}
"""By the recipe's `augmentation`: for most epochs, and for the final ones (`calm_epochs`)."""


def augment(examples: Examples, index: Int64, how: Augmentation, rng: np.random.Generator) -> tuple[UInt8, UInt8]:
    """Augmented crops of the images `index` (B,), and the same without occlusion and blur: (B, S, S) uint8 each."""
    side = examples.image.shape[1]
    landmarks = examples.landmarks[index]
    known: Bool = np.asarray(np.isfinite(landmarks).all(axis=(1, 2)), bool)
    landmarks = np.where(known[:, None, None], landmarks, template(side))
    matrix = _framing(landmarks, known, side, how, rng)
    where = np.einsum("nij,nkj->nki", matrix[:, :, :2], landmarks) + matrix[:, None, :, 2]
    flip = rng.random(len(index)) < how.mirrored
    out = np.empty((2, len(index), side, side), np.uint8)
    for i, row in enumerate(index):
        clear = warped(examples.image[row], matrix[i], side)
        hidden = _resolution(_cover(clear.copy(), where[i], how, rng), how, rng)
        out[:, i] = _light(np.stack([hidden, clear]), how, rng)
        if flip[i]:
            out[:, i] = out[:, i, :, ::-1]
    return out[0], out[1]


def _framing(landmarks: Float32, known: Bool, side: int, how: Augmentation, rng: np.random.Generator) -> Float64:
    """(B, 2, 3): transforms from image to crop, by jittered landmarks and a random affine transform."""
    n = len(landmarks)
    source = landmarks + rng.normal(0, how.landmark_jitter * side, landmarks.shape).astype(np.float32)
    keep = (rng.random(n) < how.original_framing) | ~known
    source[keep] = template(side)
    to_crop = similarity_to_template(source, side)

    most_deg = np.where(rng.random(n) < how.roll, ROLL_DEG, how.rotation_deg)
    angle = np.deg2rad(rng.uniform(-most_deg, most_deg))
    scale = np.exp(rng.uniform(-how.scale, how.scale, n))
    stretch = np.exp(rng.uniform(-how.scale / 2, how.scale / 2, n))
    turn = np.empty((n, 2, 2))
    turn[:, 0, 0], turn[:, 0, 1] = np.cos(angle) * scale * stretch, -np.sin(angle) * scale
    turn[:, 1, 0], turn[:, 1, 1] = np.sin(angle) * scale * stretch, np.cos(angle) * scale
    to_crop = turned(to_crop, turn, side)
    to_crop[:, :, 2] += rng.uniform(-how.shift, how.shift, (n, 2)) * side
    return to_crop


def turned(matrix: Float64, turn: Float64, side: int) -> Float64:
    """Transforms (N, 2, 3) into crops, followed by linear ones (N, 2, 2) about the middle of the crops."""
    middle = (side - 1) / 2
    shift = (turn @ (matrix[:, :, 2] - middle)[:, :, None]) + middle
    return np.concatenate([turn @ matrix[:, :, :2], shift], axis=2)


def warped(image: UInt8, matrix: Float64, side: int) -> UInt8:
    """(side, side): an image, sampled bilinearly by a transform (2, 3); its border is repeated."""
    return np.asarray(cv2.warpAffine(image, matrix, (side, side), borderMode=cv2.BORDER_REPLICATE), np.uint8)


def _cover(crop: UInt8, landmarks: Float64, how: Augmentation, rng: np.random.Generator) -> UInt8:
    side = len(crop)
    if rng.random() < how.covered:
        kind, shade = rng.choice(4, p=COVERS), int(rng.integers(0, 256))
        around = landmarks + rng.normal(0, 0.02 * side, landmarks.shape)
        if kind == 0:
            return cover_mouth(crop, around, shade)
        if kind == 1:
            crop[int(side * rng.uniform(0.45, 0.65)) :] = shade
        elif kind == 2:
            return cover_eyes(crop, around, min(shade, 80))
        else:
            return cover_quarter(crop, rng, shade)
    elif rng.random() < how.erasing:
        height, width = rng.integers(side // 8, side * 11 // 24, 2)
        y, x = rng.integers(0, side - height), rng.integers(0, side - width)
        crop[y : y + height, x : x + width] = rng.integers(0, 256)
    return crop


def _resolution(crop: UInt8, how: Augmentation, rng: np.random.Generator) -> UInt8:
    side = len(crop)
    if rng.random() < how.small:
        return at_resolution(crop, int(side * rng.uniform(0.29, 0.83)))
    if rng.random() < how.blur:
        return np.asarray(cv2.GaussianBlur(crop, (0, 0), rng.uniform(0.4, 2.5) * side / 48), np.uint8)
    return crop


def _light(crop: UInt8, how: Augmentation, rng: np.random.Generator) -> UInt8:
    if rng.random() < how.light:
        curve = np.exp(rng.uniform(-0.4, 0.4)), np.exp(rng.uniform(-0.5, 0.3)), rng.uniform(-0.12, 0.12)
        crop = tone_curve(*curve, gain=rng.uniform(0.6, 1.4) if rng.random() < 0.3 else 1.0)[crop]
    if rng.random() < how.noise:
        noise = rng.normal(0, rng.uniform(1, 8), crop.shape)
        crop = np.clip(crop + noise, 0, 255).astype(np.uint8)
    return crop
