"""Small pictures of faces, cut out of a video: the strongest moments, and one portrait a track."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from feelit.run.plan import usable_cores
from feelit.types import Float32, Int64, Timeline, UInt8
from feelit.video.stills import stills

PORTRAIT_PX, PORTRAIT_SCALE = 72, 1.5
MOMENT_PX, MOMENT_SCALE = 144, 1.9
"""Side of the pictures, and of what they show in sides of the face's box."""

JPEG_QUALITY = 78
SHARP_ENOUGH = 0.3
LARGE_ENOUGH_PX = 96.0
"""A portrait is chosen by how frontal it is once it is so sharp and so large."""


@dataclass(frozen=True, slots=True)
class PictureRequest:
    """A picture of one face: which sample shows it, and how it is cut."""

    time_s: float
    track_id: int
    side_px: int
    scale: float

    @classmethod
    def moment(cls, time_s: float, track_id: int) -> PictureRequest:
        """A face at one moment, with some of its surroundings."""
        return cls(time_s, track_id, MOMENT_PX, MOMENT_SCALE)

    @classmethod
    def portrait(cls, time_s: float, track_id: int) -> PictureRequest:
        """A face by which a track is known."""
        return cls(time_s, track_id, PORTRAIT_PX, PORTRAIT_SCALE)


def best_views(rows: Timeline) -> dict[int, float]:
    """When every track is seen best: readable, large, sharp and frontal. Track → time in seconds."""
    seen = np.flatnonzero((rows.track_id >= 0) & np.isfinite(rows.box).all(axis=1))
    faces = rows.rows(seen)
    size = np.minimum(np.nan_to_num(faces.face_px) / LARGE_ENOUGH_PX, 1)
    sharp = np.minimum(np.nan_to_num(faces.sharpness) / SHARP_ENOUGH, 1)
    frontal = np.exp(-((np.nan_to_num(faces.yaw_deg) / 20) ** 2))
    merit = (0.1 + faces.readable) * size * sharp * frontal * np.nan_to_num(faces.score)
    best: dict[int, float] = {}
    for track_id in np.unique(faces.track_id):
        mine = np.flatnonzero(faces.track_id == track_id)
        best[int(track_id)] = float(faces.time_s[mine[merit[mine].argmax()]])
    return best


def cut_pictures(
    video: Path, rows: Timeline, wanted: Sequence[PictureRequest], most_bytes: int, progress: Callable[[float], None]
) -> dict[PictureRequest, str]:
    """Pictures as data URLs, those that are wanted first as far as there is room for them.

    Parameters
    ----------
    rows : the timeline of this video
    wanted : times and tracks of samples, the most important first
    most_bytes : of all data URLs together
    progress : called with the share that is done, 0..1

    Raises
    ------
    VideoReadError
        if no frame of the video can be decoded.
    """
    boxes = _boxes(rows, wanted)
    wanted = [picture for picture in wanted if picture in boxes]
    pictures: dict[PictureRequest, str] = {}
    for time_s, still in stills(video, [picture.time_s for picture in wanted], usable_cores()):
        pictures |= {w: _data_url(_crop(still, boxes[w], w)) for w in wanted if w.time_s == time_s}
        progress(len(pictures) / len(wanted))
    return _as_many_as_fit([(w, pictures[w]) for w in wanted if w in pictures], most_bytes)


def _boxes(rows: Timeline, wanted: Iterable[PictureRequest]) -> dict[PictureRequest, Float32]:
    boxes = {}
    for picture in wanted:
        first, end = np.searchsorted(rows.time_s, [picture.time_s, np.nextafter(picture.time_s, np.inf)])
        mine: Int64 = np.flatnonzero(rows.track_id[first:end] == picture.track_id) + first
        if len(mine) and np.isfinite(rows.box[mine[0]]).all():
            boxes[picture] = rows.box[mine[0]]
    return boxes


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


def _data_url(picture: UInt8) -> str:
    options = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY, cv2.IMWRITE_JPEG_OPTIMIZE, 1]
    _, jpeg = cv2.imencode(".jpg", picture[..., ::-1], options)
    return "data:image/jpeg;base64," + base64.b64encode(jpeg.tobytes()).decode("ascii")


def _as_many_as_fit(pictures: Sequence[tuple[PictureRequest, str]], most_bytes: int) -> dict[PictureRequest, str]:
    kept: dict[PictureRequest, str] = {}
    for wanted, url in pictures:
        most_bytes -= len(url)
        if most_bytes < 0:
            break
        kept[wanted] = url
    return kept
