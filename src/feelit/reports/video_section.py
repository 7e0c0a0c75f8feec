"""The section of one video in the report, as JSON values; undefined numbers are None."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import PurePosixPath
from typing import Any

import numpy as np

from feelit.analysis.audit import COLUMNS, audit
from feelit.analysis.bouts import transition_counts
from feelit.analysis.event import Event, Kind
from feelit.analysis.events import EventFinder, bouts_of
from feelit.analysis.moments import Moment
from feelit.analysis.observations import TimelineSamples
from feelit.analysis.summary import COUNTED, ShownEmotions, TrackSummary, VideoSummaries, VideoSummary
from feelit.analysis.track_series import TrackSeries, each_track
from feelit.reports.curves import ABSENT, Curves, PersonCurves, person_curves, with_speaking
from feelit.reports.faces import SPEAKING_COLUMN, PersonFaces, Quality, quality_of, read_faces
from feelit.reports.pictures import PictureRequest
from feelit.timeline.recording import Recording
from feelit.types import Float64, Int32, Int64

DIGITS = 4
MOST_GAPS = 20
STRIP_COLUMNS = 160
STRIP_LANES = 5
REACH_INTERVALS = 3.0


@dataclass(frozen=True, slots=True, eq=False)
class Findings:
    """The analysis of one video for the report."""

    video: VideoSummary
    people: list[TrackSummary]  # by person; where tracks were not grouped, each is one
    transitions: dict[int, Int64]  # person → (8, 8) counts
    events: list[Event]  # of people
    faces: dict[int, PersonFaces]
    quality: Quality
    curves: Curves  # at full resolution

    @property
    def moments(self) -> list[Moment]:
        """The moments of all people, by falling rise above the baseline."""
        found = [moment for person in self.people for moment in person.shown.moments]
        return sorted(found, key=lambda m: (-round(m.rise, 2), -m.lasts_s, m.time_s))

    @property
    def surest(self) -> list[Event]:
        """The events by rising p-value, of equal ones the strongest first; the sure ones of all kinds in turn, for in a long
        video many have the smallest possible p-value."""
        ranked = sorted(self.events, key=lambda e: (math.isnan(e.p_value), e.p_value, math.isnan(e.strength), -e.strength))
        turns: Counter[Kind] = Counter()
        order = []
        for event in ranked:
            turns[event.kind] += 1
            order.append((turns[event.kind] if event.is_sure else math.inf, event))
        return [event for _, event in sorted(order, key=lambda entry: entry[0])]


def findings_of(recording: Recording, baseline: str = "auto") -> Findings:
    """Analyse one video: emotions first, then the other facts about faces, which together would take much memory.

    `baseline` : see `track_series`.
    """
    rows = TimelineSamples(recording, "person")
    time_s, bouts = rows.frames.time_s, bouts_of(rows)
    finder = EventFinder(rows, bouts, COUNTED)
    shown = _what_people_show(rows, finder, baseline)
    events = finder.finish()
    summaries = VideoSummaries(rows, bouts, events)
    video, people_shown = summaries.of_video(), summaries.by_track()
    transitions = {person: transition_counts(mine) for person, mine in zip(rows.track_id.tolist(), bouts, strict=True)}
    del rows, bouts, finder, summaries
    faces = read_faces(recording)
    people = [curves for curves, _, _ in shown]
    if SPEAKING_COLUMN in recording.columns:
        people = [with_speaking(curves, frame, faces[curves.person_id].speaking) for curves, frame, _ in shown]
    quality = quality_of(time_s, faces, {curves.person_id: length_s for curves, _, length_s in shown})
    return Findings(video, people_shown, transitions, events, faces, quality, Curves(time_s, people))


def _what_people_show(rows: TimelineSamples, finder: EventFinder, baseline: str) -> list[tuple[PersonCurves, Int32, Float64]]:
    """Everybody's curves; and of each of their faces, (F,), the frame and the time that it stands for. Every series is passed
    to `finder` as well, because smoothing takes longest."""
    smoothed: dict[int, PersonCurves] = {}

    def show(series: TrackSeries) -> None:
        finder.add(series)
        smoothed[series.track] = person_curves(int(rows.track_id[series.track]), rows.of_track(series.track), series)

    each_track(rows, show, baseline, threads=1)  # beside the audit, which has a thread of its own
    result = []
    for number, person in enumerate(rows.track_id.tolist()):
        samples = rows.of_track(number)
        curves = smoothed.get(number) or person_curves(person, samples, None)
        result.append((curves, samples.frame.astype(np.int32), samples.length_s))
    return result


def title_of(name: str) -> str:
    """The last part of a video's name."""
    return PurePosixPath(name).name or name


