"""Black pictures with red points, and a network that takes every red point for the middle of a face."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import pyarrow as pa
import pyarrow.parquet as pq

from feelit.models.card import ModelCard, write_card
from tests.vision.networks import scrfd, spot

WIDTH, HEIGHT, SIDE = 160, 96, 32
Box = tuple[float, float, float, float]
POINTS = (-1, -1, 1, -1, 0, 0, -1, 1, 1, 1)
"""Landmarks in strides of 8 px from the middle."""


def detector(path: Path, threshold: float = 0.5) -> Path:
    """A network that finds a face of SIDE px about every red point, whose score is the point's brightness.

    Points lie at multiples of 8 px.
    """
    own = ((1.0, 0.0), (SIDE / 16,) * 4, POINTS)
    none = ((0.0, 0.0), (1, 1, 1, 1), POINTS)
    write_card(
        ModelCard("points", "face", "scrfd", color="rgb", threshold=threshold), scrfd(path, {8: own, 16: none, 32: none})
    )
    return path


def about(x: float, y: float, side: float = SIDE) -> Box:
    """The square about a point."""
    return (x - side / 2, y - side / 2, x + side / 2, y + side / 2)


def picture(*points: tuple[int, int, int]) -> bytes:
    """A PNG file with red points (x, y, brightness)."""
    _, content = cv2.imencode(".png", spot(HEIGHT, WIDTH, *((x, y, (0, 0, value)) for x, y, value in points)))
    return content.tobytes()


@dataclass(frozen=True)
class Photograph:
    """A picture and what people say of it."""

    image: bytes
    box: Sequence[Box] = ()
    ignore: Sequence[bool] = ()
    landmarks: Sequence[Sequence[float]] = ()
    real_box: Sequence[Box] | None = None
    source: str = "made"


def write_parquet(path: Path, photographs: Sequence[Photograph]) -> Path:
    """A data set of faces."""
    table = pa.table(
        {
            "image": pa.array([p.image for p in photographs], pa.binary()),
            "source": pa.array([p.source for p in photographs]),
            "box": pa.array([[list(box) for box in p.box] for p in photographs], pa.list_(pa.list_(pa.float32(), 4))),
            "landmarks": pa.array(
                [[list(row) for row in p.landmarks] for p in photographs], pa.list_(pa.list_(pa.float32(), 10))
            ),
            "ignore": pa.array([list(p.ignore) or [False] * len(p.box) for p in photographs], pa.list_(pa.bool_())),
            "real_box": pa.array(
                [None if p.real_box is None else [list(box) for box in p.real_box] for p in photographs],
                pa.list_(pa.list_(pa.float32(), 4)),
            ),
        }
    )
    pq.write_table(table, path, row_group_size=2)
    return path


def marks(x: float, y: float) -> list[float]:
    """Landmarks as the network gives them about a point."""
    return [8 * step + begin for step, begin in zip(POINTS, (x, y) * 5, strict=True)]


def scene() -> list[Photograph]:
    """Two faces found (scores 1 and 0.8), one found at 0.4 only, one missed; false faces of 0.9, and 0.6 where nobody is."""
    return [
        Photograph(
            picture((40, 40, 255), (120, 40, 102)),
            [about(40, 40), about(120, 40)],
            landmarks=[marks(40, 40), marks(120, 40)],
        ),
        Photograph(picture((40, 40, 204), (120, 56, 230)), [], real_box=[about(40, 40), about(72, 72, 40)]),
        Photograph(picture((80, 48, 153))),
    ]
