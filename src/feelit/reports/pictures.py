"""Small pictures of faces, cut out of a video: the strongest moments, and one portrait per person."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

import cv2
import numpy as np

from feelit.run.cores import usable_cores
from feelit.storage.location import Location
from feelit.types import Float32, UInt8
from feelit.video.stills import stills

PORTRAIT_PX, PORTRAIT_SCALE = 72, 1.5
MOMENT_PX, MOMENT_SCALE = 144, 1.9
"""Side of the pictures, and of what they show in sides of the face's box."""

JPEG = (cv2.IMWRITE_JPEG_QUALITY, 78, cv2.IMWRITE_JPEG_OPTIMIZE, 1)


@dataclass(frozen=True, slots=True)
class PictureRequest:
    """A picture to cut out: a face in a sample, the size of the picture, and its scale."""

    time_s: float
    person_id: int
    side_px: int
    scale: float

    @property
    def place(self) -> tuple[float, int]:
        return self.time_s, self.person_id

    @classmethod
    def moment(cls, time_s: float, person_id: int) -> PictureRequest:
        """The picture of a moment, with some surroundings of the face."""
        return cls(time_s, person_id, MOMENT_PX, MOMENT_SCALE)

    @classmethod
    def portrait(cls, time_s: float, person_id: int) -> PictureRequest:
        """The portrait of a person."""
        return cls(time_s, person_id, PORTRAIT_PX, PORTRAIT_SCALE)


def cut_pictures(
    video: Location,
    boxes: Mapping[tuple[float, int], Float32],
    wanted: Sequence[PictureRequest],
    most_bytes: int,
    progress: Callable[[float], None],
) -> dict[PictureRequest, str]:
    """Cut out pictures as data URLs, the first ones as far as there is room.

    Parameters
    ----------
    boxes : (time, person) → (4,) px; without a box there is no picture
    wanted : the pictures, the most important first
    most_bytes : of all data URLs together
    progress : called with the share that is done, 0..1

    Raises
    ------
    VideoReadError
        if no frame of the video can be decoded.
    """
    wanted = [picture for picture in wanted if picture.place in boxes]
    pictures: dict[PictureRequest, str] = {}
    for time_s, still in stills(video, [picture.time_s for picture in wanted], usable_cores()):
        pictures |= {w: data_url(_crop(still, boxes[w.place], w), JPEG) for w in wanted if w.time_s == time_s}
        progress(len(pictures) / len(wanted))
    found = [picture for picture in wanted if picture in pictures]
    sizes = accumulate(len(pictures[picture]) for picture in found)
    return {picture: pictures[picture] for picture, size in zip(found, sizes, strict=True) if size <= most_bytes}


def _crop(still: UInt8, box: Float32, wanted: PictureRequest) -> UInt8:
    """A square about the middle of the face, moved into the picture where the face is near its edge."""
    x0, y0, x1, y1 = (float(v) for v in box)
    side = min(max(x1 - x0, y1 - y0, 4.0) * wanted.scale, *still.shape[:2])
    scale = wanted.side_px / side
    left = float(np.clip((x0 + x1 - side) / 2, 0, still.shape[1] - side))
    top = float(np.clip((y0 + y1 - side) / 2, 0, still.shape[0] - side))
    shrink = max(1, int(1 / scale))  # warping by itself would skip pixels
    if shrink > 1:
        size = (max(1, still.shape[1] // shrink), max(1, still.shape[0] // shrink))
        still = np.asarray(cv2.resize(still, size, interpolation=cv2.INTER_AREA), np.uint8)
    place = np.array([[scale * shrink, 0, -left * scale], [0, scale * shrink, -top * scale]])
    size = (wanted.side_px, wanted.side_px)
    return np.asarray(cv2.warpAffine(still, place, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.uint8)


def data_url(picture: UInt8, options: Sequence[int]) -> str:
    """An RGB picture as JPEG in a data URL; `options` of OpenCV's encoder."""
    _, jpeg = cv2.imencode(".jpg", picture[..., ::-1], options)
    return "data:image/jpeg;base64," + base64.b64encode(jpeg.tobytes()).decode("ascii")
