"""What a head wears: cloth, mask, scarf and glasses, made from the mesh of its skin."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .assets import Float, Int
from .base import Base
from .mesh import head_share, normals, relax, smooth_step
from .people import Head

CLOTH, FRAME, MASK, SCARF = 5, 8, 9, 10  # materials of raster.cpp


@dataclass(frozen=True, kw_only=True)
class Extra:
    """A further piece: cloth, glasses, mask, scarf. `share`: how much it follows the head; `follow`: fine vertices or none."""

    points: Float
    canon: Float
    quads: Int
    material: int
    share: Float
    clip: Float
    follow: Int | None = None


def _part(keep: np.ndarray, quads: Int) -> tuple[Int, Int]:
    """The quads whose corners are all kept: (vertices, renumbered quads)."""
    mine = quads[keep[quads].all(axis=1)]
    used, again = np.unique(mine, return_inverse=True)
    return used.astype(np.int32), again.reshape(mine.shape).astype(np.int32)


def cloth(head: Head, b: Base, fine: Float, normal: Float) -> Extra:
    c = b.bust.canon
    opening: Float = (
        np.sqrt((c[:, 0] / 0.78) ** 2 + ((c[:, 2] - 0.22) / 0.74) ** 2 + ((c[:, 1] - 5.95 - head.neckline) / 0.86) ** 2) - 1
    )
    if head.garment == 2:  # a jacket's opening points down
        opening = np.minimum(opening, np.where(c[:, 2] > 0.3, np.abs(c[:, 0]) * 0.9 - 0.55 * (c[:, 1] - 4.95), 1))
    clip = np.where(c[:, 1] < 5.95 + head.neckline, 0.7 * opening, -1).astype(np.float32)
    used, quads = _part((clip > -0.3) & (c[:, 1] < 6.2), b.bust.fine_quads)
    points = relax(fine[used] + 0.06 * normal[used], quads, 12, 0.5)
    points = points + (0.05 + 0.03 * smooth_step(0.4, 0.0, clip[used])[:, None]) * normals(points, quads)
    return Extra(
        points=points, canon=c[used], quads=quads, material=CLOTH, share=head_share(c[used]) * 0.6, clip=clip[used], follow=used
    )


def mask(b: Base, fine: Float, normal: Float) -> Extra:
    c = b.bust.canon
    ax = np.abs(c[:, 0])
    top = np.interp(ax, [0, 0.12, 0.3, 0.62, 0.75], [7.12, 7.07, 6.93, 6.9, 6.9])
    clip = np.minimum.reduce(
        [top - c[:, 1], c[:, 1] - (6.12 + 0.3 * smooth_step(0.3, 0.7, ax)), (0.70 - ax), (c[:, 2] - 0.72) * 1.0]
    )
    keep = (clip > -0.12) & (b.inside < 0.5) & (normal[:, 2] > -0.75)
    used, quads = _part(keep, b.bust.fine_quads)
    points = relax(fine[used] + 0.05 * normal[used], quads, 160, 0.8) + 0.06 * normal[used]
    points[:, 2] += 0.13 * smooth_step(6.75, 6.45, c[used, 1]) * smooth_step(0.7, 0.3, np.abs(c[used, 0]))
    points[:, 1] -= 0.05 * smooth_step(6.5, 6.2, c[used, 1])
    points[:, 2] += (
        0.09 * smooth_step(0.5, 0.0, np.abs(c[used, 0])) * smooth_step(6.2, 6.6, c[used, 1]) * smooth_step(7.1, 6.8, c[used, 1])
    )
    return Extra(
        points=points,
        canon=c[used],
        quads=quads,
        material=MASK,
        share=np.ones(len(used), np.float32),
        clip=clip[used],
        follow=used,
    )


def scarf(b: Base, fine: Float, normal: Float) -> Extra:
    c = b.bust.canon
    oval = np.hypot(c[:, 0] / 0.66, (c[:, 1] - 7.02) / 0.94)
    front = (c[:, 2] > 0.5) & (b.ears < 0.02)
    clip = np.where(front, (oval - 1) * 0.7, 0.6)
    clip = np.minimum(clip, (c[:, 1] - 5.25 + 0.3 * (c[:, 2] - 0.1)))
    keep = (clip > -0.15) & (c[:, 1] > 5.0) & ~(b.inside > 0.5) & (np.abs(c[:, 0]) < 1.25)
    used, quads = _part(keep, b.bust.fine_quads)
    points = relax(fine[used] + 0.10 * normal[used], quads, 60, 0.5)
    points = points + 0.10 * normals(points, quads)
    return Extra(
        points=points.astype(np.float32), canon=c[used], quads=quads, material=SCARF, share=head_share(c[used]), clip=clip[used]
    )


def _tube(path: Float, radius: float, closed: bool) -> tuple[Float, Int]:
    """A tube of six sides along points."""
    n = len(path)
    ahead = np.roll(path, -1, 0) - np.roll(path, 1, 0) if closed else np.gradient(path, axis=0)
    ahead = ahead / np.linalg.norm(ahead, axis=1, keepdims=True)
    side = np.cross(ahead, [0.1, 0.9, 0.4])
    side = side / np.linalg.norm(side, axis=1, keepdims=True)
    other = np.cross(ahead, side)
    turn = np.arange(6) / 6 * 2 * np.pi
    points = path[:, None] + radius * (
        np.cos(turn)[None, :, None] * side[:, None] + np.sin(turn)[None, :, None] * other[:, None]
    )
    quads = []
    for i in range(n if closed else n - 1):
        j = (i + 1) % n
        quads += [[i * 6 + k, i * 6 + (k + 1) % 6, j * 6 + (k + 1) % 6, j * 6 + k] for k in range(6)]
    return points.reshape(-1, 3).astype(np.float32), np.asarray(quads, np.int32)


def glasses(b: Base, control: Float, fine: Float) -> Extra:
    left = control[13606:13614].mean(axis=0)
    bridge = fine[(np.abs(b.bust.canon[:, 0]) < 0.06) & (np.abs(b.bust.canon[:, 1] - 7.2) < 0.08)][:, 2].max()
    turn = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    parts: list[tuple[Float, Int]] = []
    for side in (1, -1):
        x = np.sign(np.cos(turn)) * np.abs(np.cos(turn)) ** 0.65 * 0.235
        y = np.sign(np.sin(turn)) * np.abs(np.sin(turn)) ** 0.65 * 0.175
        centre = np.array([(left[0] + 0.015) * side, left[1] - 0.03, bridge + 0.035])
        ring = centre + np.stack([x, y, -0.30 * np.abs(x + 0.235 * side) ** 2 + 0.06 * y], 1)
        parts.append(_tube(ring.astype(np.float32), 0.019, True))
        outer = centre + np.array([0.25 * side, 0.07, -0.07])
        ear = np.array([0.84 * side * np.abs(fine[b.ears > 0.3][:, 0]).max() / 0.95, left[1] + 0.06, 0.25])
        temple = outer + (ear - outer) * np.linspace(0, 1, 8)[:, None]
        parts.append(_tube(temple.astype(np.float32), 0.018, False))
    span = np.linspace(-1, 1, 9)
    gap = left[0] + 0.015 - 0.235
    arch = np.stack([span * gap, left[1] + 0.03 + 0.03 * (1 - span**2), bridge + 0.045 + 0.01 * (1 - span**2)], 1)
    parts.append(_tube(arch.astype(np.float32), 0.018, False))
    points = np.concatenate([p for p, _ in parts])
    start = np.cumsum([0] + [len(p) for p, _ in parts[:-1]])
    quads = np.concatenate([q + s for (_, q), s in zip(parts, start, strict=True)]).astype(np.int32)
    ones = np.ones(len(points), np.float32)
    return Extra(points=points, canon=points, quads=quads, material=FRAME, share=ones, clip=ones)


def sphere(rows: int = 18, columns: int = 24) -> tuple[Float, Int]:
    """A unit sphere with its poles at +z and -z."""
    a, t = np.meshgrid(
        np.linspace(0.001, np.pi - 0.001, rows), np.linspace(0, 2 * np.pi, columns, endpoint=False), indexing="ij"
    )
    points = np.stack([np.sin(a) * np.cos(t), np.sin(a) * np.sin(t), np.cos(a)], 2).reshape(-1, 3).astype(np.float32)
    quads = [
        [i * columns + k, (i + 1) * columns + k, (i + 1) * columns + (k + 1) % columns, i * columns + (k + 1) % columns]
        for i in range(rows - 1)
        for k in range(columns)
    ]
    return points, np.asarray(quads, np.int32)
