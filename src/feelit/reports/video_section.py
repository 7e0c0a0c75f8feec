"""All that the page says of one video, as plain values: numbers that are undefined are None."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import PurePosixPath
from typing import Any

import numpy as np
import pyarrow as pa

from feelit.analysis.audit import audit
from feelit.analysis.bouts import transition_counts
from feelit.analysis.event import Event, Kind
from feelit.analysis.events import SURE, bouts_of, events_of
from feelit.analysis.moments import Moment
from feelit.analysis.observations import TimelineSamples
from feelit.analysis.summary import COUNTED, ShownEmotions, TrackSummary, VideoSummary, track_summaries, video_summary
from feelit.reports.curves import ABSENT, Curves
from feelit.reports.pictures import PictureRequest
from feelit.reports.quality import Quality
from feelit.timeline.recording import Recording
from feelit.types import Int64

DIGITS = 4
TOLD_GAPS = 20
STRIP_COLUMNS = 160
STRIP_LANES = 5
REACH_INTERVALS = 3.0


@dataclass(frozen=True, slots=True, eq=False)
class Findings:
    """What the rows of one video amount to."""

    video: VideoSummary
    tracks: list[TrackSummary]
    transitions: dict[int, Int64]  # track → (8, 8) counts
    events: list[Event]

    @property
    def moments(self) -> list[Moment]:
        """The strongest ones of every track, the strongest first."""
        return sorted((m for track in self.tracks for m in track.shown.moments), key=lambda m: (-m.confidence, m.time_s))

    @property
    def surest(self) -> list[Event]:
        """The events by rising p-value; but the sure ones of every kind in turn, for in a long video many have the smallest
        p-value that there can be. Of equal ones the strongest comes first."""
        ranked = sorted(self.events, key=lambda event: (_or_last(event.p_value), math.isnan(event.strength), -event.strength))
        turns: Counter[Kind] = Counter()
        order = []
        for event in ranked:
            turns[event.kind] += 1
            order.append((turns[event.kind] if event.p_value <= SURE else math.inf, event))
        return [event for _, event in sorted(order, key=lambda entry: entry[0])]


def findings_of(recording: Recording) -> Findings:
    """Sum up one video."""
    rows = TimelineSamples(recording)
    bouts = bouts_of(rows)
    events = events_of(rows, bouts, COUNTED)
    counts = {int(name): transition_counts(mine) for name, mine in zip(rows.track_id, bouts, strict=True)}
    return Findings(video_summary(rows, bouts, events), track_summaries(rows, bouts, events), counts, events)


def title_of(name: str) -> str:
    """The last part of a video's name."""
    return PurePosixPath(name).name or name


def facts_of(recording: Recording, table: pa.Table) -> dict[str, Any]:
    """Everything about the file that does not depend on what faces show."""
    return {
        "audit": [asdict(check) for check in audit(table, recording.facts, recording.in_order)],
        "facts": dict(recording.facts),
        "source": {k: v for k, v in recording.metadata.items() if k != "videos"} | {"timeline": recording.source},
    }


def tracks_of(findings: Findings, curves: Curves, portraits: Mapping[int, str]) -> list[dict[str, Any]]:
    """One object a track, in the order of the curves."""
    result = []
    for summary, track in zip(findings.tracks, curves.tracks, strict=True):
        counts = findings.transitions[summary.track_id]
        result.append(
            {
                "id": summary.track_id,
                "first": track.first,
                "points": len(track.state),
                "transitions": [[int(a), int(b), int(counts[a, b])] for a, b in np.argwhere(counts)],
                "portrait": portraits.get(summary.track_id),
                **shown_of(summary.shown),
            }
        )
    return result


def shown_of(shown: ShownEmotions) -> dict[str, Any]:
    """A summary without its moments."""
    names = ("on_screen_s", "readable_s", "readable_share", "first_seen_s", "last_seen_s", "dominant")
    values = {name: getattr(shown, name) for name in (*names, "bouts", "mean_bout_s", "transitions_per_min")}
    return _plain_object({**values, "share": list(shown.share)})


