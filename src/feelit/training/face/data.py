"""Labelled pictures of faces, decoded once and held as one long array.

The Parquet files hold one row an image: `image` (JPEG bytes), `source`, `masked`, and lists with one entry a face: `box`
(x0 y0 x1 y1 px), `landmarks` (10 floats px) and `ignore`. An image without any entry is known to show no face.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from feelit.errors import UsageError
from feelit.storage.atomic import whole_file
from feelit.types import Bool, Float32, Int64, UInt8


@dataclass(frozen=True, slots=True, eq=False)
class FaceImages:
    """I images with F faces; the faces of image i are the rows first[i] to first[i + 1] of the face columns."""

    pixels: UInt8  # all images one after the other, row by row
    offset: Int64  # (I,) where an image starts in `pixels`
    shape: Int64  # (I, 2) height and width, px
    source: tuple[str, ...]  # (I,)
    masked: Bool  # (I,) the people are known to wear masks
    first: Int64  # (I + 1,)
    box: Float32  # (F, 4) px
    landmarks: Float32  # (F, 5, 2) px
    ignore: Bool  # (F,) give no loss either way

    def __len__(self) -> int:
        return len(self.offset)

    def image(self, i: int) -> UInt8:
        """(h, w, 3) uint8 BGR."""
        height, width = (int(side) for side in self.shape[i])
        start = int(self.offset[i])
        return self.pixels[start : start + height * width * 3].reshape(height, width, 3)

    def faces(self, i: int) -> slice:
        """The rows of image i among the face columns."""
        return slice(int(self.first[i]), int(self.first[i + 1]))


def key_of(files: list[Path]) -> str:
    """What is kept of files belongs to these bytes."""
    digest = hashlib.blake2b(digest_size=8)
    for path in files:
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "blake2b").digest())
    return digest.hexdigest()


def load_images(parquet: list[Path], cache: Path | None = None) -> FaceImages:
    """Decode Parquet files, or read what an earlier call left in `cache`, an .npz file.

    Raises
    ------
    UsageError
        if a file cannot be read, lacks a column, or holds an image that does not decode.
    """
    if cache is None:
        return _decode(parquet)
    if not cache.exists():
        images = _decode(parquet)
        columns: dict[str, Any] = {name: np.asarray(getattr(images, name)) for name in FaceImages.__slots__}
        with whole_file(cache) as part, part.open("wb") as file:
            np.savez(file, **columns)
    with np.load(cache) as content:
        columns = {name: content[name] for name in FaceImages.__slots__}
    return FaceImages(**columns | {"source": tuple(columns["source"].tolist())})


def _decode(parquet: list[Path]) -> FaceImages:
    pixels, shapes, sources, masked, counts = [], [], [], [], []
    boxes: list[Float32] = []
    landmarks: list[Float32] = []
    ignores: list[Bool] = []
    for path in parquet:
        for number, row in enumerate(_rows(path)):
            image = cv2.imdecode(np.frombuffer(row["image"], np.uint8), cv2.IMREAD_COLOR) if row["image"] else None
            if image is None:
                raise UsageError(f"{path}: the image of row {number} does not decode", "take the row out")
            pixels.append(image.astype(np.uint8).ravel())
            shapes.append(image.shape[:2])
            sources.append(row["source"])
            masked.append(row["masked"] == 1)
            box, points, ignore = _teacher_faces(row)
            counts.append(len(box))
            boxes.append(box)
            landmarks.append(points)
            ignores.append(ignore)
    sizes = np.array([len(p) for p in pixels], np.int64)
    return FaceImages(
        pixels=np.concatenate(pixels),
        offset=np.cumsum(sizes) - sizes,
        shape=np.array(shapes, np.int64),
        source=tuple(sources),
        masked=np.array(masked, bool),
        first=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        box=np.concatenate(boxes),
        landmarks=np.concatenate(landmarks),
        ignore=np.concatenate(ignores),
    )


def _rows(path: Path) -> list[dict[str, Any]]:
    columns = ["image", "source", "masked", "box", "landmarks", "ignore"]
    try:
        rows: list[dict[str, Any]] = pq.read_table(path, columns=columns).to_pylist()
    except (OSError, pa.ArrowException) as error:
        raise UsageError(
            f"{path} cannot be read: {str(error).splitlines()[0]}", "docs/models.md says what it has to hold"
        ) from error
    return rows


def _teacher_faces(row: dict[str, list[object]]) -> tuple[Float32, Float32, Bool]:
    box = np.asarray(row["box"], np.float32).reshape(-1, 4)
    points = np.asarray(row["landmarks"], np.float32).reshape(-1, 5, 2)
    return box, points, np.asarray(row["ignore"], bool)


SOURCES = {
    "muxspace": ("muxspace/facial_expressions", "web-crawled news and celebrities, repository Apache-2.0"),
    "chandrika": ("chandrikadeb7/Face-Mask-Detection", "web-crawled, repository MIT"),
    "caltech": ("Caltech-101", "CC BY 4.0"),
    "yuxuan": ("YuXuan1216/Emotions_Recognition", "stock-photo crawl, unstated"),
    "sic": ("Flickr8k (quantumnaan/sic_translator)", "research only"),
    "imagenet": ("ImageNet samples (EliSchwartz/imagenet-sample-images)", "research only"),
    "f18": ("18F/18f.gsa.gov", "CC0"),
    "wtd": ("writethedocs/www", "CC BY-NC-SA 4.0"),
    "prajnasb": ("prajnasb/observations", "web-crawled, unstated"),
    "vikram": ("VikramShenoy97/Human-Segmentation-Dataset", "unstated"),
    "tiger": ("TigerandRosa/paper_code (construction workers)", "web-crawled, repository Apache-2.0"),
    "azure": ("Azure-Samples/cognitive-services-sample-data-files", "MIT"),
    "mmpose": ("open-mmlab/mmpose test data", "samples of several data sets, research"),
    "clips_train": ("frames of short video clips", "mixed"),
    "misc": ("test and example images of 27 repositories", "mixed"),
}
"""Their names in the column `source`, what they are called elsewhere, and the licences. Others are named as they are."""


def as_data(sources: Iterable[str]) -> tuple[dict[str, Any], ...]:
    """Names and licences, for `training_data` of a card."""
    images = [SOURCES.get(source, (source, "unstated")) for source in sorted(sources)]
    return tuple({"name": name, "licence": licence} for name, licence in images)
