"""Training scenes: square crops with faces of the sizes and in the places that a detector meets.

Four kinds: an image with its own surroundings; a gallery of tiles as in video calls, whose edges cut faces; portraits pasted on
an image without faces; an image without faces. Face sizes are uniform on a logarithmic scale.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from feelit.training.face.data import FaceImages
from feelit.types import Bool, Columns, Float32, Float64, Int64, UInt8

Rect = tuple[int, int, int, int]  # x0 y0 x1 y1 px of the scene

LEAST_PX = 7.0  # smaller faces give no loss
CROWDS = 0.6  # images are drawn in proportion to the number of their faces to this power
CROWD_PX = 40.0  # the largest face of a crowd
LEAST_VISIBLE, LEAST_HINT = 0.5, 0.15  # visible share of a box: above the first it is a face, below the second it is none
MIRRORED = [1, 0, 2, 4, 3]  # landmarks after a flip


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """One crop and its faces; a box covers the visible part of its face."""

    picture: UInt8  # (S, S, 3) BGR: a teacher may want colour, the network does not
    box: Float32  # (G, 4) px
    landmarks: Float32  # (G, 5, 2) px, also where they are out of sight
    weight: Float32  # (G, 5) confidence of each landmark; 0 where it is out of sight
    ignore: Bool  # (G,) whether a face gives no loss either way

    @property
    def luma(self) -> UInt8:
        """(S, S), as a decoder would give it."""
        return np.asarray(cv2.cvtColor(self.picture, cv2.COLOR_BGR2GRAY), np.uint8)


@dataclass(frozen=True, slots=True)
class Turn:
    """Random rotation: up to `most_deg` for a share of the images, up to 8 degrees for the others."""

    share: float
    most_deg: float

    def draw(self, rng: np.random.Generator) -> float:
        """An angle in degrees."""
        most = self.most_deg if rng.random() < self.share else 8.0
        return float(rng.uniform(-most, most))


@dataclass(frozen=True, slots=True, eq=False)
class Pools:
    """Image indices by use; a portrait is little more than one face."""

    context: Int64
    portrait: Int64
    empty: Int64


def sort_images(images: FaceImages) -> Pools:
    """Sort images into the pools by the size of their largest face; images with ignored faces only are left out."""
    kinds: dict[str, list[int]] = {"context": [], "portrait": [], "empty": []}
    for i in range(len(images)):
        rows = images.faces(i)
        if rows.start == rows.stop:
            kinds["empty"].append(i)
        elif not images.ignore[rows].all():
            share = float(face_sizes(images.box[rows]).max()) / float(np.sqrt(images.shape[i].prod()))
            kinds["portrait" if share > 0.35 else "context"].append(i)
    return Pools(**{name: np.array(rows, np.int64) for name, rows in kinds.items()})


def face_sizes(box: Float32) -> Float32:
    """(G, 4) px -> (G,) px: the geometric mean of a box's sides."""
    sides = np.maximum(box[:, 2:] - box[:, :2], 0)
    return np.sqrt(sides[:, 0] * sides[:, 1])


