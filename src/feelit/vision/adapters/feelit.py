"""Our own contract: luma bytes in; scores, boxes and landmarks in pixels out, decoded in the graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

from feelit.types import UInt8
from feelit.vision.adapters.adapter import Adapter, Raw, ask_for, check_shape


def feed(images: UInt8) -> UInt8:
    """(N, h, w) -> (N, 1, h, w) uint8."""
    return images[:, None]


def read(name: str, found: Sequence[NDArray[Any]], size: tuple[int, int, int]) -> Raw:
    """`score` (N, A), `box` (N, A, 4) and `landmarks` (N, A, 10), as they are."""
    score, box, landmarks = found
    anchors = score.shape[1] if score.ndim == 2 else 0
    check_shape(f"{name}: score", score, (size[0], anchors))
    check_shape(f"{name}: box", box, (size[0], anchors, 4))
    check_shape(f"{name}: landmarks", landmarks, (size[0], anchors, 10))
    return score, box, landmarks


ADAPTER = Adapter("luma", ask_for("score", "box", "landmarks"), feed, read)
