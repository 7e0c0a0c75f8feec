"""The rows of a timeline as they are drawn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from feelit.errors import VideoReadError
from feelit.render.marks import marks_of
from feelit.storage.location import Location, refuse_url
from feelit.storage.names import one_line
from feelit.timeline.people import names_of_people
from feelit.timeline.recording import Recording, TimelineSources, one_video, open_timelines
from feelit.timeline.schema import PEOPLE, from_arrow
from feelit.timeline.smoothing import smooth
from feelit.types import Bool, Columns, Float32, Float64, Int32, Timeline
from feelit.video.probe import fingerprint
from feelit.video.sequence import sequence_of

LONGEST_LABEL = 18  # letters of a name that are drawn; of a longer one the rest is left out


@dataclass(frozen=True, slots=True, eq=False)
class TimelineRows(Columns):
    """One row per tracked face and sampled frame, ordered by time and then by track."""

    time_s: Float64  # (R,) seconds on the player's clock
    track_id: Int32  # (R,)
    who: Int32  # (R,) the number of the person; -1 - track_id for tracks without a person
    certainty: Float32  # (R,) probability that it is that person, 0..1; 0 where it is unknown
    box: Float32  # (R, 4) px of the upright full-size frame
    emotion: Int32  # (R,) place in EMOTIONS; -1 none
    confidence: Float32  # (R,) 0..1
    probability: Float32  # (R, 8) in the order of EMOTIONS, smoothed as the emotion is
    readable: Bool  # (R,) whether the face shows enough to claim an emotion
    marks: Float32  # (R, 18) as `marks.COLUMNS`; NaN where there are no signals


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class TimelineView:
    """The timeline of one video as it is drawn."""

    rows: TimelineRows  # its faces
    sampled_time_s: Float64  # (N,) increasing: the time of every sampled frame
    names: Mapping[int, str | None]  # of people by number; None where there is no name

    def only(self, which: Bool) -> TimelineView:
        """The same with some of the rows: `which` is (R,) bool."""
        return replace(self, rows=self.rows.rows(which))

    def label(self, who: int) -> str:
        """What is written beside a face: the name, or the number; see `TimelineRows.who`."""
        if who < 0:
            return f"track {-1 - who}"
        name = one_line(self.names.get(who) or "")
        return (name if len(name) <= LONGEST_LABEL else f"{name[: LONGEST_LABEL - 2].rstrip()}..") or f"#{who}"


def recording_of(video: Location, timelines: TimelineSources) -> Recording:
    """The recording of a video among timelines, found by the video's fingerprint.

    Raises
    ------
    TimelineReadError
        if a timeline is damaged, or none is of this video as it is now.
    VideoReadError
        if the video is missing.
    """
    if isinstance(video, Path):
        refuse_url(video)
        if not video.is_file() and sequence_of(video) is None:
            raise VideoReadError(f"{video} does not exist", "check the spelling")
    return one_video(open_timelines(timelines), fingerprint(video), str(video))


def view_of(recording: Recording) -> TimelineView:
    """The view of a recording for annotation."""
    table = recording.table()
    certainty = np.ones(len(table), np.float32)  # without persons, tracks are certain
    if PEOPLE in recording.groups:
        certainty = np.nan_to_num(table.column("person_confidence").to_numpy().astype(np.float32))
    return view_to_draw(from_arrow(table), certainty, names_of_people(recording), marks_of(recording))


def view_to_draw(timeline: Timeline, certainty: Float32, names: Mapping[int, str | None], marks: Float32) -> TimelineView:
    """The view of the rows of one video for annotation.

    Parameters
    ----------
    timeline : the rows
    certainty : (R,) float32, how likely each row shows its person, 0 where that is not known
    names : see `TimelineView`
    marks : (R, 18) float32, see `marks.COLUMNS`

    Returns
    -------
    All rows that have a face, those of no track and those of no person included. Probabilities are smoothed, so that the
    longest bar is that of the emotion.
    """
    here: Bool = np.asarray(np.isfinite(timeline.box).all(axis=1))
    faces = timeline.rows(here)
    everything = np.arange(len(faces), dtype=np.int64)
    mean = smooth(faces.time_s, faces.track_id.astype(np.int64), faces.probability, faces.readable, everything)
    rows = TimelineRows(
        time_s=faces.time_s,
        track_id=faces.track_id,
        who=np.where(faces.person_id >= 0, faces.person_id, -1 - faces.track_id).astype(np.int32),
        certainty=certainty[here],
        box=faces.box,
        emotion=faces.emotion,
        confidence=np.nan_to_num(faces.confidence),
        probability=np.nan_to_num(mean),
        readable=faces.readable,
        marks=marks[here],
    )
    return TimelineView(rows=rows, sampled_time_s=np.unique(timeline.time_s), names=names)
