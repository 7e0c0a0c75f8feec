"""The people of timelines, one record each: time seen, tracks, and confidence of the grouping."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow.compute as pc

from feelit.analysis.observations import frame_lengths
from feelit.analysis.table import clock, number, rounded_row
from feelit.storage.names import one_line
from feelit.timeline.recording import Recording, TimelineSources, open_timelines

if TYPE_CHECKING:
    import pandas as pd


COLUMNS = ("frame", "time_s", "track_id", "person_id", "readable", "person_confidence")


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """One person of one video."""

    video: str
    person_id: int
    person: str | None  # the name, if there is one
    seen_s: float  # time that the samples with this person represent
    readable_s: float  # the part of it in which the face can be read
    tracks: tuple[int, ...]
    confidence: float  # mean of `person_confidence` over the rows that have one; NaN if none has
    first_s: float  # time of the first sample with this person
    last_s: float  # time of the last one

    def record(self) -> dict[str, Any]:
        """The person as a JSON object; undefined values are None."""
        return rounded_row(asdict(self))


HEADINGS = tuple(field.name for field in fields(Person))


def people_of(sources: TimelineSources) -> list[Person]:
    """Every person of every video, in the order of the videos and of `person_id`. If tracks were not grouped, each is a person.

    Raises
    ------
    TimelineReadError, UsageError
        as `recording.open_timelines`.
    """
    return [person for recording in open_timelines(sources) for person in people_in(recording)]


def people_in(recording: Recording) -> list[Person]:
    """Every person of one video.

    Raises
    ------
    TimelineReadError
        if a column is missing or has invalid values.
    """
    table = recording.table(COLUMNS)
    frame, time_s = table.column("frame").to_numpy(), table.column("time_s").to_numpy()
    begins = np.diff(frame, prepend=-1) > 0
    sample = np.cumsum(begins) - 1
    sample_s = time_s[begins]
    length_s = frame_lengths(sample_s, recording.duration_s)
    person, track = (pc.fill_null(table.column(name), -1).to_numpy() for name in ("person_id", "track_id"))
    readable = table.column("readable").to_numpy()
    sure = table.column("person_confidence").to_numpy().astype(np.float64)
    found = []
    for who in np.unique(person[person > 0]).tolist():
        mine = np.flatnonzero(person == who)
        seen = np.unique(sample[mine])  # a person may have two boxes in a frame
        known = sure[mine][np.isfinite(sure[mine])]
        found.append(
            Person(
                video=recording.name,
                person_id=who,
                person=recording.person_name(who),
                seen_s=float(length_s[seen].sum()),
                readable_s=float(length_s[np.unique(sample[mine[readable[mine]]])].sum()),
                tracks=tuple(np.unique(track[mine]).tolist()),
                confidence=float(known.mean()) if len(known) else math.nan,
                first_s=float(sample_s[seen[0]]),
                last_s=float(sample_s[seen[-1]]),
            )
        )
    return found


def people_frame(people: Sequence[Person]) -> pd.DataFrame:
    """People as a data frame, one row each."""
    import pandas as pd

    numbers = dict.fromkeys(("seen_s", "readable_s", "confidence", "first_s", "last_s"), "float64")
    return pd.DataFrame([asdict(person) for person in people], columns=list(HEADINGS)).astype(numbers | {"person_id": "int64"})


SHORT_HEADINGS = ("video", "person", "name", "tracks", "seen", "readable", "first", "last", "confidence")
WORDS = 4  # how many of the headings are over text
MOST_TRACKS = 8  # the short form lists at most this many tracks of a person, and the number of the others


def short(person: Person) -> list[str]:
    """The short form of a person; a dash for undefined values."""
    tracks = ", ".join(map(str, person.tracks[:MOST_TRACKS]))
    tracks += f" and {len(person.tracks) - MOST_TRACKS} more" if len(person.tracks) > MOST_TRACKS else ""
    times = map(clock, (person.seen_s, person.readable_s, person.first_s, person.last_s))
    name = one_line(person.person) if person.person else "-"
    return [one_line(person.video), str(person.person_id), name, tracks, *times, number(person.confidence, ".2f")]
