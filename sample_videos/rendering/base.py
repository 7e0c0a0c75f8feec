"""What all heads share: the meshes, their topology, and fields on it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from .assets import Assets, Float, read_assets
from .mesh import Topology, build_topology, smooth_step
from .skin import surface


@dataclass(frozen=True, kw_only=True)
class Base:
    """What all heads share: the archive, the topology and fields on it."""

    assets: Assets
    bust: Topology
    place: tuple[Float, Float, Float]
    lips: Float
    ears: Float
    inside: Float


@cache
def base(path: Path | None = None) -> Base:
    """Read once a process.

    Raises
    ------
    AssetsMissingError
        if the archive is not there.
    """
    assets = read_assets(path)
    bust = build_topology(assets)

    def field(*names: str) -> Float:
        moved = sum(np.linalg.norm(assets.target(n), axis=1) for n in names)
        return (bust.subdivide @ (moved / moved.max())[bust.used]).astype(np.float32)

    lips = field("mouth/mouth-upperlip-volume-incr") + field("mouth/mouth-lowerlip-volume-incr")
    ears = field("ears/l-ear-scale-incr") + field("ears/r-ear-scale-incr")
    c = bust.canon
    behind_lips = 1.455 - 0.9 * np.abs(c[:, 0]) ** 2
    mouth = (np.abs(c[:, 0]) < 0.36) & (c[:, 1] > 6.42) & (c[:, 1] < 6.9) & (c[:, 2] > 0.8)
    inside = np.where(mouth, smooth_step(0.02, 0.12, behind_lips - c[:, 2]), 0) * _faces_inward(c, bust)
    return Base(assets=assets, bust=bust, place=surface(assets), lips=lips, ears=ears, inside=inside.astype(np.float32))


def _faces_inward(canon: Float, bust: Topology) -> Float:
    """1 where the surface lies under another one in front: the lining of the mouth."""
    cell = np.round(canon[:, :2] * 25).astype(int)
    key = cell[:, 0] * 100000 + cell[:, 1]
    front: dict[int, float] = {}
    for k, z in zip(key, canon[:, 2], strict=True):
        front[k] = max(front.get(k, -9.0), z)
    return np.array([front[k] - z > 0.05 for k, z in zip(key, canon[:, 2], strict=True)], np.float32)
