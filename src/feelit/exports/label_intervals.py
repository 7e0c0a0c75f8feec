"""Bouts as intervals of whole milliseconds, for annotation tiers, captions and event tables.

The times of frames are rounded such that the intervals of a person never overlap, bouts that touch still touch, and no interval
has length zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from feelit.analysis.bouts import Bouts
from feelit.analysis.events import bouts_of
from feelit.analysis.observations import LONE_FRAME_S, Samples, TimelineSamples
from feelit.timeline.people import Series
from feelit.timeline.recording import Recording
from feelit.types import EMOTIONS, Float64

DIGITS = 4  # decimals of a confidence, as in the timeline

_TOUCH_S = 1e-6  # an end is a sum of floating-point intervals; no two frames are so close


@dataclass(frozen=True, slots=True)
class LabelInterval:
    """A bout: one person, or track, shows one emotion from `start_ms` to before `end_ms`, which is later.

    `confidence` is the mean of the smoothed probability over the samples of that emotion, weighted by the time they stand for.
    """

    track: int
    emotion: str
    start_ms: int
    end_ms: int
    confidence: float


@dataclass(frozen=True, slots=True)
class LabelIntervals:
    """The intervals of a video."""

    tracks: dict[int, list[LabelInterval]]  # of each person, or track, by number; empty for those who are never readable
    end_ms: int  # the length of the video; not less than the end of the last interval, and at least 1


def seconds_text(time_ms: int) -> str:
    """Seconds with three decimals."""
    return f"{time_ms / 1000:.3f}"


def label_intervals(recording: Recording, wanted: Iterable[int] | None = None, by: Series = "track") -> LabelIntervals:
    """The intervals of the persons, or tracks, with the numbers `wanted`, in order of time; None means all."""
    rows = TimelineSamples(recording, by)
    return intervals_of(rows, bouts_of(rows), recording.duration_s, rows.track_id.tolist() if wanted is None else wanted)


def intervals_of(
    rows: TimelineSamples, bouts: Sequence[Bouts], duration_s: float | None, wanted: Iterable[int]
) -> LabelIntervals:
    """`label_intervals` of a video whose samples are read and whose bouts are known."""
    length_s = float(rows.frames.time_s.max(initial=0.0))  # the length of the video is not less than the time of its last frame
    length_s = max(duration_s, length_s) if duration_s is not None else length_s + float(rows.frames.length_s[-1:].sum())
    tracks: dict[int, list[LabelInterval]] = {track: [] for track in wanted}
    for number, track in enumerate(rows.track_id.tolist()):
        if track in tracks:
            mine, samples = bouts[number], rows.of_track(number)
            sure = _confidence(samples, mine)
            ends_s = np.minimum(mine.start_s + mine.length_s, length_s)  # the last frame counts with the usual interval
            times = in_milliseconds(mine.start_s.tolist(), ends_s.tolist())
            tracks[track] = [
                LabelInterval(track, EMOTIONS[emotion], start_ms, end_ms, confidence)
                for emotion, (start_ms, end_ms), confidence in zip(mine.emotion.tolist(), times, sure, strict=True)
            ]
    last_ms = max((interval.end_ms for mine in tracks.values() for interval in mine), default=1)
    return LabelIntervals(tracks, max(last_ms, round(length_s * 1000)))


def in_milliseconds(start_s: Iterable[float], end_s: Iterable[float]) -> list[tuple[int, int]]:
    """Round ordered intervals without overlap to whole milliseconds.

    The result begins at 0 or later and has no overlap either; each interval lasts at least 1 ms, and those that touched touch.
    """
    result: list[tuple[int, int]] = []
    before_s, before_ms = float("-inf"), 0
    for start, end in zip(start_s, end_s, strict=True):
        touches = start - before_s < _TOUCH_S
        start_ms = before_ms if touches else max(before_ms, round(start * 1000))
        before_s, before_ms = end, max(start_ms + 1, round(end * 1000))
        result.append((start_ms, before_ms))
    return result


def _confidence(samples: Samples, bouts: Bouts) -> list[float]:
    """The confidence of each bout. Where no sample has the label of its bout, as short ones were merged, all samples count."""
    if not len(bouts):
        return []
    first = np.searchsorted(samples.time_s, bouts.start_s)
    end = np.searchsorted(samples.time_s, bouts.start_s + bouts.length_s - _TOUCH_S)
    parts = np.stack([first, np.maximum(end, first + 1)], axis=1).ravel()
    owner = np.searchsorted(first, np.arange(len(samples)), side="right") - 1
    shows = samples.readable & (samples.emotion == bouts.emotion[np.maximum(owner, 0)])

    def total(values: Float64) -> Float64:
        return np.add.reduceat(np.append(values, 0.0), parts)[::2]

    none = total(shows.astype(np.float64)) == 0
    weight = np.maximum(samples.length_s, LONE_FRAME_S) * (shows | none[owner])  # frames at almost equal times weigh the same
    mean = total(np.nan_to_num(samples.confidence) * weight) / total(weight)
    return [round(value, DIGITS) for value in mean.tolist()]
