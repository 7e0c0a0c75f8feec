"""Training data of the signals branch: faces labelled by the teacher, and the activations of the classifier's trunk.

Every face is cut out and labelled once. For every step it is cropped with another augmentation and goes through the frozen
trunk.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from feelit.errors import UsageError
from feelit.evaluation.classifier.crops import at_resolution, tone_curve
from feelit.signals.columns import OUTPUTS
from feelit.signals.derive import in_mirror
from feelit.storage.atomic import whole_file
from feelit.training.expression.augment import turned, warped
from feelit.training.face.data import load_images
from feelit.training.signals.network import Tap
from feelit.training.signals.teacher import Scale, Teacher
from feelit.types import Bool, Columns, Float32, Float64, UInt8
from feelit.vision.align import TEMPLATE, similarity_to_template
from feelit.vision.exposure import even_exposure

log = logging.getLogger(__name__)

CUT_PX = 96
CUT_SHARE = 1.3
"""Side of the squares to which faces are cut, px, and relative to the crop."""

HEAD_CUT_PX = 160
"""The same for rendered heads: crops out of fewer pixels are softer than those of a video, and an iris is 4 px wide."""

TURNED_OVER = 60.0
"""Beyond this pitch or roll, in degrees, the angles of a rendered head are ambiguous (gimbal lock) and get no weight."""

CLOSED = 0.5
"""From this blink on, the gaze gets no weight."""

MEASURED = 4096
"""Crops from which means and spreads are measured."""

LIPS_SHOWN = 0.6
OPEN_LID, SHUT_LID = 0.15, 0.75
"""The teacher's outputs for rendered heads: relative to their lip gap, whose vertices lie behind the edge, and for open and
closed lids."""

ROLL = OUTPUTS.index("roll_deg")
PITCH_ROLL = [OUTPUTS.index("pitch_deg"), ROLL]
POSE = [OUTPUTS.index(name) for name in ("pitch_deg", "yaw_deg", "roll_deg")]
GAP = OUTPUTS.index("lip_gap")
BLINKS = [OUTPUTS.index(name) for name in ("eyeBlinkLeft", "eyeBlinkRight")]
SNEERS = [OUTPUTS.index(name) for name in ("noseSneerLeft", "noseSneerRight")]
UNSEEN = [*SNEERS, *(OUTPUTS.index(name) for name in ("cheekSquintLeft", "cheekSquintRight"))]
"""Outputs at which the teacher gives 0 for any face."""
EYES = [OUTPUTS.index(name) for name in ("eye_yaw_deg", "eye_pitch_deg")]


@dataclass(frozen=True, slots=True, eq=False)
class Faces(Columns):
    """F faces with the teacher's labels."""

    picture: UInt8  # (F, P, P)
    landmarks: Float32  # (F, 5, 2) px of it
    target: Float32  # (F, 58) in the order of OUTPUTS, pose relative to the picture; NaN where the teacher finds no face
    weight: Float32  # (F, 58) weights of the targets


@dataclass(frozen=True, slots=True, eq=False)
class Crops(Columns):
    """Crops with their targets; pose is relative to the crop."""

    crop: UInt8  # (N, S, S)
    target: Float32  # (N, 58)
    weight: Float32  # (N, 58)


def read_faces(files: list[Path], least_px: float, teacher: Path, scale: Scale, cache: Path) -> Faces:
    """The labelled faces of Parquet files, see `face.data`; `cache` keeps the labels.

    Raises
    ------
    UsageError
        if the files hold no face that is large enough and not masked.
    MissingExtraError
        if MediaPipe is not installed.
    """
    if not cache.exists():
        cut = [cut_face(luma, landmarks) for _, luma, landmarks in load_images(files).unmasked(least_px)]
        if not cut:
            message = f"the pictures hold no face of {least_px:g} px"
            raise UsageError(message, "docs/models.md says what data the signals recipe needs")
        pictures, landmarks = (np.stack(part) for part in zip(*cut, strict=True))
        landmarker = Teacher(teacher)
        labels = [landmarker.targets(picture, scale) for picture in pictures]
        target, weight = (np.stack(part) for part in zip(*labels, strict=True))
        with whole_file(cache) as part, part.open("wb") as file:
            np.savez(file, picture=pictures, landmarks=landmarks, target=target, weight=weight)
    with np.load(cache) as kept:
        faces = Faces(*(kept[name] for name in Faces.__slots__))
    found: Bool = np.asarray(np.isfinite(faces.target).all(axis=1), bool)
    log.info("%s: the teacher finds %d of %d faces", cache.name, found.sum(), len(faces))
    weight = faces.weight.copy()
    weight[:, UNSEEN] = 0
    weight[np.ix_((faces.target[:, BLINKS].max(axis=1) > CLOSED), EYES)] = 0
    return Faces(faces.picture, faces.landmarks, faces.target, weight).rows(found)


