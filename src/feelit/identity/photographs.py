"""Embeddings of people in photographs that show one face each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from feelit.errors import UsageError
from feelit.models.paths import model_path
from feelit.storage.location import refuse_url
from feelit.types import Float32, UInt8
from feelit.video.luma import FULL_RANGE
from feelit.vision.detector import FaceDetector, open_detector
from feelit.vision.face_crops import find_close_faces
from feelit.vision.identity import IdentityModel, open_identity

MOST_PX = 1600
"""Larger photographs are made smaller first: a face needs no more."""

MOST_BYTES = 100 << 20


def templates(enrolled: Sequence[tuple[str, Sequence[Path]]]) -> dict[str, Float32]:
    """For every name the mean embedding of its photographs, (128,) float32.

    Raises
    ------
    UsageError
        if a photograph cannot be read, or does not show one face.
    """
    detector = open_detector(model_path("face"), "cpu")
    identity = open_identity(model_path("identity"), "cpu")
    return {
        name: np.mean([_embedded(path, detector, identity) for path in paths], axis=0).astype(np.float32)
        for name, paths in enrolled
    }


def _embedded(path: Path, detector: FaceDetector, identity: IdentityModel) -> Float32:
    luma = _read(path)
    found = find_close_faces(detector, luma)
    if len(found) != 1:
        count = "no face" if not len(found) else f"{len(found)} faces"
        raise UsageError(f"{path} shows {count}", "give photographs that show one person each")
    row: Float32 = identity.embed(identity.crop(luma, FULL_RANGE, found.landmarks))[0]
    return row


def _read(path: Path) -> UInt8:
    refuse_url(path)
    try:
        if path.stat().st_size > MOST_BYTES:
            raise UsageError(f"{path} is larger than {MOST_BYTES >> 20} MiB", "give a photograph")
        raw = np.fromfile(path, np.uint8)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}", "check the spelling") from error
    try:
        image = cv2.imdecode(raw, cv2.IMREAD_GRAYSCALE) if len(raw) else None  # upright, as its EXIF data say
    except cv2.error:
        image = None
    if image is None:
        raise UsageError(f"{path} is no picture that can be read", "give a JPEG, PNG or WebP file")
    scale = MOST_PX / max(image.shape)
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else image
    return np.asarray(small, np.uint8)
