"""Paint skin: colour, gloss and relief, on a cylinder around the canonical head."""

from __future__ import annotations

import cv2
import numpy as np
from scipy.interpolate import LinearNDInterpolator

from .assets import Assets, Float
from .mesh import AXIS_Z, BOTTOM_DM, TOP_DM, smooth_step
from .people import Head

WIDTH, HEIGHT = 1024, 640
GROOVES = 5  # pores and age, forehead, frown, cheeks, eye corners


def surface(assets: Assets) -> tuple[Float, Float, Float]:
    """x, y, z of the canonical head at each texel, (HEIGHT, WIDTH) each: the outermost skin."""
    body = np.unique(assets.groups["body"])
    points = assets.vertices[body]
    points = points[(points[:, 1] > 4.6) & (np.abs(points[:, 0]) < 2)]
    x, y, z = points.T
    angle, radius = np.arctan2(x, z - AXIS_Z), np.hypot(x, z - AXIS_Z)
    cell = (np.round(angle * 14) * 1000 + np.round(y * 14)).astype(int)
    order = np.lexsort((-radius, cell))
    first = np.unique(cell[order], return_index=True)[1]
    outer = order[first]
    around = np.concatenate([angle[outer] + turn for turn in (-2 * np.pi, 0, 2 * np.pi)])
    field = LinearNDInterpolator(np.stack([around, np.tile(y[outer], 3)], 1), np.tile(radius[outer], 3), fill_value=1.0)
    theta = ((np.arange(WIDTH) + 0.5) / WIDTH - 0.5) * 2 * np.pi
    up = TOP_DM - (np.arange(HEIGHT) + 0.5) / HEIGHT * (TOP_DM - BOTTOM_DM)
    tt, yy = np.meshgrid(theta, up)
    r = field(tt[::2, ::2], yy[::2, ::2]).astype(np.float32)
    r = cv2.GaussianBlur(cv2.resize(r, (WIDTH, HEIGHT)), (0, 0), 3)
    return (r * np.sin(tt)).astype(np.float32), yy.astype(np.float32), (AXIS_Z + r * np.cos(tt)).astype(np.float32)


def cloud(rng: np.random.Generator, cell: float) -> Float:
    """(HEIGHT, WIDTH) smooth noise, mean 0, deviation 1, with features of `cell` texels."""
    raw = rng.standard_normal((HEIGHT, WIDTH)).astype(np.float32)
    out = cv2.GaussianBlur(np.tile(raw, (1, 3)), (0, 0), cell)[:, WIDTH : 2 * WIDTH]
    return (out - out.mean()) / out.std()


def blob(x: Float, y: Float, at: tuple[float, float], size: tuple[float, float]) -> Float:
    """1 at a point of the front, falling off."""
    return np.exp(-0.5 * (((x - at[0]) / size[0]) ** 2 + ((y - at[1]) / size[1]) ** 2))


def line(x: Float, y: Float, points: list[tuple[float, float]], width: float) -> Float:
    """A groove along a line of points: 1 in its middle; ends fade."""
    best = np.full(x.shape, 9.0, np.float32)
    px = np.interp(np.linspace(0, 1, 24), np.linspace(0, 1, len(points)), [p[0] for p in points])
    py = np.interp(np.linspace(0, 1, 24), np.linspace(0, 1, len(points)), [p[1] for p in points])
    for k, (cx, cy) in enumerate(zip(px, py, strict=True)):
        edge = 1 + 3 * (abs(k - 11.5) / 11.5) ** 3
        best = np.minimum(best, ((x - cx) ** 2 + (y - cy) ** 2) * edge)
    return np.exp(-best / (2 * width**2))


def slopes(height: Float, x: Float, z: Float) -> Float:
    """(H, W, 2): how steep a height (dm) is along theta and up."""
    radius = np.hypot(x, z - AXIS_Z) + 0.05
    along = (np.roll(height, -1, 1) - np.roll(height, 1, 1)) / (2 * 2 * np.pi / WIDTH * radius)
    up = (np.roll(height, 1, 0) - np.roll(height, -1, 0)) / (2 * (TOP_DM - BOTTOM_DM) / HEIGHT)
    return np.stack([along, up], 2).astype(np.float32)