def read_heads(folder: Path, counts: float = 1.0) -> Faces:
    """Heads rendered by `sample_videos/make_heads.py`: ground truth of pose, eyes, lips, lids and wrinkled noses.

    Parameters
    ----------
    counts : weight of the ground truth

    Raises
    ------
    UsageError
        if the folder holds none that the detector finds.
    """
    heads = []
    for path in sorted(folder.glob("*.npz")):
        with np.load(path) as head:
            for i in np.flatnonzero(np.isfinite(head["found"]).all(axis=(1, 2))).tolist():
                cut, where = cut_face(head["image"][i], head["found"][i], HEAD_CUT_PX)
                target, weight = np.zeros(len(OUTPUTS), np.float32), np.zeros(len(OUTPUTS), np.float32)
                target[POSE], target[EYES], target[GAP] = head["angles"][i], head["gaze"][i], LIPS_SHOWN * head["gap"][i]
                target[BLINKS] = OPEN_LID + (SHUT_LID - OPEN_LID) * head["close"][i]
                weight[[*POSE, *BLINKS, GAP]], weight[EYES] = counts, counts * (head["close"][i].max() < CLOSED)
                weight[PITCH_ROLL] *= np.abs(target[PITCH_ROLL]).max() < TURNED_OVER
                if "sneer" in head:  # earlier renderings lack it
                    target[SNEERS], weight[SNEERS] = head["sneer"][i], counts
                heads.append(Faces(cut[None], where[None], target[None], weight[None]))
    if not heads:
        raise UsageError(f"{folder} holds no rendered heads", "sample_videos/make_heads.py renders them")
    return Faces.join(heads)


