"""Detection data: images with face boxes and landmarks, decoded once and held as one long array.

The Parquet files hold one row per image: `image` (JPEG bytes), `source`, `masked`, and lists with one entry per face: `box`
(x0 y0 x1 y1 px), `landmarks` (10 floats px) and `ignore`. An image without any entry is known to show no face.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
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
    masked: Bool  # (I,) whether the people are known to wear masks
    first: Int64  # (I + 1,)
    box: Float32  # (F, 4) px
    landmarks: Float32  # (F, 5, 2) px
    ignore: Bool  # (F,) whether a face gives no loss either way

    def __len__(self) -> int:
        return len(self.offset)

    def image(self, i: int) -> UInt8:
        """(h, w, 3) uint8 BGR."""
        height, width = (int(side) for side in self.shape[i])
        start = int(self.offset[i])
        return self.pixels[start : start + height * width * 3].reshape(height, width, 3)

    def faces(self, i: int) -> slice:
        """The rows of image i in the face columns."""
        return slice(int(self.first[i]), int(self.first[i + 1]))

    def unmasked(self, least_px: float) -> Iterator[tuple[str, UInt8, Float32]]:
        """The faces of at least `least_px`, without a mask: source, luma (h, w) of the image, landmarks (5, 2) px."""
        for i in np.flatnonzero(~self.masked).tolist():
            rows = self.faces(i)
            side = (self.box[rows, 2:] - self.box[rows, :2]).min(axis=1)
            luma = np.asarray(cv2.cvtColor(self.image(i), cv2.COLOR_BGR2GRAY), np.uint8)
            for landmarks in self.landmarks[rows][(side >= least_px) & ~self.ignore[rows]]:
                yield self.source[i], luma, landmarks


def content_hash(files: list[Path]) -> str:
    """A hash of the files' content, by which caches are named."""
    digest = hashlib.blake2b(digest_size=8)
    for path in files:
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "blake2b").digest())
    return digest.hexdigest()


def load_images(parquet: list[Path], cache: Path | None = None) -> FaceImages:
    """Decode Parquet files, or read `cache`, an .npz file that an earlier call wrote.

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
    pixels, shapes, rows = [], [], []
    for path in parquet:
        for number, row in enumerate(_rows(path)):
            image = cv2.imdecode(np.frombuffer(row["image"], np.uint8), cv2.IMREAD_COLOR) if row["image"] else None
            if image is None:
                raise UsageError(f"{path}: the image of row {number} does not decode", "take the row out")
            pixels.append(image.astype(np.uint8).ravel())
            shapes.append(image.shape[:2])
            rows.append(row)
    sizes = np.array([len(p) for p in pixels], np.int64)
    return FaceImages(
        pixels=np.concatenate(pixels),
        offset=np.cumsum(sizes) - sizes,
        shape=np.array(shapes, np.int64),
        source=tuple(row["source"] for row in rows),
        masked=np.array([row["masked"] == 1 for row in rows], bool),
        first=np.cumsum([0, *(len(row["box"]) for row in rows)], dtype=np.int64),
        box=np.concatenate([np.asarray(row["box"], np.float32).reshape(-1, 4) for row in rows]),
        landmarks=np.concatenate([np.asarray(row["landmarks"], np.float32).reshape(-1, 5, 2) for row in rows]),
        ignore=np.concatenate([np.asarray(row["ignore"], bool) for row in rows]),
    )


def _rows(path: Path) -> list[dict[str, Any]]:
    columns = ["image", "source", "masked", "box", "landmarks", "ignore"]
    try:
        rows: list[dict[str, Any]] = pq.read_table(path, columns=columns).to_pylist()
    except (OSError, pa.ArrowException) as error:
        message = f"{path} cannot be read: {str(error).splitlines()[0]}"
        raise UsageError(message, "docs/models.md says what it has to hold") from error
    return rows


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
"""Sources of images by their name in the column `source`: title and licence. Other sources are named as they are."""


def as_data(sources: Iterable[str]) -> tuple[dict[str, Any], ...]:
    """The entries of sources in `training_data` of a card: names and licences."""
    images = [SOURCES.get(source, (source, "unstated")) for source in sorted(sources)]
    return tuple({"name": name, "licence": licence} for name, licence in images)
