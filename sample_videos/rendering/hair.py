"""Grow hair: strands of a few points on the canonical head, carried by the skin that they are rooted in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .assets import Float, Int
from .mesh import smooth_step
from .people import Head
from .skin import scalp

POINTS = 9
HAIR, LASH, BROW = 6, 7, 11  # materials of raster.cpp


@dataclass(frozen=True, kw_only=True)
class Strands:
    """(n, POINTS, 3) float32 offsets from the root; (n,) root vertices in the fine mesh; (n, 4) float32 look."""

    offset: Float
    root: Int
    look: Float


def _join(parts: list[Strands]) -> Strands:
    return Strands(
        offset=np.concatenate([p.offset for p in parts]).astype(np.float32),
        root=np.concatenate([p.root for p in parts]).astype(np.int32),
        look=np.concatenate([p.look for p in parts]).astype(np.float32),
    )


def _unit(v: Float) -> Float:
    return v / np.maximum(np.linalg.norm(v, axis=-1, keepdims=True), 1e-9)


def _wave(points: Float, rng: np.random.Generator, cell: float) -> Float:
    """(n, 3) smooth noise over space: neighbours bend alike."""
    turn = rng.standard_normal((12, 3)) / cell
    phase = rng.uniform(0, 2 * np.pi, 12)
    weight = rng.standard_normal((12, 3)) / np.sqrt(6)
    return (np.sin(points @ turn.T + phase) @ weight).astype(np.float32)


@dataclass(frozen=True, kw_only=True)
class Roots:
    """Points on the skin: vertex that carries each, offset from it, normal, canonical place."""

    vertex: Int
    offset: Float
    normal: Float
    canon: Float

    @property
    def count(self) -> int:
        return len(self.vertex)


def _pick(density: Callable[[Float], Float], skin: Skin, count: int, rng: np.random.Generator) -> Roots:
    """Random points by area times density (0..1, of canonical places)."""
    corner = skin.points[skin.quads]
    area = np.linalg.norm(np.cross(corner[:, 2] - corner[:, 0], corner[:, 3] - corner[:, 1]), axis=1)
    area = (
        area
        * density(np.concatenate([skin.canon[skin.quads].mean(axis=1)])).clip(
            0.02 * density(skin.canon)[skin.quads].max(axis=1)
        )
        * (skin.ears[skin.quads].max(axis=1) < 0.05)
    )
    quad = rng.choice(len(area), count * 3, p=area / area.sum())
    u, v = rng.random(count * 3), rng.random(count * 3)
    share = np.stack([(1 - u) * (1 - v), u * (1 - v), u * v, (1 - u) * v], 1)[..., None]
    at = skin.quads[quad]
    canon = (skin.canon[at] * share).sum(axis=1)
    # quads were drawn by the density in their middle: what is left is the density within each
    kept = np.flatnonzero(rng.random(count * 3) < density(canon) ** 0.5)[:count]
    first = at[kept, 0]
    points = (skin.points[at[kept]] * share[kept]).sum(axis=1)
    normal = _unit((skin.normal[at[kept]] * share[kept]).sum(axis=1))
    return Roots(
        vertex=first.astype(np.int32),
        offset=(points - skin.points[first]).astype(np.float32),
        normal=normal.astype(np.float32),
        canon=canon[kept].astype(np.float32),
    )


@dataclass(frozen=True, kw_only=True)
class Skin:
    """The fine mesh at rest: points, normals, canonical places, quads, share of the ear."""

    points: Float
    normal: Float
    canon: Float
    quads: Int
    ears: Float


def grow(head: Head, skin: Skin) -> list[Strands]:
    """All strands of one head at rest."""
    rng = np.random.default_rng(head.seed + 100)
    parts: list[Strands] = []
    if head.style != "bald" and head.scarf is None:
        parts.append(_top(head, skin, rng))
    parts.append(_brows(head, skin, rng))
    if head.beard > 0:
        parts.append(_beard(head, skin, rng))
    return [_join(parts)]


def _look(count: int, width: float, material: int, grey: float, rng: np.random.Generator) -> Float:
    bright = np.exp(rng.normal(0, 0.13, count))
    return np.stack(
        [np.full(count, width), np.where(rng.random(count) < grey, -1, bright), np.full(count, material), np.zeros(count)], 1
    )


def hair_line(head: Head) -> Callable[[Float], Float]:
    """Where the hair of a style grows: canonical places -> 0..1."""

    def density(c: Float) -> Float:
        mask = scalp(c[:, 0], c[:, 1], c[:, 2]) * (c[:, 1] > 6.2)
        if head.style == "bald":
            return mask * 0
        if head.style == "receding":
            angle = np.degrees(np.abs(np.arctan2(c[:, 0], c[:, 2] - 0.25)))
            mask = mask * (1 - 0.94 * smooth_step(7.95, 8.2, c[:, 1] + 0.3 * smooth_step(70, 20, angle)))
        return mask

    return density


# length dm; at the root: how far it stands off, goes sideways, backwards, down; weight, curl, thickness (share of the skull)
STYLES = {
    "short": (0.55, 0.30, 0.55, 0.75, 0.25, 0.25, 0.10, 0.10),
    "side": (0.75, 0.28, 1.00, 0.45, 0.15, 0.25, 0.08, 0.13),
    "receding": (0.40, 0.15, 0.25, 0.8, 0.35, 0.3, 0.10, 0.06),
    "crop": (0.16, 0.50, 0.1, 0.4, 0.4, 0.0, 0.30, 0.05),
    "long": (3.1, 0.20, 0.55, 0.35, 0.45, 0.9, 0.07, 0.13),
    "bob": (1.75, 0.20, 0.60, 0.30, 0.45, 0.9, 0.06, 0.15),
    "curls": (1.6, 0.40, 0.50, 0.30, 0.10, 0.45, 0.65, 0.22),
    "afro": (0.5, 1.5, 0.10, 0.10, 0.0, 0.0, 0.75, 0.0),
}


def _top(head: Head, skin: Skin, rng: np.random.Generator) -> Strands:
    style = head.style
    roots = _pick(hair_line(head), skin, {"afro": 20000, "crop": 14000}.get(style, 12000), rng)
    count, n, c = roots.count, roots.normal, roots.canon
    p = skin.points[roots.vertex] + roots.offset
    skull = skin.points[(hair_line(head)(skin.canon) > 0.5) & (skin.canon[:, 1] > 7.3) & (skin.ears < 0.05)]
    if style == "receding":
        skull = skin.points[(scalp(*skin.canon.T) > 0.5) & (skin.canon[:, 1] > 7.3) & (skin.ears < 0.05)]
    centre = np.array([0, 7.45, (skull[:, 2].max() + skull[:, 2].min()) / 2])
    radii = np.array([np.abs(skull[:, 0]).max(), skull[:, 1].max() - 7.45, (skull[:, 2].max() - skull[:, 2].min()) / 2])
    rel = (p - centre) / radii
    if style == "bun":
        target = np.array([0, 0.62, -0.86])
        lift = 0.01 + 0.05 * rng.random((count, 1))
        path = []
        for t in np.linspace(0, 1, POINTS):
            along = _unit(rel * (1 - t) + target * t) * (1 + lift * np.sin(np.pi * min(1, t * 1.6)) + 0.03 * t)
            path.append(centre + radii * np.where(t < 0.05, rel, along))
        path[0] = p
        ball = rng.random(count) < 0.30
        knot = centre + radii * target * 1.18
        for k in range(POINTS):
            turn = k * 0.55 + rng.integers(0, 40, count) * 0.4
            tilt = np.repeat(rng.uniform(-1, 1, 40), count // 40 + 1)[:count]
            ring = 0.38 * np.sqrt(1 - 0.8 * tilt**2)
            spot = (
                knot
                + np.stack([ring * np.cos(turn), ring * np.sin(turn), 0.30 * tilt], 1)
                + 0.02 * rng.standard_normal((count, 3))
            )
            path[k] = np.where(ball[:, None], spot, path[k])
    else:
        length, off, sideways, backwards, downwards, weight, curl, thick = STYLES[style]
        side = np.where(p[:, 0] > (0.30 if style in ("side", "short") else 0.0) + 0.03 * rng.standard_normal(count), 1.0, -1.0)
        top = smooth_step(7.5, 8.3, c[:, 1])
        lengths = length * rng.uniform(0.85, 1.05, count)
        if style in ("short", "side", "receding"):
            lengths = lengths * (0.25 + 0.75 * smooth_step(6.7, 8.0, c[:, 1]))
        comb = np.stack([side * sideways * (0.35 + 0.65 * top), -downwards - 0.7 * (1 - top), np.full(count, -backwards)], 1)
        lift = thick * rng.uniform(0.15, 1.0, count)[:, None] * (0.35 + 0.65 * top[:, None])
        direction = _unit(n * off + comb - n * np.sum(comb * n, 1, keepdims=True) + 0.10 * rng.standard_normal(p.shape))
        step = (lengths / (POINTS - 1))[:, None]
        at, path = p.copy(), [p.copy()]
        for k in range(1, POINTS):
            bend = _wave(at, np.random.default_rng(head.seed + 7), 0.30) + 0.6 * _wave(
                at, np.random.default_rng(head.seed + 8), 0.08
            )
            direction = (
                direction + weight * step / 0.35 * np.array([0, -1.0, 0]) + curl * (bend + 0.4 * rng.standard_normal(p.shape))
            )
            rel = (at - centre) / radii
            away = _unit(rel / radii)
            near = np.linalg.norm(rel, axis=1, keepdims=True) < 1.25 + lift
            outward = np.sum(direction * away, 1, keepdims=True)
            if style != "afro":
                direction = direction - np.where(near & (at[:, 1:2] > centre[1] - 0.3), outward * away * min(1.0, 0.4 * k), 0)
            direction = _unit(direction)
            at = at + step * direction
            if style != "afro":
                rel = (at - centre) / radii
                reach = np.linalg.norm(rel, axis=1, keepdims=True)
                shell = 1.02 + lift * min(1.0, 0.3 + k / 3)
                above = at[:, 1:2] > centre[1] - 0.25
                at = np.where((reach < shell) & above, centre + rel / reach * shell * radii, at)
            if style in ("long", "bob", "curls"):  # hanging hair stays beside and behind the face and outside the neck
                hang = smooth_step(7.5, 7.1, at[:, 1])
                beside = radii[0] * 1.02 + 0.9 * lift[:, 0]
                forward = centre[2] + 0.30 + lift[:, 0]
                at[:, 2] = np.where(at[:, 2] > forward, at[:, 2] + hang * (forward - at[:, 2]), at[:, 2])
                inner = (np.abs(at[:, 0]) < beside) & (at[:, 2] > centre[2] - 0.55)
                at[:, 0] = np.where(inner, at[:, 0] + hang * (np.sign(at[:, 0] + 1e-6) * beside - at[:, 0]), at[:, 0])
            path.append(at.copy())
    offset = np.stack(path, 1) - skin.points[roots.vertex][:, None]
    width = {"afro": 0.016, "crop": 0.012}.get(style, 0.014)
    return Strands(
        offset=offset.astype(np.float32), root=roots.vertex, look=_look(count, width, HAIR, head.grey, rng).astype(np.float32)
    )


def _brows(head: Head, skin: Skin, rng: np.random.Generator) -> Strands:
    female = head.female > 0.5

    def density(c: Float) -> Float:
        ax = np.abs(c[:, 0])
        thick = np.interp(ax, [0.1, 0.18, 0.4, 0.6], [0.016, 0.024, 0.018, 0.008]) * (0.75 if female else 1.0)
        middle = np.interp(ax, [0.12, 0.22, 0.36, 0.5, 0.6], [7.465, 7.485, 7.505, 7.49, 7.44])
        inside = smooth_step(0.085, 0.13, ax) * smooth_step(0.62, 0.55, ax) * (c[:, 2] > 0.9)
        return np.exp(-0.5 * ((c[:, 1] - middle) / thick) ** 2) * inside

    roots = _pick(density, skin, int(360 * head.brow), rng)
    n, c, count = roots.normal, roots.canon, roots.count
    ax = np.abs(c[:, 0])
    out = np.stack([np.sign(c[:, 0]), np.zeros(count), -0.5 * ax], 1)
    rise = np.interp(ax, [0.1, 0.2, 0.4, 0.6], [1.1, 0.45, 0.0, -0.35])[:, None]
    direction = _unit(out + np.array([0, 1.0, 0]) * rise + 0.14 * rng.standard_normal(n.shape))
    direction = _unit(direction - n * np.sum(direction * n, 1, keepdims=True) + 0.15 * n)
    length = rng.uniform(0.045, 0.08, count)[:, None]
    steps = np.linspace(0, 1, POINTS)[None, :, None]
    offset = (roots.offset + n * 0.006)[:, None] + steps * (direction * length)[:, None] - n[:, None] * 0.010 * steps**2
    look = _look(count, 0.0075, BROW, head.grey * 0.4, rng)
    return Strands(offset=offset.astype(np.float32), root=roots.vertex, look=look.astype(np.float32))


def _beard(head: Head, skin: Skin, rng: np.random.Generator) -> Strands:
    def density(c: Float) -> Float:
        x, y, z = c.T
        ax = np.abs(x)
        mouth = np.exp(-0.5 * ((x / 0.25) ** 4 + ((y - 6.655) / 0.08) ** 4))
        cheek = np.interp(ax, [0.0, 0.3, 0.5, 0.66, 0.8], [6.76, 6.72, 6.66, 6.95, 7.3])
        mask = smooth_step(0.04, -0.06, y - cheek) * smooth_step(6.0, 6.15, y) * (z > 0.3)
        moustache = np.exp(-0.5 * (((y - 6.79 + 0.25 * ax) / 0.035) ** 2)) * (ax < 0.34) * (z > 1.2)
        return np.clip(mask + moustache, 0, 1) * (1 - mouth)

    roots = _pick(density, skin, 9000, rng)
    n, x, count = roots.normal, roots.canon[:, 0], roots.count
    direction = _unit(
        n * 0.4 + np.array([0, -0.8, 0.1]) + np.stack([0.3 * np.sign(x), 0 * x, 0 * x], 1) + 0.25 * rng.standard_normal(n.shape)
    )
    length = head.beard * rng.uniform(0.6, 1.1, count)[:, None]
    steps = np.linspace(0, 1, POINTS)[None, :, None]
    curl = 0.12 * rng.standard_normal((count, 1, 3)) * length[:, None]
    offset = roots.offset[:, None] + steps * (direction * length)[:, None] + steps**2 * curl
    look = _look(count, 0.010, BROW, head.grey, rng)
    return Strands(offset=offset.astype(np.float32), root=roots.vertex, look=look.astype(np.float32))
