"""Render heads of people who never lived, with the truth of their pose, gaze, lids and mouths.

    FEELIT_HEADS=heads.tar.xz python sample_videos/make_heads.py FOLDER [--people 40] [--pictures 24] [--first 0] [--hard 0]

One .npz file per person, numbered: grey pictures, the landmarks and the box that feelit's detector finds, and the truth.
`benchmarks/signals.py --heads` reads them. Which head a number stands for never changes. With `--hard`, so large a share of the
pictures is of a head that is turned far aside, and so large a share of a wrinkled nose. Needs what `make_meeting.py` needs.
"""

from __future__ import annotations

import argparse
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from rendering.acting import EMOTIONS, SHAPES, add, both
from rendering.bust import Model, build, pose
from rendering.cast import DARK, DAY, OFFICE, WARM, WINDOW
from rendering.draw import Camera, draw, to_camera
from rendering.landmarks import POINTS_68
from rendering.people import Head, Pose
from rendering.rooms import room as draw_room

from feelit.models.paths import model_path
from feelit.signals.derive import gaze
from feelit.training.signals.teacher import angles_of
from feelit.vision.detector import FaceDetector
from feelit.vision.face_crops import find_face

SIDE = 224
LIGHTS = (DAY, WARM, WINDOW, DARK, OFFICE)
ROOMS = ("shelf", "window", "office", "lamp", "night", "plant")
HAIR = ((26, 20, 18), (60, 42, 30), (120, 88, 54), (150, 148, 144), (90, 58, 38), (190, 160, 110))
IRIS = ((84, 60, 40), (58, 38, 26), (92, 112, 120), (86, 110, 130), (70, 90, 60))
STYLES = {
    True: ("long", "bob", "bun", "curls", "side", "short", "afro"),
    False: ("short", "crop", "side", "receding", "bald", "afro", "curls"),
}
FAR_YAW = (45.0, 78.0)
WRINKLES, WRINKLED = ("nose-left-elevation", "nose-right-elevation"), 2.0
"""Units of a wrinkled nose, and their weight where it is wrinkled most."""
room = cache(draw_room)


def person(number: int) -> Model:
    """A head that depends on its number alone."""
    rng = np.random.default_rng([77, number])
    african, asian, caucasian = (float(share) for share in rng.dirichlet([0.6, 0.6, 0.6]))
    female = float(rng.integers(2)) if rng.random() < 0.8 else float(rng.random())
    tone = np.array([230, 186, 160]) * (1 - african) + np.array([120, 78, 54]) * african
    tone = np.clip(tone * rng.uniform(0.9, 1.06) * [1, 1, rng.uniform(0.92, 1.04)], 30, 250)
    age = float(rng.beta(1, 1.6))
    styles = STYLES[female > 0.5]
    man = female < 0.5
    head = Head(
        african=african,
        asian=asian,
        caucasian=caucasian,
        female=female,
        age=age,
        heavy=float(rng.uniform(-0.5, 0.6)),
        skin=(float(tone[0]), float(tone[1]), float(tone[2])),
        hair=HAIR[rng.integers(len(HAIR))],
        style=styles[rng.integers(len(styles))],
        grey=max(0.0, age - 0.5),
        brow=float(rng.uniform(0.6, 1.1)),
        stubble=float(man * rng.random() * 0.7),
        beard=float(man * (rng.random() < 0.2) * 0.035),
        glasses=bool(rng.random() < 0.25),
        iris=IRIS[rng.integers(len(IRIS))],
        garment=int(rng.integers(4)),
        seed=100 + number,
    )
    return build(head)


def moment(rng: np.random.Generator, hard: float = 0.0) -> tuple[Pose, tuple[float, float]]:
    """A pose with an expression, and how far the left and the right eye are closed."""
    units: dict[str, float] = {}
    add(units, EMOTIONS[list(EMOTIONS)[rng.integers(len(EMOTIONS))]], float(rng.uniform(0, 1)))
    if rng.random() < 0.5:
        add(units, SHAPES[list(SHAPES)[rng.integers(len(SHAPES))]], float(rng.uniform(0.3, 1)))
    if rng.random() < 0.25:
        add(units, {"mouth-open": 1.0}, float(rng.uniform(0, 0.8)))
    for name in ("eyebrows-*-up", "eyebrows-*-down", "eyebrows-*-inner-up", "eye-*-slit"):
        if rng.random() < 0.25:
            add(units, both(name, 1.0), float(rng.uniform(0, 1)))
    close = float(rng.choice([0, rng.uniform(0, 1), 1], p=[0.6, 0.2, 0.2]))
    shut = [close, close]
    if rng.random() < 0.08:
        shut[rng.integers(2)] = 0.0
    for side, share in zip(("left", "right"), shut, strict=True):
        units[f"eye-{side}-closure"] = units.get(f"eye-{side}-closure", 0) * (1 - share) + share
        units[f"eye-{side}-opened-up"] = units.get(f"eye-{side}-opened-up", 0) * (1 - share)
    yaw = float(rng.uniform(-78, 78) if rng.random() < 0.55 else rng.normal(0, 18))
    pitch, roll = float(np.clip(rng.normal(0, 14), -40, 40)), float(np.clip(rng.normal(0, 10), -30, 30))
    looks = (float(rng.uniform(-30, 30)), float(rng.uniform(-20, 18))) if rng.random() < 0.7 else (0.0, 0.0)
    if hard:  # drawn last, so that without it the pictures stay as they were
        if rng.random() < hard:
            yaw = float(rng.choice([-1, 1]) * rng.uniform(*FAR_YAW))
        if rng.random() < hard:
            for name in WRINKLES:
                units[name] = float(rng.uniform(0, WRINKLED))
    at = Pose(units=units, yaw=yaw, pitch=pitch, roll=roll, gaze_yaw=looks[0], gaze_pitch=looks[1])
    return at, (units["eye-left-closure"], units["eye-right-closure"])


