"""The records that travel between rooms: frozen columns of numbers, no behaviour beyond slicing.

F faces, N frames, C labels. Boxes are (x0, y0, x1, y1) in pixels of the displayed picture (full size, upright, pixels square),
origin top left, x1 and y1 exclusive. The five landmarks are, in this order: right eye, left eye, nose tip, right mouth corner,
left mouth corner; right and left are the subject's own, so the right eye is on the left of the picture.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from fractions import Fraction
from typing import Self

import numpy as np
from numpy.typing import NDArray

from feelit.labels import EMOTIONS as EMOTIONS
from feelit.storage.location import Location
from feelit.times import MOST_S as MOST_S

UInt8 = NDArray[np.uint8]
Int8 = NDArray[np.int8]
Int32 = NDArray[np.int32]
Int64 = NDArray[np.int64]
Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]
Bool = NDArray[np.bool_]

MOUTH_SHAPE, UPPER_SHAPE = (12, 16), (8, 16)
"""Height and width of the small pictures of a mouth and of an upper face, px."""

MOUTH_PIXELS = MOUTH_SHAPE[0] * MOUTH_SHAPE[1] + UPPER_SHAPE[0] * UPPER_SHAPE[1]
MOUTH_VALUES = MOUTH_PIXELS + 1
"""What is kept of a mouth: both pictures, and how dark it is inside."""

LANDMARKS = ("right_eye", "left_eye", "nose", "right_mouth", "left_mouth")


@dataclass(frozen=True, slots=True)
class VideoInfo:
    """What the container and one pass over its packets say of a video, before anything is decoded.

    `width_px` and `height_px` are those of the displayed picture: pixels square, upright, not mirrored. `sample_aspect` is the
    width of a stored pixel over its height, `orientation` (1 to 8, as in EXIF) how the stored picture is turned and mirrored; a
    frame may differ from both (`video.shape`). A frame's `time_s` is (PTS - `origin_pts`) x `time_base`: the clock that players
    show. `steady` says whether frames follow one another at even times. `fingerprint` is the SHA-256 of the size and the first
    and last MiB of the file. A `photograph` is one frame, whose time is 0 and means nothing.
    """

    path: Location
    width_px: int
    height_px: int
    sample_aspect: Fraction
    orientation: int
    time_base: Fraction
    average_rate: Fraction
    steady: bool
    origin_pts: int
    duration_s: float
    codec: str
    has_audio: bool
    packets: int
    size_bytes: int
    fingerprint: str
    photograph: bool = False


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of one video between two keyframes: the unit of work, of retry and of resume.

    Half open: frames with start_pts <= pts < end_pts belong to it. `start_pts` None means from the first packet on,
    `end_pts` None to the last. `packets` is how many frames the container promises for it. `reset_pts` are the keyframes in it
    from which on nothing that came before may count: segments begin at such.
    """

    index: int
    start_pts: int | None
    end_pts: int | None
    packets: int
    reset_pts: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Sampling:
    """Which frames of a video are looked at: the first of every 1/rate seconds from `start_s` to before `end_s`.

    `rate_hz` None means every frame. `classify_hz` says how often faces are classified, None for every time they are looked at.
    """

    rate_hz: Fraction | None = Fraction(10)
    start_s: float = 0.0
    end_s: float = float("inf")
    classify_hz: Fraction | None = None


@dataclass(frozen=True, slots=True)
class View:
    """The small picture that a detector wants of every frame.

    The frame is scaled by `scale_x` and `scale_y` to `width_px` x `height_px`, and lies in the upper left corner of
    `padded_width_px` x `padded_height_px`; the rest is black.
    """

    width_px: int
    height_px: int
    padded_width_px: int
    padded_height_px: int
    scale_x: float
    scale_y: float
    color: str  # "luma" or "bgr"


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """A record whose fields are all arrays of one length: it can be sliced and joined row by row."""

    def __len__(self) -> int:
        return len(getattr(self, fields(self)[0].name))

    def rows(self, where: slice | Int64 | Bool) -> Self:
        """The rows that a slice, an index array or a boolean mask selects."""
        return type(self)(*(getattr(self, f.name)[where] for f in fields(self)))

    def exchanged(self, where: Int64, by: Self) -> Self:
        """The same rows, but those at `where` taken from `by`."""
        columns = []
        for f in fields(self):
            column = getattr(self, f.name).copy()
            column[where] = getattr(by, f.name)
            columns.append(column)
        return type(self)(*columns)

    @classmethod
    def join(cls, parts: list[Self]) -> Self:
        """One record out of at least one part, in order."""
        return cls(*(np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(cls)))


