"""Grey pictures with faces of known places in them."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

from feelit.types import Float32, UInt8
from tests.video import clips

WIDTH, HEIGHT = 1280, 720
FPS = 25


@dataclass(frozen=True)
class Face:
    """Where a face is to be, px: its left, top and height."""

    left: float
    top: float
    high: float

    @property
    def box(self) -> Float32:
        x0, y0, x1, y1 = clips.face_patch()[1]
        wide = self.high * (x1 - x0) / (y1 - y0)
        return np.array([[self.left, self.top, self.left + wide, self.top + self.high]], np.float32)


def frame(*faces: Face) -> UInt8:
    """A grey picture with faces in it."""
    luma = np.full((HEIGHT, WIDTH), 110, np.uint8)
    patch, (x0, y0, _, y1) = clips.face_patch()
    grey = cv2.cvtColor(patch, cv2.COLOR_RGB2GRAY)
    for face in faces:
        scale = face.high / (y1 - y0)
        matrix = np.array([[scale, 0, face.left - scale * x0], [0, scale, face.top - scale * y0]])
        cv2.warpAffine(grey, matrix, (WIDTH, HEIGHT), luma, cv2.INTER_AREA, cv2.BORDER_TRANSPARENT)
    return luma


def turned(face: Face, roll_deg: float, right_px: float = 0.0) -> UInt8:
    """A grey picture of one face that leans clockwise, moved to the right."""
    centre = (face.box[0, :2] + face.box[0, 2:]) / 2
    matrix = cv2.getRotationMatrix2D((float(centre[0]), float(centre[1])), -roll_deg, 1.0)
    matrix[0, 2] += right_px
    return np.asarray(cv2.warpAffine(frame(face), matrix, (WIDTH, HEIGHT), borderValue=(110,)), np.uint8)


def video(path: Path, pictures: list[UInt8], gop: int) -> Path:
    """The pictures as a video of 25 frames/s."""
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", FPS, {"preset": "ultrafast", "crf": "18", "x264-params": f"keyint={gop}:scenecut=0"})
        stream.width, stream.height, stream.pix_fmt, stream.time_base = WIDTH, HEIGHT, "yuv420p", Fraction(1, FPS)
        for n, luma in enumerate(pictures):
            shown = av.VideoFrame.from_ndarray(np.concatenate([luma, np.full((HEIGHT // 2, WIDTH), 128, np.uint8)]), "yuv420p")
            shown.pts = n
            out.mux(stream.encode(shown))
        out.mux(stream.encode(None))
    return path
