"""Augmentation of training scenes: shapes that resemble faces, and light, blur, compression, noise and occlusion."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextPath

from feelit.evaluation.classifier.crops import tone_curve
from feelit.training.face.scenes import Scene
from feelit.types import Int32, UInt8


class Degrader:
    """Degrades scenes as cameras, codecs and masks do; the result depends on the state of the random generator."""

    def __init__(self, size_px: int) -> None:
        noise = np.random.default_rng(0).normal(0, 1, (2 * size_px, 2 * size_px))
        self._noise: Int32 = (noise * 64).astype(np.int32)  # drawn once: drawing it per scene would take longer than the scene

    def degrade(self, scene: Scene, rng: np.random.Generator) -> Scene:
        """The degraded scene; faces keep their places."""
        picture = scene.picture
        if rng.random() < 0.3 and len(scene.box):
            _occlude(scene, rng)
        if rng.random() < 0.2:
            picture = cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.4, 1.4)).astype(np.uint8)
        picture = cv2.LUT(picture, random_tones(rng)).astype(np.uint8)
        if rng.random() < 0.15:
            y, x = rng.integers(0, picture.shape[0], 2)
            patch = self._noise[y : y + picture.shape[0], x : x + picture.shape[1]] * int(rng.integers(2, 12))
            picture = np.clip(picture + (patch // 64)[..., None], 0, 255).astype(np.uint8)
        if rng.random() < 0.2:
            quality = int(rng.integers(20, 80))
            coded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
            picture = np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8)
        return replace(scene, picture=picture)


def random_tones(rng: np.random.Generator) -> UInt8:
    """(256,) uint8: a lookup table of random gamma, contrast and brightness."""
    return tone_curve(np.exp(rng.uniform(-0.5, 0.5)), rng.uniform(0.5, 1.3), rng.uniform(-0.2, 0.2))


def _occlude(scene: Scene, rng: np.random.Generator) -> None:
    """Cover part of one face, in place: its lower half, as a mask or a hand would, or a bar anywhere."""
    x0, y0, x1, y1 = scene.box[int(rng.integers(len(scene.box)))]
    wide, high = x1 - x0, y1 - y0
    if rng.random() < 0.5:
        hole = (x0, y0 + high * rng.uniform(0.5, 0.75), x1, y1)
    else:
        x, y = x0 + wide * rng.uniform(-0.2, 0.8), y0 + high * rng.uniform(-0.2, 0.8)
        hole = (x, y, x + wide * rng.uniform(0.2, 0.5), y + high * rng.uniform(0.2, 0.5))
    left, top, right, bottom = (int(max(v, 0)) for v in hole)
    scene.picture[top:bottom, left:right] = rng.integers(0, 256)


SHAPE_PX = 96
COUNT = 400
LETTERS = "eeaaooOOQG0068893gcdpbqRSDBCU@&%8"
FONTS = ("DejaVu Sans", "DejaVu Serif", "DejaVu Sans Mono", "STIXGeneral")


class Distractors:
    """Shapes that detectors take for faces, pasted between the faces of scenes: letters, digits, rings, spirals.

    Slides and signs are full of them, photographs are not.
    """

    def __init__(self) -> None:
        rng = np.random.default_rng(0)
        draw = (_letters, _letters, _rings, _spiral)
        self._shapes = [draw[i % len(draw)](rng) for i in range(COUNT)]

    def add(self, scene: Scene, rng: np.random.Generator) -> None:
        """Paste some shapes into a scene, in place, where they touch no face."""
        side = scene.picture.shape[0]
        for _ in range(rng.integers(1, 7)):
            shape = self._shapes[int(rng.integers(COUNT))]
            height = int(np.exp(rng.uniform(np.log(8), np.log(0.43 * side))))
            width = min(side, max(4, round(height * shape.shape[1] / shape.shape[0])))
            x, y = (int(rng.integers(0, side - length + 1)) for length in (width, height))
            x0, y0, x1, y1 = scene.box.T
            if ((x0 < x + width) & (x1 > x) & (y0 < y + height) & (y1 > y)).any():
                continue
            cover = cv2.resize(shape, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32)[..., None] / 255
            part = scene.picture[y : y + height, x : x + width]
            part[:] = part + cover * rng.uniform(0.6, 1) * (float(rng.integers(0, 256)) - part)


def _letters(rng: np.random.Generator) -> UInt8:
    """A word of one to five letters in some font, filled."""
    text = "".join(rng.choice(list(LETTERS), int(rng.integers(1, 6))))
    font = FontProperties(family=str(rng.choice(FONTS)), weight=str(rng.choice(["normal", "bold"])))
    outlines = [np.asarray(o, np.float64) for o in TextPath((0, 0), text, size=SHAPE_PX, prop=font).to_polygons()]
    low = np.min([o.min(axis=0) for o in outlines], axis=0)
    high = np.max([o.max(axis=0) for o in outlines], axis=0)
    width, height = np.ceil(high - low).astype(int) + 2
    image = np.zeros((height, width), np.uint8)
    flipped = [np.round((o - low) * (1, -1) + (1, height - 1)).astype(np.int32) for o in outlines]
    return np.asarray(cv2.fillPoly(image, flipped, 255), np.uint8)


def _rings(rng: np.random.Generator) -> UInt8:
    """Concentric ellipses, as wheels, plates, clocks and zeros have."""
    image = np.zeros((SHAPE_PX, SHAPE_PX), np.uint8)
    aspect = rng.uniform(0.6, 1)
    for share in rng.uniform(0.1, 0.95, int(rng.integers(1, 5))):
        radius = share * SHAPE_PX / 2
        axes = (max(1, int(radius * aspect)), max(1, int(radius)))
        thickness = -1 if rng.random() < 0.25 else int(rng.integers(1, 14))
        cv2.ellipse(image, (SHAPE_PX // 2, SHAPE_PX // 2), axes, 0, 0, 360, int(rng.integers(80, 256)), thickness)
    return image


def _spiral(rng: np.random.Generator) -> UInt8:
    image = np.zeros((SHAPE_PX, SHAPE_PX), np.uint8)
    angle = np.linspace(0, 2 * np.pi * rng.uniform(1.5, 4), 120) * rng.choice([-1, 1])
    radius = np.linspace(0, SHAPE_PX * 0.45, 120)
    line = np.stack([np.cos(angle), np.sin(angle)], axis=1) * radius[:, None] + SHAPE_PX / 2
    return np.asarray(cv2.polylines(image, [np.round(line).astype(np.int32)], False, 255, int(rng.integers(2, 10))), np.uint8)
