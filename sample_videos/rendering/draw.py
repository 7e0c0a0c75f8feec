"""Compile and call `raster.cpp`: from a posed bust, a camera and light to a picture."""

from __future__ import annotations

import ctypes
import hashlib
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from .assets import Float
from .bust import Model, Posed
from .people import Light

SOURCE = Path(__file__).with_name("raster.cpp")
POINTER = ctypes.c_void_p


class _Bust(ctypes.Structure):
    _fields_ = [
        *[(n, ctypes.c_int32) for n in ("vertices", "triangles", "strands", "points")],
        *[
            (n, POINTER)
            for n in ("position", "canon", "attribute", "triangle", "material", "strand", "strand_look", "materials")
        ],
        *[(n, ctypes.c_int32) for n in ("texture_width", "texture_height", "grooves")],
        *[(n, POINTER) for n in ("texture", "groove", "groove_weight", "eyes", "head")],
    ]


class _View(ctypes.Structure):
    _fields_ = [
        *[(n, ctypes.c_int32) for n in ("width", "height", "factor")],
        *[(n, ctypes.c_float) for n in ("focal", "x", "y", "exposure")],
        *[(n, POINTER) for n in ("lights", "background", "picture", "seen")],
    ]


@dataclass(frozen=True, kw_only=True)
class Camera:
    """A camera in front of the bust.

    Attributes
    ----------
    width, height : px of the picture
    distance : dm from the head's middle
    span : dm of the scene that the picture's height shows at the head
    x, y : where the resting head's middle lies, as shares of the width and height
    factor : samples a px along each axis
    """

    width: int
    height: int
    distance: float = 7.0
    span: float = 4.4
    x: float = 0.5
    y: float = 0.47
    factor: int = 2


MIDDLE = np.array([0.0, 7.15, 0.6], np.float32)


@cache
def library() -> ctypes.CDLL:
    """The renderer, compiled once a version of its source.

    Raises
    ------
    SystemExit
        if there is no C++ compiler.
    """
    compiler = os.environ.get("CXX") or shutil.which("g++") or shutil.which("clang++")
    if compiler is None:
        raise SystemExit("rendering needs a C++ compiler (g++ or clang++): none was found; name one in $CXX")
    digest = hashlib.sha256(SOURCE.read_bytes()).hexdigest()[:16]
    folder = Path(tempfile.gettempdir()) / f"feelit-raster-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    built = folder / f"raster-{digest}.so"
    if not built.exists():
        part = built.with_suffix(f".{os.getpid()}.so")
        subprocess.run(
            [compiler, "-O3", "-std=c++17", "-shared", "-fPIC", "-march=native", "-ffast-math", "-o", part, SOURCE], check=True
        )
        part.replace(built)
    return ctypes.CDLL(str(built))


def focal_px(camera: Camera) -> float:
    return camera.height / camera.span * camera.distance


def to_camera(points: Float, camera: Camera) -> Float:
    """(n, 3) of the scene -> of the camera, dm."""
    return (points - MIDDLE - np.array([0, 0, camera.distance], np.float32)).astype(np.float32)


def project(points: Float, camera: Camera) -> Float:
    """(n, 3) of the scene, dm -> (n, 2) px of the picture."""
    p = to_camera(points, camera)
    f = focal_px(camera)
    return np.stack([camera.x * camera.width + f * p[:, 0] / -p[:, 2], camera.y * camera.height - f * p[:, 1] / -p[:, 2]], 1)


def _linear(rgb: tuple[float, float, float]) -> list[float]:
    return [float((v / 255) ** 2.2) for v in rgb]


def materials(model: Model) -> Float:
    """(12, 8) float32: colour, gloss or roughness, pattern, second colour."""
    head, out = model.head, np.zeros((12, 8), np.float32)
    hair = _linear(head.hair)
    out[1, :4] = [*_linear(head.lips), 0.4]
    out[3, :4] = [0.62, 0.57, 0.48, 0.3]
    out[4, :4] = [0.32, 0.09, 0.085, 0.4]
    out[5, :8] = [*_linear(head.cloth), 0.8, head.garment, *_linear(head.cloth2)]
    out[6, :4] = [*hair, 1.0 if head.style not in ("afro", "curls", "crop") else 0.5]
    out[7, :4] = [0.012, 0.010, 0.009, 0.5]
    out[8, :4] = [0.015, 0.014, 0.014, 0.3]
    out[9, :4] = [*_linear((168, 200, 222)), 0.9]
    out[10, :4] = [*_linear(head.scarf or (0, 0, 0)), 0.8]
    out[11, :4] = [v * 0.8 for v in hair] + [0.3]
    return out


def draw(model: Model, posed: Posed, camera: Camera, light: Light, background: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(H, W, 3) uint8 sRGB, and (H, W) uint8: how much of each pixel is skin."""
    keep: list[np.ndarray] = []

    def at(array: np.ndarray, kind: Any) -> int:
        ready: np.ndarray = np.ascontiguousarray(array, kind)
        keep.append(ready)
        return ready.ctypes.data

    eyes = posed.eyes.copy()
    eyes[:, :3] = to_camera(eyes[:, :3], camera)
    centre = posed.head.copy()
    centre[:3] = to_camera(centre[None, :3], camera)[0]
    h, w = camera.height, camera.width
    assert background.shape == (h, w, 3), background.shape
    picture, seen = np.zeros((h, w, 3), np.uint8), np.zeros((h, w), np.uint8)
    strands = to_camera(posed.strands.reshape(-1, 3), camera)
    bust = _Bust(
        len(posed.points),
        len(posed.triangles),
        len(posed.strands),
        posed.strands.shape[1],
        at(to_camera(posed.points, camera), np.float32),
        at(posed.canon, np.float32),
        at(posed.attribute, np.float32),
        at(posed.triangles, np.int32),
        at(posed.material, np.uint8),
        at(strands, np.float32),
        at(posed.look, np.float32),
        at(materials(model), np.float32),
        model.texture.shape[1],
        model.texture.shape[0],
        len(model.grooves),
        at(model.texture, np.uint8),
        at(model.grooves, np.float32),
        at(posed.groove_weight, np.float32),
        at(eyes, np.float32),
        at(centre, np.float32),
    )
    lights = [
        *light.key[0],
        *light.key[1],
        light.soft,
        *light.fill[0],
        *light.fill[1],
        *light.rim[0],
        *light.rim[1],
        *light.sky,
        *light.ground,
    ]
    view = _View(
        w,
        h,
        camera.factor,
        focal_px(camera),
        camera.x * w,
        camera.y * h,
        light.exposure,
        at(np.asarray(lights), np.float32),
        at(background, np.uint8),
        picture.ctypes.data,
        seen.ctypes.data,
    )
    library().draw(ctypes.byref(bust), ctypes.byref(view))
    return picture, seen