def cut_face(luma: UInt8, landmarks: Float32, cut_px: int = CUT_PX) -> tuple[UInt8, Float32]:
    """An upright square around a face, and the landmarks in it: (cut_px, cut_px) uint8 and (5, 2) px."""
    shape = TEMPLATE - TEMPLATE.mean(axis=0)
    middle = landmarks.mean(axis=0)
    side = CUT_SHARE * max(float(np.sqrt(((landmarks - middle) ** 2).sum() / (shape**2).sum())), 8.0)
    centre = middle + (0.5 - TEMPLATE.mean(axis=0)) * side / CUT_SHARE
    factor = max(1, int(side / cut_px))
    if factor > 1:  # bilinear sampling alone would alias
        height, width = (length // factor for length in luma.shape)
        whole = luma[: height * factor, : width * factor]
        luma = np.asarray(cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
    scale = cut_px / side
    matrix = np.array([[scale * factor, 0, 0], [0, scale * factor, 0]])
    matrix[:, 2] = (cut_px - 1) / 2 - scale * (centre - (factor - 1) / 2)
    return warped(luma, matrix, cut_px), ((landmarks - centre) * scale + (cut_px - 1) / 2).astype(np.float32)


def crop(faces: Faces, size_px: int, rng: np.random.Generator | None = None) -> Crops:
    """Aligned crops as a video gives them; with `rng`, augmented: rotated, shifted, blurred, mirrored."""
    landmarks, count = faces.landmarks.astype(np.float64), len(faces)
    if rng is not None:
        spread = np.sqrt(((landmarks - landmarks.mean(axis=1, keepdims=True)) ** 2).sum(axis=(1, 2)))
        landmarks = landmarks + rng.normal(0, 0.03, landmarks.shape) * spread[:, None, None]
    matrix = similarity_to_template(landmarks.astype(np.float32), size_px)
    if rng is not None:
        matrix = _moved(matrix, size_px, rng)
    target, weight = faces.target.copy(), faces.weight.copy()
    target[:, ROLL] += np.degrees(np.arctan2(matrix[:, 1, 0], matrix[:, 0, 0]))
    crops = np.empty((count, size_px, size_px), np.uint8)
    for i in range(count):
        cut = warped(faces.picture[i], matrix[i], size_px)
        crops[i] = cut if rng is None else _degraded(cut, rng)
    if rng is not None:
        mirrored = rng.random(count) < 0.5
        crops[mirrored] = crops[mirrored, :, ::-1]
        target[mirrored] = in_mirror(target[mirrored])
        weight[mirrored] = np.abs(in_mirror(weight[mirrored]))
    return Crops(crops, target, weight)


def draw(kinds: list[tuple[Faces, float]], count: int, size_px: int, rng: np.random.Generator) -> Crops:
    """Crops of faces drawn at random, a share of each kind.

    Parameters
    ----------
    kinds : faces and their share, whose sum is 1
    """
    numbers = np.diff(np.round(np.cumsum([0.0, *(share for _, share in kinds)]) * count)).astype(int)
    drawn = (faces.rows(rng.integers(0, len(faces), n)) for (faces, _), n in zip(kinds, numbers, strict=True))
    return Crops.join([crop(faces, size_px, rng) for faces in drawn])


class Batches:
    """Batches of crops; a batch depends on the number of its step alone.

    Parameters
    ----------
    kinds : faces and their share, whose sum is 1
    tap : where the branch begins
    exposure : of the classifier's card, see `vision.exposure`
    """

    def __init__(
        self, kinds: list[tuple[Faces, float]], tap: Tap, size_px: int, exposure: tuple[float, ...], seed: int
    ) -> None:
        self._kinds, self._size_px, self._exposure, self._seed = kinds, size_px, exposure, seed
        self._read = tap.reader()

    def batch(self, step: int, count: int) -> tuple[UInt8, Float32, Float32]:
        """Inputs of the branch, targets and weights: (N, C, 16, 16) uint8, (N, 58), (N, 58) float32."""
        crops = draw(self._kinds, count, self._size_px, np.random.default_rng([self._seed, step]))
        pixels = even_exposure(crops.crop, *self._exposure) if self._exposure else crops.crop
        return self._read(pixels), crops.target, crops.weight

    def some(self) -> Crops:
        """Crops for measuring means and spreads."""
        return draw(self._kinds, MEASURED, self._size_px, np.random.default_rng([self._seed, MEASURED]))


def _moved(matrix: Float64, size_px: int, rng: np.random.Generator) -> Float64:
    """(N, 2, 3) transforms with a random rotation, scale and shift about the middle of the crop."""
    count = len(matrix)
    angle, scale = np.radians(rng.uniform(-14, 14, count)), np.exp(rng.uniform(-0.1, 0.1, count))
    turn = np.stack([[scale * np.cos(angle), -scale * np.sin(angle)], [scale * np.sin(angle), scale * np.cos(angle)]])
    moved = turned(matrix, turn.transpose(2, 0, 1), size_px)
    moved[:, :, 2] += rng.uniform(-0.04, 0.04, (count, 2)) * size_px
    return moved


def _degraded(image: UInt8, rng: np.random.Generator) -> UInt8:
    """A crop with, at random, a lower resolution, blur, compression, another light."""
    side, draw = len(image), rng.random()
    if draw < 0.25:
        image = at_resolution(image, int(rng.uniform(0.35, 0.8) * side))
    elif draw < 0.4:
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), rng.uniform(0.5, 1.6)), np.uint8)
    if rng.random() < 0.15:
        coded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, int(rng.uniform(25, 80))])[1]
        image = np.asarray(cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE), np.uint8)
    if rng.random() < 0.5:
        image = tone_curve(np.exp(rng.uniform(-0.5, 0.5)), np.exp(rng.uniform(-0.5, 0.25)), rng.uniform(-0.12, 0.12))[image]
    return image