class SceneMaker:
    """Makes scenes out of labelled images; a scene depends on the state of the random generator."""

    def __init__(self, images: FaceImages, size_px: int, face_px: tuple[float, float], turn: Turn) -> None:
        self.images, self.size_px, self.face_px, self.turn = images, size_px, face_px, turn
        self.pools = sort_images(images)
        faces = np.diff(images.first)[self.pools.context].astype(np.float64) ** CROWDS
        self._context_p = faces / max(float(faces.sum()), 1.0)

    def make(self, rng: np.random.Generator) -> Scene:
        """One scene, not yet degraded."""
        canvas = _Canvas(self.images, np.zeros((self.size_px, self.size_px, 3), np.uint8), self.turn)
        kind = rng.choice(4, p=(0.6, 0.15, 0.2, 0.05))
        if kind == 0:
            canvas.lay(int(rng.choice(self.pools.empty)), canvas.whole, self.face_px, rng)
            canvas.lay(self._pick(rng, 0.15), canvas.whole, self.face_px, rng)
        elif kind == 1:
            self._lay_gallery(canvas, rng)
        else:
            canvas.lay(int(rng.choice(self.pools.empty)), canvas.whole, self.face_px, rng)
            crowd = kind == 2 and rng.random() < 0.4
            most_px = CROWD_PX if crowd else 0.6 * self.size_px
            for _ in range(rng.integers(*((8, 25) if crowd else (1, 7))) if kind == 2 else 0):
                self._paste(canvas, most_px, rng)
        return canvas.scene()

    def _pick(self, rng: np.random.Generator, portraits: float) -> int:
        if rng.random() < portraits or not len(self.pools.context):
            return int(rng.choice(self.pools.portrait))
        return int(rng.choice(self.pools.context, p=self._context_p))

    def _lay_gallery(self, canvas: _Canvas, rng: np.random.Generator) -> None:
        canvas.picture[:] = rng.integers(0, 60)
        columns, rows = int(rng.integers(1, 4)), int(rng.integers(1, 4))
        gap = int(rng.integers(0, 7))
        width, height = self.size_px // columns, self.size_px // rows
        for x in range(columns):
            for y in range(rows):
                rect = (x * width + gap // 2, y * height + gap // 2, (x + 1) * width - gap, (y + 1) * height - gap)
                image = int(rng.choice(self.pools.empty)) if rng.random() < 0.1 else self._pick(rng, 0.5)
                canvas.lay(image, rect, (self.face_px[0], 0.9 * min(width, height)), rng)

    def _paste(self, canvas: _Canvas, most_px: float, rng: np.random.Generator) -> None:
        image = int(rng.choice(self.pools.portrait))
        height, width = self.images.shape[image]
        rows = self.images.faces(image)
        scale = _log_uniform(rng, self.face_px[0], most_px) / float(face_sizes(self.images.box[rows]).max())
        wide, high = max(8, int(width * scale)), max(8, int(height * scale))
        x, y = (int(rng.integers(-side // 3, self.size_px - side // 2)) for side in (wide, high))
        rect = (max(x, 0), max(y, 0), min(x + wide, self.size_px), min(y + high, self.size_px))
        matrix = np.array([[wide / width, 0, x], [0, high / height, y]], np.float64)
        canvas.draw(image, _mirror(matrix, width) if rng.random() < 0.5 else matrix, rect, cv2.BORDER_REPLICATE)


@dataclass(frozen=True, slots=True, eq=False)
class _Placed(Columns):
    """The faces of an image on a canvas: see `Scene`."""

    full: Float32  # (G, 4) px, boxes with what is out of sight
    box: Float32
    landmarks: Float32
    weight: Float32
    ignore: Bool


NO_BOX: Float32 = np.zeros((0, 4), np.float32)
NO_FACES = _Placed(NO_BOX, NO_BOX, np.zeros((0, 5, 2), np.float32), np.zeros((0, 5), np.float32), np.zeros(0, bool))


class _Canvas:
    """Images pasted over one another, and the faces that remain visible."""

    def __init__(self, images: FaceImages, picture: UInt8, turn: Turn) -> None:
        self.images, self.picture, self.turn = images, picture, turn
        self.whole: Rect = (0, 0, picture.shape[1], picture.shape[0])
        self.placed = [NO_FACES]

    def lay(self, image: int, rect: Rect, face_px: tuple[float, float], rng: np.random.Generator) -> None:
        """Paste a rotated, scaled and perhaps mirrored image into a rectangle, with a random size and place of one face."""
        rows = self.images.faces(image)
        usable = np.flatnonzero(~self.images.ignore[rows]) + rows.start
        height, width = (float(side) for side in self.images.shape[image])
        wide, high = rect[2] - rect[0], rect[3] - rect[1]
        cover = max(wide / width, high / height)
        mirrored = bool(rng.random() < 0.5)
        if len(usable):
            box = self.images.box[int(rng.choice(usable))]
            scale = min(_log_uniform(rng, *face_px) / float(face_sizes(box[None])[0]), 3.0)
            if cover < scale * 1.5:  # large enough to fill the rectangle
                scale = max(scale, cover * rng.uniform(0.8, 1.0))
            anchor = (box[:2] + box[2:]).astype(np.float64) / 2
            place = rng.uniform([rect[0], rect[1]], [rect[2], rect[3]])
        else:
            scale = cover * rng.uniform(0.8, 2.0)
            anchor, place = np.array([width, height]) / 2, np.array([rect[0] + wide / 2, rect[1] + high / 2])
        if mirrored:
            anchor[0] = width - anchor[0]
        angle = np.deg2rad(self.turn.draw(rng))
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        linear = turn @ np.diag(scale * np.exp(rng.uniform(-0.08, 0.08, 2)))
        if len(usable):
            place = _slide(place, anchor, scale, (width, height), rect)
        matrix = np.column_stack([linear, place - linear @ anchor])
        matrix = _mirror(matrix, width) if mirrored else matrix
        border = cv2.BORDER_REPLICATE if rng.random() < 0.5 else cv2.BORDER_CONSTANT
        self.draw(image, matrix, _within(rect, matrix, (width, height)), border)

    def draw(self, image: int, matrix: Float64, rect: Rect, border: int) -> None:
        """Warp an image into a rectangle and add its faces."""
        x0, y0, x1, y1 = rect
        if x1 - x0 < 4 or y1 - y0 < 4:
            return
        shifted = matrix - np.array([[0, 0, x0], [0, 0, y0]])
        self.picture[y0:y1, x0:x1] = _warp(self.images.image(image), shifted, (x1 - x0, y1 - y0), border)
        self._cover(rect)
        rows = self.images.faces(image)
        box, landmarks = self.images.box[rows], self.images.landmarks[rows]
        if len(box) == 0:
            return
        flipped = np.linalg.det(matrix[:, :2]) < 0
        linear = np.abs(matrix[:, :2])
        centre = (box[:, :2] + box[:, 2:]) / 2 @ matrix[:, :2].T + matrix[:, 2]
        half = np.sqrt(((box[:, 2:] - box[:, :2]) / 2) ** 2 @ (linear**2).T)  # an upright box around a turned ellipse
        limit = np.array(rect, np.float64)
        full = np.concatenate([centre - half, centre + half], axis=1)
        seen = np.concatenate([np.maximum(full[:, :2], limit[:2]), np.minimum(full[:, 2:], limit[2:])], axis=1)
        points = landmarks @ matrix[:, :2].T + matrix[:, 2]
        points = points[:, MIRRORED] if flipped else points
        inside = ((points >= limit[:2]) & (points < limit[2:])).all(axis=2)
        trust = np.array([1, 1, 0.3, 0.1, 0.1]) if self.images.masked[image] else np.ones(5)
        faces = _Placed(
            full=full.astype(np.float32),
            box=seen.astype(np.float32),
            landmarks=points.astype(np.float32),
            weight=(inside * trust).astype(np.float32),
            ignore=self.images.ignore[rows].copy(),
        )
        self.placed.append(faces)

    def scene(self) -> Scene:
        """The scene, without hidden faces; faces that are hardly visible are ignored."""
        faces = _Placed.join(self.placed)
        share = (face_sizes(faces.box) / np.maximum(face_sizes(faces.full), 1e-6)) ** 2
        ignore = faces.ignore | (share < LEAST_VISIBLE) | (face_sizes(faces.box) < LEAST_PX)
        kept = replace(faces, ignore=ignore).rows(share > LEAST_HINT)
        return Scene(self.picture, kept.box, kept.landmarks, kept.weight, kept.ignore)

    def _cover(self, rect: Rect) -> None:
        """Ignore or remove the faces that a rectangle covers."""
        x0, y0, x1, y1 = rect
        for faces in self.placed:
            box = faces.box
            wide = np.minimum(box[:, 2], x1) - np.maximum(box[:, 0], x0)
            high = np.minimum(box[:, 3], y1) - np.maximum(box[:, 1], y0)
            hidden = np.maximum(wide, 0) * np.maximum(high, 0) / np.maximum(face_sizes(box) ** 2, 1e-6)
            faces.ignore[hidden > 0.25] = True
            box[hidden > 0.8] = 0


def _log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(max(high, low)))))


def _mirror(matrix: Float64, width: float) -> Float64:
    """The transform applied after mirroring the source image."""
    return matrix @ np.array([[-1, 0, width], [0, 1, 0], [0, 0, 1]], np.float64)


def _within(rect: Rect, matrix: Float64, size: tuple[float, float]) -> Rect:
    """The part of a rectangle within the bounds of a transformed image."""
    corners = np.array([[0, 0], [size[0], 0], [0, size[1]], size]) @ matrix[:, :2].T + matrix[:, 2]
    (x0, y0), (x1, y1) = corners.min(axis=0), corners.max(axis=0)
    return max(rect[0], int(x0)), max(rect[1], int(y0)), min(rect[2], int(x1)), min(rect[3], int(y1))


def _slide(place: Float64, anchor: Float64, scale: float, size: tuple[float, float], rect: Rect) -> Float64:
    """Move a face's place so that the image covers the rectangle, as far as it is large enough."""
    low = np.array(rect[2:]) - (np.array(size) - anchor) * scale
    high = np.array(rect[:2]) + anchor * scale
    return np.clip(place, np.minimum(low, high), np.maximum(low, high))


def _warp(image: UInt8, matrix: Float64, size: tuple[int, int], border: int) -> UInt8:
    """Bilinear sampling, after area averaging where the image shrinks, against aliasing."""
    scale = float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
    if scale < 0.7:
        wide, high = (max(2, round(side * scale)) for side in image.shape[1::-1])
        ratio = np.array([image.shape[1] / wide, image.shape[0] / high])
        image = cv2.resize(image, (wide, high), interpolation=cv2.INTER_AREA).astype(np.uint8)
        matrix = matrix.copy()
        matrix[:, :2] *= ratio
    # The matrix maps pixel edges; OpenCV has pixel centres at whole numbers.
    centred = matrix.copy()
    centred[:, 2] += matrix[:, :2].sum(axis=1) * 0.5 - 0.5
    return cv2.warpAffine(image, centred, size, flags=cv2.INTER_LINEAR, borderMode=border).astype(np.uint8)
