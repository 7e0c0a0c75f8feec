"""How good the data of one video are: what kept faces from being read, and where frames are missing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from feelit.analysis.observations import frame_lengths
from feelit.timeline.quality_gate import LEAST_FACE_PX, LEAST_SHARPNESS, MOST_YAW_DEG
from feelit.types import Bool, Float64, Timeline

LOW_LIGHT = 50.0
"""Mean luma of a face, of 255. It has no say in what is readable, but one in a hundred of the pictures that the built-in
classifier learnt from is darker (FER2013, every seventh training picture)."""

GAP_INTERVALS = 3.0
LEAST_GAP_S = 0.5
"""A gap is an interval between sampled frames that is longer than so many usual ones, and than so many seconds."""


@dataclass(frozen=True, slots=True)
class FaceQuality:
    """Shares of the time on screen; NaN where there is none. A face may be small, blurred and turned at once."""

    on_screen_s: float
    unreadable: float
    small: float  # below LEAST_FACE_PX
    blurred: float  # below LEAST_SHARPNESS
    turned: float  # beyond MOST_YAW_DEG
    dark: float  # below LOW_LIGHT
    face_px: float  # median
    score: float  # median, of the detector


@dataclass(frozen=True, slots=True)
class Gap:
    """A time from which no frame was sampled."""

    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Quality:
    """The data quality of one video."""

    interval_s: float  # the usual time between sampled frames: their median
    gap_s: float  # intervals longer than this are gaps
    gaps: tuple[Gap, ...]
    faces: FaceQuality  # of all tracks together
    tracks: dict[int, FaceQuality]


def quality_of(rows: Timeline) -> Quality:
    """Judge the timeline of one video, in which every sampled frame has a row."""
    time_s = np.unique(rows.time_s)
    length_s = frame_lengths(time_s)
    seen = np.flatnonzero(rows.track_id >= 0)
    faces, weight = rows.rows(seen), length_s[np.searchsorted(time_s, rows.time_s[seen])]
    step = np.diff(time_s)
    interval_s = float(np.median(step)) if len(step) else 0.0
    gap_s = max(GAP_INTERVALS * interval_s, LEAST_GAP_S)
    gaps = tuple(Gap(float(time_s[i]), float(time_s[i + 1])) for i in np.flatnonzero(step > gap_s))
    tracks = {
        int(t): _faces(faces.rows(mine), weight[mine]) for t in np.unique(faces.track_id) for mine in [faces.track_id == t]
    }
    return Quality(interval_s, gap_s, gaps, _faces(faces, weight), tracks)


def _faces(faces: Timeline, weight: Float64) -> FaceQuality:
    total_s = float(weight.sum())

    def share(which: Bool) -> float:
        return float(weight[which].sum()) / total_s if total_s else float("nan")

    return FaceQuality(
        on_screen_s=total_s,
        unreadable=share(~faces.readable),
        small=share(faces.face_px < LEAST_FACE_PX),
        blurred=share(faces.sharpness < LEAST_SHARPNESS),
        turned=share(np.abs(faces.yaw_deg) > MOST_YAW_DEG),
        dark=share(faces.brightness < LOW_LIGHT),
        face_px=_median(faces.face_px.astype(np.float64)),
        score=_median(faces.score.astype(np.float64)),
    )


def _median(values: Float64) -> float:
    return float(np.median(values)) if len(values) else float("nan")
