"""Rooms behind the people: drawn from rectangles and lamps, far out of focus."""

from __future__ import annotations

import cv2
import numpy as np


def room(kind: str, width: int, height: int) -> np.ndarray:
    """(height, width, 3) uint8 sRGB."""
    rng = np.random.default_rng(sum(map(ord, kind)))
    w, h = 960, 540
    walls = {
        "shelf": (188, 178, 164),
        "window": (196, 200, 202),
        "office": (206, 208, 206),
        "lamp": (150, 128, 106),
        "night": (36, 38, 50),
        "plant": (198, 186, 168),
    }
    picture = np.full((h, w, 3), walls[kind], np.float32)
    picture *= np.linspace(1.06, 0.86, h)[:, None, None] * np.linspace(1.05, 0.92, w)[None, :, None]

    def box(x0: float, y0: float, x1: float, y1: float, colour: tuple[float, ...]) -> None:
        cv2.rectangle(picture, (int(x0), int(y0)), (int(x1), int(y1)), colour, -1)

    if kind in ("shelf", "lamp"):
        for level in range(4):
            y = 60 + level * 130
            x = 20.0 if kind == "shelf" else 560.0
            end = 420.0 if kind == "shelf" else 940.0
            box(x - 14, y + 100, end + 14, y + 112, (96, 72, 52))
            while x < end:
                wide, tall = rng.uniform(12, 30), rng.uniform(55, 98)
                hue = rng.uniform(0.35, 0.95, 3) * (170, 140, 120)
                box(x, y + 100 - tall, min(x + wide, end), y + 100, tuple(map(float, hue)))
                x += wide + (40 if rng.random() < 0.12 else 2)
    if kind == "shelf":
        box(640, 70, 860, 240, (70, 66, 62))
        box(652, 82, 848, 228, (206, 190, 150))
        cv2.circle(picture, (740, 160), 44, (168, 110, 84), -1)
    if kind == "window":
        box(-10, 20, 300, 440, (232, 232, 230))
        box(10, 40, 140, 420, (236, 246, 255))
        box(154, 40, 284, 420, (226, 242, 255))
        cv2.circle(picture, (70, 380), 90, (150, 182, 130), -1)
        box(700, 260, 940, 300, (150, 118, 84))
        box(730, 190, 760, 260, (70, 100, 120))
        box(764, 205, 790, 260, (170, 90, 70))
    if kind == "office":
        box(60, 60, 420, 320, (150, 166, 176))
        for k in range(9):
            box(60 + 40 * k, 60, 63 + 40 * k, 320, (214, 216, 214))
        box(620, 80, 900, 270, (236, 238, 238))
        for k in range(4):
            cv2.line(picture, (650, 120 + 34 * k), (650 + int(rng.uniform(90, 210)), 120 + 34 * k), (110, 120, 150), 6)
    if kind == "lamp":
        cv2.circle(picture, (150, 170), 76, (255, 214, 150), -1)
        box(140, 240, 160, 540, (84, 66, 50))
        picture += (
            60
            * np.exp(-(((np.mgrid[:h, :w][1] - 150) / 260) ** 2 + ((np.mgrid[:h, :w][0] - 170) / 220) ** 2))[..., None]
            * (1, 0.8, 0.5)
        )
    if kind == "night":
        box(80, 60, 380, 360, (18, 22, 40))
        for _ in range(26):
            cv2.circle(
                picture,
                (int(rng.uniform(90, 370)), int(rng.uniform(200, 350))),
                int(rng.uniform(3, 8)),
                tuple(rng.uniform(80, 190, 3) * (1, 0.85, 0.5)),
                -1,
            )
        box(760, 300, 900, 540, (44, 40, 44))
    if kind == "plant":
        box(70, 400, 190, 540, (176, 112, 84))
        for _ in range(30):
            a, r = rng.uniform(-1.3, 1.3), rng.uniform(110, 260)
            cv2.ellipse(
                picture,
                (int(130 + r * 0.5 * np.sin(a)), int(400 - r * 0.55 * np.cos(a))),
                (int(r * 0.42), 17),
                float(np.degrees(a) - 90),
                0,
                360,
                tuple(rng.uniform(0.7, 1.1) * np.array([84, 128, 78])),
                -1,
            )
        box(640, 90, 800, 300, (230, 226, 220))
        box(654, 104, 786, 286, (120, 148, 160))
        box(820, 130, 930, 270, (230, 226, 220))
        box(832, 142, 918, 258, (190, 130, 110))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (25, 25)).astype(np.float32)
    far = cv2.filter2D(np.clip(picture, 0, 255) ** 2.2, -1, disc / disc.sum()) ** (1 / 2.2)
    far = cv2.GaussianBlur(np.clip(far, 0, 255), (0, 0), 4)
    return np.ascontiguousarray(cv2.resize(far, (width, height), interpolation=cv2.INTER_AREA).round().astype(np.uint8))