def moments_of(moments: Sequence[Moment], pictures: Mapping[PictureRequest, str]) -> list[dict[str, Any]]:
    """One object a moment."""
    return [plain({**asdict(m), "picture": pictures.get(PictureRequest.moment(m.time_s, m.track_id))}) for m in moments]


def event_rows(findings: Findings, most: int, pictures: Mapping[PictureRequest, str]) -> dict[str, Any]:
    """The events that are least likely to be chance, in order of time, and how many there are in all."""
    chosen = sorted(findings.surest[:most], key=lambda event: (event.start_s, event.kind))
    names = ("kind", "tracks", "emotion", "start_s", "end_s", "peak_s", "strength", "baseline", "p_value")
    rows = [{name: getattr(e, name) for name in names} | {"picture": pictures.get(picture_of(e))} for e in chosen]
    return {"all": len(findings.events), "rows": plain(rows)}


def picture_of(event: Event) -> PictureRequest:
    """What shows an event: the face of its first track when it is shown most."""
    return PictureRequest.portrait(event.peak_s, event.tracks[0])


def quality_facts(quality: Quality) -> dict[str, Any]:
    """As in `quality.Quality`; of many gaps the longest."""
    longest = sorted(quality.gaps, key=lambda gap: gap.start_s - gap.end_s)[:TOLD_GAPS]
    return _plain_object(
        {
            "interval_s": quality.interval_s,
            "gap_s": quality.gap_s,
            "gaps": len(quality.gaps),
            "gaps_s": sum(gap.end_s - gap.start_s for gap in quality.gaps),
            "longest_gaps": [[gap.start_s, gap.end_s] for gap in longest],
            "faces": asdict(quality.faces),
            "tracks": [{"id": track_id, **asdict(faces)} for track_id, faces in quality.tracks.items()],
        }
    )


def strip_of(curves: Curves, duration_s: float) -> list[str]:
    """The video in miniature: a digit a column, the state as in `curves.STATES`. Tracks that follow one another share a lane,
    and of many lanes there are those that hold most."""
    place = _points_of_columns(curves, duration_s / STRIP_COLUMNS)
    lanes: list[Int64] = []
    ends: list[int] = []
    for track in sorted(curves.tracks, key=lambda track: track.first):
        end = track.first + len(track.state)
        lane = next((n for n, busy in enumerate(ends) if busy <= track.first), len(lanes))
        if lane == len(lanes):
            lanes.append(np.full(STRIP_COLUMNS, ABSENT))
            ends.append(0)
        ends[lane] = end
        inside = (place >= track.first) & (place < end)
        lanes[lane][inside] = track.state[place[inside] - track.first]
    fullest = sorted(range(len(lanes)), key=lambda n: -int((lanes[n] != ABSENT).sum()))[:STRIP_LANES]
    return ["".join(map(str, lanes[n])) for n in sorted(fullest)]


def _points_of_columns(curves: Curves, column_s: float) -> Int64:
    """(STRIP_COLUMNS,) which point is shown in the middle of every column, -1 before the first one and in gaps."""
    if not len(curves.time_s):
        return np.full(STRIP_COLUMNS, -1, np.int64)
    at_s = (np.arange(STRIP_COLUMNS) + 0.5) * column_s
    place = np.searchsorted(curves.time_s, at_s, side="right") - 1
    old_s = at_s - curves.time_s[place]
    return np.where(old_s <= max(column_s, REACH_INTERVALS * curves.interval_s), place, -1).astype(np.int64)


def plain(value: Any) -> Any:
    """Values as JSON has them: floats of at most four decimals, None for what is not finite."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, float):
        return round(value, DIGITS) if math.isfinite(value) else None
    return value


def _plain_object(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: plain(value) for name, value in values.items()}


def _or_last(p_value: float) -> float:
    return 2.0 if math.isnan(p_value) else p_value