@dataclass(frozen=True, slots=True, eq=False)
class Detections(Columns):
    """Every face found in one batch of frames, one row per face, ordered by frame and then by falling score."""

    row: Int64  # (F,) which frame of the batch, 0..N-1
    box: Float32  # (F, 4) px
    landmarks: Float32  # (F, 5, 2) px
    score: Float32  # (F,) 0..1


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """One sampled frame with its pixels. They live only until the batch it is in has been looked at."""

    frame: int  # position among the decoded frames of the segment, from 0
    pts: int
    time_s: float
    tick: int
    reset: bool  # what was seen before it may not count
    luma: UInt8  # (H, W) the full-size displayed picture in stored luma: expand it by `levels`
    levels: UInt8  # (256,) stored luma -> full-range luma
    small: UInt8  # (h, w) or (h, w, 3), full range: the detector's view
    classified: bool = True  # whether its faces go through the classifier


@dataclass(frozen=True, slots=True, eq=False)
class FrameTable(Columns):
    """Every sampled frame of a segment, one row per frame, in order of presentation."""

    frame: Int64  # (N,) position among the decoded frames of the segment, from 0
    pts: Int64  # (N,) in units of the video's time base
    time_s: Float64  # (N,) seconds on the player's clock
    tick: Int64  # (N,) which sampling interval the frame stands for
    signature: UInt8  # (N, 256) a 16x16 luma thumbnail, by which camera cuts are found


@dataclass(frozen=True, slots=True, eq=False)
class FaceTable(Columns):
    """Every face of a segment, one row per face, ordered by frame: all that leaves a worker besides the frames."""

    row: Int64  # (F,) index into the FrameTable
    box: Float32  # (F, 4) px
    landmarks: Float32  # (F, 5, 2) px
    score: Float32  # (F,) 0..1
    face_px: Float32  # (F,) geometric mean of the box's sides
    sharpness: Float32  # (F,) variance of the Laplacian of the aligned crop
    brightness: Float32  # (F,) mean luma of the aligned crop, 0..255
    appearance: UInt8  # (F, 64) an 8x8 thumbnail of the aligned crop, by which a face is known again across a cut
    probability: Float32  # (F, 8) calibrated, in the order of EMOTIONS; NaN where a face was not classified
    signals: Float32  # (F, 2 + K) yaw and roll, degrees, and the columns of signals; NaN where none was measured; or (F, 0)
    mouth: UInt8  # (F, 321) see `vision.measures.mouth_pictures`, by which speech is found; or (F, 0)


@dataclass(frozen=True, slots=True, eq=False)
class EmbeddingTable(Columns):
    """A few faces of a segment as directions, by which people are distinguished; ordered by face."""

    face: Int64  # (K,) index into the FaceTable
    quality: Float32  # (K,) 0..1, how much the face says about who it is
    vector: Int8  # (K, 128) of length one, in steps of 1/256


@dataclass(frozen=True, slots=True, eq=False)
class SegmentResult:
    """What a worker made of one segment."""

    frames: FrameTable
    faces: FaceTable
    embeddings: EmbeddingTable  # none where tracks are not grouped
    decoded: int  # frames that came out of the decoder and belong to the segment
    discarded: int  # frames of the segment that were not decoded, because none of them is sampled
    errors: int  # packets that could not be decoded, and frames that the decoder marked as damaged
    letterboxed: int  # frames of another shape than the video's first one, which were fitted into it with black bars
    threshold: float  # the detector's score from which a box is a face
    provider: str  # the execution provider that really ran the models


@dataclass(frozen=True, slots=True, eq=False)
class Timeline(Columns):
    """The rows of a video: one per face and sampled frame, and one without a track for each sampled frame without a face.

    Rows without a track have `track_id` and `person_id` -1, `emotion` -1, `readable` False and NaN elsewhere. A face that
    cannot be read has `emotion` -1 and NaN as confidence.
    """

    frame: Int64  # (R,) position among the decoded frames of the video, from 0
    pts: Int64  # (R,)
    time_s: Float64  # (R,)
    track_id: Int32  # (R,) 1, 2, ... in order of first appearance
    person_id: Int32  # (R,) 1, 2, ... in order of first appearance; as `track_id` where tracks were not grouped
    box: Float32  # (R, 4) px
    score: Float32  # (R,) 0..1
    landmarks: Float32  # (R, 5, 2) px
    roll_deg: Float32  # (R,)
    yaw_deg: Float32  # (R,)
    face_px: Float32  # (R,)
    sharpness: Float32  # (R,)
    brightness: Float32  # (R,) 0..255
    readable: Bool  # (R,)
    emotion: Int32  # (R,) index into EMOTIONS, of the smoothed probabilities
    confidence: Float32  # (R,) the smoothed probability of that emotion
    probability: Float32  # (R, 8) of this frame alone, not smoothed
    signals: Float32  # (R, K) the columns of signals that were asked for, see `signals.columns`; (R, 0) if none were
    classified: Bool  # (R,) whether the face went through the classifier in this frame; else what it gives is interpolated
