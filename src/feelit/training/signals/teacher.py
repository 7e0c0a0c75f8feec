"""MediaPipe's face landmarker as a teacher: 478 landmarks, 52 blendshapes and the head's matrix of every image.

Its task file (Apache-2.0) is given by the user; the package `mediapipe` runs it offline. The target is the mean over the image
and its mirror image; where both differ, it gets less weight.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from feelit.errors import MissingExtraError, UsageError
from feelit.signals.columns import BLENDSHAPES, OUTPUTS
from feelit.signals.derive import in_mirror
from feelit.types import Float32, Float64, UInt8

SIDE_PX = 256
"""Images are padded by repeating their edge and enlarged to this side, or the landmarker's own detector misses tight crops."""

LEAST_CONFIDENCE = 0.3

EYES = ((468, 33, 133), (473, 362, 263))
"""Iris and corners of each eye, inner lips, nose bridge and chin, among the 478 landmarks."""
LIPS, BRIDGE, CHIN, NOSE = (13, 14), 168, 152, 1

SPREAD = {"angle": 6.0, "eye": 8.0, "gap": 3.0, "share": 0.5, "least": 0.03}
"""Differences between image and mirror image at which a target gets half the weight: degrees, percent, and shares."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Scale:
    """Conversion of the landmarker's units to degrees, fitted on rendered heads, whose pose and gaze are known.

    Its pitch is multiplied by `pitch`, and `pitch_deg` is added; its yaw is multiplied by `yaw`. The sine of an eye's angle is
    `eye` times the position of the iris between the corners, in eye widths, plus `eye_up` for the pitch.
    """

    pitch_deg: float = 0.0
    pitch: float = 1.0
    yaw: float = 1.0
    eye: float = 2.5
    eye_up: float = 0.0


class Teacher:
    """The landmarker of a task file."""

    def __init__(self, path: Path) -> None:
        try:
            mediapipe: Any = importlib.import_module("mediapipe")  # it has no types, and few have it
            tasks: Any = importlib.import_module("mediapipe.tasks.python")
            vision: Any = importlib.import_module("mediapipe.tasks.python.vision")
        except ImportError as error:
            message = "the teacher of signals needs mediapipe, which is not installed"
            raise MissingExtraError(message, "pip install mediapipe") from error
        if not path.is_file():
            raise UsageError(f"there is no task file {path}", 'set teacher="face_landmarker.task": MediaPipe publishes it')
        self._image: Any = mediapipe.Image
        self._srgb = mediapipe.ImageFormat.SRGB
        options = vision.FaceLandmarkerOptions(
            base_options=tasks.BaseOptions(model_asset_path=str(path)),
            output_face_blendshapes=True,
            output_facial_transformation_matrixes=True,
            min_face_detection_confidence=LEAST_CONFIDENCE,
            min_face_presence_confidence=LEAST_CONFIDENCE,
        )
        self._landmarker: Any = vision.FaceLandmarker.create_from_options(options)

    def targets(self, picture: UInt8, scale: Scale) -> tuple[Float32, Float32]:
        """Targets of one square picture, (58,) in the order of OUTPUTS, and their weights, (58,) in 0..1.

        Both are NaN where no face is found. Pose is relative to the picture.
        """
        plain, mirrored = self.predict(picture, scale), self.predict(np.ascontiguousarray(picture[:, ::-1]), scale)
        if mirrored is None or plain is None:
            unknown = np.full(len(OUTPUTS), np.nan, np.float32)
            return unknown, unknown
        return agreed(plain, in_mirror(mirrored))

    def predict(self, picture: UInt8, scale: Scale) -> Float32 | None:
        """The outputs for one square picture, (58,); None where no face is found."""
        border = len(picture) // 4
        framed = cv2.copyMakeBorder(picture, border, border, border, border, cv2.BORDER_REPLICATE)
        large = cv2.resize(framed, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_CUBIC)
        found = self._landmarker.detect(self._image(image_format=self._srgb, data=np.repeat(large[:, :, None], 3, axis=2)))
        if not found.face_landmarks:
            return None
        points = np.array([(p.x, -p.y, -p.z) for p in found.face_landmarks[0]])  # to the right, up, and towards the camera
        shapes = [category.score for category in found.face_blendshapes[0]]
        return outputs_of(points, np.array(shapes), np.asarray(found.facial_transformation_matrixes[0])[:3, :3], scale)


def outputs_of(points: Float64, shapes: Float64, matrix: Float64, scale: Scale) -> Float32:
    """(478, 3) points, (52,) blendshapes and the (3, 3) matrix of one face -> (58,), in the order of OUTPUTS."""
    turn = matrix / np.linalg.norm(matrix, axis=0)
    head = (points - points[NOSE]) @ turn
    place = np.mean([_in_eye(head, *eye) for eye in EYES], axis=0)
    sine = np.clip([place[0] * scale.eye, place[1] * scale.eye + scale.eye_up], -0.9, 0.9)
    face = np.linalg.norm((head[BRIDGE] - head[CHIN])[:2]) + 1e-9
    gap = 100 * np.linalg.norm((head[LIPS[0]] - head[LIPS[1]])[:2]) / face
    pitch, yaw, roll = angles_of(turn)
    pose = pitch * scale.pitch + scale.pitch_deg, yaw * scale.yaw, roll
    return np.array([*shapes, *pose, *np.degrees(np.arcsin(sine)), gap], np.float32)


def angles_of(turn: Float64) -> tuple[float, float, float]:
    """Pitch up, yaw to the right of the picture and roll clockwise, in degrees, of a head's rotation matrix.

    Axes point to the right of the picture, up, and to the camera. The head is turned by pitch, then yaw, then roll.
    """
    pitch = -np.degrees(np.arctan2(turn[2, 1], turn[2, 2]))
    yaw = np.degrees(np.arcsin(np.clip(-turn[2, 0], -1, 1)))
    return float(pitch), float(yaw), float(-np.degrees(np.arctan2(turn[1, 0], turn[0, 0])))


def agreed(one: Float32, other: Float32) -> tuple[Float32, Float32]:
    """The mean of two predictions of one face, and its weight, which falls with their difference: (..., 58) each."""
    spread = np.full(len(OUTPUTS), SPREAD["least"] + SPREAD["share"] * 0.1, np.float32)
    spread[len(BLENDSHAPES) :] = [SPREAD["angle"]] * 3 + [SPREAD["eye"]] * 2 + [SPREAD["gap"]]
    weight = 1 / (1 + ((one - other) / spread) ** 2)
    return ((one + other) / 2).astype(np.float32), weight.astype(np.float32)


def _in_eye(head: Float64, iris: int, outer: int, inner: int) -> Float64:
    """(2,) the position of the iris relative to the middle between the corners, in eye widths."""
    middle = (head[outer] + head[inner]) / 2
    width = np.linalg.norm((head[outer] - head[inner])[:2]) + 1e-9
    return (head[iris] - middle)[:2] / width
