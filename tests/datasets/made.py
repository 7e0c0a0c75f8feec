"""Small data sets in every format, each of the same few images."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa
from pyarrow import parquet

from feelit.datasets.faces import VOTES
from feelit.types import UInt8

USAGES = ("Training", "PublicTest", "PrivateTest")


def pictures(count: int, side: int = 48, seed: int = 0) -> UInt8:
    """(N, S, S): no two alike."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (count, 6, 6), np.uint8)
    return np.stack([cv2.resize(c, (side, side), interpolation=cv2.INTER_CUBIC) for c in coarse]).astype(np.uint8)


def encoded(image: UInt8, suffix: str = ".png") -> bytes:
    return cv2.imencode(suffix, image)[1].tobytes()


def fer2013_line(image: UInt8, label: int, usage: str) -> str:
    return f"{label},{' '.join(map(str, image.ravel().tolist()))},{usage}"


def write_fer2013(path: Path, images: UInt8, labels: Sequence[int], usages: Sequence[str], header: str = "") -> None:
    lines = [fer2013_line(*one) for one in zip(images, labels, usages, strict=True)]
    path.write_text("\n".join([header or "emotion,pixels,Usage", *lines]) + "\n")


def unanimous(labels: Sequence[int]) -> UInt8:
    """(N, 10) votes of ten taggers who agree; labels are places in VOTES."""
    return (10 * np.eye(len(VOTES), dtype=np.uint8))[list(labels)]


def write_fer_plus(path: Path, votes: UInt8, usages: Sequence[str]) -> None:
    named = enumerate(zip(usages, votes, strict=True))
    lines = [f"{usage},fer{i:07}.png,{','.join(map(str, row.tolist()))}" for i, (usage, row) in named]
    path.write_text("\n".join([f"Usage,Image name,{','.join(VOTES)}", *lines]) + "\n")


def write_parquet(path: Path, images: UInt8, votes: UInt8 | None, **columns: Sequence[object]) -> None:
    content: dict[str, object] = {"image": [encoded(image) for image in images]}
    if votes is not None:
        content |= {f"votes_{name}": votes[:, k] for k, name in enumerate(VOTES)}
    parquet.write_table(pa.table(content | columns), path)


def write_folders(root: Path, images: UInt8, names: Sequence[str], suffix: str = ".png") -> None:
    for i, (image, name) in enumerate(zip(images, names, strict=True)):
        (root / name).mkdir(parents=True, exist_ok=True)
        (root / name / f"{i:03}{suffix}").write_bytes(encoded(image, suffix))
