"""Faces in pictures that a program has in memory."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from feelit.errors import UsageError
from feelit.geometry import head_angles
from feelit.models.paths import model_path
from feelit.options import FaceOptions
from feelit.options.expand import keywords
from feelit.run.segment import Networks, detect_and_classify, frame_table
from feelit.timeline.build import TimelineBuilder
from feelit.timeline.quality_gate import passes_quality_gate
from feelit.tracking.tracker import TrackerSettings
from feelit.types import EMOTIONS, LANDMARKS, FaceTable, Timeline, UInt8
from feelit.video.decoded_frame import picture_of, sample_of
from feelit.vision.detector import FaceDetector
from feelit.vision.expression import ExpressionModel
from feelit.vision.multi_scale import MultiScaleDetector

MOST_FACES = 32  # the batch size of the classifier


@dataclass(frozen=True, kw_only=True, slots=True)
class Face:
    """A face in a picture, with its expression.

    Attributes
    ----------
    track_id : number of the track, from 1; None in a single picture
    box : x0, y0, x1, y1 in px from the upper left corner; x1 and y1 are outside
    score : of the detector, 0..1
    landmarks : x, y in px of right_eye, left_eye, nose, right_mouth and left_mouth; right and left are the subject's own
    probabilities : of each emotion, 0..1; those of a stream are smoothed as in timelines
    emotion : the likeliest; None where the face is not readable
    confidence : its probability; None where the face is not readable
    readable : whether the face is large, sharp and frontal enough for its expression to count
    face_px : geometric mean of the sides of the box, px
    sharpness : variance of the Laplacian of the aligned face, relative
    brightness : mean luma of the aligned face, 0..255
    roll_deg, yaw_deg : estimates out of the landmarks, degrees; see docs/schema.md
    """

    track_id: int | None
    box: tuple[float, float, float, float]
    score: float
    landmarks: dict[str, tuple[float, float]]
    probabilities: dict[str, float]
    emotion: str | None
    confidence: float | None
    readable: bool
    face_px: float
    sharpness: float
    brightness: float
    roll_deg: float
    yaw_deg: float


class Analyzer:
    """Finds faces in pictures and classifies the emotion each one shows, without files: for notebooks and other programs.

        with feelit.Analyzer() as analyzer:
            faces = analyzer.analyze(image)                 # one picture
            for time_s, frame in frames:
                faces = analyzer.update(frame, time_s)      # a stream: faces keep their track

    Pictures are arrays of uint8: (height, width, 3) in RGB, or (height, width) grey. OpenCV gives BGR:
    `image[:, :, ::-1]` is RGB. Models are loaded once, when the object is made. An object serves one thread at a time.
    """

    @keywords()
    def __init__(self, *, options: FaceOptions, rate_hz: float = 25.0) -> None:
        """Load the models.

        Parameters
        ----------
        rate_hz : about how many frames a second `update` will be given; tracks bridge gaps by it

        Raises
        ------
        ModelError
            if a model is missing or does not load.
        UsageError
            for an option that is none.
        """
        if not (math.isfinite(rate_hz) and rate_hz > 0):
            raise UsageError(f"rate_hz {rate_hz:g} is no rate", "give frames a second, such as 25")
        self._options, self._rate_hz = options, Fraction(rate_hz).limit_denominator(1_000_000)
        self._networks: Networks | None = Networks(
            FaceDetector(model_path(options.detector), options.device),
            ExpressionModel(model_path(options.classifier), options.device, prior=options.prior, mirrored=options.mirrored),
            None,
        )
        self._stream: MultiScaleDetector | None = None
        self._builder: TimelineBuilder | None = None
        self._size: tuple[int, ...] = ()
        self._time_s, self._count = -math.inf, 0

    def analyze(self, image: ArrayLike) -> list[Face]:
        """The faces of one picture, the most certain first. Nothing is remembered of it.

        Parameters
        ----------
        image : (H, W, 3) RGB or (H, W) grey, uint8

        Raises
        ------
        UsageError
            if it is no picture.
        """
        picture = picture_of(image)
        multi_scale = self._scales(picture)
        sample = sample_of(picture, multi_scale.view)
        networks = self._loaded()
        found = detect_and_classify([sample], multi_scale, networks, MOST_FACES)
        return _faces_of_picture(found.rows(found.score >= networks.detector.threshold))

    def update(self, frame: ArrayLike, time_s: float) -> list[Face]:
        """The faces of the next frame of a stream, by track. A face is given out once its track is certain.

        Parameters
        ----------
        frame : (H, W, 3) RGB or (H, W) grey, uint8; of the size of the frames before
        time_s : when it was taken, in seconds; later than the frame before

        Raises
        ------
        UsageError
            if it is no picture, of another size, or not later.
        """
        picture = picture_of(frame)
        if not (math.isfinite(time_s) and time_s > self._time_s):
            raise UsageError(f"time_s {time_s:g} is not later than {self._time_s:g}", "`reset` begins another stream")
        if self._stream is None or self._builder is None:
            self._stream, self._size = self._scales(picture), picture.shape[:2]
            self._builder = TimelineBuilder(TrackerSettings(self._loaded().detector.threshold), self._rate_hz)
        if picture.shape[:2] != self._size:
            message = f"a frame of {picture.shape[1]} x {picture.shape[0]} px follows on {self._size[1]} x {self._size[0]} px"
            raise UsageError(message, "`reset` begins another stream")
        networks = self._loaded()
        sample = sample_of(picture, self._stream.view, time_s=time_s, tick=self._count, reset=self._count == 0)
        faces = detect_and_classify([sample], self._stream, networks, MOST_FACES)
        frames = frame_table([sample], self._stream.view)
        self._builder.add(networks.result(frames, faces, decoded=1))
        self._time_s, self._count = time_s, self._count + 1
        return _faces_of_stream(self._builder.newest())

    def reset(self) -> None:
        """Forget the stream: the next frame begins another one."""
        self._stream = self._builder = None
        self._time_s, self._count = -math.inf, 0

    def close(self) -> None:
        """Release the models."""
        self._networks = None
        self.reset()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def __repr__(self) -> str:
        options = self._options
        if self._networks is None:
            return f"<{type(self).__name__}: closed>"
        provider = self._networks.provider.replace("ExecutionProvider", "")
        return f"<{type(self).__name__}: {options.detector}, {options.classifier} on {provider}>"

    def _loaded(self) -> Networks:
        if self._networks is None:
            raise UsageError("this analyzer is closed", "make another one")
        return self._networks

    def _scales(self, picture: UInt8) -> MultiScaleDetector:
        height, width = picture.shape[:2]
        return MultiScaleDetector(self._loaded().detector, width, height, self._options.min_face_px)


def _faces_of_picture(found: FaceTable) -> list[Face]:
    roll, yaw = head_angles(found.landmarks)
    readable = passes_quality_gate(found.face_px, found.sharpness, yaw, found.brightness)
    emotion = np.where(readable, found.probability.argmax(axis=1), -1)
    faces = [_face(found, i, None, readable[i], emotion[i], roll[i], yaw[i]) for i in range(len(found))]
    return sorted(faces, key=lambda face: -face.score)


def _faces_of_stream(rows: Timeline) -> list[Face]:
    columns = zip(rows.track_id.tolist(), rows.readable, rows.emotion, rows.roll_deg, rows.yaw_deg, strict=True)
    return [_face(rows, i, *values) for i, values in enumerate(columns)]


def _face(
    found: FaceTable | Timeline, i: int, track_id: int | None, readable: bool, emotion: int, roll_deg: float, yaw_deg: float
) -> Face:
    probabilities = dict(zip(EMOTIONS, np.nan_to_num(found.probability[i]).tolist(), strict=True))
    name = EMOTIONS[emotion] if emotion >= 0 else None
    return Face(
        track_id=track_id,
        box=tuple(found.box[i].tolist()),
        landmarks=dict(zip(LANDMARKS, map(tuple, found.landmarks[i].tolist()), strict=True)),
        probabilities=probabilities,
        emotion=name,
        confidence=None if name is None else probabilities[name],
        readable=bool(readable),
        **{field: float(getattr(found, field)[i]) for field in ("score", "face_px", "sharpness", "brightness")},
        roll_deg=round(float(roll_deg), 1),
        yaw_deg=round(float(yaw_deg), 1),
    )
