"""What a timeline says in sum: one record a track, or one a video.

Everything is weighted by the time that samples stand for, see `samples`. Emotions are those of the smoothed probabilities, mean
probabilities those of single frames; both count readable time only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pyarrow as pa

from feelit.analysis.bouts import Bouts, find_bouts
from feelit.analysis.event import Event, Kind
from feelit.analysis.events import SURE, events_of
from feelit.analysis.observations import TimelineSamples
from feelit.errors import UsageError
from feelit.timeline.schema import PROBABILITY_COLUMNS
from feelit.types import EMOTIONS, Float64, Int64

if TYPE_CHECKING:
    import pandas as pd

MOMENTS = 3
MOMENT_APART_S = 2.0
"""How many moments are named, and how far apart they are at least."""

MOVED = tuple(name for name in EMOTIONS if name != "neutral")
"""What a moment shows, by default."""

COUNTED = {Kind.peak: "peaks", Kind.shared: "shared", Kind.absence: "absences"}
"""Which events are counted, and under what name."""

By = Literal["video", "track"]


@dataclass(frozen=True, slots=True)
class Moment:
    """A sample whose smoothed emotion is shown strongly; neutral is not an emotion here."""

    time_s: float
    track_id: int
    emotion: str
    confidence: float


@dataclass(frozen=True, slots=True)
class ShownEmotions:
    """What faces show over time. NaN and None stand for what is undefined: a share of no time, the mean of no bouts.

    Of several tracks, times add up: `on_screen_s` and `readable_s` are person-seconds.
    """

    on_screen_s: float
    readable_s: float
    first_seen_s: float  # time of the first sample with a face
    last_seen_s: float  # time of the last one
    dominant: str | None  # the emotion with the largest share; of equal ones that with the higher mean probability
    share: tuple[float, ...]  # (8,) of the readable time, in the order of EMOTIONS
    mean_probability: tuple[float, ...]  # (8,) over the readable time
    bouts: int
    mean_bout_s: float
    transitions_per_min: float  # a minute of readable time
    peaks: int  # events whose p-value is no larger than `events.SURE`
    shared: int
    absences: int
    moments: tuple[Moment, ...]  # at most MOMENTS, strongest first

    @property
    def readable_share(self) -> float:
        """Readable time over time on screen."""
        return self.readable_s / self.on_screen_s if self.on_screen_s else float("nan")


@dataclass(frozen=True, slots=True)
class TrackSummary:
    """One track of one video."""

    video: str
    track_id: int
    shown: ShownEmotions


@dataclass(frozen=True, slots=True)
class VideoSummary:
    """One video: its tracks together."""

    video: str
    duration_s: float  # time that the sampled frames stand for
    face_share: float  # the share of it with a face or more
    tracks: int
    shown: ShownEmotions


def summarize(table: pa.Table, by: By = "track") -> pd.DataFrame:
    """Sum up a timeline, one row a track or a video; docs/schema.md describes the columns.

    Parameters
    ----------
    table : a timeline of one or more videos, with at least the columns of `samples.COLUMNS`
    by : "video" or "track"

    Raises
    ------
    TimelineReadError
        if the table lacks columns or holds a video twice.
    UsageError
        for another `by`.
    """
    import pandas as pd

    rows = [flat(record) for record in summaries(table, by)]
    frame = pd.DataFrame(rows, columns=headings(by))
    return frame.astype({name: kind for name in frame.columns if (kind := _dtype(name))})  # also where all is None


def summaries(table: pa.Table, by: By) -> list[TrackSummary] | list[VideoSummary]:
    """The same as records, in the order in which videos appear. By video, one without a sampled frame counts too, as far as
    the table's metadata say of it.

    Raises
    ------
    TimelineReadError, UsageError
        as `summarize`.
    """
    if by not in ("video", "track"):
        raise UsageError(f"no summary by {by}", "there is one by video and one by track")
    rows = TimelineSamples(table)
    bouts = find_bouts(rows.samples)
    events = events_of(rows, bouts)
    return track_summaries(rows, bouts, events) if by == "track" else video_summaries(rows, bouts, events)


def track_summaries(rows: TimelineSamples, bouts: Bouts, events: Sequence[Event]) -> list[TrackSummary]:
    """One record a track, of a timeline that was taken apart already."""
    shown = _shown(rows, bouts, rows.samples.track, bouts.track, _by_track(rows, _sure(events)))
    owners = zip(rows.track_video, rows.track_id, shown, strict=True)
    return [TrackSummary(rows.names[video], int(name), s) for video, name, s in owners]


def video_summaries(rows: TimelineSamples, bouts: Bouts, events: Sequence[Event]) -> list[VideoSummary]:
    """One record a video, of a timeline that was taken apart already."""
    count, sure = len(rows.names), _sure(events)
    shown = _shown(rows, bouts, rows.samples.video, bouts.video, [[e for e in sure if e.video == name] for name in rows.names])
    duration_s = np.bincount(rows.frames.video, rows.frames.length_s, count)
    occupied = rows.frames.rows(np.unique(rows.samples.frame))
    face_share = _ratio(np.bincount(occupied.video, occupied.length_s, count), duration_s)
    tracks = np.bincount(rows.track_video, minlength=count)
    numbers = zip(rows.names, duration_s.tolist(), face_share.tolist(), tracks.tolist(), shown, strict=True)
    return [VideoSummary(*n) for n in numbers]


def _sure(events: Sequence[Event]) -> list[Event]:
    return [event for event in events if event.p_value <= SURE]


def headings(by: By) -> list[str]:
    """The names of the columns of flat summaries."""
    numbered = range(1, MOMENTS + 1)
    details = ("s", "emotion", "confidence") if by == "track" else ("s", "track", "emotion", "confidence")
    return [
        *(("video", "track_id") if by == "track" else ("video", "duration_s", "face_share", "tracks")),
        *("on_screen_s", "readable_share", "first_seen_s", "last_seen_s", "dominant"),
        *(f"share_{emotion}" for emotion in EMOTIONS),
        *PROBABILITY_COLUMNS,
        *("bouts", "mean_bout_s", "transitions_per_min", *COUNTED.values()),
        *(f"moment_{i}_{detail}" for i in numbered for detail in details),
    ]


def _dtype(name: str) -> str | None:
    """The pandas type of a column; None for texts, which pandas versions hold differently."""
    if name in ("video", "dominant") or name.endswith("_emotion"):
        return None
    if name.startswith("moment_") and name.endswith("_track"):
        return "Int64"  # with room for missing values
    return "int64" if name in ("track_id", "tracks", "bouts", *COUNTED.values()) else "float64"


def flat(record: TrackSummary | VideoSummary) -> dict[str, Any]:
    """A summary as one row of columns, see `headings`. Moments that there are not are None."""
    shown = record.shown
    row: dict[str, Any] = {name: getattr(record, name) for name in record.__slots__ if name != "shown"}
    names = ("on_screen_s", "readable_share", "first_seen_s", "last_seen_s", "dominant")
    row |= {name: getattr(shown, name) for name in names}
    row |= {f"share_{emotion}": share for emotion, share in zip(EMOTIONS, shown.share, strict=True)}
    row |= dict(zip(PROBABILITY_COLUMNS, shown.mean_probability, strict=True))
    row |= {name: getattr(shown, name) for name in ("bouts", "mean_bout_s", "transitions_per_min", *COUNTED.values())}
    for i in range(MOMENTS):
        moment = shown.moments[i] if i < len(shown.moments) else None
        row[f"moment_{i + 1}_s"] = moment and moment.time_s
        if isinstance(record, VideoSummary):
            row[f"moment_{i + 1}_track"] = moment and moment.track_id
        row[f"moment_{i + 1}_emotion"] = moment and moment.emotion
        row[f"moment_{i + 1}_confidence"] = moment and moment.confidence
    return row


def _by_track(rows: TimelineSamples, events: list[Event]) -> list[list[Event]]:
    """The events of every track; a shared one counts for each of its tracks."""
    number = {
        (rows.names[video], int(name)): i for i, (video, name) in enumerate(zip(rows.track_video, rows.track_id, strict=True))
    }
    mine: list[list[Event]] = [[] for _ in number]
    for event in events:
        for track in event.tracks:
            mine[number[event.video, track]].append(event)
    return mine


def _shown(
    rows: TimelineSamples, bouts: Bouts, group: Int64, bout_group: Int64, events: Sequence[Sequence[Event]]
) -> list[ShownEmotions]:
    """What the faces of every group show.

    Parameters
    ----------
    group : (F,) int64, 0, 1, ..., never falling: which group every sample belongs to
    bout_group : (B,) int64, the same of every bout
    events : of every group
    """
    samples, kinds, count = rows.samples, len(EMOTIONS), len(events)
    seen, seen_group = samples.rows(samples.readable), group[samples.readable]
    on_screen_s = np.bincount(group, samples.length_s, count)
    readable_s = np.bincount(seen_group, seen.length_s, count)
    shown_s = np.bincount(seen_group * kinds + seen.emotion, seen.length_s, count * kinds).reshape(count, kinds)
    sums = [np.bincount(seen_group, seen.length_s * seen.probability[:, k], count) for k in range(kinds)]
    share, mean = _ratio(shown_s, readable_s[:, None]), _ratio(np.stack(sums, axis=1), readable_s[:, None])
    # Sums of floats differ in their last digits even where shares are equal.
    best = np.argmax(np.nan_to_num(np.round(share, 9) + 1e-9 * mean), axis=1)
    bout_count = np.bincount(bout_group, minlength=count)
    mean_bout_s = _ratio(np.bincount(bout_group, bouts.length_s, count), bout_count)
    changes = _ratio(np.bincount(bout_group, bouts.is_transition.astype(np.float64), count), readable_s / 60)
    first_s, last_s = np.full(count, np.inf), np.full(count, -np.inf)
    np.minimum.at(first_s, group, samples.time_s)
    np.maximum.at(last_s, group, samples.time_s)
    first_s[~np.isfinite(first_s)] = last_s[~np.isfinite(last_s)] = np.nan
    moments = find_moments(rows, group, count)
    return [
        ShownEmotions(
            on_screen_s=float(on_screen_s[i]),
            readable_s=float(readable_s[i]),
            first_seen_s=float(first_s[i]),
            last_seen_s=float(last_s[i]),
            dominant=EMOTIONS[best[i]] if readable_s[i] else None,
            share=tuple(share[i].tolist()),
            mean_probability=tuple(mean[i].tolist()),
            bouts=int(bout_count[i]),
            mean_bout_s=float(mean_bout_s[i]),
            transitions_per_min=float(changes[i]),
            **{name: sum(e.kind is kind for e in events[i]) for kind, name in COUNTED.items()},
            moments=moments[i],
        )
        for i in range(count)
    ]


def find_moments(
    rows: TimelineSamples, group: Int64, count: int, most: int = MOMENTS, emotions: Sequence[str] = MOVED
) -> list[tuple[Moment, ...]]:
    """The strongest samples of every group, strongest first; of equal ones the earliest.

    Parameters
    ----------
    group : (F,) int64, 0..count - 1, never falling: which group every sample belongs to
    most : so many of a group at most
    emotions : of these only
    """
    samples = rows.samples
    strong = np.flatnonzero(np.isin(samples.emotion, [EMOTIONS.index(name) for name in emotions]))
    strong = strong[np.lexsort((samples.time_s[strong], -samples.confidence[strong], group[strong]))]
    edges = np.searchsorted(group[strong], np.arange(count + 1))
    result = []
    for first, end in pairwise(edges):
        left, chosen = strong[first:end], list[Moment]()
        while len(left) and len(chosen) < most:
            best, time_s = left[0], samples.time_s[left[0]]
            track_id, emotion = int(rows.track_id[samples.track[best]]), EMOTIONS[samples.emotion[best]]
            chosen.append(Moment(float(time_s), track_id, emotion, float(samples.confidence[best])))
            left = left[np.abs(samples.time_s[left] - time_s) >= MOMENT_APART_S]
        result.append(tuple(chosen))
    return result


def _ratio(part: Float64 | Int64, whole: Float64 | Int64) -> Float64:
    """NaN where there is nothing to take a share of."""
    result = np.full(np.shape(part), np.nan)
    np.divide(part, whole, out=result, where=np.broadcast_to(whole, np.shape(part)) > 0)
    return result
