"""The faces to explain: in an image file, or at a moment of a video, detected and cropped as in the analysis of a video.

In small images and close portraits, faces are detected as in data sets of expressions, see `vision.face_crops`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from feelit.datasets.images import decode
from feelit.errors import UsageError, VideoReadError
from feelit.run.segment import Networks
from feelit.storage.location import refuse_url
from feelit.storage.names import as_text
from feelit.times import is_time, parse_time
from feelit.types import Detections, Float32, UInt8, VideoInfo
from feelit.video.decoded_frame import picture_of, sample_of
from feelit.video.luma import FULL_RANGE
from feelit.video.stills import sample_at
from feelit.vision.detector import FaceDetector
from feelit.vision.face_crops import find_close_faces
from feelit.vision.multi_scale import USUAL_ACROSS, MultiScaleDetector


@dataclass(frozen=True, slots=True)
class Source:
    """An image, or the moment of a video at `time_s`, in seconds on the player's clock."""

    path: Path
    time_s: float | None = None

    @classmethod
    def parse(cls, text: str) -> Source:
        """Parse an argument: an existing file of that name, else VIDEO@TIME, else a file."""
        path, at, moment = text.rpartition("@")
        if not at or not path or not is_time(moment) or _is_file(Path(text)):
            return cls(Path(text))
        return cls(Path(path), parse_time(moment, "VIDEO@"))

    @property
    def name(self) -> str:
        """The path, as text that can be stored."""
        return as_text(self.path)


def read_image(path: Path) -> UInt8:
    """Read an image in any format that OpenCV reads, turned upright as its EXIF data say.

    Returns
    -------
    (H, W, 3) uint8, BGR

    Raises
    ------
    VideoReadError
        if the file is missing, damaged, or no image.
    UsageError
        if it is a path that was meant as an address.
    """
    refuse_url(path)
    try:
        return decode(path, str(path), "bgr")
    except UsageError as error:
        hint = "name an image that is whole, or a moment of a video, as in VIDEO@83.5"
        raise VideoReadError(error.message, hint) from error


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name that is too long
        return False


SMALL_PX = 144
"""In an image with a smaller short side, faces are detected as in close portraits first, and as in a frame only then."""


@dataclass(frozen=True, slots=True, eq=False)
class Faces:
    """The faces of one picture, from the left to the right; the whole picture where none was found."""

    time_s: float | None  # of the frame that was shown, None in an image
    crop: UInt8  # (F, S, S) as the classifier is given them
    box: Float32  # (F, 4) px of the upright picture
    found: bool


def find_faces(source: Source, networks: Networks) -> Faces:
    """All faces of an image, or of the frame of a video.

    Raises
    ------
    VideoReadError
        if it cannot be read.
    UsageError
        if the video has ended by that time, or the frame shows no face.
    """
    if source.time_s is None:
        return _in_image(read_image(source.path), networks)
    return _in_video(source.path, source.time_s, networks)


def _in_video(path: Path, time_s: float, networks: Networks) -> Faces:
    def multi_scale(info: VideoInfo) -> MultiScaleDetector:
        return MultiScaleDetector(networks.detector, info.width_px, info.height_px, None)

    sample, info = sample_at(path, time_s, lambda info: multi_scale(info).view)
    found = _from_the_left(multi_scale(info).find([sample], networks.detector.threshold))
    if not len(found):
        raise UsageError(f"no face was found in {path} at {sample.time_s:g} s", "choose another moment")
    crops = networks.expression.crop(sample.luma, sample.levels, found.box, found.landmarks)
    return Faces(sample.time_s, crops, found.box, True)


def _in_image(image: UInt8, networks: Networks) -> Faces:
    luma = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), np.uint8)
    small = min(luma.shape) < SMALL_PX
    found = find_close_faces(networks.detector, luma) if small else _as_in_a_frame(networks.detector, image, luma)
    if not len(found):
        found = _as_in_a_frame(networks.detector, image, luma) if small else find_close_faces(networks.detector, luma)
    if len(found):
        found = _from_the_left(found)
        return Faces(None, networks.expression.crop(luma, FULL_RANGE, found.box, found.landmarks), found.box, True)
    height, width = luma.shape
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    square, size = luma[top : top + side, left : left + side], (networks.expression.size_px,) * 2
    crop = cv2.resize(square, size, interpolation=cv2.INTER_AREA if side > size[0] else cv2.INTER_CUBIC)
    return Faces(None, np.asarray(crop, np.uint8)[None], np.array([[left, top, left + side, top + side]], np.float32), False)


def _as_in_a_frame(detector: FaceDetector, image: UInt8, luma: UInt8) -> Detections:
    height, width = luma.shape
    multi_scale = MultiScaleDetector(detector, width, height, min(height, width) / USUAL_ACROSS)
    picture = picture_of(luma if detector.color == "luma" else image[..., ::-1])
    return multi_scale.find([sample_of(picture, multi_scale.view)], detector.threshold)


def _from_the_left(found: Detections) -> Detections:
    return found.rows(np.argsort(found.box[:, 0] + found.box[:, 2], kind="stable").astype(np.int64))
