"""How good the data of one video are: what kept faces from being read, and where frames are missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from feelit.reports.faces import PersonFaces
from feelit.types import Bool, Float64

GAP_INTERVALS = 3.0
LEAST_GAP_S = 0.5
"""A gap is an interval between sampled frames that is longer than so many usual ones, and than so many seconds."""


@dataclass(frozen=True, slots=True)
class FaceQuality:
    """Shares of the time on screen; NaN where there is none. A face may be small, blurred and turned at once."""

    on_screen_s: float
    unreadable: float
    small: float  # below faces.LEAST_FACE_PX
    blurred: float  # below faces.LEAST_SHARPNESS
    turned: float  # beyond faces.MOST_YAW_DEG
    dark: float  # below faces.LOW_LIGHT
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
    faces: FaceQuality  # of all people together
    people: dict[int, FaceQuality]


def quality_of(time_s: Float64, faces: dict[int, PersonFaces], lengths_s: dict[int, Float64]) -> Quality:
    """Judge the timeline of one video.

    Parameters
    ----------
    time_s : (N,) of every sampled frame
    faces : of every person
    lengths_s : (F,) of every person, what the frame of each face stands for
    """
    step = np.diff(time_s)
    interval_s = float(np.median(step)) if len(step) else 0.0
    gap_s = max(GAP_INTERVALS * interval_s, LEAST_GAP_S)
    gaps = tuple(Gap(float(time_s[i]), float(time_s[i + 1])) for i in np.flatnonzero(step > gap_s))
    people = {person: _of([mine], [lengths_s[person]]) for person, mine in faces.items()}
    return Quality(interval_s, gap_s, gaps, _of(list(faces.values()), list(lengths_s.values())), people)


def _of(faces: Sequence[PersonFaces], lengths_s: Sequence[Float64]) -> FaceQuality:
    total_s = float(sum(length_s.sum() for length_s in lengths_s))

    def share(which: Sequence[Bool]) -> float:
        held_s = sum(float(length_s[mine].sum()) for mine, length_s in zip(which, lengths_s, strict=True))
        return held_s / total_s if total_s else float("nan")

    return FaceQuality(
        on_screen_s=total_s,
        unreadable=share([mine.unreadable for mine in faces]),
        small=share([mine.small for mine in faces]),
        blurred=share([mine.blurred for mine in faces]),
        turned=share([mine.turned for mine in faces]),
        dark=share([mine.dark for mine in faces]),
        face_px=float(np.median(np.concatenate([mine.face_px for mine in faces]))) if faces else float("nan"),
        score=float(np.median(np.concatenate([mine.score for mine in faces]))) if faces else float("nan"),
    )
