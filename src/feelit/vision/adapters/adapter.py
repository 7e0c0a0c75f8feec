"""What all detectors have in common once their adapter has spoken: scores, boxes and landmarks of many anchors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from feelit.errors import ModelError
from feelit.models.card import Color
from feelit.types import Float32, UInt8

Raw = tuple[Float32, Float32, Float32 | None]
"""Score (N, A), box (N, A, 4) and landmarks (N, A, 10) of A anchors, px of the view; None where a network has no landmarks."""


@dataclass(frozen=True, slots=True)
class Adapter:
    """How one family of detectors is fed and read.

    Attributes
    ----------
    color : the input of the network, which its card has to say too
    mean, scale : the input is (pixel - mean) / scale, as the family was trained; a card that says otherwise is refused
    ask : (file name, names of all outputs in order) -> those to read
    feed : pictures of the view, (N, h, w) luma or (N, h, w, 3) BGR uint8 -> the input
    read : (file name, the outputs asked for, the input's N, h and w) -> what they say
    single : whether the network takes one picture at a time whatever its input claims
    """

    color: Color
    ask: Callable[[str, Sequence[str]], tuple[str, ...]]
    feed: Callable[[UInt8], NDArray[Any]]
    read: Callable[[str, Sequence[NDArray[Any]], tuple[int, int, int]], Raw]
    mean: float = 0.0
    scale: float = 1.0
    single: bool = False


def ask_for(*wanted: str) -> Callable[[str, Sequence[str]], tuple[str, ...]]:
    """The `ask` of a family whose outputs have names of their own."""

    def ask(name: str, given: Sequence[str]) -> tuple[str, ...]:
        if missing := sorted(set(wanted) - set(given)):
            hint = "is the adapter in its card right? docs/models.md says what each expects"
            raise ModelError(f"{name} lacks the outputs {', '.join(missing)}", hint)
        return wanted

    return ask


def rgb_planes(images: UInt8, mean: float, scale: float) -> Float32:
    """(N, h, w, 3) BGR uint8 -> (N, 3, h, w) RGB float32."""
    planes = np.ascontiguousarray(images[..., ::-1].transpose(0, 3, 1, 2), np.float32)
    planes -= np.float32(mean)
    planes /= np.float32(scale)
    return planes


def check_shape(what: str, found: NDArray[Any], *wanted: tuple[int, ...]) -> None:
    """Refuse an output that has none of the shapes `wanted`, or holds no floats.

    Raises
    ------
    ModelError
    """
    if found.shape not in wanted or found.dtype.kind != "f":
        message = f"{what} is {found.shape} {found.dtype}, not {' or '.join(map(str, wanted))} of floats"
        raise ModelError(message, "docs/models.md says what a detector gives")
