"""Labelled photographs for the evaluation of detectors: Parquet files, WIDER FACE, or a CSV file.

Parquet: one row per image, `image` (encoded), and lists with one entry per face: `box` (x0 y0 x1 y1 px) and optionally
`ignore`, `landmarks` (10 floats, px) and `source`. Where `real_box` is not null, it holds boxes drawn by people, which are
used; the others are those of another detector. WIDER FACE (Yang et al. 2016): a folder with the images and
`wider_face_split/wider_face_val_bbx_gt.txt`. CSV: one line per face with `image`, `x0`, `y0`, `x1` and `y1`; coordinates are
empty for an image without faces.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from feelit.datasets.csv_files import header_of, rows_of
from feelit.datasets.images import decode
from feelit.encodings import text_of
from feelit.errors import UsageError
from feelit.storage.names import as_text
from feelit.types import Bool, Float32, UInt8

HINT = "docs/evaluation.md describes the formats"
CORNERS = ("x0", "y0", "x1", "y1")
LANDMARKS = 10
INVALID = 7  # the column of WIDER FACE for faces to be ignored
NUMBERS = 10  # a line: x, y, w, h and six attributes
EMPTY: Float32 = np.zeros((0, 4), np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class FaceImage:
    """A photograph and its labels.

    `box` (G, 4) px and `ignore` (G,) are the ground truth; `drawn` says whether people drew these boxes. `marked` (M, 4) px are
    the boxes of faces whose `landmarks` (M, 5, 2) px another detector found.
    """

    name: str
    content: bytes | Path
    box: Float32
    ignore: Bool
    drawn: bool
    marked: Float32 = field(default_factory=lambda: EMPTY)
    landmarks: Float32 = field(default_factory=lambda: np.zeros((0, 5, 2), np.float32))

    def pixels(self, color: Literal["luma", "bgr"]) -> UInt8:
        """(H, W) or (H, W, 3) uint8.

        Raises
        ------
        UsageError
            if the image is missing or damaged.
        """
        return decode(self.content, self.name, color)


@dataclass(frozen=True, slots=True)
class FaceImages:
    """The number of images, and a function that reads them one after the other, not yet decoded."""

    count: int
    read: Callable[[], Iterator[FaceImage]]


def find_images(data: Path, source: str | None = None) -> FaceImages:
    """The images of a data set, a file or a folder; with `source`, those alone whose column of that name holds it.

    Raises
    ------
    UsageError
        if it is in none of the formats, damaged, or holds no image.
    """
    with _read_errors(data):
        found = _find(data, source)
    if not found.count:
        raise UsageError(f"{as_text(data)} holds no image{f' with the source {source}' if source else ''}", HINT)
    return found


@contextlib.contextmanager
def _read_errors(path: Path) -> Iterator[None]:
    """Failures to read a file, as one line."""
    try:
        yield
    except (OSError, ValueError, pa.ArrowException) as error:
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise UsageError(f"{as_text(path)} cannot be read: {reason}", HINT) from error


def _find(data: Path, source: str | None) -> FaceImages:
    if not data.exists():
        raise UsageError(f"{as_text(data)} does not exist", HINT)
    lists = _wider_lists(data)
    tables = [data] if data.suffix.lower() == ".parquet" else sorted(data.glob("*.parquet")) if data.is_dir() else []
    if tables:
        return _parquet_images(tables, source)
    if source is not None:
        raise UsageError(f"{as_text(data)} has no column `source`", "only Parquet files have")
    if lists or data.suffix.lower() == ".csv":
        images = _wider_images(lists[0]) if lists else _csv_images(data)
        return FaceImages(len(images), lambda: iter(images))
    raise UsageError(f"{as_text(data)} is neither Parquet nor WIDER FACE nor CSV", HINT)


def _parquet_images(tables: Sequence[Path], source: str | None) -> FaceImages:
    count = 0
    for path in tables:
        with path.open("rb") as opened, parquet.ParquetFile(opened) as file:  # Arrow itself takes no name that is not UTF-8
            asked = {"image", "box"} | (set() if source is None else {"source"})
            if missing := sorted(asked - set(file.schema_arrow.names)):
                raise UsageError(f"{as_text(path)} lacks the columns {', '.join(missing)}", HINT)
            own = file.metadata.num_rows
            count += own if source is None else file.read(["source"])["source"].to_pylist().count(source)

    def read() -> Iterator[FaceImage]:
        for path in tables:
            with _read_errors(path):
                yield from _rows(path, source)

    return FaceImages(count, read)


def _rows(path: Path, source: str | None) -> Iterator[FaceImage]:
    with path.open("rb") as opened, parquet.ParquetFile(opened) as file:
        columns = [n for n in ("image", "box", "ignore", "landmarks", "real_box", "source") if n in file.schema_arrow.names]
        number = 0
        for batch in file.iter_batches(64, columns=columns):
            for row in batch.to_pylist():
                if source is None or row["source"] == source:
                    yield _parquet_image(row, f"{path.name}, row {number}")
                number += 1


def _parquet_image(row: dict[str, Any], name: str) -> FaceImage:
    try:
        box = _boxes(row["box"] or [], name)
        ignore = np.asarray(row.get("ignore") or [False] * len(box), bool)
        landmarks = np.asarray(row.get("landmarks") or np.zeros((0, LANDMARKS)), np.float32).reshape(-1, 5, 2)
        if len(ignore) != len(box) or len(landmarks) not in (0, len(box)) or not isinstance(row["image"], bytes):
            raise ValueError
        real = row.get("real_box")
        drawn = None if real is None else _boxes(real, name)
    except (TypeError, ValueError) as error:
        raise UsageError(f"{name}: its columns hold something else than they should", HINT) from error
    marked = box[~ignore] if len(landmarks) else EMPTY
    landmarks = landmarks[~ignore] if len(landmarks) else landmarks
    if drawn is not None:
        box, ignore = drawn, np.zeros(len(drawn), bool)
    return FaceImage(name, row["image"], box, ignore, drawn is not None, marked, landmarks)


def _wider_lists(data: Path) -> list[Path]:
    """The annotations of WIDER FACE: the file itself, or those of a folder, validation first."""
    if data.is_file():
        return [data] if data.name.endswith("_bbx_gt.txt") else []
    found = [*data.glob("*_bbx_gt.txt"), *data.glob("wider_face_split/*_bbx_gt.txt")]
    return sorted(found, key=lambda path: ("_val_" not in path.name, path))


def _wider_images(path: Path) -> list[FaceImage]:
    """Per image: a line with its name, one with the number of its faces, and one per face, of zeros if there is none."""
    try:
        lines = text_of(path.read_bytes()).splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {getattr(error, 'strerror', None) or 'it is no text'}", HINT) from error
    root = _wider_root(path)
    images, place = [], 0
    while place < len(lines):
        name, where = lines[place].strip(), f"{path.name}, line {place + 1}"
        try:
            count = int(lines[place + 1])
            table = np.array([list(map(float, line.split())) for line in lines[place + 2 : place + 2 + count]], np.float32)
            if len(table) != count:
                raise ValueError
            table = table.reshape(count, NUMBERS)
        except (IndexError, ValueError) as error:
            raise UsageError(f"{where}: this is no annotation of an image", HINT) from error
        place += 2 + count
        if count == 0 and place < len(lines) and lines[place].split() == ["0"] * NUMBERS:
            place += 1
        table = table[(table[:, 2] > 0) & (table[:, 3] > 0)]
        box = _boxes(np.concatenate([table[:, :2], table[:, :2] + table[:, 2:4]], axis=1), where)
        images.append(FaceImage(name, root / name, box, table[:, INVALID] > 0, True))
    return images


def _wider_root(path: Path) -> Path:
    """The folder to which the names of images are relative."""
    split = re.search(r"_(train|val|test)_", path.name)
    top = path.parent.parent if path.parent.name == "wider_face_split" else path.parent
    places = [top / f"WIDER_{split[1]}" / "images"] if split else []
    return next((place for place in (*places, top / "images") if place.is_dir()), top)


def _csv_images(path: Path) -> list[FaceImage]:
    if missing := [name for name in ("image", *CORNERS) if name not in header_of(path)]:
        raise UsageError(f"{as_text(path)} lacks the columns {', '.join(missing)}", HINT)
    faces: dict[str, list[list[float]]] = {}
    for origin, row in rows_of(path):
        mine = faces.setdefault(row["image"].strip(), [])
        cells = [row[name].strip() for name in CORNERS]
        try:
            mine += [[float(cell) for cell in cells]] if any(cells) else []
        except ValueError:
            raise UsageError(f"{origin}: {', '.join(cells)} is no box", HINT) from None
    images = []
    for name, boxes in faces.items():
        box = _boxes(boxes, f"{path.name}, {name}")
        images.append(FaceImage(name, path.parent / name, box, np.zeros(len(box), bool), True))
    return images


def _boxes(rows: Any, name: str) -> Float32:
    box = np.asarray(rows, np.float32).reshape(-1, 4)
    if not np.isfinite(box).all() or (box[:, 2:] < box[:, :2]).any():
        raise UsageError(f"{name}: a box is no box", "boxes are x0, y0, x1, y1 in px")
    return box
