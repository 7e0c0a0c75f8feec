"""What cameras, codecs and masks do to a scene: light, blur, compression, noise, occlusion."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from feelit.training.face.scenes import Scene
from feelit.types import Int32, UInt8


class Spoiler:
    """Spoils scenes; the same generator state spoils alike."""

    def __init__(self, size_px: int) -> None:
        noise = np.random.default_rng(0).normal(0, 1, (2 * size_px, 2 * size_px))
        self._noise: Int32 = (noise * 64).astype(np.int32)  # drawn once: a normal deviate a pixel would cost more than a scene

    def spoil(self, scene: Scene, rng: np.random.Generator) -> Scene:
        """The scene as a worse camera would have seen it; faces stay where they are."""
        picture = scene.picture
        if rng.random() < 0.3 and len(scene.box):
            _occlude(scene, rng)
        if rng.random() < 0.2:
            picture = cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.4, 1.4)).astype(np.uint8)
        picture = cv2.LUT(picture, tone_curve(rng)).astype(np.uint8)
        if rng.random() < 0.15:
            picture = self._add_noise(picture, rng)
        if rng.random() < 0.2:
            quality = int(rng.integers(20, 80))
            coded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
            picture = np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8)
        return replace(scene, picture=picture)

    def _add_noise(self, picture: UInt8, rng: np.random.Generator) -> UInt8:
        y, x = rng.integers(0, picture.shape[0], 2)
        patch = self._noise[y : y + picture.shape[0], x : x + picture.shape[1]] * int(rng.integers(2, 12))
        noisy: UInt8 = np.clip(picture + (patch // 64)[..., None], 0, 255).astype(np.uint8)
        return noisy


def tone_curve(rng: np.random.Generator) -> UInt8:
    """(256,) uint8: gamma, contrast and brightness in one table."""
    value = np.linspace(0, 1, 256) ** np.exp(rng.uniform(-0.5, 0.5))
    value = (value - 0.5) * rng.uniform(0.5, 1.3) + 0.5 + rng.uniform(-0.2, 0.2)
    table: UInt8 = np.clip(value * 255, 0, 255).astype(np.uint8)
    return table


def _occlude(scene: Scene, rng: np.random.Generator) -> None:
    """Hide part of one face, in place: its lower half, as a mask or a hand would, or a bar anywhere."""
    x0, y0, x1, y1 = scene.box[int(rng.integers(len(scene.box)))]
    wide, high = x1 - x0, y1 - y0
    if rng.random() < 0.5:
        hole = (x0, y0 + high * rng.uniform(0.5, 0.75), x1, y1)
    else:
        x, y = x0 + wide * rng.uniform(-0.2, 0.8), y0 + high * rng.uniform(-0.2, 0.8)
        hole = (x, y, x + wide * rng.uniform(0.2, 0.5), y + high * rng.uniform(0.2, 0.5))
    left, top, right, bottom = (int(max(v, 0)) for v in hole)
    scene.picture[top:bottom, left:right] = rng.integers(0, 256)