def paint(head: Head, place: tuple[Float, Float, Float]) -> tuple[np.ndarray, Float]:
    """(H, W, 4) uint8 colour and roughness, and (GROOVES, H, W, 2) slopes."""
    x, y, z = place
    rng = np.random.default_rng(head.seed)
    front = smooth_step(0.2, 0.8, z)
    base = (np.asarray(head.skin, np.float32) / 255) ** 2.2
    light = float(base @ np.array([0.3, 0.6, 0.1]))
    colour: Float = np.tile(base, (HEIGHT, WIDTH, 1)).astype(np.float32)

    def tint(mask: Float, gain: tuple[float, float, float]) -> None:
        nonlocal colour
        colour = colour * (1 - mask[..., None] + mask[..., None] * np.asarray(gain, np.float32))

    ax = np.abs(x)
    fair = np.clip(light * 2.2, 0.25, 1)
    red = (1.0 + 0.02 * fair, 1 - 0.26 * fair, 1 - 0.24 * fair)
    tint(front * blob(ax, y, (0.52, 6.93), (0.20, 0.17)) * (0.5 + 0.3 * head.female), red)
    tint(front * blob(x, y, (0, 6.93), (0.14, 0.12)) * 0.6, red)
    tint(front * blob(x, y, (0, 6.33), (0.22, 0.12)) * 0.35, red)
    tint(smooth_step(0.78, 0.9, ax) * blob(z, y, (0.2, 7.1), (0.4, 0.5)) * 0.7, red)
    tint(front * blob(ax, y, (0.31, 7.36), (0.19, 0.075)) * 0.55, (0.86, 0.74, 0.72))
    tint(front * blob(ax, y, (0.29, 7.12), (0.16, 0.05)) * (0.4 + 0.3 * head.age), (0.82, 0.74, 0.76))
    tint(front * blob(x, y, (0, 7.9), (0.5, 0.25)) * 0.35, (1.06, 1.04, 0.98))
    tint(smooth_step(6.2, 5.8, y) * 0.4, (0.92, 0.88, 0.86))
    jaw = smooth_step(6.95, 6.55, y) * smooth_step(5.85, 6.15, y) * smooth_step(-0.1, 0.5, z)
    lip_gap = 1 - 0.85 * blob(x, y, (0, 6.64), (0.24, 0.07))
    shadow = np.clip(
        (jaw + blob(ax, y, (0.0, 6.78), (0.28, 0.05)) + smooth_step(0.66, 0.8, ax) * smooth_step(7.3, 7.0, y) * front)
        * lip_gap,
        0,
        1,
    )
    dots = np.clip(0.72 + 0.28 * cloud(rng, 0.7), 0, 1.3)
    tint(np.clip(shadow * dots * head.stubble, 0, 1), (0.52, 0.56, 0.60))
    if head.beard > 0:
        tint(np.clip(shadow * 0.75, 0, 1), (0.4, 0.38, 0.38))
    mottle = 0.030 * cloud(rng, 18) + 0.022 * cloud(rng, 5) + 0.022 * cloud(rng, 1.4)
    ruddy = 0.03 * cloud(rng, 9)
    colour = colour * (1 + mottle[..., None])
    colour[..., 1:] *= (1 - ruddy * fair)[..., None]
    spots = np.clip(cloud(rng, 1.8) - 3.2 + 0.8 * head.age, 0, 1) * front
    tint(np.clip(spots * 0.8, 0, 0.7), (0.55, 0.42, 0.36))
    rough = (
        0.50
        + 0.05 * cloud(rng, 6) * 0.3
        - 0.10 * front * blob(x, y, (0, 7.0), (0.16, 0.9))
        - 0.06 * front * blob(x, y, (0, 7.85), (0.5, 0.25))
    )
    rough = np.clip(rough + 0.05 * head.age, 0.3, 0.7)
    texture = np.concatenate([np.sqrt(np.clip(colour, 0, 1)), rough[..., None]], 2)

    pores = 0.0004 * cloud(rng, 0.8) + 0.0004 * cloud(rng, 2.0)
    frown = [(0.085, 7.62), (0.075, 7.45)], [(-0.085, 7.62), (-0.075, 7.45)]
    forehead = np.zeros_like(x)
    for level in (7.68, 7.79, 7.91):
        forehead += line(
            x,
            y,
            [(-0.46, level - 0.05), (-0.2, level + 0.02), (0, level - 0.005), (0.2, level + 0.02), (0.46, level - 0.05)],
            0.018,
        )
    glabella = line(x, y, frown[0], 0.017) + line(x, y, frown[1], 0.017) + 0.5 * line(x, y, [(-0.1, 7.37), (0.1, 7.37)], 0.02)
    cheek = line(ax, y, [(0.185, 6.97), (0.25, 6.87), (0.33, 6.72), (0.36, 6.56)], 0.045)
    corner = sum(line(ax, y, [(0.56, 7.27 + d), (0.68, 7.27 + 2.4 * d)], 0.013) for d in (-0.05, 0.0, 0.05))
    corner = corner + 0.7 * line(ax, y, [(0.17, 7.17), (0.3, 7.11), (0.45, 7.15)], 0.018)
    maps = [-0.020 * front * forehead, -0.026 * front * glabella, -0.026 * front * cheek, -0.014 * front * corner]
    old = head.age * (
        0.5 * maps[0] + 0.35 * maps[1] + 0.8 * maps[2] + 0.9 * maps[3] + 0.004 * front * cloud(rng, 2.5) * cloud(rng, 8)
    )
    grooves = np.stack([slopes(m, x, z) for m in [pores + old, *maps]])
    return np.ascontiguousarray((texture * 255).astype(np.uint8)), np.ascontiguousarray(grooves)


def scalp(x: Float, y: Float, z: Float) -> Float:
    """0..1: where hair grows on the canonical head."""
    angle = np.degrees(np.abs(np.arctan2(x, z - 0.25)))
    edge = np.interp(
        angle,
        [0, 20, 32, 38, 44, 52, 60, 72, 84, 98, 108, 122, 180],
        [8.08, 8.07, 7.98, 7.84, 7.62, 7.50, 7.22, 7.12, 7.34, 7.50, 7.0, 6.5, 6.3],
    )
    return smooth_step(-0.03, 0.07, y - edge).astype(np.float32)