def camera(rng: np.random.Generator, factor: int) -> Camera:
    """Near the head or far from it; each pixel is drawn in factor x factor parts."""
    x, y = rng.uniform(-0.05, 0.05, 2)
    span, distance = float(rng.uniform(2.8, 3.6)), float(rng.uniform(5, 10))
    return Camera(width=SIDE, height=SIDE, span=span, distance=distance, x=0.5 + float(x), y=0.47 + float(y), factor=factor)


def seen_from(face: np.ndarray) -> np.ndarray:
    """(3, 3): the axes of a camera at the origin that looks straight at a point of the scene, in columns."""
    towards = -face / np.linalg.norm(face)
    side = np.cross([0, 1, 0], towards)
    side /= np.linalg.norm(side)
    return np.stack([side, np.cross(towards, side), towards], axis=1)


def lip_gap(points: np.ndarray) -> float:
    """The gap of the inner lips in percent of bridge of the nose to chin: (68, 3) in the head's axes.

    The points lie inside the lips, so closed lips have some, too: 3 to 10 percent by the head. `render` takes it off.
    """
    return float(100 * abs(points[62, 1] - points[66, 1]) / np.linalg.norm(points[27] - points[8]))


def render(number: int, pictures: int, factor: int = 3, hard: float = 0.0) -> dict[str, np.ndarray]:
    """Pictures of one person, and their truth: angles are relative to the line from the camera to the face."""
    detector, model = FaceDetector(model_path("face"), "cpu"), person(number)
    rng = np.random.default_rng([5, number])
    still = pose(model, Pose(units={}))
    closed_gap = lip_gap(still.fine[list(POINTS_68)] @ still.turn)
    rows = []
    for _ in range(pictures):
        (at, closed), light, view = moment(rng, hard), LIGHTS[rng.integers(len(LIGHTS))], camera(rng, factor)
        posed = pose(model, at)
        behind = np.ascontiguousarray(room(ROOMS[rng.integers(len(ROOMS))], SIDE, SIDE))
        grey = np.asarray(cv2.cvtColor(draw(model, posed, view, light, behind)[0], cv2.COLOR_RGB2GRAY), np.uint8)
        found = find_face(detector, grey)
        nose = to_camera(posed.fine[[POINTS_68[27]]], view)[0]
        pitch, yaw, roll = angles_of(seen_from(nose).T @ posed.turn)
        look = gaze(*(np.array([angle]) for angle in (pitch, yaw, roll, at.gaze_yaw, at.gaze_pitch)))
        rows.append(
            {
                "image": grey,
                "found": found.landmarks[0] if len(found) else np.full((5, 2), np.nan),
                "box": found.box[0] if len(found) else np.full(4, np.nan),
                "angles": [pitch, yaw, roll],
                "gaze": [at.gaze_yaw, at.gaze_pitch],
                "gaze_camera": [look[0][0], look[1][0]],
                "gap": max(0.0, lip_gap(posed.fine[list(POINTS_68)] @ posed.turn) - closed_gap),
                "close": closed,
                "sneer": [min(1.0, at.units.get(name, 0.0) / WRINKLED) for name in WRINKLES],
            }
        )
    kinds = {"image": np.uint8}
    return {name: np.array([row[name] for row in rows], kinds.get(name, np.float32)) for name in rows[0]}


def main() -> None:
    """Render what is not there yet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--people", type=int, default=40)
    parser.add_argument("--pictures", type=int, default=24)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--step", type=int, default=1)
    parser.add_argument("--factor", type=int, default=3, help="each pixel is drawn in so many parts, squared")
    parser.add_argument("--hard", type=float, default=0.0, help="share of heads turned far aside, and of wrinkled noses")
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    for number in range(asked.first, asked.people, asked.step):
        path = asked.folder / f"{number}.npz"
        if not path.exists():
            np.savez(path, **render(number, asked.pictures, asked.factor, asked.hard))  # type: ignore[arg-type]  # its stub takes flags for arrays


if __name__ == "__main__":
    main()
