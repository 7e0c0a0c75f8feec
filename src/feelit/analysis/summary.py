"""Summaries of timelines: one record per person, per track or per video.

Everything is weighted by the time that samples represent, see `observations`. Emotions come from the smoothed probabilities,
mean probabilities from single frames; both cover readable time only.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from feelit.analysis.bouts import Bouts
from feelit.analysis.event import Event, Kind
from feelit.analysis.events import bouts_of, events_of
from feelit.analysis.moments import MOMENTS, Moment, candidates, chosen_moments
from feelit.analysis.observations import Samples, TimelineSamples
from feelit.analysis.track_series import weighted_median
from feelit.errors import UsageError
from feelit.labels import LEAST_CLAIMED
from feelit.options.shared import stretch_of
from feelit.options.timelines import SURE
from feelit.timeline.recording import Recording, TimelineSources, open_timelines
from feelit.timeline.schema import PEOPLE, PROBABILITY_COLUMNS
from feelit.types import EMOTIONS

if TYPE_CHECKING:
    import pandas as pd

COUNTED = {Kind.peak: "peaks", Kind.shared: "shared", Kind.absence: "absences"}
"""The events that are counted, and the names of their columns."""

LEAST = np.array([LEAST_CLAIMED[emotion] for emotion in EMOTIONS])
"""(C,) probability below which each label of EMOTIONS is unsure."""

USUAL_COLUMNS = (*(f"usual_{emotion}" for emotion in EMOTIONS), *(f"above_{emotion}" for emotion in EMOTIONS))

MOMENT_DETAILS = {"s": "time_s", "track": "track_id", "emotion": "emotion", "confidence": "confidence"}
"""The columns of a moment, without their beginning, and its fields. Only a video names the track."""

SEEN_COLUMNS = ("on_screen_s", "readable_share", "first_seen_s", "last_seen_s", "unsure_share", "dominant")
BOUT_COLUMNS = ("bouts", "mean_bout_s", "transitions_per_min", *COUNTED.values())

By = Literal["person", "track", "video"]


@dataclass(frozen=True, slots=True)
class ShownEmotions:
    """The expressions of faces over time. NaN and None mark undefined values: a share of no time, the mean of no bouts.

    Times of several tracks are added up: `on_screen_s` and `readable_s` are then person-seconds.
    """

    on_screen_s: float
    readable_s: float
    first_seen_s: float  # time of the first sample with a face
    last_seen_s: float  # time of the last one
    unsure_share: float  # of the readable time, with a smoothed probability of the label below labels.LEAST_CLAIMED
    dominant: str | None  # the emotion with the largest share; ties go to the higher mean probability
    share: tuple[float, ...]  # (8,) of the readable time, in the order of EMOTIONS
    mean_probability: tuple[float, ...]  # (8,) over the readable time
    bouts: int
    mean_bout_s: float
    transitions_per_min: float  # per minute of readable time
    peaks: int  # sure events only, see `Event.is_sure`
    shared: int
    absences: int
    moments: tuple[Moment, ...]  # at most MOMENTS, strongest first
    usual: tuple[float, ...] | None  # (8,) probabilities of the usual face; None without a baseline

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
class PersonSummary:
    """One person of one video: all tracks of one individual. If tracks were not grouped, each is a person."""

    video: str
    person_id: int
    person: str | None  # the name, if there is one
    shown: ShownEmotions


@dataclass(frozen=True, slots=True)
class VideoSummary:
    """One video: its tracks together."""

    video: str
    duration_s: float  # time that the sampled frames represent
    face_share: float  # the share of it with at least one face
    tracks: int
    shown: ShownEmotions


def summary_frame(records: Sequence[PersonSummary | TrackSummary | VideoSummary], by: By, baseline: str) -> pd.DataFrame:
    """Summaries as a data frame, one row each; docs/schema.md describes the columns. See `summaries` for the parameters."""
    import pandas as pd

    frame = pd.DataFrame([flat(record) for record in records], columns=headings(by, relative=baseline != "none"))
    return frame.astype({name: kind for name in frame.columns if (kind := _dtype(name))})  # also where all is None


def unit_of(recordings: Sequence[Recording], by: By | None) -> By:
    """What one row summarises: `by` if given, else a person, or a track if no recording has grouped tracks."""
    if by is not None:
        return by
    return "person" if not recordings or any(PEOPLE in recording.groups for recording in recordings) else "track"


def summaries(
    sources: TimelineSources, by: By, baseline: str = "none"
) -> list[PersonSummary] | list[TrackSummary] | list[VideoSummary]:
    """Summarise timelines, one record per person, track or video, in the order of the videos.

    By video, a video without sampled frames also has a record if the metadata name it.

    Parameters
    ----------
    sources : see `recording.open_timelines`; with at least the columns of `observations.COLUMNS`
    by : "person", "track" or "video"
    baseline : "none", "auto" or a stretch of time, like the option `baseline`

    Raises
    ------
    TimelineReadError, UsageError
        as `recording.open_timelines`; TimelineReadError if a column is missing, UsageError if `by` is unknown, or "video" with
        a baseline.
    """
    if by not in ("person", "track", "video"):
        raise UsageError(f"no summary by {by}", "summarise by person, track or video")
    if by == "video" and baseline != "none":
        raise UsageError("a video has no usual face", "summarise by person or track")
    records: list[Any] = []
    for recording in open_timelines(sources):
        rows = TimelineSamples(recording, "person" if by == "person" else "track")
        bouts = bouts_of(rows)
        events = events_of(rows, bouts, COUNTED, max_p=SURE)
        video = VideoSummaries(rows, bouts, events)
        if by == "video":
            records.append(video.of_video())
        elif by == "track":
            records += video.by_track(baseline)
        else:
            found = video.by_track(baseline)
            records += [PersonSummary(t.video, t.track_id, recording.person_name(t.track_id), t.shown) for t in found]
    return records


class VideoSummaries:
    """Summarises one video whose bouts and events are known, by track or as a whole.

    Parameters
    ----------
    bouts : of every track
    events : of the `COUNTED` kinds
    """

    def __init__(self, rows: TimelineSamples, bouts: Sequence[Bouts], events: Sequence[Event]) -> None:
        self._rows, self._events = rows, [event for event in events if event.is_sure]
        self._tracks = [_Track(rows.of_track(n), mine) for n, mine in enumerate(bouts)]

    def by_track(self, baseline: str = "none") -> list[TrackSummary]:
        """One record per track."""
        rows = self._rows
        events: dict[int, list[Event]] = {name: [] for name in rows.track_id.tolist()}
        for event in self._events:  # a shared one counts for each of its tracks
            for name in event.tracks:
                events[name].append(event)
        records = []
        for n, (name, found) in enumerate(events.items()):
            shown = _shown(rows, [self._tracks[n]], found)
            if baseline != "none":
                shown = replace(shown, usual=usual_face(rows.of_track(n), baseline))
            records.append(TrackSummary(rows.name, name, shown))
        return records

    def of_video(self) -> VideoSummary:
        """The record of the video."""
        length_s = self._rows.frames.length_s
        duration_s = float(length_s.sum())
        face_s = float(length_s[self._rows.occupied()].sum())
        shown = _shown(self._rows, self._tracks, self._events)
        return VideoSummary(self._rows.name, duration_s, _ratio(face_s, duration_s), len(self._tracks), shown)


def headings(by: By, *, relative: bool = False) -> list[str]:
    """The column names of flat summaries; with `relative`, also those of the usual face."""
    numbered = range(1, MOMENTS + 1)
    details = [name for name in MOMENT_DETAILS if by == "video" or name != "track"]
    first = {"person": ("person_id", "person"), "track": ("track_id",), "video": ("duration_s", "face_share", "tracks")}
    return [
        *("video", *first[by]),
        *SEEN_COLUMNS,
        *(f"share_{emotion}" for emotion in EMOTIONS),
        *PROBABILITY_COLUMNS,
        *(USUAL_COLUMNS if relative else ()),
        *BOUT_COLUMNS,
        *(f"moment_{i}_{detail}" for i in numbered for detail in details),
    ]


def _dtype(name: str) -> str | None:
    """The pandas type of a column; None for text, whose type depends on the pandas version."""
    if name in ("video", "person", "dominant") or name.endswith("_emotion"):
        return None
    if name.startswith("moment_") and name.endswith("_track"):
        return "Int64"  # allows missing values
    return "int64" if name in ("person_id", "track_id", "tracks", "bouts", *COUNTED.values()) else "float64"


def flat(record: PersonSummary | TrackSummary | VideoSummary) -> dict[str, Any]:
    """A summary as one row, see `headings`. Missing moments are None."""
    shown = record.shown
    row: dict[str, Any] = {name: getattr(record, name) for name in record.__slots__ if name != "shown"}
    row |= {name: getattr(shown, name) for name in SEEN_COLUMNS}
    row |= {f"share_{emotion}": share for emotion, share in zip(EMOTIONS, shown.share, strict=True)}
    row |= dict(zip(PROBABILITY_COLUMNS, shown.mean_probability, strict=True))
    if shown.usual is not None:
        row |= dict(zip(USUAL_COLUMNS, (*shown.usual, *above_usual(shown)), strict=True))
    row |= {name: getattr(shown, name) for name in BOUT_COLUMNS}
    details = MOMENT_DETAILS if isinstance(record, VideoSummary) else {k: v for k, v in MOMENT_DETAILS.items() if k != "track"}
    for i in range(MOMENTS):
        moment = shown.moments[i] if i < len(shown.moments) else None
        for name, detail in details.items():
            row[f"moment_{i + 1}_{name}"] = moment and getattr(moment, detail)
    return row


def usual_face(samples: Samples, baseline: str) -> tuple[float, ...]:
    """(8,) the probabilities of a person's usual face: medians over the whole recording, or means over a stretch of time.

    Faces differ at rest, and a classifier labels some of them angry or sad. So a person is compared with their own usual face:
    normalisation by the person's median (Baltrusaitis, Mahmoud & Robinson 2015, *Cross-dataset learning and person-specific
    normalisation for automatic action unit detection*).

    Returns
    -------
    NaN if the face cannot be read in that time.
    """
    begin_s, end_s = stretch_of(baseline)
    seen = samples.rows(samples.readable & (samples.time_s >= begin_s) & (samples.time_s < end_s))
    if not len(seen):
        return (math.nan,) * len(EMOTIONS)
    columns = [seen.probability[:, k] for k in range(len(EMOTIONS))]
    if baseline == "auto":
        return tuple(weighted_median(column, seen.length_s) for column in columns)
    return tuple(_ratio(float((seen.length_s * column).sum()), float(seen.length_s.sum())) for column in columns)


def above_usual(shown: ShownEmotions) -> tuple[float, ...]:
    """(8,) mean probabilities minus those of the usual face."""
    assert shown.usual is not None
    return tuple(mean - usual for mean, usual in zip(shown.mean_probability, shown.usual, strict=True))


class _Track:
    """The data of one track that summaries need."""

    def __init__(self, samples: Samples, bouts: Bouts) -> None:
        seen = samples.rows(samples.readable)
        self.on_screen_s, self.readable_s = float(samples.length_s.sum()), float(seen.length_s.sum())
        self.unsure_s = float(seen.length_s[seen.confidence < LEAST[seen.emotion]].sum())
        self.shown_s = np.bincount(seen.emotion, seen.length_s, len(EMOTIONS)).astype(np.float64)  # (8,)
        each = [(seen.length_s * seen.probability[:, k]).sum() for k in range(len(EMOTIONS))]
        self.probability_s = np.array(each)  # (8,) probabilities times time
        self.first_s, self.last_s = float(samples.time_s[0]), float(samples.time_s[-1])
        self.bouts, self.candidates = bouts, candidates(samples, bouts)


def _shown(rows: TimelineSamples, tracks: Sequence[_Track], events: Sequence[Event]) -> ShownEmotions:
    """The expressions of some tracks together, with their `events`."""
    nothing = np.zeros(len(EMOTIONS))
    readable_s = sum(track.readable_s for track in tracks)
    share = [_ratio(shown_s, readable_s) for shown_s in sum((track.shown_s for track in tracks), nothing).tolist()]
    mean = [_ratio(sum_s, readable_s) for sum_s in sum((track.probability_s for track in tracks), nothing).tolist()]
    # Rounded, as sums of floats differ in their last digits even for equal shares.
    best = np.argmax(np.nan_to_num(np.round(share, 9) + 1e-9 * np.array(mean)))
    bout_count = sum(len(track.bouts) for track in tracks)
    return ShownEmotions(
        on_screen_s=float(sum(track.on_screen_s for track in tracks)),
        readable_s=float(readable_s),
        first_seen_s=min((track.first_s for track in tracks), default=math.nan),
        last_seen_s=max((track.last_s for track in tracks), default=math.nan),
        unsure_share=_ratio(sum(track.unsure_s for track in tracks), readable_s),
        dominant=EMOTIONS[best] if readable_s else None,
        share=tuple(share),
        mean_probability=tuple(mean),
        bouts=bout_count,
        mean_bout_s=_ratio(sum(float(track.bouts.length_s.sum()) for track in tracks), bout_count),
        transitions_per_min=_ratio(sum(int(track.bouts.is_transition.sum()) for track in tracks), readable_s / 60),
        **{name: sum(e.kind is kind for e in events) for kind, name in COUNTED.items()},
        moments=chosen_moments(rows, [track.candidates for track in tracks]),
        usual=None,
    )


def _ratio(part: float, whole: float) -> float:
    """`part / whole`; NaN if `whole` is zero."""
    return part / whole if whole > 0 else math.nan