def facts_of(recording: Recording) -> dict[str, Any]:
    """The audit and the metadata of a recording."""
    return {
        "audit": [asdict(check) for check in audit(recording.batches(COLUMNS), recording.facts, recording.in_order)],
        "facts": {name: value for name, value in recording.facts.items() if name != "people"},
        "source": {k: v for k, v in recording.metadata.items() if k != "videos"} | {"timeline": recording.source},
    }


def people_of(recording: Recording, findings: Findings, curves: Curves, portraits: Mapping[int, str]) -> list[dict[str, Any]]:
    """One object a person, in the order of the curves."""
    result = []
    for summary, points in zip(findings.people, curves.people, strict=True):
        person = summary.track_id
        counts = findings.transitions[person]
        result.append(
            {
                "id": person,
                "name": recording.person_name(person),
                "tracks": [{"id": track, "first_s": a, "last_s": b} for track, a, b in findings.faces[person].tracks],
                "first": points.first,
                "points": len(points.state),
                "transitions": [[int(a), int(b), int(counts[a, b])] for a, b in np.argwhere(counts)],
                "portrait": portraits.get(person),
                **shown_of(summary.shown),
            }
        )
    return result


def shown_of(shown: ShownEmotions) -> dict[str, Any]:
    """A summary without its moments."""
    names = ("on_screen_s", "readable_s", "readable_share", "first_seen_s", "last_seen_s", "unsure_share", "dominant")
    return {name: getattr(shown, name) for name in (*names, "bouts", "mean_bout_s", "transitions_per_min", "share")}


def moments_of(moments: Sequence[Moment], pictures: Mapping[PictureRequest, str]) -> list[dict[str, Any]]:
    """One object a moment."""
    return [
        {
            "time_s": m.time_s,
            "person": m.track_id,
            "emotion": m.emotion,
            "confidence": m.confidence,
            "picture": pictures.get(PictureRequest.moment(m.time_s, m.track_id)),
        }
        for m in moments
    ]


def event_rows(findings: Findings, most: int, pictures: Mapping[PictureRequest, str]) -> dict[str, Any]:
    """The events with the smallest p-values, in order of time, and the number of all events."""
    chosen = sorted(findings.surest[:most], key=lambda event: (event.start_s, event.kind))
    names = ("kind", "emotion", "start_s", "end_s", "peak_s", "strength", "baseline", "p_value", "p_adjusted")
    rows = [
        {name: getattr(event, name) for name in names} | {"people": event.tracks, "picture": pictures.get(picture_of(event))}
        for event in chosen
    ]
    return {"all": len(findings.events), "rows": rows}


def picture_of(event: Event) -> PictureRequest:
    """The picture of an event: the face of its first person at the peak."""
    return PictureRequest.portrait(event.peak_s, event.tracks[0])


def quality_facts(quality: Quality) -> dict[str, Any]:
    """The values of `Quality`; of many gaps the longest."""
    return {
        "interval_s": quality.interval_s,
        "gap_s": quality.gap_s,
        "gaps": len(quality.gaps),
        "gaps_s": sum(end_s - start_s for start_s, end_s in quality.gaps),
        "longest_gaps": sorted(quality.gaps, key=lambda gap: gap[0] - gap[1])[:MOST_GAPS],
        "faces": quality.faces,
        "people": [{"id": person, **faces} for person, faces in quality.people.items()],
    }


def strip_of(curves: Curves, duration_s: float) -> list[str]:
    """The overview strip of a video: lanes of digits, one per column, that index `curves.STATES`. People who follow one another
    share a lane; of many lanes the fullest are kept."""
    # The point in the middle of every column; -1 before the first one and in gaps.
    place, column_s = np.full(STRIP_COLUMNS, -1, np.int64), duration_s / STRIP_COLUMNS
    if len(curves.time_s):
        at_s = (np.arange(STRIP_COLUMNS) + 0.5) * column_s
        place = np.searchsorted(curves.time_s, at_s, side="right") - 1
        place[at_s - curves.time_s[place] > max(column_s, REACH_INTERVALS * curves.interval_s)] = -1
    lanes: list[Int64] = []
    ends: list[int] = []
    for person in sorted(curves.people, key=lambda person: person.first):
        end = person.first + len(person.state)
        lane = next((n for n, busy in enumerate(ends) if busy <= person.first), len(lanes))
        if lane == len(lanes):
            lanes.append(np.full(STRIP_COLUMNS, ABSENT))
            ends.append(0)
        ends[lane] = end
        inside = (place >= person.first) & (place < end)
        lanes[lane][inside] = person.state[place[inside] - person.first]
    fullest = sorted(range(len(lanes)), key=lambda n: -int((lanes[n] != ABSENT).sum()))[:STRIP_LANES]
    return ["".join(map(str, lanes[n])) for n in sorted(fullest)]


def plain(value: Any) -> Any:
    """Convert values for JSON: floats are rounded to four decimals, or None if they are not finite."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, float):
        return round(value, DIGITS) if math.isfinite(value) else None
    return value
