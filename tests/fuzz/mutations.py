"""Damage to bytes: at random places, and at those where formats keep their lengths."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

EDGES = (
    0,
    1,
    2,
    7,
    8,
    15,
    16,
    127,
    128,
    255,
    256,
    32767,
    32768,
    65535,
    65536,
    2**31 - 1,
    2**31,
    2**32 - 1,
    2**63 - 1,
    2**64 - 1,
)
"""Values at which counters of some width overflow or change their sign."""

MOST_BYTES = 1 << 20
"""No case grows beyond this: what is tested is the reading of odd input, not of much."""

_NAME = re.compile(rb"[A-Za-z0-9]{4}")


@dataclass(frozen=True)
class Material:
    """What a mutation may use: words of the format, and other files of its kind to take pieces from."""

    words: Sequence[bytes] = ()
    others: Sequence[bytes] = ()


Mutation = Callable[[bytearray, np.random.Generator, Material], bytearray]


def mutated(data: bytes, rng: np.random.Generator, material: Material) -> bytes:
    """A copy of `data` with one to five kinds of damage."""
    result = bytearray(data)
    for _ in range(min(int(rng.geometric(0.5)), 5)):
        if result:
            result = KINDS[int(rng.integers(len(KINDS)))](result, rng, material)
    return bytes(result[:MOST_BYTES])


def _place(data: bytearray, rng: np.random.Generator) -> int:
    """Anywhere, but more often near the beginning and the end, where headers and indices are."""
    where = rng.random()
    if where < 0.35:
        return int(rng.integers(min(len(data), 1024)))
    if where < 0.5:
        return len(data) - 1 - int(rng.integers(min(len(data), 1024)))
    return int(rng.integers(len(data)))


def _length(data: bytearray, rng: np.random.Generator) -> int:
    return int(min(len(data), rng.geometric(rng.choice([0.3, 0.03, 0.003]))))


def _flip(data: bytearray, rng: np.random.Generator, material: Material) -> bytearray:
    for _ in range(int(rng.geometric(0.3))):
        data[_place(data, rng)] ^= 1 << int(rng.integers(8))
    return data


def _noise(data: bytearray, rng: np.random.Generator, material: Material) -> bytearray:
    start = _place(data, rng)
    stop = min(len(data), start + _length(data, rng))
    data[start:stop] = rng.bytes(stop - start)
    return data


def _fill(data: bytearray, rng: np.random.Generator, material: Material) -> bytearray:
    start = _place(data, rng)
    stop = min(len(data), start + _length(data, rng))
    data[start:stop] = bytes([int(rng.choice([0, 255, 127, 128, 32]))]) * (stop - start)
    return data


def _cut_off(data: bytearray, rng: np.random.Generator, material: Material) -> bytearray:
    return data[: _place(data, rng)]


def _remove(data: bytearray, rng: np.random.Generator, material: Material) -> bytearray:
    start = _place(data, rng)
    del data[start : start + _length(data, rng)]
    return data


def _repeat(data: bytearray, rng: np.random.Generator, material: Material) -> bytearray:
    start = _place(data, rng)
    piece = data[start : start + _length(data, rng)] * int(rng.integers(1, 8))
    at = _place(data, rng)
    data[at:at] = piece
    return data


def _splice(data: bytearray, rng: np.random.Generator, material: Material) -> bytearray:
    other = material.others[int(rng.integers(len(material.others)))] if material.others else bytes(data)
    start = int(rng.integers(len(other))) if other else 0
    piece = other[start : start + _length(data, rng) * 4]
    at = _place(data, rng)
    data[at : at + (len(piece) if rng.random() < 0.5 else 0)] = piece
    return data


def _number(data: bytearray, rng: np.random.Generator, material: Material) -> bytearray:
    width = int(rng.choice([1, 2, 4, 8]))
    return _written(data, _place(data, rng), width, rng)


def _box(data: bytearray, rng: np.random.Generator, material: Material) -> bytearray:
    """The number before a four-letter name, or after one, as boxes (MP4) and chunks (AVI) keep their sizes."""
    names = [m.start() for m in _NAME.finditer(data)]
    if not names:
        return _number(data, rng, material)
    at = names[int(rng.integers(len(names)))] + int(rng.choice([-4, 4]))
    return _written(data, max(0, at), 4, rng)


def _ebml(data: bytearray, rng: np.random.Generator, material: Material) -> bytearray:
    """A number of variable length, as EBML (Matroska, WebM) keeps its sizes: its first byte says how long it is."""
    at = _place(data, rng)
    width = int(rng.integers(1, 9))
    value = (0x80 >> (width - 1)) << (8 * (width - 1)) | int(rng.integers(2**62)) % (1 << 7 * width)
    data[at : at + width] = value.to_bytes(width, "big")
    return data


def _written(data: bytearray, at: int, width: int, rng: np.random.Generator) -> bytearray:
    old = int.from_bytes(data[at : at + width], "big")
    near = old + int(rng.integers(-4, 5))
    value = near if rng.random() < 0.3 else EDGES[int(rng.integers(len(EDGES)))]
    data[at : at + width] = (value % (1 << 8 * width)).to_bytes(width, "big" if rng.random() < 0.7 else "little")
    return data


def _word(data: bytearray, rng: np.random.Generator, material: Material) -> bytearray:
    if not material.words:
        return _number(data, rng, material)
    word = material.words[int(rng.integers(len(material.words)))]
    at = _place(data, rng)
    data[at : at + (len(word) if rng.random() < 0.5 else 0)] = word
    return data


KINDS: tuple[Mutation, ...] = (
    _flip,
    _flip,
    _noise,
    _fill,
    _cut_off,
    _remove,
    _repeat,
    _splice,
    _number,
    _number,
    _box,
    _box,
    _ebml,
    _word,
)
"""Those that stand twice are tried twice as often."""
