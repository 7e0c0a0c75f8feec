"""What a face may look like on another day: other framing, light, sharpness, something in front of it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from feelit.training.expression_data import SIZE_PX, Split, template_landmarks
from feelit.types import Float32, Float64, Int64, UInt8
from feelit.vision.align import similarity_to_template


@dataclass(frozen=True, slots=True)
class Augmentation:
    """How far a face may be changed; shares are probabilities an image, lengths are in sides of the crop."""

    original_framing: float = 0.3  # share that keeps the framing of the image instead of being aligned
    landmark_jitter: float = 0.03  # standard deviation: another detector's error
    rotation_deg: float = 20.0
    scale: float = 0.15
    shift: float = 0.08
    light: float = 0.7  # share with other brightness, contrast and gamma
    blur: float = 0.15
    small: float = 0.25  # share that was recorded with fewer pixels
    noise: float = 0.2
    erasing: float = 0.3
    mask: float = 0.05  # share whose lower half is covered


def augment(split: Split, index: Int64, how: Augmentation, rng: np.random.Generator) -> UInt8:
    """Changed crops (B, 48, 48) of the images `index` (B,) of a split."""
    matrix = _framing(split.landmarks[index], how, rng)
    flip = rng.random(len(index)) < 0.5
    out = np.empty((len(index), SIZE_PX, SIZE_PX), np.uint8)
    for i, row in enumerate(index):
        crop = cv2.warpAffine(
            split.image[row], matrix[i], (SIZE_PX, SIZE_PX), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        crop = _resolution(crop, how, rng)
        crop = _light(crop, how, rng)
        out[i] = _cover(crop, how, rng)
        if flip[i]:
            out[i] = out[i, :, ::-1]
    return out


def _framing(landmarks: Float32, how: Augmentation, rng: np.random.Generator) -> Float64:
    """(B, 2, 3): from the image to the crop, by way of jittered landmarks and then a random similarity."""
    n = len(landmarks)
    source = landmarks + rng.normal(0, how.landmark_jitter * SIZE_PX, landmarks.shape).astype(np.float32)
    keep = (rng.random(n) < how.original_framing) | ~np.isfinite(landmarks).all(axis=(1, 2))
    source[keep] = template_landmarks()
    to_crop = similarity_to_template(source, SIZE_PX)

    angle = np.deg2rad(rng.uniform(-how.rotation_deg, how.rotation_deg, n))
    scale = np.exp(rng.uniform(-how.scale, how.scale, n))
    stretch = np.exp(rng.uniform(-how.scale / 2, how.scale / 2, n))
    turn = np.empty((n, 2, 2))
    turn[:, 0, 0], turn[:, 0, 1] = np.cos(angle) * scale * stretch, -np.sin(angle) * scale
    turn[:, 1, 0], turn[:, 1, 1] = np.sin(angle) * scale * stretch, np.cos(angle) * scale
    centre = (SIZE_PX - 1) / 2
    to_crop[:, :, :2] = turn @ to_crop[:, :, :2]
    shift = rng.uniform(-how.shift, how.shift, (n, 2)) * SIZE_PX
    to_crop[:, :, 2] = (turn @ (to_crop[:, :, 2] - centre)[:, :, None])[..., 0] + centre + shift
    return to_crop


def _resolution(crop: UInt8, how: Augmentation, rng: np.random.Generator) -> UInt8:
    if rng.random() < how.small:
        side = int(rng.integers(14, 40))
        small = cv2.resize(crop, (side, side), interpolation=cv2.INTER_AREA)
        return np.asarray(cv2.resize(small, (SIZE_PX, SIZE_PX), interpolation=cv2.INTER_LINEAR), np.uint8)
    if rng.random() < how.blur:
        return np.asarray(cv2.GaussianBlur(crop, (0, 0), rng.uniform(0.4, 1.2)), np.uint8)
    return crop


def _light(crop: UInt8, how: Augmentation, rng: np.random.Generator) -> UInt8:
    if rng.random() < how.light:
        level = np.linspace(0, 1, 256) ** np.exp(rng.uniform(-0.4, 0.4))
        level = (level - 0.5) * np.exp(rng.uniform(-0.5, 0.3)) + 0.5 + rng.uniform(-0.12, 0.12)
        crop = np.clip(level * 255, 0, 255).astype(np.uint8)[crop]
    if rng.random() < how.noise:
        noise = rng.normal(0, rng.uniform(1, 8), crop.shape)
        crop = np.clip(crop + noise, 0, 255).astype(np.uint8)
    return crop


def _cover(crop: UInt8, how: Augmentation, rng: np.random.Generator) -> UInt8:
    if rng.random() < how.erasing:
        height, width = rng.integers(6, 22, 2)
        y, x = rng.integers(0, SIZE_PX - height), rng.integers(0, SIZE_PX - width)
        crop[y : y + height, x : x + width] = rng.integers(0, 256)
    if rng.random() < how.mask:
        crop[int(rng.integers(24, 32)) :] = rng.integers(0, 256)
    return crop
